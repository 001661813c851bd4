"""The CI systems that run as a service or on a cluster, apart from any forge."""

import re

from release_sentinel.observe.ci.records import (
    Build,
    Named,
    System,
    Variables,
    differ,
    is_pull,
    named,
    named_or_branch,
    short,
)


def _buildkite(get: Variables) -> Build:
    """The commit of a build that was scheduled, or started by hand, may be `HEAD`."""
    tag = get("BUILDKITE_TAG")
    return Build(
        "Buildkite",
        get("BUILDKITE_COMMIT"),
        "" if tag else get("BUILDKITE_BRANCH"),
        tag,
        pull_request=get("BUILDKITE_PULL_REQUEST") not in {"", "false"},
        target=get.first("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "BUILDKITE_MERGE_QUEUE_BASE_BRANCH"),
        merge_queue=bool(get("BUILDKITE_MERGE_QUEUE_BASE_BRANCH")),
    )


def _is_buildkite_fork(get: Variables) -> bool:
    return differ(get("BUILDKITE_PULL_REQUEST_REPO"), get("BUILDKITE_REPO"))


def _circleci(get: Variables) -> Build:
    branch = get("CIRCLE_BRANCH")  # of a fork's pull request pull/N; CIRCLE_PULL_REQUEST is set on branch builds too
    pull_request = bool(get("CIRCLE_PR_NUMBER")) or branch.startswith("pull/")
    return Build("CircleCI", get("CIRCLE_SHA1"), branch, get("CIRCLE_TAG"), pull_request=pull_request)


def _is_circleci_fork(get: Variables) -> bool:
    """The first two are set for forks alone, as that name of a branch is."""
    return bool(get.first("CIRCLE_PR_USERNAME", "CIRCLE_PR_NUMBER")) or get("CIRCLE_BRANCH").startswith("pull/")


def _travis(get: Variables) -> Build:
    """The branch is the target on a pull request, and the tag's name on a tag build."""
    tag, branch = get("TRAVIS_TAG"), get("TRAVIS_BRANCH")
    pull_request = get("TRAVIS_PULL_REQUEST") not in {"", "false"} or get("TRAVIS_EVENT_TYPE") == "pull_request"
    return Build(
        "Travis CI",
        get("TRAVIS_COMMIT"),
        "" if tag else branch,
        tag,
        pull_request=pull_request,
        target=branch if pull_request else "",
    )


def _is_travis_fork(get: Variables) -> bool:
    source = get("TRAVIS_PULL_REQUEST_SLUG")
    return differ(source, get("TRAVIS_REPO_SLUG")) if source else get("TRAVIS_SECURE_ENV_VARS") == "false"


def _appveyor(get: Variables) -> Build:
    """The branch is the target on a pull request."""
    tag = get("APPVEYOR_REPO_TAG_NAME") if get("APPVEYOR_REPO_TAG").lower() == "true" else ""
    branch, pull_request = get("APPVEYOR_REPO_BRANCH"), bool(get("APPVEYOR_PULL_REQUEST_NUMBER"))
    return Build(
        "AppVeyor",
        get("APPVEYOR_REPO_COMMIT"),
        "" if tag else branch,
        tag,
        pull_request=pull_request,
        target=branch if pull_request else "",
    )


def _is_appveyor_fork(get: Variables) -> bool:
    return differ(get("APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME"), get("APPVEYOR_REPO_NAME"))


def _semaphore(get: Variables) -> Build:
    """The branch is the target on a pull request; the commit may be `HEAD`."""
    kind, ref, branch = get("SEMAPHORE_GIT_REF_TYPE"), get("SEMAPHORE_GIT_REF"), get("SEMAPHORE_GIT_BRANCH")
    tag = get("SEMAPHORE_GIT_TAG_NAME") or named(ref).get("tag", "")
    pull_request = kind == "pull-request" or bool(get("SEMAPHORE_GIT_PR_NUMBER")) or is_pull(ref)
    return Build(
        "Semaphore",
        get("SEMAPHORE_GIT_SHA"),
        "" if tag or kind == "tag" else branch,
        tag,
        pull_request=pull_request,
        target=branch if pull_request else "",
    )


def _is_semaphore_fork(get: Variables) -> bool:
    return differ(get("SEMAPHORE_GIT_PR_SLUG"), get("SEMAPHORE_GIT_REPO_SLUG"))


def _codefresh(get: Variables) -> Build:
    """On the push of a tag the branch is the tag's name; a base branch is named for tags alone.

    A pull request that is closed names its target still, and whether it was merged.
    """
    branch, target = get("CF_BRANCH"), get("CF_PULL_REQUEST_TARGET")
    asked = bool(get.first("CF_PULL_REQUEST_NUMBER", "CF_PULL_REQUEST_ID"))
    merged = asked and get("CF_PULL_REQUEST_MERGED") == "true"
    tag = get("CF_RELEASE_TAG") or (branch if get("CF_BASE_BRANCH") and not asked else "")
    return Build(
        "Codefresh",
        get("CF_REVISION"),
        "" if tag else target if merged else branch,
        tag,
        pull_request=asked and not merged,
        target=target,
    )


def _is_codefresh_fork(get: Variables) -> bool:
    return get("CF_PULL_REQUEST_IS_FORK") == "true"


def _woodpecker(get: Variables) -> Build:
    """The branch is the target on a pull request; version 0.15 says `BUILD` for `PIPELINE`."""
    event, ref, branch = get.first("CI_PIPELINE_EVENT", "CI_BUILD_EVENT"), get("CI_COMMIT_REF"), get("CI_COMMIT_BRANCH")
    tag = get("CI_COMMIT_TAG") or named(ref).get("tag", "")
    pull_request = event.startswith("pull_request") or bool(get("CI_COMMIT_PULL_REQUEST")) or is_pull(ref)
    return Build(
        "Woodpecker",
        get("CI_COMMIT_SHA"),
        "" if tag else named(ref).get("branch", branch),
        tag,
        pull_request=pull_request,
        target=get("CI_COMMIT_TARGET_BRANCH") or (branch if pull_request else ""),
    )


def _drone(get: Variables) -> Build:
    """The branch is the target on a pull request. A promotion has the event and the ref of what it promotes apart."""
    ref = get("DRONE_COMMIT_REF")
    branch, tag = get.first("DRONE_BRANCH", "DRONE_COMMIT_BRANCH"), get("DRONE_TAG") or named(ref).get("tag", "")
    pull_request = get("DRONE_BUILD_EVENT") == "pull_request" or bool(get("DRONE_PULL_REQUEST")) or is_pull(ref)
    return Build(
        "Drone",
        get.first("DRONE_COMMIT_SHA", "DRONE_COMMIT"),
        "" if tag else named(ref).get("branch", branch),
        tag,
        pull_request=pull_request,
        target=(get("DRONE_TARGET_BRANCH") or branch) if pull_request else "",
    )


_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def _codebuild(get: Variables) -> Build:
    """The head of a pull request's webhook is the author's branch. A merged one is a build of its base."""
    trigger, event, base = (get(f"CODEBUILD_WEBHOOK_{name}") for name in ("TRIGGER", "EVENT", "BASE_REF"))
    version = get("CODEBUILD_SOURCE_VERSION").partition("^")[0]  # refs/heads/main^{COMMIT}
    asked = any(
        (event.startswith("PULL_REQUEST"), trigger.startswith("pr/"), version.startswith("pr/"), is_pull(version))
    )
    merged = event == "PULL_REQUEST_MERGED"
    return Build(
        "AWS CodeBuild",
        get("CODEBUILD_RESOLVED_SOURCE_VERSION"),
        pull_request=asked and not merged,
        target=short(base),
        **(named(base) if merged else _codebuild_ref(trigger, get("CODEBUILD_WEBHOOK_HEAD_REF"), version)),
    )


def _codebuild_ref(trigger: str, head: str, version: str) -> Named:
    """Return what a webhook names; without one, the source version may be a branch, or what else was asked for."""
    kind, _, name = trigger.partition("/")
    if kind in {"branch", "tag"}:
        return named(f"refs/{'heads' if kind == 'branch' else 'tags'}/{name}")
    if head:
        return named(head)
    if ":" in version or _COMMIT.fullmatch(version):  # an archive that a pipeline hands over, or only a commit
        return {}
    return named_or_branch(version)


def _cloud_build(get: Variables) -> Build:
    """Its variables are substitutions, which the build has to hand over (`automapSubstitutions`)."""
    tag, request = get("TAG_NAME"), get("_PR_NUMBER")
    return Build(
        "Google Cloud Build",
        get.first("COMMIT_SHA", "REVISION_ID"),
        "" if tag else get("BRANCH_NAME"),
        tag,
        pull_request=bool(request),
        target=get("_BASE_BRANCH"),
        checks_out="master",
    )


def _is_cloud_build_fork(get: Variables) -> bool:
    return differ(get("_HEAD_REPO_URL"), get("REPO_FULL_NAME"))


def _prow(get: Variables) -> Build:
    """A presubmit merges one pull request into the base, a batch several; a periodic job names nothing."""
    kind, base = get("JOB_TYPE"), get("PULL_BASE_REF")
    batch = kind == "batch"
    pull_request = batch or kind == "presubmit" or bool(get("PULL_NUMBER")) or "," in get("PULL_REFS")
    return Build(
        "Prow",
        get("PULL_PULL_SHA") if pull_request else get("PULL_BASE_SHA"),
        base,
        pull_request=pull_request,
        target=base if pull_request else "",
        merge_queue=batch,
    )


def _gocd(get: Variables) -> Build:
    """A material that has a name adds it to the names of its variables. Of several, none is known to be this clone."""
    commits = set(get.matching(r"GO_REVISION(_\w+)?").values())
    branches = set(get.matching(r"GO_MATERIAL_BRANCH(_\w+)?").values())
    requests, targets = get.matching(r"GO_SCM_\w+_PR_ID"), get.matching(r"GO_SCM_\w+_TARGET_BRANCH")
    branch = branches.pop() if len(branches) == 1 else ""
    return Build(
        "GoCD",
        commits.pop() if len(commits) == 1 else "",
        pull_request=bool(requests) or is_pull(branch),
        target=next(iter(targets.values()), ""),
        **named_or_branch(branch),
    )


SERVICES = (
    System((("BUILDKITE",),), _buildkite, ("{BUILDKITE_BUILD_URL}",), ("BUILDKITE_BUILD_CREATOR",), _is_buildkite_fork),
    System((("CIRCLECI",),), _circleci, ("{CIRCLE_BUILD_URL}",), ("CIRCLE_USERNAME",), _is_circleci_fork),
    System((("TRAVIS",),), _travis, ("{TRAVIS_JOB_WEB_URL}", "{TRAVIS_BUILD_WEB_URL}"), fork=_is_travis_fork),
    System(
        (("APPVEYOR",),),
        _appveyor,
        ("{APPVEYOR_URL}/project/{APPVEYOR_ACCOUNT_NAME}/{APPVEYOR_PROJECT_SLUG}/builds/{APPVEYOR_BUILD_ID}",),
        fork=_is_appveyor_fork,
    ),
    System(
        (("SEMAPHORE",),),
        _semaphore,
        ("{SEMAPHORE_ORGANIZATION_URL}/jobs/{SEMAPHORE_JOB_ID}",),
        ("SEMAPHORE_PIPELINE_PROMOTED_BY", "SEMAPHORE_WORKFLOW_TRIGGERED_BY"),
        _is_semaphore_fork,
    ),
    System((("CF_BUILD_ID",),), _codefresh, ("{CF_BUILD_URL}",), ("CF_BUILD_INITIATOR",), _is_codefresh_fork),
    # It sets Drone's variables too.
    System(
        (("CI=woodpecker",), ("CI_SYSTEM_NAME=woodpecker",)),
        _woodpecker,
        ("{CI_PIPELINE_URL}", "{CI_BUILD_LINK}"),
        ("CI_PIPELINE_AUTHOR",),
    ),
    System((("DRONE",),), _drone, ("{DRONE_BUILD_LINK}",), ("DRONE_BUILD_TRIGGER",)),
    # It may host the runners of GitHub, GitLab and Buildkite.
    System(
        (("CODEBUILD_BUILD_ID",), ("CODEBUILD_BUILD_ARN",)),
        _codebuild,
        (
            "{CODEBUILD_PUBLIC_BUILD_URL}",
            "https://console.aws.amazon.com/codebuild/home?region={AWS_REGION}#/builds/{CODEBUILD_BUILD_ID}/view/new",
        ),
        ("CODEBUILD_INITIATOR",),
    ),
    System((("PROW_JOB_ID",), ("JOB_SPEC", "JOB_TYPE")), _prow),
    System(
        (("GO_PIPELINE_NAME",), ("GO_PIPELINE_LABEL",)),
        _gocd,
        ("{GO_SERVER_URL}/pipelines/{GO_PIPELINE_NAME}/{GO_PIPELINE_COUNTER}/{GO_STAGE_NAME}/{GO_STAGE_COUNTER}",),
        ("GO_TRIGGER_USER",),
    ),
)
# Its names are those of many: it is asked last, and known by several of them where its own mark is missing.
CLOUD_BUILD = System(
    (
        ("BUILDER_OUTPUT",),
        ("PROJECT_ID", "BUILD_ID", "COMMIT_SHA"),
        ("PROJECT_ID", "BUILD_ID", "PROJECT_NUMBER", "LOCATION"),
    ),
    _cloud_build,
    ("https://console.cloud.google.com/cloud-build/builds;region={LOCATION}/{BUILD_ID}?project={PROJECT_ID}",),
    fork=_is_cloud_build_fork,
)
