"""Is anything open that blocks releases?"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.observe import Unseen

if TYPE_CHECKING:
    from release_sentinel.observe.forge import Evidence

_SHOWN = 10  # issues in a message


def check_blockers(evidence: "Callable[[], Evidence | Unseen]", labels: Sequence[str] | None = None) -> CheckResult:
    """No open issue or request carries a label that blocks releases.

    Why: a problem that everyone has agreed to fix before the next release is easily forgotten on the day of it.
    Unknown: the token may not see the issues, or no label is named.
    Remedy: close what is open, or take the label off with a reason.
    """
    if not labels:
        return CheckResult(UNKNOWN, "no label is named that blocks releases", "name it in `blockers` of `[forge]`")
    forge = evidence()
    seen = forge if isinstance(forge, Unseen) else forge.blockers(tuple(labels))
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    if not seen.issues:
        retried = f"; the forge was asked again after: {', '.join(seen.retried)}" if seen.retried else ""
        return CheckResult(WARN if retried else OK, f"nothing open is labelled {' or '.join(labels)}{retried}")
    count = len(seen.issues)
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    return CheckResult(
        CRIT,
        f"{count} open with a label that blocks releases: " + ", ".join(map(str, seen.issues[:_SHOWN])) + more,
        "close them, or take the label off with a reason",
    )
