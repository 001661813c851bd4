"""What Gitea and Forgejo know about a commit."""

import re
from collections.abc import Sequence
from typing import Any

from release_sentinel.observe.forge.api import quoted, repository_path
from release_sentinel.observe.forge.client import Client
from release_sentinel.observe.forge.people import account_of, is_person, told_apart, with_accounts
from release_sentinel.observe.forge.place import GITEA
from release_sentinel.observe.forge.records import (
    Blockers,
    Change,
    Check,
    Checks,
    Issue,
    Opinion,
    Own,
    Required,
    Review,
    State,
    blocked,
)

# All others fail: `warning`, `failure`, `error`.
_STATES = {"success": State.PASSED, "skipped": State.PASSED, "pending": State.RUNNING}
_RUN = re.compile(r"/actions/runs/(\d+)/jobs/\d+")
_BEGUN = "has started running"
_NOT_BEGUN = {"waiting to run", "blocked by required conditions"}
_GLOB = re.compile(r"\\(?P<literal>.)|(?P<any>\*+|\?)|\[(?P<not>!?)(?P<set>[^]]+)]|(?P<other>.)", re.DOTALL)
_BRACES, _DEEPER = {"{": "(?:", ",": "|", "}": ")"}, {"{": 1, "}": -1}
_OPINIONS = {"APPROVED", "REQUEST_CHANGES"}
_READ = "the scope read:repository"
_ISSUES = "the scope read:issue"


class Gitea:
    """The reader. `own` is the job that runs the gate."""

    def __init__(self, client: Client, own: Own | None = None) -> None:
        self._client, self._own = client, own
        self._repo = repository_path(client.api.place.repository)

    def checks(self, commit: str, branch: str, *, required: bool, names: Sequence[Required]) -> Checks:  # noqa: ARG002 - as others
        """Return the newest status of each context of a commit, and what its branch requires."""
        self._client.forget(f"{self._repo}/commits/")
        newest: dict[str, dict[str, Any]] = {}
        statuses = self._client.pages(self._statuses(commit), _READ, "statuses", to_empty=True)
        for status in sorted(statuses, key=lambda one: int(one["id"])):
            newest[status["context"]] = status
        own = self._own_context(newest)
        found = [
            Check(name, _STATES.get(_word(status), State.FAILED), _word(status), own=name == own)
            for name, status in newest.items()
        ]
        return Checks(tuple(found), self._required(branch) if required else ())

    def _statuses(self, commit: str) -> str:
        return f"{self._repo}/commits/{commit}/status?limit=50"

    def _required(self, branch: str) -> tuple[Required, ...]:
        seen = self._client.get(f"{self._repo}/branches/{quoted(branch)}", _READ)
        if not seen["protected"] or not seen["enable_status_check"]:
            return ()
        return tuple(Required(one, pattern=_pattern(one)) for one in seen.get("status_check_contexts") or [])

    def _own_context(self, newest: dict[str, dict[str, Any]]) -> str:
        """Return the context of the gate's own job; blank if there is none, or it cannot be determined."""
        if self._own is None:
            return ""
        mine = []
        for name, status in newest.items():
            match = _RUN.search(str(status.get("target_url") or ""))
            if match and match[1] in {self._own.run, self._own.number} - {""} and _word(status) == "pending":
                mine.append((name, str(status.get("description") or "").lower()))
        begun = [name for name, said in mine if said == _BEGUN]
        if len(begun) == 1:
            return begun[0]
        return mine[0][0] if len(mine) == 1 and mine[0][1] not in _NOT_BEGUN else ""

    def review(self, commit: str, branch: str, approvals: int) -> Review:  # noqa: ARG002 - as others
        """Return the pull request that brought a commit to a branch, with its reviews."""
        request = self._client.find(f"{self._repo}/commits/{commit}/pull", _READ)
        if request is None:  # also where the token may not see the repository, or the commit is not there
            self._client.get(self._statuses(commit), _READ)
        if request is None or not request["merged"] or request["base"]["ref"] != branch:
            return Review(None)
        path = f"{self._repo}/pulls/{request['number']}"
        commits = self._client.pages(f"{path}/commits?limit=50", _READ)
        accounts, unknown = told_apart(one for commit in commits for one in with_accounts(GITEA, commit))
        accounts += filter(None, [account_of(request.get("user"))])
        reviews = self._client.pages(f"{path}/reviews?limit=50", _READ)
        latest: dict[str, Opinion] = {}
        for review in sorted(reviews, key=lambda one: int(one["id"])):
            if review["state"] not in _OPINIONS:
                continue
            by = account_of(review.get("user"))
            user = by.login if by else f"review {review['id']}"
            latest.pop(user, None)
            if review.get("dismissed"):
                continue
            latest[user] = Opinion(
                user,
                review["state"] == "APPROVED",
                not review.get("stale") and review.get("commit_id") == request["head"]["sha"],
                review.get("official") is True and is_person(review.get("user")),
                by is not None and any(map(by.is_same, accounts)),
            )
        return Review(Change(f"#{request['number']}", tuple(latest.values()), unknown_authors=len(unknown)))

    def blockers(self, labels: tuple[str, ...]) -> Blockers:
        """Return the open issues and pull requests that have one of the labels."""
        entries = self._client.pages(f"{self._repo}/issues?state=open&limit=50", _ISSUES)
        found = [_issue(one, labels) for one in entries]
        return Blockers(tuple(issue for issue in found if issue))


def _issue(one: dict[str, Any], labels: tuple[str, ...]) -> Issue | None:
    has = [str(label["name"]) for label in one["labels"] or []]
    return blocked(f"#{one['number']}", str(one["title"]), has, labels)


def _word(status: dict[str, Any]) -> str:
    return str(status.get("status") or status.get("state") or "no state")


def _pattern(glob: str) -> str:
    """Return the regular expression of a glob, as Gitea reads globs; blank if it is not valid.

    Gitea also reads `{one,another}` and a backslash as an escape, and its `*` matches slashes.
    """
    found, depth = "", 0
    for match in _GLOB.finditer(glob):
        sign = match["other"] or ""
        if match["any"]:
            found += ".*" if match["any"].startswith("*") else "."
        elif match["set"]:
            first, last = match["set"][0], match["set"][-1]
            is_range = len(match["set"]) == 3 and match["set"][1] == "-"
            chars = f"{re.escape(first)}-{re.escape(last)}" if is_range else re.escape(match["set"])
            found += f"[{'^' if match['not'] else ''}{chars}]"
        elif sign == "{" or (depth and sign in {"}", ","}):
            depth += _DEEPER.get(sign, 0)
            found += _BRACES[sign]
        else:
            found += re.escape(match["literal"] or sign)
    try:
        return re.compile(rf"(?s:{found})\Z").pattern
    except re.error:
        return ""
