"""The verdict as JUnit XML, for CI systems: valid against Jenkins' junit-10.xsd, and never greener than the exit code.

GitLab shows only a failure's body, others only its message, nearly none the properties: so both say everything. One
more case, `verdict`, fails unless the run is SAFE.
"""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from release_sentinel import __version__
from release_sentinel.redacted import RedactedVerdict
from release_sentinel.reports.text import rounds, sentence
from release_sentinel.verdict import Disabled, GateResult
from release_sentinel.vocabulary import INCOMPLETE, SAFE, Outcome

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdict: RedactedVerdict) -> str:
    """Return the document, with its XML declaration."""
    release = verdict.release
    cases = [_case(gate) for gate in verdict.gates]
    cases += [_disabled_case(disabled) for disabled in verdict.disabled]
    cases.append(_verdict_case(verdict))
    failures, errors, skipped = (
        str(sum(case.find(tag) is not None for case in cases)) for tag in ("failure", "error", "skipped")
    )
    seconds = max(0.0, (verdict.ended - verdict.started).total_seconds())  # the clock may have been set back
    totals = {"tests": str(len(cases)), "failures": failures, "errors": errors, "time": f"{seconds:.3f}"}
    name = f"release-sentinel {_clean(release.env)} {_clean(release.version)}"
    root = Element("testsuites", {"name": name, **totals})
    timestamp = verdict.started.isoformat(timespec="seconds")
    suite = SubElement(root, "testsuite", {"name": name, **totals, "skipped": skipped, "timestamp": timestamp})
    properties = SubElement(suite, "properties")
    for key, value in {
        "env": release.env,
        "version": release.version,
        "commit": release.commit,
        "branch": release.branch,
        "verdict": verdict.label,
        "exit_code": str(verdict.exit_code),
        "tool": f"release-sentinel {__version__}",
        **({"rounds": rounds(verdict.rounds)} if verdict.rounds else {}),
    }.items():
        SubElement(properties, "property", name=key, value=_clean(value))
    suite.extend(cases)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(gate: GateResult) -> Element:
    case = Element(
        "testcase", classname=f"release-sentinel.{gate.stage}", name=_clean(gate.id), time=f"{gate.seconds:.3f}"
    )
    if gate.outcome is Outcome.FAILED:
        _fail(case, gate.headline, f"gate.{gate.stage}", [*gate.details, gate.remedy, gate.traceback])
    elif gate.outcome is Outcome.NOT_EVALUATED:
        SubElement(case, "skipped", message=_clean(f"not evaluated: {gate.reason}"))
    else:
        details = gate.details if gate.outcome in {Outcome.WAIVED, Outcome.ADVISED} else ()
        SubElement(case, "system-out").text = _clean("\n".join(_lines([gate.headline, *details, gate.remedy])))
    return case


def _disabled_case(disabled: Disabled) -> Element:
    case = Element("testcase", classname=f"release-sentinel.{disabled.stage}", name=_clean(disabled.gate), time="0.000")
    SubElement(case, "skipped", message=_clean(f"switched off by the policy: {disabled.reason}"))
    return case


def _verdict_case(verdict: RedactedVerdict) -> Element:
    case = Element("testcase", classname="release-sentinel", name="verdict", time="0.000")
    warnings = [f"[WARN] {warning}" for warning in verdict.warnings]
    if verdict.name == SAFE:
        SubElement(case, "system-out").text = _clean("\n".join([sentence(verdict), *warnings]))
    else:
        message = "; ".join((sentence(verdict), *verdict.reasons))
        tag = "error" if verdict.name == INCOMPLETE else "failure"
        _fail(case, message, f"gate.verdict.{verdict.name.lower()}", [*verdict.reasons, *warnings], tag)
    return case


def _fail(case: Element, message: str, kind: str, more: list[str], tag: str = "failure") -> None:
    failure = SubElement(case, tag, message=_clean(message), type=kind)
    failure.text = _clean("\n".join(_lines([message, *more])))


def _lines(texts: list[str]) -> list[str]:
    return [text for text in texts if text]


def _clean(text: str) -> str:
    return _NOT_XML.sub(lambda match: ascii(match[0])[1:-1], text)
