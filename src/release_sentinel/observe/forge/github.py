"""What GitHub knows about a commit, github.com and GitHub Enterprise."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from release_sentinel.observe import Unseen
from release_sentinel.observe.forge.api import quoted
from release_sentinel.observe.forge.client import Client, RefusedError
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
_CO_AUTHOR = re.compile(r"(?im)^co-authored-by:.*<(?:\d+\+)?([\w-]+)@users\.noreply\.")  # of whom the account is known
_ACTIONS = "github-actions"
_WRITERS = {"admin", "maintain", "write"}
_ASSOCIATED = {"OWNER", "MEMBER", "COLLABORATOR"}
_OPINIONS = {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}  # a comment revokes nothing
_MOST_COMMITS = 250  # of a request that GitHub lists
_NAME_THEM = 'name the checks in `checks` of `[forge]` instead of "required"'


class GitHub:
    """The reader. `own` is the job that runs the gate."""

    def __init__(self, client: Client, own: Own | None = None) -> None:
        self._client, self._own = client, own
        self._repo = "/repos/" + "/".join(map(quoted, client.api.place.repository.split("/")))

    def checks(self, commit: str, branch: str, *, required: bool, globs: bool) -> Checks:
        """Return the newest run of each check of a commit, and what its branch requires."""
        for path in ("commits", "actions"):
            self._client.forget(f"{self._repo}/{path}/")
        found = [*self._check_runs(commit, globs=globs), *self._statuses(commit)]
        return Checks(tuple(found), tuple(self._required(branch)) if required else ())

    def _check_runs(self, commit: str, *, globs: bool) -> list[Check]:
        path = f"{self._repo}/commits/{commit}/check-runs?filter=all&per_page=100"
        runs = self._client.pages(path, "Checks: read", "check_runs")
        by_suite: dict[tuple[str, str, int], dict[str, Any]] = {}
        for run in sorted(runs, key=_id):
            by_suite[(_app(run), run["name"], (run.get("check_suite") or {}).get("id") or 0)] = run
        workflow_runs = self._workflow_runs(commit) if globs or self._is_ambiguous(by_suite) else {}
        newest: dict[tuple[str, str, str], dict[str, Any]] = {}
        for (app, name, suite), run in sorted(by_suite.items(), key=lambda item: _id(item[1])):
            workflow = str(workflow_runs.get(suite, {}).get("workflow_id") or "")
            if workflow_runs and not workflow and _slug(run) == _ACTIONS:
                workflow = f"suite {suite}"
            newest[(app, name, workflow)] = run
        own = self._own_id(newest.values(), workflow_runs)
        found = [
            replace(_check(run["name"], run.get("status"), run.get("conclusion"), app), own=run["id"] == own)
            for (app, _, _), run in newest.items()
        ]
        return found + (_without_jobs(workflow_runs, {suite for _, _, suite in by_suite}) if globs else [])

    def _is_ambiguous(self, by_suite: dict[tuple[str, str, int], dict[str, Any]]) -> bool:
        """Return whether the workflows decide: the newest run of a name passes, and one of another suite does not.

        They also say of which run a job is, where its address does not.
        """
        newest: dict[tuple[str, str], tuple[int, bool]] = {}
        older_fails = set()
        for (app, name, _), run in sorted(by_suite.items(), key=lambda item: _id(item[1])):
            if (app, name) in newest and not newest[app, name][1]:
                older_fails.add((app, name))
            newest[app, name] = _id(run), _check("", run.get("status"), run.get("conclusion"), "").state is State.PASSED
        is_hidden = self._own is not None and any(map(_is_of_unknown_run, by_suite.values()))
        return is_hidden or any(passes and key in older_fails for key, (_, passes) in newest.items())

    def _workflow_runs(self, commit: str) -> dict[int, dict[str, Any]]:
        """Return the runs of workflows for a commit, by check suite."""
        path = f"{self._repo}/actions/runs?head_sha={commit}&per_page=100"
        runs = self._client.pages(path, "Actions: read", "workflow_runs")
        return {run.get("check_suite_id") or 0: run for run in sorted(runs, key=_id)}

    def _own_id(self, runs: Iterable[dict[str, Any]], workflow_runs: dict[int, dict[str, Any]]) -> int:
        """Return the id of the check run that is the gate's own job; 0 if there is none, or it cannot be determined."""
        if self._own is None or not self._own.run:
            return 0
        mine = []
        for run in runs:
            match = _RUN.search(run.get("details_url") or "")
            workflow_run = workflow_runs.get((run.get("check_suite") or {}).get("id") or 0, {})
            number = match[1] if match else str(workflow_run.get("id", ""))
            if _slug(run) == _ACTIONS and number == self._own.run and run.get("status") == "in_progress":
                mine.append(_id(run))
        if len(mine) < 2:
            return mine[0] if mine else 0
        path = f"{self._repo}/actions/runs/{quoted(self._own.run)}/jobs?filter=latest&per_page=100"
        jobs = [
            job["id"]
            for job in self._client.pages(path, "Actions: read", "jobs")
            if job.get("status") == "in_progress" and job.get("runner_name") == self._own.runner != ""
        ]
        return jobs[0] if len(jobs) == 1 and jobs[0] in mine else 0

    def _statuses(self, commit: str) -> list[Check]:
        path = f"{self._repo}/commits/{commit}/status?per_page=100"
        newest: dict[str, dict[str, Any]] = {}
        for status in sorted(self._client.pages(path, "Commit statuses: read", "statuses"), key=_id):
            newest[status["context"]] = status
        return [
            Check(name, _STATUSES.get(status["state"], State.FAILED), status["state"])
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
            if one.get("merged_at") and one["base"]["ref"] == branch and self._is_here(one["base"])
        ]
        if not requests:
            return Review(None)
        request = min(requests, key=lambda one: (one.get("merge_commit_sha") != commit, one["merged_at"]))
        path = f"{self._repo}/pulls/{request['number']}"
        latest: dict[str, dict[str, Any]] = {}
        for review in sorted(self._client.pages(f"{path}/reviews?per_page=100", "Pull requests: read"), key=_id):
            if review["state"] in _OPINIONS:
                latest[_login(review.get("user")) or f"review {review['id']}"] = review
        authors, unknown = self._authors(f"{path}/commits?per_page=100")
        change = Change(f"#{request['number']}", authors | {_login(request.get("user"))}, unknown_authors=unknown)
        head, opinions, standing = request["head"]["sha"], list[Opinion](), 0
        for user, review in latest.items():
            if review["state"] == "DISMISSED":
                continue
            opinion = Opinion(user, review["state"] == "APPROVED", review.get("commit_id") == head)
            if opinion.approves and opinion.is_current and user not in change.authors:
                may = standing >= approvals + unknown or self._may_write(review)
                opinion = replace(opinion, may_write=may)
                standing += may
            opinions.append(opinion)
        return Review(replace(change, opinions=tuple(opinions)))

    def _is_here(self, base: dict[str, Any]) -> bool:
        name = (base.get("repo") or {}).get("full_name")
        return name is None or name.lower() == self._client.api.place.repository.lower()

    def _authors(self, path: str) -> tuple[frozenset[str], int]:
        commits = self._client.pages(path, "Pull requests: read")
        if len(commits) >= _MOST_COMMITS:
            why = f"the request has {_MOST_COMMITS} commits or more, and GitHub does not list all their authors"
            raise RefusedError(Unseen(why, "merge smaller requests, or waive the gate with a reason and a date"))
        known = {_login(one.get("author")) for one in commits} - {""}
        known |= {login.lower() for one in commits for login in _CO_AUTHOR.findall(one["commit"].get("message") or "")}
        unknown = {_mail(one) for one in commits if not _login(one.get("author"))}
        return frozenset(known), len(unknown)

    def _may_write(self, review: dict[str, Any]) -> bool:
        """Return whether a reviewer may write: by the permission, or where the token may not see it, the role."""
        user = review.get("user") or {}
        if not user.get("login") or user.get("type") == "Bot":
            return False
        path = f"{self._repo}/collaborators/{quoted(user['login'])}/permission"
        seen = self._client.find(path, "Metadata: read", (403, 404))
        if seen is None:
            return review.get("author_association") in _ASSOCIATED
        return seen["permission"] in _WRITERS

    def blockers(self, labels: tuple[str, ...]) -> Blockers:
        """Return the open issues and pull requests that have one of the labels."""
        needs = "Issues: read and Pull requests: read"
        path = f"{self._repo}/issues?state=open&per_page=100"
        entries = self._client.find(path, needs, (410,))
        if entries is None:  # issues are switched off
            entries = self._client.pages(f"{self._repo}/pulls?state=open&per_page=100", needs)
        elif len(entries) >= 100 and any("," in label for label in labels):  # which parts labels there
            entries = self._client.pages(path, needs)
        elif len(entries) >= 100:
            entries = [one for label in labels for one in self._client.pages(f"{path}&labels={quoted(label)}", needs)]
        found = {one["number"]: _issue(one, labels) for one in entries}
        return Blockers(tuple(issue for issue in found.values() if issue))


def _issue(one: dict[str, Any], labels: tuple[str, ...]) -> Issue | None:
    has = [label if isinstance(label, str) else str(label["name"]) for label in one["labels"]]
    return blocked(f"#{one['number']}", str(one["title"]), has, labels)


def _is_of_unknown_run(run: dict[str, Any]) -> bool:
    is_open = _slug(run) == _ACTIONS and run.get("status") != "completed"
    return is_open and not _RUN.search(run.get("details_url") or "")


def _check(name: str, status: object, conclusion: object, app: str) -> Check:
    if status in _RUNNING:
        return Check(name, State.RUNNING, str(status), app)
    passes = status == "completed" and conclusion in _PASSES
    word = str(conclusion or "no conclusion") if status == "completed" else str(status)
    return Check(name, State.PASSED if passes else State.FAILED, word, app)


def _without_jobs(workflow_runs: dict[int, dict[str, Any]], suites: set[int]) -> list[Check]:
    """Return, as checks, the newest runs of workflows that have no check runs: not begun, or failed to begin."""
    newest = {run.get("workflow_id"): (suite, run) for suite, run in workflow_runs.items()}
    return [
        _check(str(run.get("name") or "workflow"), run.get("status"), run.get("conclusion"), "")
        for suite, run in newest.values()
        if suite not in suites
    ]


def _id(entry: dict[str, Any]) -> int:
    return int(entry["id"])


def _app(run: dict[str, Any]) -> str:
    return str((run.get("app") or {}).get("id") or "")


def _slug(run: dict[str, Any]) -> str:
    return str((run.get("app") or {}).get("slug") or "")


def _login(user: dict[str, Any] | None) -> str:
    return str((user or {}).get("login") or "").lower()


def _mail(commit: dict[str, Any]) -> str:
    return str(((commit.get("commit") or {}).get("author") or {}).get("email") or commit.get("sha"))
