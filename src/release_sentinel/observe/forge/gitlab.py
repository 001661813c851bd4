"""What GitLab knows about a commit, gitlab.com and self-hosted."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from release_sentinel.observe.forge.api import quoted
from release_sentinel.observe.forge.client import Client
from release_sentinel.observe.forge.people import Account, Writer, account_of, is_person, told_apart, writers
from release_sentinel.observe.forge.place import GITLAB
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

_RUNNING = {"created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "running", "scheduled"}
_NEEDS = "the scope read_api and the role Reporter"
_NAME = "username"
_DEEPEST = 2  # child pipelines: GitLab allows no more
_NOT_OF_JOBS = {"skipped", "manual"}  # states of jobs that their pipeline's own state answers for


class GitLab:
    """The reader. `own` is the job that runs the gate."""

    def __init__(self, client: Client, own: Own | None = None) -> None:
        self._client, self._own = client, own
        self._project = f"/projects/{quoted(client.api.place.repository)}"

    def checks(self, commit: str, branch: str, *, required: bool, names: Sequence[Required]) -> Checks:  # noqa: ARG002 - as others
        """Return pipelines, jobs and external statuses of a commit. GitLab has no required checks: all pipelines count.

        They are the newest one of each source and ref, and external statuses. The gate's own pipeline counts by the
        jobs that come before it.
        """
        self._client.forget(self._project)
        statuses = self._client.pages(f"{self._project}/repository/commits/{commit}/statuses?per_page=100", _NEEDS)
        newest, of_commit = {}, set()
        pipelines = self._client.pages(f"{self._project}/pipelines?sha={commit}&per_page=100", _NEEDS)
        for pipeline in sorted(pipelines, key=_id):
            newest[(pipeline.get("source"), pipeline["ref"])] = pipeline
            of_commit.add(pipeline["id"])
        counted = {pipeline["id"]: pipeline for pipeline in newest.values()}
        mine = int(self._own.run) if self._own and self._own.run.isdecimal() else 0
        found = [_pipeline(one) for one in counted.values() if one["id"] != mine]
        for one in counted.values():
            if one["id"] != mine and _state(one["status"]) is not State.FAILED:
                found += self._children(one["id"])
        jobs = []
        for status in _newest(statuses):
            of = status.get("pipeline_id")
            if of == mine or (of in of_commit and of not in counted):
                continue
            if of in counted and status["status"] in _NOT_OF_JOBS:
                continue
            jobs.append(_job(status))
        of_mine = [one for one in _newest(statuses) if one.get("pipeline_id") == mine]
        if mine in counted or (mine not in of_commit and of_mine):
            jobs += self._own_jobs(mine, of_mine)
        needed = dict.fromkeys(Required(one.name) for one in (*found, *jobs) if not one.own)
        return Checks((*found, *jobs), tuple(needed) if required else (), may_come=True)

    def _children(self, pipeline: int) -> list[Check]:
        """Return the pipelines that a pipeline has started, in other projects too, and those that these started."""
        bridges = self._client.pages(self._bridges(pipeline), _NEEDS)
        return [check for bridge in bridges for check in self._below(bridge, _DEEPEST)]

    def _bridges(self, pipeline: int) -> str:
        return f"{self._project}/pipelines/{pipeline}/bridges?per_page=100"

    def _below(self, bridge: dict[str, Any], depth: int) -> Iterator[Check]:
        """Yield the pipeline that a job has started, and those below it: its state says nothing of these."""
        if not (child := bridge.get("downstream_pipeline")):
            return
        check = replace(_pipeline(child), name=f"pipeline of {bridge['name']}")
        yield _excused(check, bridge)
        if depth > 1 and check.state is not State.FAILED and bridge.get("allow_failure") is not True:
            # A pipeline of another project is not found here.
            for one in self._client.find_pages(self._bridges(child["id"]), _NEEDS):
                yield from self._below(one, depth - 1)

    def _own_jobs(self, pipeline: int, statuses: list[dict[str, Any]]) -> list[Check]:
        """Return the jobs of the gate's own pipeline that come before it, and those that have ended.

        Its `statuses` also name what the list of jobs does not hold: external statuses, and jobs that start a pipeline.
        """
        path = f"{self._project}/pipelines/{pipeline}/jobs?include_retried=true&per_page=100"
        jobs = sorted(self._client.pages(path, _NEEDS), key=_id)
        stages: dict[str, int] = {}
        for job in jobs:
            stages.setdefault(job["stage"], len(stages))
        newest = {job["name"]: job for job in jobs}
        own = next((job for job in jobs if self._own and str(job["id"]) == self._own.job), None)
        at = stages[own["stage"]] if own else len(stages)
        found = []
        for job in newest.values():
            if own and job["name"] == own["name"]:
                continue
            found += _beside(job, comes_before=stages[job["stage"]] < at)
        others = [one for one in statuses if one["name"] not in newest]
        bridges = {one["name"]: one for one in self._client.pages(self._bridges(pipeline), _NEEDS)} if others else {}
        for status in others:
            bridge = bridges.get(status["name"], {})
            comes_before = stages.get(bridge.get("stage", ""), -1) < at
            found += _beside(status, comes_before=comes_before)
            below = self._below(bridge, _DEEPEST)
            found += [check for check in below if comes_before or check.state is not State.RUNNING]
        if own:
            found.append(Check(own["name"], State.RUNNING, str(own["status"]), own=True))
        return found

    def review(self, commit: str, branch: str, approvals: int) -> Review:  # noqa: ARG002 - as others
        """Return the merge request that brought a commit to a branch, with its approvals."""
        path = f"{self._project}/repository/commits/{commit}/merge_requests?per_page=100"
        requests = [
            one
            for one in self._client.pages(path, _NEEDS)
            if one["state"] == "merged" and one["target_branch"] == branch
        ]
        if not requests:
            return Review(None)
        request = min(requests, key=lambda one: (commit not in _brought(one), str(one.get("merged_at"))))
        path = f"{self._project}/merge_requests/{request['iid']}"
        approved = self._client.get(f"{path}/approvals", _NEEDS)
        left = approved.get("approvals_left") or 0
        opinions, unknown = list(self._wishes(path, request)), 0
        if approved["approved_by"]:
            users = [one["user"] for one in approved["approved_by"]]
            authors, unknown = self._authors(path, [request["author"], *users, *_others(request)])
            authors += filter(None, [account_of(request["author"], _NAME)])
            pushed = self._last_push(path)
            opinions += [_approval(one, pushed, authors) for one in approved["approved_by"]]
        unmet = f"{left} more approvals by its own rules" if left else ""
        return Review(Change(f"!{request['iid']}", tuple(opinions), unknown_authors=unknown, unmet=unmet))

    def _authors(self, path: str, people: list[dict[str, Any]]) -> tuple[list[Account], int]:
        """Return the accounts of those who wrote the commits of a request, and how many of them have none.

        GitLab says names and addresses alone: they are compared with the names of the people of the request.
        """
        commits = self._client.pages(f"{path}/commits?per_page=100", _NEEDS)
        known, unknown = told_apart(one for commit in commits for one in _writers(commit))
        count = 0
        for writer in unknown:
            words = _words(writer)
            meant = [one for one in people if {_user(one), str(one.get("name") or "").lower()} & words]
            known += filter(None, (account_of(one, _NAME) for one in meant))
            count += not meant
        return known, count

    def _wishes(self, path: str, request: dict[str, Any]) -> list[Opinion]:
        """Return the requests for changes that stand."""
        if not request.get("reviewers"):
            return []
        seen = self._client.pages(f"{path}/reviewers?per_page=100", _NEEDS)
        return [Opinion(_user(one["user"]), approves=False) for one in seen if one["state"] == "requested_changes"]

    def _last_push(self, path: str) -> datetime | None:
        versions = self._client.find_pages(f"{path}/versions?per_page=100", _NEEDS)
        times = [_time(one.get("created_at")) for one in versions]
        known = [one for one in times if one]
        return max(known) if known and len(known) == len(times) else None

    def blockers(self, labels: tuple[str, ...]) -> Blockers:
        """Return the open issues and merge requests that have one of the labels."""
        found: list[Issue | None] = []
        for kind, sign in (("issues", "#"), ("merge_requests", "!")):
            path = f"{self._project}/{kind}?state=opened&per_page=100&scope=all"
            found += [_issue(one, sign, labels) for one in self._client.pages(path, _NEEDS)]
        return Blockers(tuple(issue for issue in found if issue))


def _issue(one: dict[str, Any], sign: str, labels: tuple[str, ...]) -> Issue | None:
    return blocked(f"{sign}{one['iid']}", str(one["title"]), [_label(label) for label in one["labels"]], labels)


def _label(label: Any) -> str:
    return label if isinstance(label, str) else str(label["name"])


def _state(word: object) -> State:
    return State.PASSED if word == "success" else State.RUNNING if word in _RUNNING else State.FAILED


def _pipeline(seen: dict[str, Any]) -> Check:
    source = f" ({seen['source']})" if seen.get("source") else ""
    return Check(f"pipeline of {seen.get('ref')}{source}", _state(seen["status"]), str(seen["status"]))


def _job(seen: dict[str, Any]) -> Check:
    return _excused(Check(str(seen["name"]), _state(seen["status"]), str(seen["status"])), seen)


def _beside(job: dict[str, Any], *, comes_before: bool) -> list[Check]:
    """Return the check of a job in the gate's own pipeline; none if it comes after the gate and has not ended."""
    check = _job(job)
    if job["status"] == "skipped":
        check = replace(check, state=State.PASSED)
    has_ended = job["status"] == "success" or (check.state is State.FAILED and job["status"] != "manual")
    return [check] if comes_before or has_ended else []


def _excused(check: Check, job: dict[str, Any]) -> Check:
    """Return a check as passed where it may fail, also while it waits to be started by hand."""
    if job.get("allow_failure") is True and check.state is State.FAILED:
        return replace(check, state=State.PASSED, word=f"{check.word}, which is allowed")
    return check


def _newest(statuses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = {(one.get("pipeline_id"), one["name"], one.get("ref")): one for one in sorted(statuses, key=_id)}
    return list(found.values())


def _id(entry: dict[str, Any]) -> int:
    return int(entry["id"])


def _user(seen: dict[str, Any]) -> str:
    return str(seen["username"]).lower()


def _brought(request: dict[str, Any]) -> set[Any]:
    return {request.get(key) for key in ("merge_commit_sha", "squash_commit_sha", "sha")}


def _approval(one: dict[str, Any], pushed: datetime | None, authors: list[Account]) -> Opinion:
    by = Account(_user(one["user"]), int(one["user"].get("id") or 0))
    return Opinion(
        by.login,
        approves=True,
        is_current=_after(one, pushed),
        may_write=is_person(one["user"], _NAME),
        is_author=any(map(by.is_same, authors)),
    )


def _others(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the assignees, the reviewers and the merger of a request."""
    return [
        *(request.get("assignees") or []),
        *(request.get("reviewers") or []),
        *filter(None, [request.get("merge_user")]),
    ]


def _writers(commit: dict[str, Any]) -> list[Writer]:
    said = {key: str(commit.get(key) or "") for key in ("author_name", "author_email", "message")}
    committer = (str(commit.get("committer_name") or ""), str(commit.get("committer_email") or ""))
    mail = said["author_email"] or str(commit["id"])
    return writers(GITLAB, said["author_name"], mail, committer, said["message"])


def _words(writer: Writer) -> set[str]:
    """Return the words by which an account may be recognised as the writer's."""
    local = writer.mail.partition("@")[0]
    return {writer.name.lower(), local, local.partition("-")[2], local.partition("+")[2]} - {""}


def _time(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _after(approval: dict[str, Any], pushed: datetime | None) -> bool | None:
    """Return whether an approval is of the last state; None where the times are not known."""
    given = _time(approval.get("approved_at"))
    return None if given is None or pushed is None else given >= pushed
