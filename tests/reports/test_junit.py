"""The verdict as JUnit XML, for CI systems."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest
from msgspec.structs import replace

from release_sentinel import __version__
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.junit import junit
from release_sentinel.verdict import GateResult, Release
from release_sentinel.vocabulary import Outcome, Stage, Status
from tests.reports.samples import BROKEN, CLOSE, DIRTY, FULL, LEFT_OUT, PASSED, SAMPLES, UNDETERMINED, verdict


@dataclass(frozen=True)
class Rule:
    """What one element may hold: its children, the attributes it needs and those it may have, and whether text."""

    children: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    text: bool = False


def rule(children: str = "", needs: str = "", may: str = "", *, text: bool = False) -> Rule:
    """Write a rule in words."""
    return Rule(frozenset(children.split()), frozenset(needs.split()), frozenset(may.split()), text)


# The part of Jenkins' junit-10.xsd that a report of ours can touch.
RULES = {
    "testsuites": rule("testsuite", may="name time tests failures errors"),
    "testsuite": rule(
        "testsuite properties testcase system-out system-err",
        needs="name tests failures errors",
        may="group time skipped timestamp hostname id package file log url version",
    ),
    "properties": rule("property"),
    "property": rule(needs="name value"),
    "testcase": rule("skipped error failure system-out system-err", needs="name", may="time classname group"),
    "failure": rule(may="type message", text=True),
    "error": rule(may="type message", text=True),
    "skipped": rule(may="type message", text=True),
    "system-out": rule(text=True),
    "system-err": rule(text=True),
}
TAGS = {"BLOCKED": "failure", "CRITICAL": "failure", "INCOMPLETE": "error"}  # of the case `verdict`
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")

ODD = {
    "null": "\x00",
    "escape": "\x1b[31mred\x1b[0m",
    "bell": "\x07",
    "delete": "\x7f",
    "vertical-tab": "\x0b",
    "lone-surrogate": "\udcff",
    "no-character": "\ufffe\uffff",
    "emoji": "\N{ROCKET}",
    "umlaut": "\xe9\xdf",
    "end-of-cdata": "]]>",
    "markup": "<failure/> & &amp; <!-- -->",
    "quotes": "\"double\" 'single'",
    "tab": "a\tb",
    "line": "a\nb",
}

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def parse(sample: RedactedVerdict) -> Element:
    """Return the document of a verdict, read back from the bytes that a file would hold."""
    return fromstring(junit(sample).encode("utf-8"))


def case(sample: RedactedVerdict, name: str) -> Element:
    """Return the one test case of a name."""
    found = [element for element in parse(sample).iter("testcase") if element.get("name") == name]
    assert len(found) == 1
    return found[0]


def part(sample: RedactedVerdict, name: str, tag: str = "failure") -> Element:
    """Return what one test case says."""
    found = case(sample, name).find(tag)
    assert found is not None
    return found


def violations(element: Element) -> list[str]:
    """Return where an element, or anything in it, breaks the schema's rules."""
    allowed = RULES[element.tag]
    names = set(element.keys())
    found = [f"{element.tag} lacks {name}" for name in allowed.needs - names]
    found += [f"{element.tag} has {name}" for name in names - allowed.needs - allowed.may]
    found += [f"{element.tag} holds {child.tag}" for child in element if child.tag not in allowed.children]
    if not allowed.text and (element.text or "").strip():
        found.append(f"{element.tag} holds text")
    if element.tag != "testcase" and not TIME.fullmatch(element.get("time", "")):
        found.append(f"{element.tag} has a wrong time")
    return found + [problem for child in element for problem in violations(child)]


@each_sample
def test_a_report_keeps_to_the_schema(sample: RedactedVerdict) -> None:
    """Only elements and attributes that junit-10.xsd knows, where it allows them."""
    root = parse(sample)

    assert root.tag == "testsuites"
    assert violations(root) == []


def test_the_rules_of_this_test_find_violations() -> None:
    """What breaks JUnit documents in practice, properties in a test case for one, is noticed."""
    wrong = (
        '<testsuites><testsuite name="n" tests="1" failures="0" time="-1.0"><testcase name="c" file="f">'
        "<properties/></testcase></testsuite></testsuites>"
    )

    assert violations(fromstring(wrong)) == [
        "testsuite lacks errors",
        "testsuite has a wrong time",
        "testcase has file",
        "testcase holds properties",
    ]


@each_sample
def test_the_counts_are_true(sample: RedactedVerdict) -> None:
    """Tests, failures, errors and skipped are what a reader of the cases would count."""
    root = parse(sample)
    suite = root[0]
    said = {name: int(suite.get(name, "")) for name in ("tests", "failures", "errors", "skipped")}
    counted = Counter(child.tag for element in suite.iter("testcase") for child in element)

    assert said["tests"] == len(list(suite.iter("testcase"))) == len(sample.gates) + len(sample.disabled) + 1
    assert (said["failures"], said["errors"], said["skipped"]) == (
        counted["failure"],
        counted["error"],
        counted["skipped"],
    )
    assert [root.get(name) for name in ("tests", "failures", "errors")] == [
        suite.get(name) for name in ("tests", "failures", "errors")
    ]


@each_sample
def test_a_report_is_never_greener_than_the_exit_code(sample: RedactedVerdict) -> None:
    """It has a failure or an error exactly if the exit code is not 0."""
    suite = parse(sample)[0]
    red = suite.get("failures") != "0" or suite.get("errors") != "0"

    assert red == (sample.exit_code != 0)


@each_sample
def test_names_are_unique(sample: RedactedVerdict) -> None:
    """No class and name come twice: readers merge such cases."""
    names = [(element.get("classname"), element.get("name")) for element in parse(sample).iter("testcase")]

    assert len(set(names)) == len(names)


def test_names_stay_the_same_from_run_to_run() -> None:
    """A name holds no version, value or message, so that CI systems can show a gate's history."""
    names = [
        [(element.get("classname"), element.get("name")) for element in parse(sample).iter("testcase")]
        for sample in (verdict(DIRTY, FULL), verdict(replace(DIRTY, status=PASSED.status, reason="fine"), FULL))
    ]

    assert names[0] == names[1]
    assert names[0] == [
        ("release-sentinel.policy", "clean-tree"),
        ("release-sentinel.critical", "disk"),
        ("release-sentinel", "verdict"),
    ]


def test_a_custom_gate_named_verdict_is_told_from_the_verdict() -> None:
    """A repository may have such a gate, and the two cases differ by their class."""
    sample = verdict(GateResult("verdict", Stage.POLICY, PASSED.status, "fine"))
    cases = list(parse(sample).iter("testcase"))

    assert [element.get("name") for element in cases] == ["verdict", "verdict"]
    assert cases[0].get("classname") != cases[1].get("classname")


@pytest.mark.parametrize("gate", [DIRTY, UNDETERMINED, FULL, BROKEN], ids=lambda gate: gate.id)
def test_a_failure_says_everything_twice(gate: GateResult) -> None:
    """Some readers show the message alone, others the body alone: both begin with the headline."""
    failure = part(verdict(PASSED, gate), gate.id)
    body = (failure.text or "").split("\n")

    assert failure.get("message") == gate.headline
    assert body[0] == gate.headline
    assert failure.get("type") == f"gate.{gate.stage}"


def test_the_headline_is_the_agreed_one() -> None:
    """Stage, gate and reason, as the contract spells them."""
    failure = part(verdict(FULL), "disk")

    assert failure.get("message") == "[CRITICAL] disk: 91% in use"
    assert failure.get("type") == "gate.critical"
    assert (failure.text or "").split("\n") == ["[CRITICAL] disk: 91% in use", "free space on /"]


def test_a_body_lists_the_details_and_then_the_remedy() -> None:
    """Whoever sees only the body learns what is wrong and what to do."""
    assert (part(verdict(DIRTY), "clean-tree").text or "").split("\n") == [
        "[POLICY] clean-tree: 2 paths differ",
        "?? new.py",
        " M old.py",
        "commit or remove them",
    ]


def test_a_gate_that_broke_shows_its_traceback() -> None:
    """Where our code or a custom gate broke, the report says where; a blank remedy takes no line."""
    assert (part(verdict(BROKEN), "own").text or "").split("\n") == [
        BROKEN.headline,
        "Traceback:",
        "  KeyError",
    ]


def test_a_passed_gate_says_what_was_seen() -> None:
    """A green case is no blank: it tells what it looked at."""
    assert part(verdict(PASSED), "environment", "system-out").text == PASSED.headline


def test_a_warning_can_be_seen() -> None:
    """A warning is no failure, and its text and remedy are there."""
    assert part(verdict(PASSED, CLOSE), "memory", "system-out").text == "[WARN] memory: 80% in use\nfree memory"


def test_a_gate_that_was_not_evaluated_is_skipped() -> None:
    """It reads as skipped and says why; it is neither passed nor failed."""
    element = case(verdict(DIRTY, LEFT_OUT), "process")

    assert [child.tag for child in element] == ["skipped"]
    assert element[0].get("message") == "not evaluated: a policy gate failed"


@each_sample
def test_no_case_is_failed_and_skipped_at_once(sample: RedactedVerdict) -> None:
    """Some readers take such a case as passed; each has one child."""
    assert all(len(element) == 1 for element in parse(sample).iter("testcase"))


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.exit_code])
def test_the_verdicts_case_fails_with_every_reason(name: str) -> None:
    """Whoever opens this one case knows everything, from message or body; a run that proves nothing is an error."""
    sample = SAMPLES[name]
    failure = part(sample, "verdict", TAGS[sample.name])
    message, body = failure.get("message", ""), failure.text or ""

    assert message.startswith(f"{sample.name} (exit {sample.exit_code}): ")
    assert body.startswith(message)
    assert all(reason in message and reason in body.splitlines() for reason in sample.reasons)
    assert failure.get("type") == f"gate.verdict.{sample.name.lower()}"


@pytest.mark.parametrize("name", ["safe", "partial"])
def test_the_verdicts_case_passes_where_the_run_did(name: str) -> None:
    """It says the decision in its output; a partial run says that it was partial."""
    element = case(SAMPLES[name], "verdict")

    assert [child.tag for child in element] == ["system-out"]
    assert (element[0].text or "").startswith(f"{SAMPLES[name].label} (exit 0): ")


def test_a_run_that_ended_without_a_reason_still_fails() -> None:
    """INCOMPLETE with nothing to blame is red all the same."""
    assert part(verdict(), "verdict", "error").get("message") == (
        "INCOMPLETE (exit 1): v1.0.0 was not fully judged and must not go to prod"
    )


@each_sample
def test_the_suite_carries_the_facts(sample: RedactedVerdict) -> None:
    """Every property is there in every report, blank where nothing could be seen."""
    found = [(element.get("name"), element.get("value")) for element in parse(sample).iter("property")]

    assert found == [
        ("env", sample.release.env),
        ("version", sample.release.version),
        ("commit", sample.release.commit),
        ("branch", sample.release.branch),
        ("verdict", sample.label),
        ("exit_code", str(sample.exit_code)),
        ("tool", f"release-sentinel {__version__}"),
    ]


def test_the_suites_name_tells_environment_and_version() -> None:
    """A pipeline that collects several reports can tell them apart."""
    root = parse(verdict(PASSED))

    assert root.get("name") == root[0].get("name") == "release-sentinel prod v1.0.0"


def test_times_are_the_runs() -> None:
    """Seconds of the whole run and of each gate, to the millisecond, and when it started."""
    suite = parse(verdict(DIRTY))[0]

    assert (suite.get("time"), suite.get("timestamp")) == ("2.500", "2024-05-17T09:30:15+00:00")
    assert [element.get("time") for element in suite.iter("testcase")] == ["0.250", "0.000"]


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    """The schema knows no minus, and readers stumble over it."""
    sample = verdict(PASSED)
    root = parse(replace(sample, ended=sample.started - timedelta(hours=1)))

    assert root[0].get("time") == "0.000"
    assert violations(root) == []


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_text_leaves_the_document_whole(odd: str) -> None:
    """Whatever a host or a server says, wherever it ends up, the document stays valid."""
    words = f"a{odd}z"
    release = Release(words, words, words, words, words, words)
    failed = GateResult(f"own[{odd}]", Stage.POLICY, FULL.status, words, words, (words,), traceback=words)
    gates = [replace(failed, id=f"{status}[{odd}]", status=status) for status in (*Status, None)]
    root = parse(verdict(failed, *gates, problems=(words,), release=release))

    assert violations(root) == []
    assert len(list(root.iter("testcase"))) == len(gates) + 2


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_text_survives_or_is_escaped(odd: str) -> None:
    """What XML can hold comes back as it was, and the rest as a Python escape: nothing is dropped."""
    shown = re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", lambda match: ascii(match[0])[1:-1], f"a{odd}z")
    failure = part(verdict(replace(FULL, reason=f"a{odd}z", remedy="")), "disk")

    assert failure.get("message") == failure.text == f"[CRITICAL] disk: {shown}"


def test_the_text_declares_its_encoding() -> None:
    """Readers need no guess."""
    assert junit(verdict(PASSED)).startswith('<?xml version="1.0" encoding="utf-8"?>\n<testsuites ')
    assert junit(verdict(PASSED)).endswith("</testsuites>\n")


def test_every_outcome_is_covered_by_the_samples() -> None:
    """The documents that these tests look at hold every outcome there is."""
    assert {gate.outcome for sample in SAMPLES.values() for gate in sample.gates} == set(Outcome)


def test_a_waived_gate_passes_and_says_so() -> None:
    """Its case holds the true reason and the waiver, and is no failure: the exit code is 0 as well."""
    element = case(SAMPLES["waived"], "disk")
    assert [child.tag for child in element] == ["system-out"]
    assert (element[0].text or "").startswith("[WAIVED] disk: 91% in use — waived until 2024-06-30, by Kim")


def test_an_advised_gate_passes_and_says_so() -> None:
    """Its case is no failure, and names the day from which it would be one."""
    (output,) = case(SAMPLES["advised"], "queue-drained")
    assert (output.tag, (output.text or "").splitlines()[0]) == (
        "system-out",
        "[ADVISED] queue-drained: 12 jobs wait — advised until 2024-06-30, and holds no release until then",
    )


def test_a_gate_that_is_switched_off_is_skipped() -> None:
    """It can be seen in the report, with the reason of the policy; what needs a look stands with the verdict."""
    (skipped,) = case(SAMPLES["waived"], "process")
    assert (skipped.tag, skipped.get("message")) == ("skipped", "switched off by the policy: this host runs no agent")
    assert "[WARN] the waiver for tag has expired" in (case(SAMPLES["waived"], "verdict")[0].text or "")
