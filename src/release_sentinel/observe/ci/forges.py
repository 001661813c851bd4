"""The CI systems that belong to a forge: GitHub, Gitea, Forgejo, GitLab, Azure, Bitbucket."""

from pathlib import Path
from typing import Any

from release_sentinel import regular, strict_json
from release_sentinel.observe.ci.records import Build, System, Variables, is_pull, named, short

MOST = 16 * regular.MIB  # bytes of a file that a CI system writes


def _event(get: Variables) -> Any:
    """Return the event that started the workflow; None where it cannot be read."""
    try:
        return strict_json.loads(regular.read(Path(get("GITHUB_EVENT_PATH")), MOST))
    except (OSError, ValueError):
        return None


def _is_merged(event: Any, branch: str) -> bool:
    """Return whether the event says that a pull request was closed by merging it into this branch."""
    try:
        request = event["pull_request"]
        return event["action"] == "closed" and request["merged"] is True and request["base"]["ref"] == branch
    except (LookupError, TypeError):
        return False


def _actions(provider: str, get: Variables) -> Build:
    """Describe a build of GitHub Actions, or of a system that took over its variables."""
    event, ref = get("GITHUB_EVENT_NAME"), get("GITHUB_REF")
    of = named(ref)
    pull_request = event.startswith("pull_request") or is_pull(ref)
    if event in _PULL_EVENTS and "branch" in of and _is_merged(_event(get), of["branch"]):
        pull_request = False  # once it is merged, the ref is the base branch, and the commit is the branch's
    return Build(
        provider,
        get("GITHUB_SHA"),
        pull_request=pull_request,
        target=get("GITHUB_BASE_REF"),
        merge_queue=event == "merge_group",
        **of,
    )


def _github(get: Variables) -> Build:
    return _actions("GitHub Actions", get)


def _gitea(get: Variables) -> Build:
    return _actions("Gitea Actions", get)


def _forgejo(get: Variables) -> Build:
    return _actions("Forgejo Actions", get)


_PULL_EVENTS = {"pull_request", "pull_request_target"}


def _is_github_bot(get: Variables) -> bool:
    """Return whether Dependabot made the request: it stays the actor where a person starts the build again."""
    return "dependabot[bot]" in {get("GITHUB_ACTOR"), get("GITHUB_TRIGGERING_ACTOR")}


def _is_github_target(get: Variables) -> bool:
    """Return whether the base branch's own workflow runs, which gets secrets."""
    return get("GITHUB_EVENT_NAME") == "pull_request_target"


def _is_github_fork(get: Variables) -> bool:
    try:
        request = _event(get)["pull_request"]
        head, base = (request[side]["repo"] for side in ("head", "base"))
        return head is None or bool(head["full_name"] != base["full_name"])  # None: the fork is gone
    except (LookupError, TypeError):
        return False


def _gitlab(get: Variables) -> Build:
    train = get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train"
    return Build(
        "GitLab CI",
        get("CI_COMMIT_SHA"),
        get("CI_COMMIT_BRANCH"),
        get("CI_COMMIT_TAG"),
        pull_request=bool(get.first("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID")) or train,
        target=get.first("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME"),
        merge_queue=train,
    )


def _is_gitlab_fork(get: Variables) -> bool:
    if source := get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"):
        return source != get.first("CI_MERGE_REQUEST_PROJECT_PATH", "CI_PROJECT_PATH")
    source = get("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY")
    return bool(source) and source != get("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY")


def _azure(get: Variables) -> Build:
    source = get("BUILD_SOURCEBRANCH")
    return Build(
        "Azure Pipelines",
        get("BUILD_SOURCEVERSION"),
        pull_request=get("BUILD_REASON") == "PullRequest" or is_pull(source),
        target=short(get("SYSTEM_PULLREQUEST_TARGETBRANCH")),
        **named(source),
    )


def _is_azure_fork(get: Variables) -> bool:
    return get("SYSTEM_PULLREQUEST_ISFORK").lower() == "true"


def _bitbucket(get: Variables) -> Build:
    return Build(
        "Bitbucket Pipelines",
        get("BITBUCKET_COMMIT"),
        get("BITBUCKET_BRANCH"),
        get("BITBUCKET_TAG"),
        pull_request=bool(get("BITBUCKET_PR_ID")),
        target=get("BITBUCKET_PR_DESTINATION_BRANCH"),
    )


_ACTIONS_LOGIN = (
    "give the gate's step the job's token, which needs `permissions: contents: read`: the action and the workflow of "
    "`release-sentinel init github` do; or set `persist-credentials: true` for actions/checkout"
)
_ACTORS = ("GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR")
_RUN_BY_NUMBER = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}"
FORGES = (
    # Both also set GITHUB_ACTIONS, and Forgejo's runner GITEA_ACTIONS.
    *(
        System(
            ((mark,),),
            describe,
            (_RUN_BY_NUMBER,),
            _ACTORS,
            _is_github_fork,
            trusted=_is_github_target,
            login=_ACTIONS_LOGIN,
        )
        for mark, describe in (("FORGEJO_ACTIONS", _forgejo), ("GITEA_ACTIONS", _gitea))
    ),
    System(
        (("GITHUB_ACTIONS",),),
        _github,
        ("{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",),
        _ACTORS,
        _is_github_fork,
        _is_github_bot,
        _is_github_target,
        _ACTIONS_LOGIN,
    ),
    System(
        (("GITLAB_CI",),),
        _gitlab,
        ("{CI_JOB_URL}",),
        ("GITLAB_USER_LOGIN",),
        _is_gitlab_fork,
        login="ask the project that is built, whose URL has the job's token; another project has to allow this one in "
        "Settings > CI/CD > Job token permissions",
    ),
    System(
        (("TF_BUILD",),),
        _azure,
        ("{SYSTEM_COLLECTIONURI}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",),
        ("BUILD_REQUESTEDFOR",),
        _is_azure_fork,
        login="give the gate's step the job's token, as the pipeline of `release-sentinel init azure` does by "
        "GIT_CONFIG_VALUE_0; or set `persistCredentials: true` for `checkout: self`",
    ),
    System(
        (("BITBUCKET_BUILD_NUMBER",),),
        _bitbucket,
        ("{BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",),
    ),
)
