"""A forge that knows one commit of acme/shop, in process or served on loopback. Tests change its state; it counts."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct

from release_sentinel.observe import Unseen, bodies, http
from release_sentinel.observe.forge import GITEA, GITHUB, GITLAB, Api, Place

SHA, OTHER, HEAD = "c" * 40, "d" * 40, "e" * 40
BASE = "https://forge.example/api"
ACTIONS = 15368
RUN, GITLAB_RUN, GITLAB_JOB = "900", 50, 503

Answer = tuple[int, Any, dict[str, str]]
Fields = dict[str, Any]


class Fake:
    """The state, and the answers that follow from it. `failures` are answered first, one each."""

    kind = ""

    def __init__(self) -> None:
        self.base = BASE
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.failures: list[Answer] = []
        self.denied: dict[str, Answer] = {}  # by a part of the path
        self.known = {SHA}
        self.issues: list[Fields] = []
        self.page_size = 100
        self.tells_pages = True
        self.named_in_links = "/repos/acme/shop"
        self._ids = itertools.count(1000)

    def next_id(self) -> int:
        """Return an id above all earlier ones."""
        return next(self._ids)

    def answer(self, path: str) -> Answer:
        """Return status, body and headers for a path, and note that it was asked."""
        self.asked.append(path)
        if self.failures:
            return self.failures.pop(0)
        parts = urlsplit(path)
        plain = unquote(parts.path)
        for part, answer in self.denied.items():
            if part in plain:
                return answer
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self.route(plain, query, path)

    def route(self, path: str, query: Mapping[str, str], whole: str) -> Answer:
        """Return the answer that follows from the state."""
        raise NotImplementedError

    def paged(self, entries: list[Any], query: Mapping[str, str], whole: str, key: str = "") -> Answer:
        """Return one page, with a link to the next."""
        size = min(int(query.get("per_page") or query.get("limit") or 30), self.page_size)
        page = int(query.get("page", "1"))
        shown = entries[(page - 1) * size : page * size]
        headers = {}
        if len(entries) > page * size and self.tells_pages:
            without = whole.replace(f"&page={page}", "")
            named = without.replace("/repos/acme/shop", self.named_in_links)
            headers["Link"] = f'<{self.base}{named}&page={page + 1}>; rel="next"'
        total = len(entries) if self.tells_pages else len(shown)
        return 200, {"total_count": total, key: shown} if key else shown, headers


def user(name: str | None, kind: str = "User", number: int = 0) -> Fields | None:
    """Return a user of GitHub or Gitea."""
    return None if name is None else {"login": name, "type": kind, **({"id": number} if number else {})}


class FakeGitHub(Fake):
    """GitHub: a protected branch that requires `test`, which passed; request 7, which bob approved."""

    kind = "github"

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Fields] = []
        self.statuses: list[Fields] = []
        self.workflow_runs: list[Fields] = []
        self.jobs: list[Fields] = []
        self.protection: Fields | None = None
        self.is_protected = True
        self.rules: list[Fields] = []
        self.pulls: list[Fields] = []
        self.reviews: list[Fields] = []
        self.commits: list[Fields] = [self.commit("ann")]
        self.permissions = {"bob": "write", "carl": "admin", "rita": "read", "ann": "write"}
        self.has_issues = True
        self.named_in_links = "/repositories/1300192"  # as GitHub does
        self.require("test")
        self.pull()

    def require(self, *names: str, app: int | None = None) -> None:
        """Let classic protection require checks."""
        checks = [{"context": name, "app_id": app} for name in names]
        asked = {"enforcement_level": "everyone" if names else "off", "contexts": list(names), "checks": checks}
        self.protection = {"enabled": True, "required_status_checks": asked}

    def rule(self, *names: str, app: int | None = None) -> None:
        """Let a ruleset require checks."""
        asked = [{"context": name, **({"integration_id": app} if app else {})} for name in names]
        self.rules.append({"type": "required_status_checks", "parameters": {"required_status_checks": asked}})

    def run(
        self,
        name: str = "test",
        conclusion: str | None = "success",
        status: str = "completed",
        *,
        app: int = ACTIONS,
        suite: int = 1,
        run: str = "1",
        **more: Any,
    ) -> Fields:
        """Add a check run, newer than all others."""
        made = {
            "id": self.next_id(),
            "name": name,
            "status": status,
            "conclusion": conclusion if status == "completed" else None,
            "started_at": None,
            "app": {"id": app, "slug": "github-actions" if app == ACTIONS else f"app-{app}"},
            "check_suite": {"id": suite},
        }
        made["details_url"] = f"https://github.example/acme/shop/actions/runs/{run}/job/{made['id']}"
        self.runs.insert(0, made | more)
        return self.runs[0]

    def own(self, name: str = "gate", **more: Any) -> Fields:
        """Add the job that runs the gate."""
        return self.job_of_own_run(name, runner="runner 1", **more)

    def job_of_own_run(self, name: str, status: str = "in_progress", runner: str = "runner 2", **more: Any) -> Fields:
        """Add a job of the run that the gate's is of."""
        made = self.run(name, status=status, run=RUN, suite=9, **more)
        self.jobs.append({"id": made["id"], "status": status, "runner_name": runner})
        return made

    def status(self, context: str = "test", state: str = "success") -> None:
        """Set a commit status."""
        self.statuses = [one for one in self.statuses if one["context"] != context]
        self.statuses.append({"id": self.next_id(), "context": context, "state": state})

    def workflow(self, suite: int, workflow: int, conclusion: str | None = "success", **more: Any) -> None:
        """Add a run of a workflow."""
        made = {"id": self.next_id(), "name": f"flow {workflow}", "workflow_id": workflow, "check_suite_id": suite}
        self.workflow_runs.append({**made, "status": "completed", "conclusion": conclusion, **more})

    def pull(self, **more: Any) -> Fields:
        """Add a merged request."""
        made = {
            "number": 7,
            "user": user("ann"),
            "merged_at": "2026-01-02T00:00:00Z",
            "merge_commit_sha": SHA,
            "base": {"ref": "main", "repo": {"full_name": "acme/shop"}},
            "head": {"sha": HEAD},
        }
        self.pulls.append(made | more)
        return self.pulls[-1]

    @staticmethod
    def commit(author: str | None) -> Fields:
        """Return a commit of an author; None: without an account."""
        said = {"name": author or "x", "email": f"{author or 'x'}@example.com"}
        return {"sha": HEAD, "author": user(author), "commit": {"author": said, "committer": said, "message": "Fix"}}

    def review(self, name: str | None = "bob", state: str = "APPROVED", commit: str = HEAD, **more: Any) -> None:
        """Add a review, newer than all others."""
        made = {"id": self.next_id(), "user": user(name), "state": state, "commit_id": commit}
        self.reviews.append({**made, "author_association": "MEMBER", **more})

    def issue(self, number: int, *labels: str, state: str = "open") -> None:
        """Add an issue."""
        named = [{"name": label} for label in labels]
        self.issues.append({"number": number, "title": f"Title {number}", "labels": named, "state": state})

    def route(self, path: str, query: Mapping[str, str], whole: str) -> Answer:
        """Return the answer that follows from the state."""
        path = path.removeprefix("/repos/acme/shop").removeprefix(self.named_in_links)
        parts = path.split("/")
        if parts[1] == "commits" and parts[2] not in self.known:
            return 422, {"message": f"No commit found for SHA: {parts[2]}"}, {}
        lists: dict[str, tuple[list[Any], str]] = {
            f"/commits/{SHA}/check-runs": (self.runs, "check_runs"),
            f"/commits/{SHA}/status": (self.statuses, "statuses"),
            "/actions/runs": (self.workflow_runs, "workflow_runs"),
            f"/actions/runs/{RUN}/jobs": (self.jobs, "jobs"),
            "/rules/branches/main": (self.rules, ""),
            f"/commits/{SHA}/pulls": (self.pulls, ""),
            "/pulls/7/reviews": (self.reviews, ""),
            "/pulls/7/commits": (self.commits, ""),
            "/pulls": ([one for one in self.issues if one.get("pull_request")], ""),
        }
        if path == "/branches/main":
            body = {"name": "main", "protected": self.is_protected}
            return 200, body if self.protection is None else {**body, "protection": self.protection}, {}
        if path == "/issues":
            if not self.has_issues:
                return 410, {"message": "Issues has been disabled in this repository."}, {}
            wanted = set(filter(None, query.get("labels", "").lower().split(",")))
            labels = [{one["name"].lower() for one in issue["labels"]} for issue in self.issues]
            found = [
                issue
                for issue, has in zip(self.issues, labels, strict=True)
                if issue["state"] == "open" and wanted <= has
            ]
            return self.paged(found, query, whole)
        if parts[1] == "collaborators":
            held = self.permissions.get(parts[2])
            return (200, {"permission": held}, {}) if held else (404, {"message": "Not Found"}, {})
        if path in lists:
            return self.paged(lists[path][0], query, whole, lists[path][1])
        return 404, {"message": "Not Found"}, {}


class GitHubWith(FakeGitHub):
    """GitHub, which knows the commit of a real repository by the name that the fake has for its own."""

    def __init__(self, commit: str) -> None:
        super().__init__()
        self.commit_there = commit

    def answer(self, path: str) -> Answer:
        """Answer about the repository's commit."""
        return super().answer(path.replace(self.commit_there, SHA))


class FakeGitLab(Fake):
    """GitLab: one pipeline that passed; request 7, which bob approved after the last push."""

    kind = "gitlab"

    def __init__(self) -> None:
        super().__init__()
        self.pipelines: list[Fields] = []
        self.statuses: list[Fields] = []
        self.bridges: dict[int, list[Fields]] = {}
        self.jobs: list[Fields] = []
        self.requests: list[Fields] = []
        self.approved: list[Fields] = []
        self.left = 0
        self.versions: list[Fields] = [{"id": 1, "created_at": "2026-01-01T10:00:00.000Z"}]
        self.commits: list[Fields] = [{"id": HEAD, "author_name": "Ann", "author_email": "ann@example.com"}]
        self.reviewers: list[Fields] = []
        self.open_requests: list[Fields] = []
        self.request()

    def pipeline(self, status: str = "success", ref: str = "main", source: str = "push", **more: Any) -> int:
        """Add a pipeline, newer than all others."""
        made: Fields = {"id": self.next_id(), "sha": SHA, "ref": ref, "source": source, "status": status, **more}
        self.pipelines.insert(0, made)
        return int(made["id"])

    def own(self) -> None:
        """Add the pipeline of the gate: a test before it, a deployment after it."""
        self.pipeline("running", id=GITLAB_RUN)
        self.job("test", "success", "test", id=501)
        self.job("gate", "running", "gate", id=GITLAB_JOB)
        self.job("deploy", "created", "deploy", id=504)

    def job(self, name: str, status: str, stage: str, **more: Any) -> None:
        """Add a job to the gate's own pipeline."""
        made = {"id": self.next_id(), "name": name, "status": status, "stage": stage, "allow_failure": False}
        self.jobs.append(made | more)
        self.status(name, status, GITLAB_RUN)

    def status(self, name: str, status: str, pipeline: int | None = None, **more: Any) -> None:
        """Add a status: of a job of a pipeline, or an external one."""
        made = {"id": self.next_id(), "name": name, "status": status, "ref": "main", "pipeline_id": pipeline}
        self.statuses.append({**made, "allow_failure": False, **more})

    def bridge(self, pipeline: int, status: str, **more: Any) -> int:
        """Add a child pipeline."""
        if pipeline == GITLAB_RUN:  # the list of jobs does not hold it
            self.status("child", "success", pipeline)
        number = self.next_id()
        child = {"id": number, "ref": "main", "source": "parent_pipeline", "status": status}
        made = {"id": self.next_id(), "name": "child", "downstream_pipeline": child, "allow_failure": False}
        self.bridges.setdefault(pipeline, []).append(made | more)
        return number

    def request(self, **more: Any) -> Fields:
        """Add a merged request."""
        made = {
            "iid": 7,
            "state": "merged",
            "target_branch": "main",
            "author": {"username": "ann", "name": "Ann"},
            "merge_commit_sha": SHA,
            "squash_commit_sha": None,
            "sha": HEAD,
            "merged_at": "2026-01-02T00:00:00.000Z",
            "reviewers": [],
        }
        self.requests.append(made | more)
        return self.requests[-1]

    def approve(self, name: str = "bob", at: str | None = "2026-01-01T11:00:00.000Z", **more: Any) -> None:
        """Add an approval."""
        when = {"approved_at": at} if at else {}
        self.approved.append({"user": {"username": name, "name": name.title(), **more}, **when})

    def want(self, name: str = "bob", state: str = "requested_changes") -> None:
        """Let a reviewer want changes."""
        self.requests[0]["reviewers"].append({"username": name})
        self.reviewers.append({"user": {"username": name}, "state": state})

    def issue(self, number: int, *labels: str, state: str = "opened") -> None:
        """Add an issue."""
        self.issues.append({"iid": number, "title": f"Title {number}", "labels": list(labels), "state": state})

    def route(self, path: str, query: Mapping[str, str], whole: str) -> Answer:
        """Return the answer that follows from the state."""
        path = path.removeprefix("/projects/acme/shop")
        if path.startswith("/repository/commits/") and path.split("/")[3] not in self.known:
            return 404, {"message": "404 Commit Not Found"}, {}
        lists = {
            f"/repository/commits/{SHA}/statuses": self.statuses,
            f"/repository/commits/{SHA}/merge_requests": self.requests,
            "/pipelines": [one for one in self.pipelines if one["sha"] == query.get("sha")],
            f"/pipelines/{GITLAB_RUN}/jobs": self.jobs,
            "/merge_requests/7/versions": self.versions,
            "/merge_requests/7/commits": self.commits,
            "/merge_requests/7/reviewers": self.reviewers,
            "/issues": [one for one in self.issues if one["state"] == query.get("state")],
            "/merge_requests": self.open_requests,
        }
        if path == "/merge_requests/7/approvals":
            return 200, {"approved_by": self.approved, "approvals_left": self.left}, {}
        if path.startswith("/pipelines/") and path.endswith("/bridges"):
            return self.paged(self.bridges.get(int(path.split("/")[2]), []), query, whole)
        if path in lists:
            status, body, headers = self.paged(lists[path], query, whole)
            if headers:  # GitLab's own header
                headers = {"X-Next-Page": str(int(query.get("page", "1")) + 1)}
            return status, body, headers
        return 404, {"message": "404 Not Found"}, {}


class FakeGitea(Fake):
    """Gitea: a protected branch that requires `test / *`, which passed; request 7, which bob approved."""

    kind = "gitea"

    def __init__(self) -> None:
        super().__init__()
        self.page_size = 50
        self.statuses: list[Fields] = []
        self.branch: Fields = {"protected": True, "enable_status_check": True, "status_check_contexts": ["test / *"]}
        self.pull: Fields | None = {
            "number": 7,
            "user": user("ann"),
            "merged": True,
            "base": {"ref": "main"},
            "head": {"sha": HEAD},
        }
        self.commits: list[Fields] = [FakeGitHub.commit("ann")]
        self.reviews: list[Fields] = []

    def status(self, context: str = "test / unit", status: str = "success", **more: Any) -> None:
        """Set a status."""
        self.statuses.append({"id": self.next_id(), "context": context, "status": status, "description": "", **more})

    def own(self, context: str = "test / gate", said: str = "Has started running") -> None:
        """Add the job that runs the gate."""
        self.status(context, "pending", description=said, target_url="/acme/shop/actions/runs/12/jobs/1")

    def review(self, name: str | None = "bob", state: str = "APPROVED", **more: Any) -> None:
        """Add a review, newer than all others."""
        made = {"id": self.next_id(), "user": user(name), "state": state, "commit_id": HEAD, "stale": False}
        self.reviews.append({**made, "official": True, "dismissed": False, **more})

    def issue(self, number: int, *labels: str, state: str = "open") -> None:
        """Add an issue."""
        named = [{"name": label} for label in labels]
        self.issues.append({"number": number, "title": f"Title {number}", "labels": named, "state": state})

    def route(self, path: str, query: Mapping[str, str], whole: str) -> Answer:
        """Return the answer that follows from the state."""
        path = path.removeprefix("/repos/acme/shop")
        if path.startswith("/commits/") and path.split("/")[2] not in self.known:
            return 404, {"message": "commit does not exist"}, {}
        if path == "/branches/main":
            return 200, self.branch, {}
        if path.endswith("/status") and not self.statuses:
            return 200, {"state": "", "statuses": None, "total_count": 0}, {}
        if path == f"/commits/{SHA}/pull":
            return (200, self.pull, {}) if self.pull else (404, {"message": "not found"}, {})
        lists: dict[str, tuple[list[Any], str]] = {
            f"/commits/{SHA}/status": (self.statuses, "statuses"),
            "/pulls/7/reviews": (self.reviews, ""),
            "/pulls/7/commits": (self.commits, ""),
            "/issues": ([one for one in self.issues if one["state"] == query.get("state")], ""),
        }
        if path in lists:
            return self.paged(lists[path][0], query, whole, lists[path][1])
        return 404, {"message": "not found"}, {}


FORGES = {one.kind: one for one in (GITHUB, GITLAB, GITEA)}
FAKES: dict[str, Callable[[], Fake]] = {"github": FakeGitHub, "gitlab": FakeGitLab, "gitea": FakeGitea}


class FakeApi(Api, frozen=True):
    """The API of a fake, without a network."""

    fake: Any = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: Any = None,
        tries: int = 1,
        deadline: float = 30.0,
        most: int = bodies.MOST,
    ) -> http.Exchange | Unseen:
        """Answer from the state."""
        assert (method, content, tries) == ("GET", None, 1)
        assert deadline <= 30.0 < most
        status, body, headers = self.fake.answer(path)
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        folded = {name.title(): value for name, value in headers.items()}
        known = {"X-Ratelimit-Remaining": "X-RateLimit-Remaining", "X-Ratelimit-Reset": "X-RateLimit-Reset"}
        shown = {known.get(name, name): value for name, value in folded.items()}
        return http.Exchange(self.place.api + path, status, "", 1, 0.0, body=text, headers=shown)


def api_of(fake: Fake, token: str = "secret-token") -> FakeApi:  # noqa: S107 - of nobody
    """Return the API of a fake."""
    return FakeApi(Place(FORGES[fake.kind], BASE, "acme/shop", ("GITHUB_TOKEN",)), token, "GITHUB_TOKEN", fake=fake)


class Clock(Struct):
    """Time that passes by sleeping alone."""

    time: float = 0.0
    slept: list[float] = []
    then: Any = None

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.time += seconds
        if self.then:
            self.then(self.time)


@contextmanager
def served(fake: Fake) -> Iterator[str]:
    """Serve a fake on loopback, and yield the address of its API."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.headers.append(dict(self.headers))
            status, body, headers = fake.answer(self.path)
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        fake.base = f"http://127.0.0.1:{server.server_address[1]}"
        yield fake.base
        server.shutdown()
        thread.join()
