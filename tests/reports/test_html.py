"""The page: what it says first, that it says everything, and that nothing which it says becomes a part of it."""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN
from release_sentinel.lines import visible
from release_sentinel.measures import Measure
from release_sentinel.options import BY_FLAG, Report
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports import files
from release_sentinel.reports.html import html
from release_sentinel.reports.page import ATTRIBUTES, TAGS, element
from release_sentinel.timeline import Step
from release_sentinel.verdict import GateResult, Provenance
from release_sentinel.vocabulary import Stage
from tests.reports.html_samples import HOSTILE, PAGES, SAFE, WARNED, WHERE
from tests.reports.samples import SAMPLES, WAIVED, verdict
from tests.reports.test_page import Reader

each_page = pytest.mark.parametrize("name", PAGES)
HEAD = {"html", "head", "meta", "title", "style", "body"}


def read(said: RedactedVerdict) -> Reader:
    """Return the page of a verdict, as it is read."""
    return Reader(html(said))


def plain(said: RedactedVerdict) -> str:
    """Return what the page of a verdict shows, a blank between any two texts."""
    return " ".join(" ".join(read(said).texts).split())


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a verdict, however deep, with the name of its field."""
    if type(value) is str:
        yield name, value
    elif isinstance(value, Struct):
        for inner, held in asdict(value).items():
            yield from texts(held, inner)
    elif isinstance(value, dict):
        for key in value:
            yield from texts(key, name)
    elif isinstance(value, tuple):
        for held in value:
            yield from texts(held, name)


@each_page
def test_a_page_is_well_formed(name: str) -> None:
    """Elements end in order (see `Reader`), ids are unique, jumps lead somewhere, headings skip no level."""
    page = read(PAGES[name])
    ids = page.having("id")
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert len(ids) == len(set(ids))
    assert {address[1:] for address in page.having("href") if address.startswith("#")} <= set(ids)
    assert set(page.having("aria-labelledby")) <= set(ids)
    assert levels.count(1) == levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    heads = [attributes for tag, attributes in page.elements if tag == "th"]
    assert all(attributes["scope"] in {"col", "row"} for attributes in heads)


@each_page
def test_a_page_loads_and_runs_nothing(name: str) -> None:
    """No element and no attribute that could; addresses of web pages in links alone."""
    page = read(PAGES[name])
    assert {tag for tag, _ in page.elements} <= TAGS | HEAD
    allowed = {*ATTRIBUTES.values(), "href", "rel", "lang", "content", "name", "charset", "http-equiv"}
    assert {attribute.lower() for _, found in page.elements for attribute in found} <= {one.lower() for one in allowed}
    links = [found["href"] or "" for tag, found in page.elements if "href" in found and tag == "a"]
    assert sorted(links) == sorted(page.having("href"))
    assert all(link.startswith(("#", "https://github.com/acme/shop/")) for link in links)


@each_page
def test_a_page_tells_everything(name: str) -> None:
    """Every text of the verdict is there, escaped; but what to do for a gate that passed is nothing."""
    said = PAGES[name]
    gates = tuple(replace(gate, remedy="") if gate.status is OK else gate for gate in said.gates)
    shown = re.sub(r"\s", "", plain(replace(said, gates=gates)))
    lost = [
        (field, text)
        for field, text in texts(replace(said, gates=gates))
        if field != "commit_url"  # which is where a link leads
        for line in text.split("\n")
        if re.sub(r"[\s`]", "", visible(line)) not in shown
    ]
    assert lost == []


def test_the_first_screen_answers_three_questions() -> None:
    """May we, why not, who acts: before anything else of the page."""
    shown = plain(PAGES["blocked"])
    order = ["BLOCKED v1.0.0 to prod", "May we release? No v1.0.0 breaks the release policy and must not go to prod"]
    order += ["Why not? clean-tree 3 paths differ", "Who acts? kim Fix the release; a retry does not help."]
    order += [
        "Reasons and remedies Failed clean-tree",
        "What to do: commit or remove",
        "Gates Policy stage",
        "Timeline",
    ]
    places = [shown.index(one) for one in order[:-1]] + [shown.rindex(order[-1])]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("mode", "name", "answer", "acts"),
    [
        ("release", "safe", "May we release? Yes v1.0.0 may go to prod", "No fix is needed The deployment may start."),
        ("release", "critical", "May we release? Not now", "Operations Fix the system, or retry later"),
        (
            "release",
            "incomplete",
            "May we release? No v1.0.0 was not fully judged",
            "The one who started the run Fix",
        ),
        (
            "preview",
            "safe",
            "May we release? Not before the merge",
            "The gate judges the release again after",
        ),
        ("preview", "blocked", "May we release? No", "The one who started the run Fix the release"),
        ("partial", "safe", "May we release? Not decided", "Run the gate with all its gates"),
        ("watch", "safe", "Is it healthy? Yes v1.0.0 is healthy on prod", "The deployment stays."),
        (
            "watch",
            "critical",
            "Is it healthy? No v1.0.0 is not healthy on prod",
            "Operations Fix the system, or roll",
        ),
        ("watch", "incomplete", "Is it healthy? Not known v1.0.0 was not fully judged on prod", "Fix the gate run"),
    ],
)
def test_each_mode_is_told(mode: str, name: str, answer: str, acts: str) -> None:
    """The mode stands before the verdict, in title and heading; question, answer and task are the mode's."""
    said = SAMPLES[name] if mode == "release" else replace(SAMPLES[name], **{mode: True})
    shown = plain(said)
    assert shown.startswith(
        f"{said.label}: v1.0.0 to prod Skip to the content release-sentinel · shop {said.label} v1.0.0"
    )
    assert said.label.startswith("" if mode == "release" else mode.upper())
    assert answer in shown
    assert acts in shown
    decides = said.name != "SAFE" or mode in {"release", "watch"}
    assert ('<body class="off">' in html(said)) is not decides  # a part or a preview is not green


@pytest.mark.parametrize(
    ("gate", "word"),
    [
        (GateResult("x", Stage.POLICY, OK, "seen"), "Passed"),
        (GateResult("x", Stage.POLICY, WARN, "seen"), "Warning"),
        (GateResult("x", Stage.POLICY, CRIT, "seen"), "Failed"),
        (GateResult("x", Stage.POLICY, UNKNOWN, "seen"), "Unknown"),
        (GateResult("x", Stage.POLICY, None, "seen"), "Not evaluated"),
        (replace(WAIVED, id="x", stage=Stage.POLICY, reason="seen"), "Waived"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_result_is_a_word(gate: GateResult, word: str) -> None:
    """A colour never stands alone."""
    assert f"Result Gate What was seen Time {word} x seen" in plain(verdict(gate))


@pytest.mark.parametrize(
    ("measure", "words", "chart"),
    [
        (Measure("used", 91.25, "%", 75, 85), "used 91.25 % warn ≥ 75, crit ≥ 85", True),
        (Measure("days", 12, "days", 30, 7), "days 12 days warn ≤ 30, crit ≤ 7", True),
        (Measure("count", 0), "count 0 no limits", False),
        (Measure("delay", -3.5, "ms", crit=100), "delay -3.5 ms crit ≥ 100", True),
        (Measure("delay", 12345678, "ms", 10, 100), "delay 12,345,678 ms warn ≥ 10, crit ≥ 100", True),
        (Measure("rate", math.nan, "", 1, 2), "rate not a number warn ≥ 1, crit ≥ 2", False),
        (Measure("rate", math.inf, "", 1, 2), "rate infinite warn ≥ 1, crit ≥ 2", False),
    ],
    ids=str,
)
def test_a_measure_is_a_number_and_a_bar(measure: Measure, words: str, chart: bool) -> None:
    """What the bar shows is said beside it; a number that cannot be drawn is said alone."""
    gate = GateResult("x", Stage.CRITICAL, CRIT, "seen", measures=(measure,))
    assert words in plain(verdict(gate))
    assert html(verdict(gate)).count("<svg") == 1 + chart  # the time line has one


def test_a_waiver_is_told_with_its_end() -> None:
    """Until when, by whom, why; and what the policy switches off."""
    shown = plain(WARNED)
    assert "Waived disk" in shown
    assert "Waived until 2024-06-30 By Kim Lee Because new disks arrive on Monday" in shown
    assert "Switched off signature keys are rolled out in June" in shown


def test_an_advised_gate_is_told_with_its_day() -> None:
    """On a card, as what is waived, and not among the reasons."""
    shown = plain(SAMPLES["advised"])
    assert "Excused gates and warnings" in shown
    assert "Advised until 2024-06-30" in shown
    assert "Reasons and remedies" not in shown


def test_the_time_line_tells_tries() -> None:
    """Each try with what was answered and when, in the order of time; one of several gates too."""
    step = Step("GET https://api", 0.5, 1.0, "503")
    late = GateResult(
        "late", Stage.CRITICAL, CRIT, "x", began=0.4, seconds=2.0, steps=(step, replace(step, began=1.6, words=""))
    )
    early = GateResult("early", Stage.CRITICAL, OK, "y", began=0.1, seconds=0.1, steps=(Step("git status", 0.1, 0.1),))
    shown = plain(replace(verdict(late, early), steps=(Step("git ls-remote", 0.0, 0.3),)))
    _, _, line = shown.partition("From the start of the run")
    assert "for several gates git ls-remote 0 s 0.3 s early git status 0.1 s 0.1 s late" in line
    assert "2 steps, 1 with an error GET https://api: 503 at 0.5 s, took 1.00 s GET https://api at 1.60 s" in line


def test_rounds_have_a_time_line_of_their_own() -> None:
    """The policy stage, the rounds with holds, and the last round, each drawn from its own begin."""
    shown = plain(PAGES["rounds"])
    assert "failed rounds: api 24, prometheus[queue] 17" in shown
    assert "5 min 29 s to 13 min 59 s 34 healthy, during the hold" in shown
    assert re.search(
        r"Policy stage Gate .* Rounds 59 rounds: .* Last round, 14 min 58 s after the start of the run", shown
    )


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "http://kim:secret@ci.example/", "ci/7"]
)
def test_what_is_no_web_page_is_no_link(address: str) -> None:
    """It is text."""
    page = read(replace(SAFE, provenance=Provenance(url=address, commit_url=address)))
    assert all(link.startswith("#") for link in page.having("href"))
    assert address in page.text


def test_the_commit_and_the_run_are_linked() -> None:
    """To where CI and the forge show them."""
    assert {WHERE.commit_url, WHERE.url} < set(read(SAFE).having("href"))


def test_a_hundred_gates_fit() -> None:
    """Below 150 KiB, so that it can be mailed and opened anywhere."""
    assert len(PAGES["hundred"].gates) == 100
    assert len(html(PAGES["hundred"]).encode()) < 150 * 1024
    assert "<summary>100 gates</summary>" in html(PAGES["hundred"])  # of the time line


def test_the_hostile_sample_is_hostile() -> None:
    """Every field that can hold a text holds markup, or a word that has to be broken."""
    tame = {text for _, text in texts(PAGES["hostile"]) if text and HOSTILE not in text and "W" * 300 not in text}
    assert tame == {"BLOCKED", "javascript:alert(1)", "data:text/html,<script>alert(1)</script>"}


def test_a_claim_says_incomplete(tmp_path: Path) -> None:
    """Until the verdict is proven, the page that is there says so, and a later run knows whose it is."""
    path = tmp_path / "gates.html"
    assert files.claim([Report("--gate-html", path)]) == []
    text = path.read_text(encoding="utf-8")
    assert Reader(text).text.count("the gate session did not finish") == 2
    assert '<span class="verdict">INCOMPLETE</span>' in text
    assert files.is_report(path)


def test_the_mark_is_the_page_s_own() -> None:
    """The option knows a report by the first words of every page; a page of someone else does not begin so."""
    report = BY_FLAG["--gate-html"].report
    assert report
    assert all(re.match(report.begins, html(said)) for said in PAGES.values())
    assert not re.match(report.begins, f"<!DOCTYPE html>\n<html>{element('p', 'x').html}")
