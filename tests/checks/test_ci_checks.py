"""What passes, what fails and what stays unknown: one row for each state that a forge can be in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.checks.ci_checks import check_ci_checks
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.model import ForgeRules
from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Client, Evidence
from release_sentinel.observe.forge.records import Own
from release_sentinel.observe.git import Repository
from tests.observe.forge.fake import (
    GITLAB_JOB,
    GITLAB_RUN,
    RUN,
    SHA,
    Clock,
    Fake,
    FakeGitea,
    FakeGitHub,
    FakeGitLab,
    api_of,
)

REPOSITORY = Repository(Path("/shop"), SHA, "main", "", shallow=False, changes=())
OWN = {
    "github": Own(RUN, "gate", runner="runner 1"),
    "gitlab": Own(str(GITLAB_RUN), str(GITLAB_JOB)),
    "gitea": Own("77", number="12"),
}
NOT_FOUND: Any = (404, {"message": "Not Found"}, {})
FORBIDDEN: Any = (403, {"message": "Resource not accessible by integration"}, {})


def judge(
    fake: Fake, rules: ForgeRules | None = None, *, own: bool = False, clock: Clock | None = None, branch: Any = "main"
) -> CheckResult:
    """Judge the fake's commit, as the gate does."""
    clock = clock or Clock()
    client = Client(api_of(fake), sleep=clock.sleep)
    evidence = Evidence(client, OWN[fake.kind] if own else None)
    rules = rules or ForgeRules(checks=("required",))
    return check_ci_checks(REPOSITORY, lambda: branch, lambda: evidence, rules, sleep=clock.sleep, now=clock.now)


def rules(*checks: str, ignore: tuple[str, ...] = (), wait: float = 0) -> ForgeRules:
    """Return the policy's part."""
    return ForgeRules(checks=checks, ignore=ignore, wait=wait)


def do(*steps: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Return what changes a fake step by step."""

    def change(fake: Any) -> None:
        for step in steps:
            step(fake)

    return change


def run(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add a check run."""
    return lambda fake: fake.run(*args, **named)


def status(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add a status."""
    return lambda fake: fake.status(*args, **named)


def flow(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add a run of a workflow."""
    return lambda fake: fake.workflow(*args, **named)


def need(*names: str, app: int | None = None) -> Callable[[Any], Any]:
    """Let the branch require checks."""
    return lambda fake: fake.require(*names, app=app)


def pipeline(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add a pipeline."""
    return lambda fake: fake.pipeline(*args, **named)


def with_child(state: str, **more: Any) -> Callable[[Any], Any]:
    """Add a pipeline with a child."""
    return lambda fake: fake.bridge(fake.pipeline(), state, **more)


def with_grandchild(state: str, **more: Any) -> Callable[[Any], Any]:
    """Add a pipeline with a child that passed, and has one of its own."""
    return lambda fake: fake.bridge(fake.bridge(fake.pipeline(), "success", **more), state)


def child_of_own(state: str, stage: str = "test") -> Callable[[Any], Any]:
    """Add a child to the gate's own pipeline."""
    return lambda fake: fake.bridge(GITLAB_RUN, state, stage=stage)


def denied(part: str, answer: Any = FORBIDDEN) -> Callable[[Any], Any]:
    """Let a part of the API answer otherwise."""
    return lambda fake: fake.denied.update({part: answer})


def own(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add the job that runs the gate."""
    return lambda fake: fake.own(*args, **named)


def many(count: int, last: str) -> Callable[[Any], None]:
    """Add check runs; the oldest, which comes on the last page, ended in `last`."""

    def change(fake: Any) -> None:
        fake.run("the oldest", last)
        for number in range(count):
            fake.run(f"job {number}")
        fake.require("the oldest", "job 1")

    return change


def unlisted(fake: Any) -> None:
    """Hide which run a job is of, in its address."""
    fake.own(details_url="https://ci.example/1")
    fake.workflow(9, 1, None, status="in_progress", id=int(RUN))


def two_of_one_run(fake: Any) -> None:
    """Add two jobs in progress, of which the runner tells the own one."""
    fake.run()
    fake.own("gate (1)")
    fake.job_of_own_run("gate (2)")
    fake.require("test", "gate (1)")


def other_of_own_run(*args: Any, **named: Any) -> Callable[[Any], Any]:
    """Add another job of the gate's run."""
    return lambda fake: fake.job_of_own_run(*args, **named)


def own_not_listed(fake: Any) -> None:
    """Let the check runs come later than the jobs."""
    fake.own()
    fake.runs.pop(0)


def own_still_queued(fake: Any) -> None:
    """Let the check runs be older than the jobs."""
    fake.own()["status"] = "queued"


def protect(value: Any) -> Callable[[Any], None]:
    """Set what the branch says of its protection."""
    return lambda fake: setattr(fake, "protection", value)


GOOD = run()
# The six faults of published scripts come first.
GITHUB_ROWS: list[Any] = [
    ("pending beside an older success", do(GOOD, run(status="in_progress")), UNKNOWN, "test (in_progress)"),
    ("a status that failed beside a run", do(GOOD, status(state="failure")), CRIT, "test (failure)"),
    ("nothing required", do(need(), GOOD), UNKNOWN, "no check is required"),
    ("action required", run(conclusion="action_required"), CRIT, "test (action_required)"),
    ("startup failure", run(conclusion="startup_failure"), CRIT, "test (startup_failure)"),
    ("only the request's commit", lambda fake: fake.known.clear(), UNKNOWN, "it is not pushed to acme/shop"),
    ("an unrelated failure", do(GOOD, run("lint", "failure")), OK, "1 check succeeded on commit cccccccccccc: test"),
    # Words.
    ("success", GOOD, OK, ""),
    ("neutral", run(conclusion="neutral"), OK, ""),
    ("skipped", run(conclusion="skipped"), OK, ""),
    *((word, run(conclusion=word), CRIT, word) for word in ("failure", "cancelled", "timed_out", "stale", "surprise")),
    ("no conclusion", run(conclusion=None), CRIT, "no conclusion"),
    *(
        (f"status {word}", run(status=word), UNKNOWN, word)
        for word in ("queued", "waiting", "requested", "pending", "in_progress")
    ),
    ("a status that is not known", run(status="dreaming"), CRIT, "dreaming"),
    ("a commit status", status(), OK, ""),
    *((f"state {word}", status(state=word), CRIT, word) for word in ("failure", "error", "warning", "skipped")),
    ("state pending", status(state="pending"), UNKNOWN, "pending"),
    # Which run counts.
    ("a re-run that passed", do(run(conclusion="failure"), GOOD), OK, ""),
    ("a re-run that failed", do(GOOD, run(conclusion="failure")), CRIT, ""),
    ("another workflow's failure", do(run(conclusion="failure"), run(suite=2), flow(1, 1), flow(2, 2)), CRIT, ""),
    ("another workflow's success", do(GOOD, run(conclusion="failure", suite=2), flow(1, 1), flow(2, 2)), CRIT, ""),
    ("the same workflow again", do(run(conclusion="failure"), run(suite=2), flow(1, 1), flow(2, 1)), OK, ""),
    ("the same workflow, worse", do(GOOD, run(conclusion="failure", suite=2), flow(1, 1), flow(2, 1)), CRIT, ""),
    ("a workflow that is not listed", do(run(conclusion="failure"), run(suite=2), flow(2, 1)), CRIT, ""),
    (
        "workflows that may not be seen",
        do(run(conclusion="failure"), run(suite=2), denied("/actions/runs")),
        UNKNOWN,
        "Actions: read",
    ),
    ("two apps of one name, one fails", do(run(app=5, conclusion="failure"), GOOD), CRIT, ""),
    ("two apps of one name, both pass", do(run(app=5), GOOD), OK, ""),
    ("an app again in another suite", do(run(app=5, conclusion="failure"), run(app=5, suite=2)), OK, ""),
    ("an app's check by that app", do(need("test", app=5), run(app=5)), OK, ""),
    ("an app's check by another app", do(need("test", app=5), GOOD), CRIT, "test of the app 5"),
    ("an app's check by a status", do(need("test", app=5), status()), UNKNOWN, "which app set it: test of the app 5"),
    ("an app's check by a run and a status", do(need("test", app=5), run(app=5), status()), OK, ""),
    ("an app's check by another status", do(need("test", app=5), status("lint")), CRIT, "test of the app 5"),
    ("an app's check beside another's failure", do(need("test", app=5), run(app=5), run(conclusion="failure")), OK, ""),
    ("any app, by -1", do(need("test", app=-1), GOOD), OK, ""),
    ("a suite without runs", do(GOOD, flow(3, 3, None, status="queued")), OK, ""),
    ("more than a page", many(230, "success"), OK, ""),
    ("more than a page, the last failed", many(230, "failure"), CRIT, "the oldest"),
    # What is required.
    ("absent", do(), CRIT, "not there on commit cccccccccccc: test"),
    ("one of two absent", do(need("test", "lint"), GOOD), CRIT, "lint"),
    ("by name alone", do(protect({"required_status_checks": {"contexts": ["test"]}}), GOOD), OK, ""),
    ("a ruleset", do(need(), lambda fake: fake.rule("test"), GOOD), OK, ""),
    ("a ruleset's other check", do(lambda fake: fake.rule("scan"), GOOD), CRIT, "scan"),
    ("a ruleset's app", do(need(), lambda fake: fake.rule("test", app=5), GOOD), CRIT, "of the app 5"),
    ("a ruleset with workflows", do(lambda fake: fake.rules.append({"type": "workflows"}), GOOD), UNKNOWN, "workflows"),
    ("a ruleset of another kind", do(lambda fake: fake.rules.append({"type": "deletion"}), GOOD), OK, ""),
    ("protection that may not be seen", do(protect(None), GOOD), UNKNOWN, "Contents: read"),
    ("not protected", do(protect({}), lambda fake: setattr(fake, "is_protected", False)), UNKNOWN, "no check"),
    ("an empty list", do(protect({"required_status_checks": {"contexts": [], "checks": []}}), GOOD), UNKNOWN, ""),
    ("the branch is not found", do(GOOD, denied("/branches/main", NOT_FOUND)), UNKNOWN, "Contents: read"),
    ("the branch is forbidden", do(GOOD, denied("/branches/main")), UNKNOWN, "Contents: read"),
    ("the rules are forbidden", do(GOOD, denied("/rules/")), UNKNOWN, "Metadata: read"),
    ("the rules are not found", do(GOOD, denied("/rules/", NOT_FOUND)), UNKNOWN, "Metadata: read"),
    ("runs are forbidden", denied("check-runs"), UNKNOWN, "Checks: read"),
    ("statuses are forbidden", do(GOOD, denied("/status")), UNKNOWN, "Commit statuses: read"),
    ("the repository is not found", denied("/repos", NOT_FOUND), UNKNOWN, "it is not there, or the token lacks"),
    ("renamed", denied("/repos", (301, {"message": "Moved Permanently"}, {})), UNKNOWN, "has moved"),
    ("an expired token", denied("/repos", (401, {"message": "Bad credentials"}, {})), UNKNOWN, "has expired"),
    ("a login page", denied("/repos", (200, b"<html>", {})), UNKNOWN, "not JSON"),
    ("another shape", denied("/repos", (200, [], {})), UNKNOWN, "otherwise than its API documents"),
    ("null", denied("/repos", (200, None, {})), UNKNOWN, "otherwise than its API documents"),
    (
        "fewer than announced",
        denied("check-runs", (200, {"total_count": 2, "check_runs": []}, {})),
        UNKNOWN,
        "announces",
    ),
]
GITHUB_OWN: list[Any] = [
    ("own job beside a good one", do(GOOD, own()), OK, ""),
    ("own job is required", do(need("test", "gate"), GOOD, own()), OK, ""),
    ("own job alone", do(need("gate"), own()), UNKNOWN, "beside the job that runs the gate"),
    ("own job has another name", do(need("test", "Release"), GOOD, own("Release")), OK, ""),
    (
        "own job has another name, its jobs are hidden",
        do(need("x"), own("x"), denied("/jobs")),
        UNKNOWN,
        "Actions: read",
    ),
    ("own job is queued yet", do(need("test", "gate"), GOOD, own_still_queued), OK, ""),
    (
        "own job is queued yet, another runs",
        do(need("test", "e2e"), GOOD, other_of_own_run("e2e"), own_still_queued),
        UNKNOWN,
        "e2e (in_progress)",
    ),
    (
        "own job is not listed yet, another runs",
        do(need("test", "e2e"), GOOD, other_of_own_run("e2e"), own_not_listed),
        UNKNOWN,
        "e2e (in_progress)",
    ),
    (
        "own job again",
        do(need("test", "gate"), GOOD, own(), lambda fake: fake.run("gate", "failure", suite=9, run=RUN)),
        CRIT,
        "",
    ),
    (
        "own job after its failure",
        do(need("test", "gate"), GOOD, run("gate", "failure", suite=9, run=RUN), own()),
        OK,
        "",
    ),
    (
        "another job of the run",
        do(need("test", "gate"), run(status="queued", run=RUN), own()),
        UNKNOWN,
        "test (queued)",
    ),
    ("another job of the run failed", do(need("test"), run("test", "failure", run=RUN), own()), CRIT, ""),
    ("another run's job of that name", do(need("gate"), run("gate", status="in_progress", run="8")), UNKNOWN, "gate"),
    ("own job, its run not in its address", do(need("test", "gate"), GOOD, unlisted), OK, ""),
    ("two jobs in progress", two_of_one_run, OK, ""),
    ("another job was on its runner", do(two_of_one_run, other_of_own_run("old", "completed", "runner 1")), OK, ""),
    ("two jobs, both required", do(two_of_one_run, need("test", "gate (1)", "gate (2)")), UNKNOWN, "gate (2)"),
    ("two jobs, not told apart", do(two_of_one_run, lambda fake: fake.jobs.clear()), UNKNOWN, "gate (1)"),
]
GITHUB_NAMED: list[Any] = [
    ("a name", do(need(), GOOD), rules("test"), OK, ""),
    ("a name that is absent", GOOD, rules("tests"), CRIT, "tests"),
    ("a glob", do(run("a / 1"), run("a / 2")), rules("a / *"), OK, ""),
    ("a glob with a failure", do(run("a / 1"), run("a / 2", "failure")), rules("a / *"), CRIT, "a / 2"),
    ("a glob that matches nothing", GOOD, rules("b*"), CRIT, "b*"),
    ("all, with a workflow that did not begin", do(GOOD, flow(7, 7, "startup_failure")), rules("*"), CRIT, "flow 7"),
    ("all, with a workflow to approve", do(GOOD, flow(7, 7, "action_required")), rules("*"), CRIT, "flow 7"),
    ("all, with a workflow that waits", do(GOOD, flow(7, 7, None, status="queued")), rules("*"), UNKNOWN, "flow 7"),
    ("all, with a workflow that began again", do(GOOD, flow(7, 7, "failure"), flow(1, 7)), rules("*"), OK, ""),
    ("all, with more jobs to come", do(GOOD, flow(1, 7, None, status="in_progress")), rules("*"), UNKNOWN, "flow 7"),
    ("all, with a job that runs", do(run(status="queued"), flow(1, 7, None, status="queued")), rules("*"), UNKNOWN, ""),
    *(
        (
            f"all, with a workflow that ended in {word}",
            do(GOOD, flow(1, 7, word)),
            rules("*"),
            CRIT,
            f"flow 7 ({word or 'no conclusion'})",
        )
        for word in (
            "failure",
            "cancelled",
            "timed_out",
            "action_required",
            "startup_failure",
            "stale",
            "surprise",
            None,
        )
    ),
    *(
        (f"all, with a workflow that ended in {word}", do(GOOD, flow(1, 7, word)), rules("*"), OK, "")
        for word in ("success", "neutral", "skipped")
    ),
    (
        "all, with a workflow that begins again",
        do(GOOD, flow(1, 7), flow(2, 7, None, status="queued")),
        rules("*"),
        UNKNOWN,
        "",
    ),
    (
        "a glob, with more jobs of it to come",
        do(GOOD, flow(1, 7, None, status="waiting")),
        rules("t*"),
        UNKNOWN,
        "flow 7",
    ),
    ("a glob, with jobs of others to come", do(GOOD, flow(2, 8, None, status="queued")), rules("t*"), OK, ""),
    (
        "a glob, with a workflow that failed by another job",
        do(GOOD, run("lint", "failure"), flow(1, 7, "failure")),
        rules("t*"),
        OK,
        "",
    ),
    ("a glob, with a workflow that failed by no job", do(GOOD, flow(1, 7, "cancelled")), rules("t*"), CRIT, "flow 7"),
    (
        "a required name that is a workflow's, too",
        do(GOOD, run("zed"), flow(5, 5, None, status="in_progress", name="test")),
        rules("required", "z*"),
        OK,
        "",
    ),
    ("a name, with more jobs to come", do(GOOD, flow(1, 7, None, status="in_progress")), rules("test"), OK, ""),
    (
        "ignored, with more jobs to come",
        do(GOOD, flow(1, 7, None, status="queued")),
        rules("*", ignore=("flow 7",)),
        OK,
        "",
    ),
    ("both kinds of name", do(GOOD, run("lint", "failure")), rules("required", "lint"), CRIT, "lint"),
    ("ignored", do(need("test", "lint"), GOOD, run("lint", "failure")), rules("required", ignore=("lint",)), OK, ""),
    ("ignored by glob", do(GOOD, run("x/1", "failure")), rules("*", ignore=("x/*",)), OK, ""),
    ("all ignored", GOOD, rules("required", ignore=("*",)), UNKNOWN, "no check is required"),
    ("brackets in a name", do(run("build [linux]")), rules("build [linux]"), OK, ""),
    (
        "brackets in a name that is ignored",
        do(GOOD, run("build [linux]", "failure"), run("build l", "failure")),
        rules("*", ignore=("build [linux]",)),
        CRIT,
        "build l (failure)",
    ),
    ("brackets that are a glob", do(GOOD, run("build l", "failure")), rules("*", ignore=("build [klm]",)), OK, ""),
    (
        "brackets in a name of one that passes",
        do(run("build [linux]"), run("build l", "failure")),
        rules("build [linux]"),
        CRIT,
        "build l",
    ),
    ("another case", run("Test"), rules("test"), CRIT, "test"),
]
GITLAB_ROWS: list[Any] = [
    ("success", pipeline(), OK, "pipeline of main (push)"),
    *(
        (word, pipeline(word), CRIT, word)
        for word in ("failed", "canceled", "skipped", "manual", "blocked", "surprise")
    ),
    *(
        (word, pipeline(word), UNKNOWN, word)
        for word in ("created", "pending", "running", "preparing", "waiting_for_resource", "scheduled")
    ),
    ("no pipeline", do(), UNKNOWN, "no check is required"),
    ("the newest passed", do(pipeline("failed"), pipeline()), OK, ""),
    ("the newest failed", do(pipeline(), pipeline("failed")), CRIT, ""),
    ("the newest runs", do(pipeline(), pipeline("running")), UNKNOWN, ""),
    ("another ref failed", do(pipeline("failed", "v1.0.0"), pipeline()), CRIT, "v1.0.0"),
    ("another source failed", do(pipeline("failed", source="schedule"), pipeline()), CRIT, "schedule"),
    ("another commit's", pipeline(sha="d" * 40), UNKNOWN, "no check"),
    ("a child failed", with_child("failed"), CRIT, "pipeline of child (failed)"),
    ("a child may fail", with_child("failed", allow_failure=True), OK, ""),
    ("a child runs", with_child("running"), UNKNOWN, "running"),
    ("a child passed", with_child("success"), OK, ""),
    ("a child of a child failed", with_grandchild("failed"), CRIT, "pipeline of child (failed)"),
    ("a child of a child runs", with_grandchild("running"), UNKNOWN, "running"),
    ("a child of a child passed", with_grandchild("success"), OK, ""),
    ("a child that may fail has one that failed", with_grandchild("failed", allow_failure=True), OK, ""),
    ("a child of another project", do(with_child("success"), denied("/pipelines/1001/bridges", (404, {}, {}))), OK, ""),
    ("a bridge without a child", with_child("success", downstream_pipeline=None), OK, ""),
    ("an external status failed", do(pipeline(), status("scan", "failed")), CRIT, "scan"),
    ("an external status passed", do(pipeline(), status("scan", "success")), OK, ""),
    ("an external status runs", do(pipeline(), status("scan", "running")), UNKNOWN, "scan"),
    ("an external status may fail", do(pipeline(), status("scan", "failed", allow_failure=True)), OK, "scan"),
    ("an external status was canceled", do(pipeline(), status("scan", "canceled")), CRIT, "scan"),
    ("an external status alone", status("scan", "success"), OK, ""),
    ("an external status set again", do(status("scan", "failed"), status("scan", "success")), OK, ""),
    ("a job may fail", do(pipeline(id=5), status("lint", "failed", 5, allow_failure=True)), OK, ""),
    ("a job to start by hand", do(pipeline(id=5), status("deploy", "manual", 5)), OK, ""),
    ("a job of an older pipeline", do(pipeline("failed", id=5), pipeline(), status("a", "failed", 5)), OK, ""),
    ("the commit is not known", lambda fake: fake.known.clear(), UNKNOWN, "it is not pushed"),
    ("pipelines forbidden", denied("/pipelines", FORBIDDEN), UNKNOWN, "read_api"),
    ("the project is not found", denied("/projects", NOT_FOUND), UNKNOWN, "read_api"),
]
GITLAB_OWN: list[Any] = [
    ("own pipeline", own(), OK, "test"),
    ("a test failed before", do(own(), lambda fake: fake.job("unit", "failed", "test", id=502)), CRIT, "unit"),
    ("a test may fail", do(own(), lambda fake: fake.job("unit", "failed", "test", allow_failure=True)), OK, ""),
    ("a test still runs", do(own(), lambda fake: fake.job("unit", "running", "test")), UNKNOWN, "unit"),
    ("a test waits for a hand", do(own(), lambda fake: fake.job("unit", "manual", "test")), CRIT, "unit"),
    ("a test was skipped", do(own(), lambda fake: fake.job("unit", "skipped", "test")), OK, ""),
    ("a test was started again", do(own(), lambda fake: fake.job("test", "failed", "test", id=400)), OK, ""),
    ("what comes after waits for a hand", do(own(), lambda fake: fake.job("live", "manual", "deploy")), OK, ""),
    ("another job of the stage runs", do(own(), lambda fake: fake.job("scan", "running", "gate")), OK, ""),
    ("another job of the stage failed", do(own(), lambda fake: fake.job("scan", "failed", "gate")), CRIT, "scan"),
    ("nothing before", do(own(), lambda fake: (fake.jobs.pop(0), fake.statuses.pop(0))), UNKNOWN, "no check"),
    ("an external status of it failed", do(own(), status("scan", "failed", GITLAB_RUN)), CRIT, "scan"),
    ("an external status of it runs", do(own(), status("scan", "running", GITLAB_RUN)), UNKNOWN, "scan"),
    ("an external status of it passed", do(own(), status("scan", "success", GITLAB_RUN)), OK, "scan"),
    ("a child of it failed", do(own(), child_of_own("failed")), CRIT, "pipeline of child (failed)"),
    ("a child of it runs", do(own(), child_of_own("running")), UNKNOWN, "running"),
    ("a child of it passed", do(own(), child_of_own("success")), OK, "child"),
    ("a child beside the gate runs", do(own(), child_of_own("running", stage="gate")), OK, "test"),
    ("a child beside the gate failed", do(own(), child_of_own("failed", stage="gate")), CRIT, "child"),
    ("own pipeline beside another that failed", do(own(), pipeline("failed", source="schedule")), CRIT, "schedule"),
]
GITEA_ROWS: list[Any] = [
    ("success", status(), OK, "test / unit"),
    *((word, status(status=word), CRIT, word) for word in ("failure", "error", "warning", "surprise")),
    ("skipped", status(status="skipped"), OK, ""),
    ("pending", status(status="pending"), UNKNOWN, "pending"),
    ("absent", do(), CRIT, "test / *"),
    ("not required", do(status(), status("lint", "failure")), OK, ""),
    ("one of a glob failed", do(status(), status("test / e2e", "failure")), CRIT, "e2e"),
    ("set again", do(status(status="failure"), status()), OK, ""),
    ("not protected", do(status(), lambda fake: fake.branch.update(protected=False)), UNKNOWN, "no check"),
    ("no status check", do(status(), lambda fake: fake.branch.update(enable_status_check=False)), UNKNOWN, ""),
    ("no contexts", do(status(), lambda fake: fake.branch.update(status_check_contexts=None)), UNKNOWN, ""),
    ("the branch is not found", do(status(), denied("/branches", NOT_FOUND)), UNKNOWN, "read:repository"),
    ("the commit is not known", lambda fake: fake.known.clear(), UNKNOWN, "it is not pushed"),
    (
        "more than a page",
        do(status("test / 0", "failure"), *(status(f"test / {number}") for number in range(1, 120))),
        CRIT,
        "test / 0",
    ),
    (
        "more than a page, and it does not say so",
        do(
            status("test / first", "failure"),
            *(status(f"test / {number}") for number in range(60)),
            lambda fake: fake.statuses.reverse(),
            lambda fake: setattr(fake, "tells_pages", False),
        ),
        CRIT,
        "test / first",
    ),
]
# As Gitea's own library matches them: glob, context, whether it does.
GITEA_GLOBS = [
    ("{test,lint} / *", "lint / a", True),
    ("{test,lint} / *", "test / a/b", True),
    ("{test,lint} / *", "build / a", False),
    ("a{b,c{d,e}*}", "acexx", True),
    ("a{b,c{d,e}*}", "acx", False),
    ("a,b", "a,b", True),
    ("build ?", "build 1", True),
    ("build ?", "build 10", False),
    ("build [a-c]", "build b", True),
    ("build [!a-c]", "build b", False),
    ("build [xyz]", "build y", True),
    ("build [xyz]", "build a", False),
    ("build [c-a]", "build [c-a]", True),
    (r"a\*", "a*", True),
    (r"a\*", "ab", False),
    ("build [linux", "build [linux", True),
    ("{a,b", "a", False),
    ("ci.test (push)", "ci.test (push)", True),
    ("ci.test", "ci-test", False),
]
GITEA_OWN: list[Any] = [
    ("own job", do(status(), own()), OK, ""),
    ("own job alone", own(), UNKNOWN, "beside the job that runs the gate"),
    ("another job of the run waits", do(status(), own(), own("test / next", "Waiting to run")), UNKNOWN, "test / next"),
    ("two have begun", do(status(), own(), own("test / other")), UNKNOWN, "test / gate"),
    *(
        (f"own job is not listed yet, another: {said}", do(status(), own("test / next", said)), UNKNOWN, "test / next")
        for said in ("Waiting to run", "Blocked by required conditions")
    ),
]


def ids(rows: list[Any]) -> list[str]:
    """Return the names of rows, each there once."""
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    return names


@pytest.mark.parametrize(("_", "change", "wanted", "words"), GITHUB_ROWS, ids=ids(GITHUB_ROWS))
def test_github(_: str, change: Callable[[Fake], None], wanted: object, words: str) -> None:
    """A state of GitHub has one result."""
    expect(FakeGitHub(), change, wanted, words)


@pytest.mark.parametrize(("_", "change", "wanted", "words"), GITHUB_OWN, ids=ids(GITHUB_OWN))
def test_github_in_its_own_ci(_: str, change: Callable[[Fake], None], wanted: object, words: str) -> None:
    """The job that runs the gate is left out, and nothing else of its run."""
    expect(FakeGitHub(), change, wanted, words, own=True)


@pytest.mark.parametrize(("_", "change", "asked", "wanted", "words"), GITHUB_NAMED, ids=ids(GITHUB_NAMED))
def test_names(_: str, change: Callable[[Fake], None], asked: ForgeRules, wanted: object, words: str) -> None:
    """Names and globs stand beside `required`, or in its place."""
    expect(FakeGitHub(), change, wanted, words, rules=asked)


@pytest.mark.parametrize(
    ("change", "wanted", "words"),
    [
        (do(), OK, "succeeded"),
        (other_of_own_run("e2e"), UNKNOWN, "e2e (in_progress)"),
        (flow(5, 5, None, id=8, status="in_progress"), UNKNOWN, "flow 5 (in_progress)"),
    ],
    ids=["its own run", "another job of it", "another run"],
)
def test_all_checks_in_its_own_ci(change: Callable[[Fake], None], wanted: object, words: str) -> None:
    """The gate's own run cannot end before the gate; jobs of it that are there count."""
    fake = FakeGitHub()
    before = do(GOOD, own(), flow(9, 1, None, id=int(RUN), status="in_progress"), change)
    expect(fake, before, wanted, words, own=True, rules=rules("*"))


@pytest.mark.parametrize(("_", "change", "wanted", "words"), GITLAB_ROWS, ids=ids(GITLAB_ROWS))
def test_gitlab(_: str, change: Callable[[Fake], None], wanted: object, words: str) -> None:
    """A state of GitLab has one result."""
    expect(FakeGitLab(), change, wanted, words)


@pytest.mark.parametrize(("_", "change", "wanted", "words"), GITLAB_OWN, ids=ids(GITLAB_OWN))
def test_gitlab_in_its_own_ci(_: str, change: Callable[[Fake], None], wanted: object, words: str) -> None:
    """The gate's own pipeline counts by the jobs that come before it."""
    expect(FakeGitLab(), change, wanted, words, own=True)


@pytest.mark.parametrize(("_", "change", "wanted", "words"), GITEA_ROWS, ids=ids(GITEA_ROWS))
def test_gitea(_: str, change: Callable[[Fake], None], wanted: object, words: str) -> None:
    """A state of Gitea has one result."""
    expect(FakeGitea(), change, wanted, words)


@pytest.mark.parametrize(("_", "change", "wanted", "words"), GITEA_OWN, ids=ids(GITEA_OWN))
def test_gitea_in_its_own_ci(_: str, change: Callable[[Fake], None], wanted: object, words: str) -> None:
    """The job that runs the gate is left out."""
    expect(FakeGitea(), change, wanted, words, own=True)


@pytest.mark.parametrize(("glob", "context", "is_met"), GITEA_GLOBS)
def test_globs_of_gitea(glob: str, context: str, *, is_met: bool) -> None:
    """They are read as Gitea reads them."""
    fake = FakeGitea()
    fake.branch["status_check_contexts"] = [glob]
    fake.status(context)
    assert judge(fake).status is (OK if is_met else CRIT)


def expect(
    fake: Fake, change: Callable[[Fake], None], wanted: object, words: str, *, own: bool = False, rules: Any = None
) -> None:
    """Judge a state, and compare."""
    change(fake)
    result = judge(fake, rules, own=own)
    said = f"{result.message} {result.remedy}"
    assert result.status is wanted, said
    assert words in said
    assert result.status is OK or result.remedy


# Waiting.


def test_a_check_that_ends_in_time_passes() -> None:
    """It is asked again every interval, and the wait ends with the first good answer."""
    fake = FakeGitHub()
    running = fake.run(status="in_progress")
    clock = Clock(then=lambda now: running.update(status="completed", conclusion="success") if now >= 30 else None)
    assert judge(fake, rules("required", wait=100), clock=clock).status is OK
    assert clock.slept == [15.0, 15.0]
    assert [path for path in fake.asked if "/rules/" in path] == ["/repos/acme/shop/rules/branches/main?per_page=100"]


def test_a_check_that_comes_in_time_passes() -> None:
    """It may not be there yet."""
    fake = FakeGitHub()
    clock = Clock(then=lambda now: fake.run() if now == 15 else None)
    assert judge(fake, rules("required", wait=20), clock=clock).status is OK


def test_a_pipeline_that_comes_in_time_passes() -> None:
    """On GitLab nothing is required before it."""
    fake = FakeGitLab()
    clock = Clock(then=lambda now: fake.pipeline() if now == 15 else None)
    assert judge(fake, rules("required", wait=20), clock=clock).status is OK


@pytest.mark.parametrize("page", ["first", "second"])
@pytest.mark.parametrize(
    ("becomes", "wanted"),
    [
        ({"conclusion": "failure"}, CRIT),
        ({"status": "in_progress", "conclusion": None}, UNKNOWN),
        ({"conclusion": "neutral"}, OK),
    ],
    ids=["red", "begun again", "green"],
)
def test_every_page_is_asked_anew(page: str, becomes: Any, wanted: object) -> None:
    """Whatever the addresses of further pages begin with."""
    fake = FakeGitHub()
    fake.require("test", "slow")
    fake.run()
    for number in range(110):
        fake.run(f"job {number}")
    slow, watched = fake.run("slow", status="in_progress"), fake.runs[-1]
    if page == "first":
        fake.runs.reverse()

    def change(_: float) -> None:
        slow.update(status="completed", conclusion="success")
        watched.update(becomes)

    assert judge(fake, rules("required", wait=20), clock=Clock(then=change)).status is wanted


@pytest.mark.parametrize(
    ("change", "wanted", "slept"),
    [
        (run(status="queued"), UNKNOWN, [15.0, 5.0]),
        (do(), CRIT, [15.0, 5.0]),
        (do(need("test", app=5), status()), UNKNOWN, [15.0, 5.0]),
        (do(need("test", "lint"), run(status="queued"), run("lint", "failure")), CRIT, []),
        (do(need(), GOOD), UNKNOWN, []),
        (GOOD, OK, []),
    ],
    ids=["running", "absent", "of an app that is not known", "failed", "nothing required", "good"],
)
def test_the_end_of_the_wait(change: Callable[[Any], None], wanted: object, slept: list[float]) -> None:
    """Running is unknown, absent fails; a failure, and what waiting does not change, ends the wait at once."""
    fake, clock = FakeGitHub(), Clock()
    change(fake)
    assert judge(fake, rules("required", wait=20), clock=clock).status is wanted
    assert clock.slept == slept


# The network.


@pytest.mark.parametrize("answer", [500, 502, 503, 504, 429, 408, 202])
def test_a_pass_after_a_retry_warns(answer: int) -> None:
    """It says what came before."""
    fake = FakeGitHub()
    fake.run()
    fake.failures = [(answer, {}, {})]
    result = judge(fake)
    assert result.status is WARN
    assert f"HTTP {answer}" in result.message


@pytest.mark.parametrize(
    "headers", [{"Retry-After": "7"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}], ids=["after", "reset"]
)
def test_a_limit_is_waited_for(headers: dict[str, str]) -> None:
    """A refusal that is one of the rate of requests does not speak of permissions."""
    fake, clock = FakeGitHub(), Clock()
    fake.run()
    fake.failures = [(403, {"message": "API rate limit exceeded"}, headers)]
    assert judge(fake, clock=clock).status is WARN
    assert clock.slept[0] >= float(headers.get("Retry-After", 0))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, {"message": "limit"}, {"Retry-After": "3600"}), "it ends in 3600 s"),
        ((403, {"message": "You have exceeded a secondary rate limit"}, {}), "limits the rate of requests"),
        ((500, {}, {}), "GitHub has a failure"),
    ],
    ids=["limit", "secondary limit", "failure"],
)
def test_what_outlasts_the_deadline_is_unknown(answer: Any, words: str) -> None:
    """The tries and the deadline bound it."""
    fake = FakeGitHub()
    fake.failures = [answer] * 3
    result = judge(fake)
    assert result.status is UNKNOWN
    assert words in result.message
    assert result.remedy == "try again later"


@pytest.mark.parametrize(
    ("status", "words", "remedy"),
    [
        *((moved, "has moved", "`repository`") for moved in (301, 302, 303, 307, 308)),
        (202, "has not prepared the answer yet", "try again later"),
        *((odd, "as a cache or a proxy may do", "`url`") for odd in (203, 204, 206, 304)),
    ],
)
def test_an_answer_that_is_none(status: int, words: str, remedy: str) -> None:
    """Only a redirect says that the repository has moved."""
    fake = FakeGitHub()
    fake.failures = [(status, {}, {})] * 3
    result = judge(fake)
    assert result.status is UNKNOWN
    assert (words in result.message, remedy in result.remedy) == (True, True), result


def test_a_next_page_on_another_server_is_not_asked() -> None:
    """The token is for one server."""
    fake = FakeGitHub()
    link = {"Link": '<https://evil.example/api/x>; rel="next"'}
    fake.denied = {"check-runs": (200, {"total_count": 0, "check_runs": []}, link)}
    result = judge(fake)
    assert result.status is UNKNOWN
    assert "evil.example, which is not the address of its API" in result.message
    assert len(fake.asked) == 1


def test_a_forge_that_knows_no_pages() -> None:
    """Gitea is asked up to an empty page; one that repeats the last one has no more."""
    fake = FakeGitea()
    fake.denied = {"/status": (200, {"statuses": [{"id": 1, "context": "test / a", "status": "success"}]}, {})}
    assert judge(fake).status is OK
    assert sum("/status" in path for path in fake.asked) == 2


def test_pages_that_do_not_end() -> None:
    """A page that names itself as the next one is asked once."""
    fake = FakeGitLab()
    fake.denied = {"/statuses": (200, [], {"X-Next-Page": "1"})}
    assert "does not come to an end" in judge(fake).message
    assert len(fake.asked) == 2


@pytest.mark.parametrize("unseen", ["repository", "branch", "forge"])
def test_what_has_to_be_known_before(unseen: str) -> None:
    """Without it nothing is asked."""
    why = Unseen("it is not known", "see why")
    fake = FakeGitHub()
    evidence = Evidence(Client(api_of(fake)))
    result = check_ci_checks(
        why if unseen == "repository" else REPOSITORY,
        lambda: why if unseen == "branch" else "main",
        lambda: why if unseen == "forge" else evidence,
        rules("required"),
    )
    assert (result.status, result.message, fake.asked) == (UNKNOWN, "it is not known", [])
