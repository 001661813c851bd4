"""Did the forge's required checks succeed on this very commit?"""

import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.model import ForgeRules
from release_sentinel.observe import Unseen
from release_sentinel.observe.git import Repository

if TYPE_CHECKING:
    from release_sentinel.observe.forge import Evidence
    from release_sentinel.observe.forge.records import Check, Checks, Required

REQUIRED = "required"  # in the policy: what protection and rulesets require
_SHOWN = 10  # names in a message
_LATER = "let the checks end, or give them time: `wait` in `[forge]`"


def check_ci_checks(
    repository: Repository | Unseen,
    branch: Callable[[], str | Unseen],
    evidence: "Callable[[], Evidence | Unseen]",
    rules: ForgeRules,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> CheckResult:
    """The forge's required checks on this very commit all succeeded.

    Why: a commit that nothing tested, or whose tests failed, breaks after the release instead of before it.
    Unknown: checks still run, none is required, the token may not see them, or the app of a status is not known.
    Remedy: let the checks succeed on this commit; if the token may not see them, give it the permission that is named.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    on = branch()
    if isinstance(on, Unseen):
        return CheckResult(UNKNOWN, on.why, on.remedy)
    forge = evidence()
    if isinstance(forge, Unseen):
        return CheckResult(UNKNOWN, forge.why, forge.remedy)
    from release_sentinel.observe.forge.records import by_name  # noqa: PLC0415 - late: few policies ask the forge

    wanted = rules.checks or (REQUIRED,)
    named = tuple(by_name(one) for one in wanted if one != REQUIRED)
    end = now() + rules.wait
    while True:
        seen = forge.checks(repository.commit, on, required=REQUIRED in wanted, names=named)
        if isinstance(seen, Unseen):
            return CheckResult(UNKNOWN, seen.why, seen.remedy)
        answer = _Answer(seen, named, rules.ignore)
        left = end - now()
        if answer.is_final or left <= 0:
            return answer.judged(repository.commit[:12], on, rules.wait)
        sleep(min(rules.interval, left))


class _Answer:
    """What one look at the checks of a commit says."""

    def __init__(self, seen: "Checks", named: "Sequence[Required]", ignored: Sequence[str]) -> None:
        self._seen, self._ignored = seen, ignored
        self._own = False
        self._absent: list[str] = []
        self._unclear: list[str] = []
        self._known = {one.name for one in seen.found} | {one.name for one in seen.required}
        found: dict[Check, None] = {}
        for wanted in (*(one for one in seen.required if not self._is_ignored(one.name)), *named):
            met = [one for one in seen.found if wanted.admits(one) and not self._is_ignored(one.name)]
            self._own |= any(one.own for one in met)
            if not met:
                of_unknown_app = any(one.app is None and one.name == wanted.name for one in seen.found)
                app = f" of the app {wanted.app}" if wanted.app else ""
                (self._unclear if of_unknown_app else self._absent).append(f"{wanted.name}{app}")
            found |= dict.fromkeys(one for one in met if not one.own)
        self._passed = [one for one in found if one.state == "passed"]
        self._running = [one for one in found if one.state == "running"]
        self._failed = [one for one in found if one not in self._passed and one not in self._running]

    def _is_ignored(self, name: str) -> bool:
        """Return whether a check does not count. An entry that is the name of a check is no glob."""
        return any(name == one or (one not in self._known and fnmatchcase(name, one)) for one in self._ignored)

    @property
    def _is_empty(self) -> bool:
        return not (self._passed or self._running or self._failed or self._absent or self._unclear)

    @property
    def is_final(self) -> bool:
        """Whether waiting changes nothing."""
        if self._failed:
            return True
        return not (self._running or self._absent or self._unclear or (self._is_empty and self._seen.may_come))

    def judged(self, commit: str, branch: str, waited: float) -> CheckResult:
        """Return the result."""
        after = f" after {waited:g} s" if waited else ""
        if self._failed:
            return CheckResult(
                CRIT,
                f"{_count(self._failed)} did not succeed on commit {commit}: {_listed(self._failed)}",
                "fix what they found, or start them again; then release the commit on which all succeed",
                _details((*self._failed, *self._running)),
            )
        if self._absent or self._unclear or self._running:
            return self._unfinished(commit, after)
        if self._is_empty:
            return self._nothing(commit, branch)
        message = f"{_count(self._passed)} succeeded on commit {commit}: {_listed(self._passed, words=False)}"
        return CheckResult(WARN if self._seen.retried else OK, message + _retried(self._seen.retried))

    def _unfinished(self, commit: str, after: str) -> CheckResult:
        if self._absent:
            return CheckResult(
                CRIT,
                f"not there on commit {commit}{after}: {_names(self._absent)}",
                "run these checks on this very commit, correct their names, or wait for them: `wait` in `[forge]`",
                _details(self._running),
            )
        if self._unclear:
            return CheckResult(
                UNKNOWN,
                f"there is only a commit status on commit {commit}, and the forge does not say which app set it: "
                f"{_names(self._unclear)}",
                "let the app report a check run, or take the app off the required check",
                _details(self._running),
            )
        return CheckResult(UNKNOWN, f"not ended on commit {commit}{after}: {_listed(self._running)}", _LATER)

    def _nothing(self, commit: str, branch: str) -> CheckResult:
        if self._own:
            why = f"no check of commit {commit} is left beside the job that runs the gate"
            return CheckResult(
                UNKNOWN, why, "require a check that tests the commit, or name one in `checks` of `[forge]`"
            )
        return CheckResult(
            UNKNOWN,
            f"no check is required of commit {commit} on branch {branch}, so that nothing says whether it is good",
            "require checks in the branch's protection, or name them in `checks` of `[forge]`",
        )


def _retried(errors: Sequence[str]) -> str:
    return f"; the forge was asked again after: {', '.join(dict.fromkeys(errors))}" if errors else ""


def _count(checks: "Sequence[Check]") -> str:
    return f"{len(checks)} check{'' if len(checks) == 1 else 's'}"


def _listed(checks: "Sequence[Check]", *, words: bool = True) -> str:
    return _names([f"{one.name} ({one.word})" if words else one.name for one in checks])


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _details(checks: "Sequence[Check]") -> tuple[str, ...]:
    return tuple(f"{one.name}: {one.word}" for one in checks)
