"""What GitHub knows about a commit, github.com and GitHub Enterprise."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.observe import Unseen
from release_sentinel.observe.forge.api import quoted, repository_path
from release_sentinel.observe.forge.client import Client, Refused, RefusedError
from release_sentinel.observe.forge.people import Account, account_of, is_person, told_apart, with_accounts
from release_sentinel.observe.forge.place import GITHUB
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

_PASSES = {"success", "neutral", "skipped"}  # conclusions; every other one fails, also one that is not known
_RUNNING = {"queued", "in_progress", "waiting", "requested", "pending"}
_STATUSES = {"success": State.PASSED, "pending": State.RUNNING}
_RUN = re.compile(r"/actions/runs/(\d+)(?:/|$)")
_ACTIONS = "github-actions"
_WRITERS = {"admin", "maintain", "write"}
_OPINIONS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}  # a comment revokes nothing
_MOST_COMMITS = 250  # of a request that GitHub lists
_NAME_THEM = 'name the checks in `checks` of `[forge]` instead of "required"'


class _Run(Struct, frozen=True):
    check: Check
    id: int = 0
    of: str = ""  # the workflow run, where it is a job of one


class GitHub:
    """The reader. `own` is the job that runs the gate."""

    def __init__(self, client: Client, own: Own | None = None) -> None:
        self._client, self._own = client, own
        self._repo = repository_path(client.api.place.repository)

    def checks(self, commit: str, branch: str, *, required: bool, names: Sequence[Required]) -> Checks:
        """Return the newest run of each check of a commit, and what its branch requires."""
        for path in ("commits", "actions"):
            self._client.forget(f"{self._repo}/{path}/")
        runs = self._runs(commit, globs=any(one.pattern for one in names))
        statuses = self._statuses(commit)
        needed = tuple(self._required(branch)) if required else ()
        own = self._own_id(runs, (*needed, *names))
        found = [replace(one.check, own=one.id == own != 0) for one in runs]
        return Checks((*found, *statuses), needed)

    def _runs(self, commit: str, *, globs: bool) -> list[_Run]:
        path = f"{self._repo}/commits/{commit}/check-runs?filter=all&per_page=100"
        runs = self._client.pages(path, "Checks: read", "check_runs")
        by_suite: dict[tuple[str, str, int], dict[str, Any]] = {}
        for run in sorted(runs, key=_id):
            by_suite[(_app(run), run["name"], (run.get("check_suite") or {}).get("id") or 0)] = run
        workflow_runs = self._workflow_runs(commit) if globs or self._is_ambiguous(by_suite) else {}
        newest: dict[tuple[str, str, str], tuple[dict[str, Any], str]] = {}
        for (app, name, suite), run in sorted(by_suite.items(), key=lambda item: _id(item[1])):
            workflow = str(workflow_runs.get(suite, {}).get("workflow_id") or "")
            if workflow_runs and not workflow and _slug(run) == _ACTIONS:
                workflow = f"suite {suite}"
            match = _RUN.search(run.get("details_url") or "")
            number = match[1] if match else str(workflow_runs.get(suite, {}).get("id", ""))
            newest[(app, name, workflow)] = run, number if _slug(run) == _ACTIONS else ""
        found = [_Run(_check(run), _id(run), number) for run, number in newest.values()]
        return found + (list(self._as_a_whole(workflow_runs, by_suite)) if globs else [])

    def _as_a_whole(
        self, workflow_runs: dict[int, dict[str, Any]], by_suite: dict[tuple[str, str, int], dict[str, Any]]
    ) -> Iterator[_Run]:
        """Yield the newest run of each workflow whose jobs do not tell all: more may come, or some never began.

        The gate's own run is left out: it cannot end before the gate.
        """
        newest = {run.get("workflow_id"): (suite, run) for suite, run in workflow_runs.items()}
        for suite, run in newest.values():
            if self._own and str(run.get("id")) == self._own.run:
                continue
            jobs = {name: _check(job) for (_, name, of), job in by_suite.items() if of == suite}
            check = _check({**run, "name": run.get("name") or "workflow", "app": None})
            is_said = check.state is State.FAILED and any(job.state is not State.PASSED for job in jobs.values())
            if not jobs or (check.state is not State.PASSED and not is_said):
                yield _Run(replace(check, jobs=tuple(jobs)))

    def _is_ambiguous(self, by_suite: dict[tuple[str, str, int], dict[str, Any]]) -> bool:
        """Return whether the workflows decide: the newest run of a name passes, and one of another suite does not.

        They also say of which run a job is, where its address does not.
        """
        newest: dict[tuple[str, str], tuple[int, bool]] = {}
        older_fails = set()
        for (app, name, _), run in sorted(by_suite.items(), key=lambda item: _id(item[1])):
            if (app, name) in newest and not newest[app, name][1]:
                older_fails.add((app, name))
            newest[app, name] = _id(run), _check(run).state is State.PASSED
        is_hidden = self._own is not None and any(map(_is_of_unknown_run, by_suite.values()))
        return is_hidden or any(passes and key in older_fails for key, (_, passes) in newest.items())

    def _workflow_runs(self, commit: str) -> dict[int, dict[str, Any]]:
        """Return the runs of workflows for a commit, by check suite."""
        path = f"{self._repo}/actions/runs?head_sha={commit}&per_page=100"
        runs = self._client.pages(path, "Actions: read", "workflow_runs")
        return {run.get("check_suite_id") or 0: run for run in sorted(runs, key=_id)}

    def _own_id(self, runs: Sequence[_Run], wanted: Sequence[Required]) -> int:
        """Return the id of the check run that is the gate's own job; 0 if it is not wanted, or cannot be determined.

        GitHub gives a job its run, its runner, and its key in the workflow, which is also the name of most jobs.
        """
        if self._own is None or not self._own.run:
            return 0
        mine = [one for one in runs if one.of == self._own.run and one.check.state is State.RUNNING]
        if not any(required.admits(one.check) for one in mine for required in wanted):
            return 0
        if [one.check.name for one in mine] == [self._own.job]:
            return mine[0].id
        path = f"{self._repo}/actions/runs/{quoted(self._own.run)}/jobs?filter=latest&per_page=100"
        jobs = [
            job["id"]
            for job in self._client.pages(path, "Actions: read", "jobs")
            if job.get("status") == "in_progress" and self._own.runner in {"", job.get("runner_name")}
        ]
        return jobs[0] if len(jobs) == 1 else 0

    def _statuses(self, commit: str) -> list[Check]:
        path = f"{self._repo}/commits/{commit}/status?per_page=100"
        newest: dict[str, dict[str, Any]] = {}
        for status in sorted(self._client.pages(path, "Commit statuses: read", "statuses"), key=_id):
            newest[status["context"]] = status
        return [
            Check(name, _STATUSES.get(status["state"], State.FAILED), status["state"], app=None)
            for name, status in newest.items()
        ]

    def _required(self, branch: str) -> Iterable[Required]:
        seen = self._client.get(f"{self._repo}/branches/{quoted(branch)}", "Contents: read")
        protection = (seen.get("protection") or {}).get("required_status_checks")
        if seen["protected"] and not isinstance(seen.get("protection"), dict):
            why = f"branch {branch} is protected, and the token may not see how"
            raise RefusedError(Unseen(why, f"give the token Contents: read, or {_NAME_THEM}"))
        protection = protection if protection and protection.get("enforcement_level") != "off" else {}
        checks = [(one["context"], one.get("app_id")) for one in protection.get("checks") or []]
        named = {name for name, _ in checks}
        checks += [(name, None) for name in protection.get("contexts") or [] if name not in named]
        rules = self._client.pages(f"{self._repo}/rules/branches/{quoted(branch)}?per_page=100", "Metadata: read")
        for rule in rules:
            if rule["type"] == "workflows":
                why = f"a ruleset requires workflows on branch {branch}, and does not say the names of their checks"
                raise RefusedError(Unseen(why, _NAME_THEM))
            if rule["type"] == "required_status_checks":
                asked = rule["parameters"]["required_status_checks"]
                checks += [(one["context"], one.get("integration_id")) for one in asked]
        return dict.fromkeys(Required(name, str(app) if app and app > 0 else "") for name, app in checks)

    def review(self, commit: str, branch: str, approvals: int) -> Review:
        """Return the pull request that brought a commit to a branch, with its reviews."""
        requests = [
            one
            for one in self._client.pages(f"{self._repo}/commits/{commit}/pulls?per_page=100", "Pull requests: read")
            if one["merged_at"] and one["base"]["ref"] == branch and self._is_here(one["base"])
        ]
        if not requests:
            return Review(None)
        request = min(requests, key=lambda one: (one.get("merge_commit_sha") != commit, one["merged_at"]))
        path = f"{self._repo}/pulls/{request['number']}"
        latest: dict[str, dict[str, Any]] = {}
        for review in sorted(self._client.pages(f"{path}/reviews?per_page=100", "Pull requests: read"), key=_id):
            if review["state"] in _OPINIONS:
                by = account_of(review.get("user"))
                latest[by.login if by else f"review {review['id']}"] = review
        authors, unknown = self._authors(f"{path}/commits?per_page=100")
        authors += filter(None, [account_of(request.get("user"))])
        head, opinions, standing, hidden = request["head"]["sha"], list[Opinion](), 0, None
        for user, review in latest.items():
            if review["state"] == "DISMISSED":
                continue
            by = account_of(review.get("user"))
            is_author = by is not None and any(map(by.is_same, authors))
            may: bool | None = is_person(review.get("user"))
            is_current = review.get("commit_id") == head
            approves = review["state"] == "APPROVED"
            if may and approves and is_current and not is_author and standing < approvals + unknown:
                seen = self._may_write(str(review["user"]["login"]))
                may, hidden = (None, seen) if isinstance(seen, Unseen) else (seen, hidden)
                standing += bool(may)
            opinions.append(Opinion(user, approves, is_current, may, is_author))
        return Review(Change(f"#{request['number']}", tuple(opinions), unknown_authors=unknown, hidden=hidden))

    def _is_here(self, base: dict[str, Any]) -> bool:
        name = (base.get("repo") or {}).get("full_name")
        return name is None or name.lower() == self._client.api.place.repository.lower()

    def _authors(self, path: str) -> tuple[list[Account], int]:
        commits = self._client.pages(path, "Pull requests: read")
        if len(commits) >= _MOST_COMMITS:
            why = f"the request has {_MOST_COMMITS} commits or more, and GitHub does not list all their authors"
            raise RefusedError(Unseen(why, "merge smaller requests, or waive the gate with a reason and a date"))
        known, unknown = told_apart(one for commit in commits for one in with_accounts(GITHUB, commit))
        return known, len(unknown)

    def _may_write(self, user: str) -> bool | Unseen:
        """Return whether a user may write. Membership does not say so: a member may have read access only."""
        try:
            path = f"{self._repo}/collaborators/{quoted(user)}/permission"
            return self._client.get(path, "Metadata: read")["permission"] in _WRITERS
        except RefusedError as error:
            if isinstance(error.seen, Refused) and error.seen.status in {403, 404}:
                return error.seen
            raise

    def blockers(self, labels: tuple[str, ...]) -> Blockers:
        """Return the open issues and pull requests that have one of the labels."""
        needs = "Issues: read and Pull requests: read"
        path = f"{self._repo}/issues?state=open&per_page=100"
        is_long = self._client.has_more(path, needs, absent=410)
        if is_long is None:  # issues are switched off
            paths = [f"{self._repo}/pulls?state=open&per_page=100"]
        elif is_long and not any("," in label for label in labels):  # which parts labels there
            paths = [f"{path}&labels={quoted(label)}" for label in labels]
        else:
            paths = [path]
        entries = [one for asked in paths for one in self._client.pages(asked, needs)]
        found = {one["number"]: _issue(one, labels) for one in entries}
        return Blockers(tuple(issue for issue in found.values() if issue))


def _issue(one: dict[str, Any], labels: tuple[str, ...]) -> Issue | None:
    has = [label if isinstance(label, str) else str(label["name"]) for label in one["labels"]]
    return blocked(f"#{one['number']}", str(one["title"]), has, labels)


def _is_of_unknown_run(run: dict[str, Any]) -> bool:
    is_open = _slug(run) == _ACTIONS and run.get("status") != "completed"
    return is_open and not _RUN.search(run.get("details_url") or "")


def _check(run: dict[str, Any]) -> Check:
    name, status, conclusion, app = run["name"], run.get("status"), run.get("conclusion"), _app(run)
    if status in _RUNNING:
        return Check(name, State.RUNNING, str(status), app)
    passes = status == "completed" and conclusion in _PASSES
    word = str(conclusion or "no conclusion") if status == "completed" else str(status)
    return Check(name, State.PASSED if passes else State.FAILED, word, app)


def _id(entry: dict[str, Any]) -> int:
    return int(entry["id"])


def _app(run: dict[str, Any]) -> str:
    return str((run.get("app") or {}).get("id") or "")


def _slug(run: dict[str, Any]) -> str:
    return str((run.get("app") or {}).get("slug") or "")
