"""The verdict as a page for people: one file, without scripts or requests.

The first screen answers three questions: may we release, why not, who acts. Below it are the reasons and the evidence.
"""

from release_sentinel import __version__
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.charts import VERDICT_TONES, duration
from release_sentinel.reports.html_gates import excused_cards, gate_tables, reason_cards
from release_sentinel.reports.html_timeline import timelines
from release_sentinel.reports.message import decision, task
from release_sentinel.reports.page import Content, Markup, element, facts, jump, link, page, prose, with_contents
from release_sentinel.reports.text import counts, rounds, shown_env, shown_version
from release_sentinel.verdict import Release
from release_sentinel.vocabulary import CRITICAL, INCOMPLETE, SAFE, Outcome

_FEW = 3  # reasons on the first screen
_ANSWERS = {  # by mode and verdict; any other is No
    "release": {SAFE: "Yes", CRITICAL: "Not now"},
    "preview": {SAFE: "Not before the merge", CRITICAL: "Not now"},
    "partial": {SAFE: "Not decided", CRITICAL: "Not now"},
    "watch": {SAFE: "Yes", INCOMPLETE: "Not known"},
}
_NEXT = {  # after a SAFE verdict, by mode
    "release": "The deployment may start.",
    "preview": "The gate judges the release again after the merge.",
    "partial": "Run the gate with all its gates before the release goes out.",
    "watch": "The deployment stays.",
}


def html(verdict: RedactedVerdict) -> str:
    """Return the page."""
    sections: list[tuple[str, str, Content]] = [
        ("reasons", "Reasons and remedies", reason_cards(verdict)),
        ("noted", "Excused gates and warnings", [*excused_cards(verdict), *_warnings(verdict)]),
        ("gates", "Gates", gate_tables(verdict)),
        ("timeline", "Timeline", timelines(verdict)),
        ("left-out", "Not judged", _left_out(verdict)),
        ("provenance", "Provenance", [_provenance(verdict)]),
    ]
    contents, shown = with_contents(sections)
    header = [*_headline(verdict), contents]
    main = [_answers(verdict), *shown]
    footer = element("p", f"release-sentinel {__version__}")
    title = f"{verdict.label}: {_what(verdict.release)}"
    undecided = verdict.name == SAFE and verdict.mode in {"partial", "preview"}
    return page(title, header, main, footer, tone="off" if undecided else VERDICT_TONES.get(verdict.name, "off"))


def _headline(verdict: RedactedVerdict) -> list[Content]:
    release = verdict.release
    name = release.repository.replace("\\", "/").rstrip("/").rpartition("/")[2]
    branch = f"{release.branch}, according to {release.branch_source}" if release.branch_source else release.branch
    started = verdict.started.strftime("%Y-%m-%d %H:%M:%S UTC")
    moment = element("time", started, datetime=verdict.started.isoformat(timespec="seconds"))
    return [
        element("p", element("b", "release-sentinel"), f" · {name}" if name else None, class_="brand"),
        element("h1", element("span", verdict.label, class_="verdict"), " ", element("span", _what(release))),
        facts(
            [
                ("Release", shown_version(release.version)),
                ("Environment", shown_env(release.env)),
                ("Commit", _commit(verdict, 12) or "none was seen"),
                ("Branch", branch or "none was seen"),
                ("Judged", [moment, f", in {duration((verdict.ended - verdict.started).total_seconds())}"]),
            ],
            "line",
        ),
    ]


def _what(release: Release) -> str:
    return f"{shown_version(release.version)} to {shown_env(release.env)}"


def _commit(verdict: RedactedVerdict, letters: int) -> Content:
    commit = verdict.release.commit
    return link(verdict.provenance.commit_url, element("code", commit[:letters])) if commit else None


def _answers(verdict: RedactedVerdict) -> Markup:
    name, mode, release = verdict.name, verdict.mode, verdict.release
    who, what = task(name, mode, verdict.provenance.actor)
    question = "Is it healthy?" if mode == "watch" else "May we release?"
    who = who if who == verdict.provenance.actor else _capital(who)
    return element(
        "div",
        _answer(question, _ANSWERS[mode].get(name, "No"), decision(name, mode, release.version, release.env)),
        _answer("Why?" if name == SAFE else "Why not?", "", *_why(verdict)),
        _answer("Who acts?", who or "No fix is needed", f"{_capital(what)}." if what else _NEXT[mode]),
        class_="card answers",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _answer(question: str, answer: str, *content: Content) -> Markup:
    below = [one if isinstance(one, Markup) else element("p", one) for one in content]
    return element("section", element("h2", question), element("p", answer, class_="big") if answer else None, below)


def _why(verdict: RedactedVerdict) -> list[Content]:
    """Return the first reasons, with a link to all of them; for a SAFE verdict, the counts and warnings."""
    found: list[Content] = [
        [jump(f"reason-{order}", gate.id), " ", prose(gate.reason)]
        for order, gate in enumerate(verdict.gates)
        if gate.outcome is Outcome.FAILED
    ]
    found += map(prose, verdict.problems)
    if not found:
        noted = [rounds(verdict.rounds)] if verdict.rounds else []
        return [counts(verdict), *noted, *(f"Warning: {warning}" for warning in verdict.warnings[:_FEW])]
    listed = [element("li", one, class_="cut") for one in found[:_FEW]]
    if len(found) > _FEW:
        listed.append(element("li", jump("reasons", f"and {len(found) - _FEW} more")))
    return [element("ul", listed)]


def _warnings(verdict: RedactedVerdict) -> list[Markup]:
    pill = element("span", "Warning", class_="pill")
    return [element("p", pill, " ", prose(warning), class_="card note warn") for warning in verdict.warnings]


def _left_out(verdict: RedactedVerdict) -> list[Markup]:
    """Return the gates without a result, grouped by reason: missing, not evaluated or switched off."""
    found = [("Missing", "unknown", one.why, one.gate) for one in verdict.missing]
    found += [("Not evaluated", "off", one.reason, one.id) for one in verdict.having(Outcome.NOT_EVALUATED)]
    found += [("Switched off", "off", one.reason, one.gate) for one in verdict.disabled]
    gates: dict[tuple[str, str, str], list[str]] = {}
    for word, tone, why, gate in found:
        gates.setdefault((word, tone, why), []).append(gate)
    rows = [
        element(
            "li",
            element("span", word, class_=f"pill {tone}"),
            element("p", element("b", ", ".join(ids)), element("br"), prose(why)),
        )
        for (word, tone, why), ids in gates.items()
    ]
    return [element("ul", rows, class_="card rows")] if rows else []


def _provenance(verdict: RedactedVerdict) -> Markup:
    release, where = verdict.release, verdict.provenance
    policies = [_digest(one.name, one.sha256) for one in where.policies]
    packs = [_digest(f"{one.distribution} {one.version}", one.digest) for one in where.packs]
    return facts(
        [
            ("Verdict", f"{verdict.label}, exit code {verdict.exit_code}"),
            ("Mode", verdict.mode),
            ("Started by", where.actor),
            ("CI run", link(where.url, where.url) if where.url else None),
            ("Commit", _commit(verdict, 40)),
            ("Repository", release.repository),
            ("Remote", " ".join(filter(None, (release.remote, where.remote)))),
            ("Ended", verdict.ended.strftime("%Y-%m-%d %H:%M:%S UTC")),
            ("Policies" if len(policies) > 1 else "Policy", policies),
            ("Gate packs" if len(packs) > 1 else "Gate pack", packs),
            ("Tool", f"release-sentinel {__version__}"),
        ],
        "facts card",
    )


def _digest(name: str, digest: str) -> Markup:
    return element("p", name, element("br"), element("code", digest))
