"""The CI servers that are run on one's own machines: TeamCity and Jenkins, and Gerrit's changes on Jenkins."""

import re
from pathlib import Path

from release_sentinel import lines, regular
from release_sentinel.observe.ci.forges import MOST
from release_sentinel.observe.ci.records import Build, System, Variables, is_pull, named, named_or_branch, short


def _teamcity(get: Variables) -> Build:
    """TeamCity writes the branch to files only, unless the build passes it on as `TEAMCITY_BUILD_BRANCH`."""
    properties = _properties(
        _properties(get("TEAMCITY_BUILD_PROPERTIES_FILE")).get("teamcity.configuration.properties.file")
    )
    refs = {value for name, value in properties.items() if name.startswith("teamcity.build.vcs.branch.")}
    passed_on = get("TEAMCITY_BUILD_BRANCH").removeprefix("<default>")  # which names none
    branch = passed_on or (refs.pop() if len(refs) == 1 else "")
    return Build(
        "TeamCity",
        get("BUILD_VCS_NUMBER"),
        pull_request=is_pull(branch) or "teamcity.pullRequest.number" in properties,
        target=short(properties.get("teamcity.pullRequest.target.branch", "")),
        **named_or_branch(branch),
    )


def _properties(path: str | None) -> dict[str, str]:
    """Return the entries of a Java properties file; none where it cannot be read."""
    try:
        found = lines.split(regular.read_text(Path(path or ""), MOST, errors="replace"))
    except OSError:
        return {}
    pairs = (line.partition("=") for line in found if not line.startswith("#"))
    return {name.strip(): re.sub(r"\\(.)", r"\1", value.strip()) for name, _, value in pairs}


def _jenkins(get: Variables) -> Build:
    if get.first("GERRIT_EVENT_TYPE", "GERRIT_CHANGE_NUMBER") or is_pull(get("GERRIT_REFSPEC")):
        return _gerrit(get)
    tag = _tag(get) or named(get("GIT_BRANCH")).get("tag", "")
    branch, qualified = ("", False) if tag else _branch(get)
    # Of multibranch projects, and of the plugins for GitHub and GitLab.
    pull_request = bool(get.first("CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid"))
    target = get.first("CHANGE_TARGET", "ghprbTargetBranch", "gitlabTargetBranch")
    return Build(
        "Jenkins", get("GIT_COMMIT"), branch, tag, pull_request=pull_request, target=target, qualified=qualified
    )


def _tag(get: Variables) -> str:
    """Return the tag that a multibranch project builds. `TAG_NAME` alone may be any job's parameter."""
    tag = get("TAG_NAME")
    dated = get.first("TAG_DATE", "TAG_TIMESTAMP", "TAG_UNIXTIME")
    return tag if dated or tag == get("BRANCH_NAME") else ""


def _branch(get: Variables) -> tuple[str, bool]:
    """Return the branch, and whether it may begin with a remote's name, which Jenkins puts before the checked out one.

    `origin` is taken off at once: a clone has it by default.
    """
    if branch := get.first("BRANCH_NAME", "GIT_LOCAL_BRANCH"):
        return ("", False) if branch == "detached" else (branch, False)
    checked_out = get("GIT_BRANCH").removeprefix("refs/remotes/")
    branch = checked_out.removeprefix("refs/heads/").removeprefix("origin/")
    if branch == "detached" or branch.startswith("refs/"):
        return "", False
    return branch, branch == checked_out and "/" in branch


def _gerrit(get: Variables) -> Build:
    """Describe a build of a change in Gerrit: a patch set is a pull request, whatever branch is checked out."""
    event, refname, target = (get(f"GERRIT_{name}") for name in ("EVENT_TYPE", "REFNAME", "BRANCH"))
    merged = event in {"change-merged", "ref-updated"} and not get("CHANGE_ID")
    return Build(
        "Jenkins",
        get.first("GIT_COMMIT", "GERRIT_NEWREV"),
        pull_request=not merged or is_pull(refname),
        target=target or get("CHANGE_TARGET"),
        # Older Gerrits say `main` for refs/heads/main.
        **named_or_branch(refname if event == "ref-updated" else target),
    )


def _is_jenkins_fork(get: Variables) -> bool:
    """The name of the fork, where the plugin of the forge tells it."""
    return bool(get("CHANGE_FORK"))


TEAMCITY = System((("TEAMCITY_VERSION",),), _teamcity, ("{BUILD_URL}",))
# The user is known with the plugin build-user-vars.
JENKINS = System(
    (("JENKINS_URL",),),
    _jenkins,
    ("{BUILD_URL}",),
    ("BUILD_USER_ID", "BUILD_USER", "GERRIT_EVENT_ACCOUNT_NAME"),
    _is_jenkins_fork,
    login="put the gate's step into withCredentials([gitUsernamePassword(credentialsId: ...)]), as the Jenkinsfile of "
    "`release-sentinel init jenkins` does; or into sshagent for an ssh URL",
)
