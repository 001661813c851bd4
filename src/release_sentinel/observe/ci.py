"""What the CI system says about this build. A claim: the checks trust it only if its commit is HEAD."""

import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel import lines, regular, strict_json

_MOST = 16 * regular.MIB  # bytes of a file that a CI system writes


class Build(Struct, frozen=True):
    """One CI build. A field that the system does not provide is blank."""

    provider: str
    commit: str = ""
    branch: str = ""
    tag: str = ""
    pull_request: bool = False
    url: str = ""  # the web page of this build
    actor: str = ""  # who started it
    target: str = ""  # the branch that a pull request would be merged into

    def is_of(self, commit: str) -> bool:
        """Whether the build is about exactly this commit: only then is it trusted."""
        return bool(self.commit) and self.commit == commit

    def branch_on(self, remotes: Collection[str]) -> str:
        """Return the branch without the name of one of the clone's remotes before it."""
        remote, _, rest = self.branch.partition("/")
        return rest if rest and remote in remotes else self.branch


def is_merge_queue(branch: str) -> bool:
    """Tell whether a branch holds what a merge queue tries out before it is merged."""
    return branch.startswith("gh-readonly-queue/")


def build(environ: Mapping[str, str] | None = None) -> Build | None:
    """Return the build that this process belongs to, or None outside CI."""
    environ = os.environ if environ is None else environ
    for system in _SYSTEMS:
        if environ.get(system.mark):
            found = system.describe(lambda name: environ.get(name, ""))
            return replace(found, url=_address(system.url, environ), actor=_first(system.actors, environ))
    return None


def _address(template: str, environ: Mapping[str, str]) -> str:
    """Fill variables into a build's address; it is blank if one of them is not set."""
    names = re.findall(r"\{(\w+)\}", template)
    values = {name: environ.get(name, "").rstrip("/") for name in names}
    return template.format_map(values) if all(values.values()) else ""


def _first(names: tuple[str, ...], environ: Mapping[str, str]) -> str:
    return next((value for name in names if (value := environ.get(name, ""))), "")


_Get = Callable[[str], str]


def _ref(ref: str) -> dict[str, str]:
    for field, prefix in (("branch", "refs/heads/"), ("tag", "refs/tags/")):
        if ref.startswith(prefix):
            return {field: ref.removeprefix(prefix)}
    return {}


def _github(get: _Get) -> Build:
    pull_request = get("GITHUB_EVENT_NAME").startswith("pull_request") or get("GITHUB_REF").startswith("refs/pull/")
    target = get("GITHUB_BASE_REF") if pull_request else ""
    return Build(
        "GitHub Actions", get("GITHUB_SHA"), pull_request=pull_request, target=target, **_ref(get("GITHUB_REF"))
    )


def _gitlab(get: _Get) -> Build:
    return Build(
        "GitLab CI",
        get("CI_COMMIT_SHA"),
        get("CI_COMMIT_BRANCH"),
        get("CI_COMMIT_TAG"),
        pull_request=bool(get("CI_MERGE_REQUEST_IID") or get("CI_EXTERNAL_PULL_REQUEST_IID")),
    )


def _azure(get: _Get) -> Build:
    source = get("BUILD_SOURCEBRANCH")
    pull_request = get("BUILD_REASON") == "PullRequest" or source.startswith("refs/pull/")
    return Build("Azure Pipelines", get("BUILD_SOURCEVERSION"), pull_request=pull_request, **_ref(source))


def _buildkite(get: _Get) -> Build:
    tag = get("BUILDKITE_TAG")
    branch = "" if tag else get("BUILDKITE_BRANCH")
    pull_request = get("BUILDKITE_PULL_REQUEST") not in {"", "false"}
    return Build("Buildkite", get("BUILDKITE_COMMIT"), branch, tag, pull_request=pull_request)


def _circleci(get: _Get) -> Build:
    branch = get("CIRCLE_BRANCH")  # of a fork's pull request pull/N; CIRCLE_PULL_REQUEST is set on branch builds too
    pull_request = bool(get("CIRCLE_PR_NUMBER")) or branch.startswith("pull/")
    return Build("CircleCI", get("CIRCLE_SHA1"), branch, get("CIRCLE_TAG"), pull_request=pull_request)


def _bitbucket(get: _Get) -> Build:
    return Build(
        "Bitbucket Pipelines",
        get("BITBUCKET_COMMIT"),
        get("BITBUCKET_BRANCH"),
        get("BITBUCKET_TAG"),
        pull_request=bool(get("BITBUCKET_PR_ID")),
    )


def _teamcity(get: _Get) -> Build:
    """TeamCity writes the branch to files only, unless the build passes it on as `TEAMCITY_BUILD_BRANCH`."""
    properties = _properties(
        _properties(get("TEAMCITY_BUILD_PROPERTIES_FILE")).get("teamcity.configuration.properties.file")
    )
    refs = {value for name, value in properties.items() if name.startswith("teamcity.build.vcs.branch.")}
    branch = get("TEAMCITY_BUILD_BRANCH") or (refs.pop() if len(refs) == 1 else "")
    named = _ref(branch) if branch.startswith("refs/") else {"branch": branch}
    pull_request = (
        branch.startswith(("refs/pull/", "refs/merge-requests/")) or "teamcity.pullRequest.number" in properties
    )
    return Build("TeamCity", get("BUILD_VCS_NUMBER"), pull_request=pull_request, **named)


def _properties(path: str | None) -> dict[str, str]:
    """Return the entries of a Java properties file; none where it cannot be read."""
    try:
        found = lines.split(regular.read_text(Path(path or ""), _MOST, errors="replace"))
    except OSError:
        return {}
    pairs = (line.partition("=") for line in found if not line.startswith("#"))
    return {name.strip(): re.sub(r"\\(.)", r"\1", value.strip()) for name, _, value in pairs}


def _jenkins(get: _Get) -> Build:
    tag = get("TAG_NAME") or _ref(get("GIT_BRANCH")).get("tag", "")
    checked_out = get("GIT_BRANCH").removeprefix("refs/remotes/").removeprefix("refs/heads/").removeprefix("origin/")
    branch = get("BRANCH_NAME") or get("GIT_LOCAL_BRANCH") or checked_out
    branch = "" if tag or branch == "detached" else branch
    pull_request = any(map(get, ("CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid")))  # multibranch, and two plugins
    return Build("Jenkins", get("GIT_COMMIT"), branch, tag, pull_request=pull_request)


class _System(Struct, frozen=True):
    """A CI system: the variable that marks it, and what its other variables say."""

    mark: str
    describe: Callable[[_Get], Build]
    url: str  # of a build, to be filled with variables
    actors: tuple[str, ...] = ()  # variables that name who started the build, the first that is set counts


# Jenkins last: agents of other systems may inherit JENKINS_URL from their host. TeamCity and Bitbucket name no actor.
_SYSTEMS = (
    _System(
        "GITHUB_ACTIONS",
        _github,
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
        ("GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"),
    ),
    _System("GITLAB_CI", _gitlab, "{CI_JOB_URL}", ("GITLAB_USER_LOGIN",)),
    _System(
        "TF_BUILD",
        _azure,
        "{SYSTEM_COLLECTIONURI}/{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        ("BUILD_REQUESTEDFOR",),
    ),
    _System("BUILDKITE", _buildkite, "{BUILDKITE_BUILD_URL}", ("BUILDKITE_BUILD_CREATOR",)),
    _System("CIRCLECI", _circleci, "{CIRCLE_BUILD_URL}", ("CIRCLE_USERNAME",)),
    _System(
        "BITBUCKET_BUILD_NUMBER", _bitbucket, "{BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/{BITBUCKET_BUILD_NUMBER}"
    ),
    _System("TEAMCITY_VERSION", _teamcity, "{BUILD_URL}"),
    _System("JENKINS_URL", _jenkins, "{BUILD_URL}", ("BUILD_USER_ID", "BUILD_USER")),  # of the plugin build-user-vars
)
MARKS = frozenset(system.mark for system in _SYSTEMS)  # the variables that mark a CI build


def from_fork(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether this build is of a pull request from a fork, as far as GitHub and GitLab report it."""
    environ = os.environ if environ is None else environ
    if source := environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"):
        return source != environ.get("CI_MERGE_REQUEST_PROJECT_PATH", environ.get("CI_PROJECT_PATH"))
    try:
        event = strict_json.loads(regular.read(Path(environ["GITHUB_EVENT_PATH"]), _MOST))
        head, base = (event["pull_request"][side]["repo"] for side in ("head", "base"))
        return head is None or bool(head["full_name"] != base["full_name"])  # None: the fork is gone
    except (OSError, ValueError, LookupError, TypeError):
        return False


def withheld(environ: Mapping[str, str] | None = None) -> str:
    """Return why CI may withhold secrets from this build; blank if there is no reason."""
    found = build(environ)
    if found and found.pull_request:
        what = "from a fork" if from_fork(environ) else "(if it is from a fork)"
        return f"{found.provider} withholds secrets from builds of a pull request {what}"
    return ""
