"""What each CI system sets: for a build of `main`, of the tag `v1.0.0`, of a pull request into `main`, and others."""

from typing import NamedTuple

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"

Variables = dict[str, str]
Case = tuple[str, Variables]


class System(NamedTuple):
    """What every build of a system sets: its marks, and the variable that holds the commit."""

    marks: Variables
    commit: str


ACTIONS = {"GITHUB_ACTIONS": "true"}
SYSTEMS = {
    "Forgejo Actions": System({"FORGEJO_ACTIONS": "true"}, "GITHUB_SHA"),
    "Gitea Actions": System({"GITEA_ACTIONS": "true"}, "GITHUB_SHA"),
    "GitHub Actions": System(ACTIONS, "GITHUB_SHA"),
    "GitLab CI": System({"GITLAB_CI": "true"}, "CI_COMMIT_SHA"),
    "Azure Pipelines": System({"TF_BUILD": "True"}, "BUILD_SOURCEVERSION"),
    "Bitbucket Pipelines": System({"BITBUCKET_BUILD_NUMBER": "7"}, "BITBUCKET_COMMIT"),
    "Buildkite": System({"BUILDKITE": "true"}, "BUILDKITE_COMMIT"),
    "CircleCI": System({"CIRCLECI": "true"}, "CIRCLE_SHA1"),
    "Travis CI": System({"TRAVIS": "true"}, "TRAVIS_COMMIT"),
    "AppVeyor": System({"APPVEYOR": "True"}, "APPVEYOR_REPO_COMMIT"),
    "Semaphore": System({"SEMAPHORE": "true"}, "SEMAPHORE_GIT_SHA"),
    "Codefresh": System({"CF_BUILD_ID": "5f0"}, "CF_REVISION"),
    "Woodpecker": System({"CI": "woodpecker"}, "CI_COMMIT_SHA"),
    "Drone": System({"DRONE": "true"}, "DRONE_COMMIT_SHA"),
    "AWS CodeBuild": System({"CODEBUILD_BUILD_ID": "shop:7"}, "CODEBUILD_RESOLVED_SOURCE_VERSION"),
    "Prow": System({"PROW_JOB_ID": "7"}, "PULL_BASE_SHA"),
    "GoCD": System({"GO_PIPELINE_NAME": "shop"}, "GO_REVISION"),
    "TeamCity": System({"TEAMCITY_VERSION": "2024.12"}, "BUILD_VCS_NUMBER"),
    "Jenkins": System({"JENKINS_URL": "https://jenkins.example.com/"}, "GIT_COMMIT"),
    "Google Cloud Build": System({"BUILDER_OUTPUT": "/builder/outputs"}, "COMMIT_SHA"),
}
# Other marks of the same systems.
MARKS: list[Case] = [
    ("Woodpecker", {"CI_SYSTEM_NAME": "woodpecker"}),
    ("AWS CodeBuild", {"CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:1:build/shop:7"}),
    ("Prow", {"JOB_SPEC": "{}", "JOB_TYPE": "postsubmit"}),
    ("GoCD", {"GO_PIPELINE_LABEL": "1.1.7"}),
    ("Google Cloud Build", {"PROJECT_ID": "shop", "BUILD_ID": "7", "COMMIT_SHA": COMMIT}),
    ("Google Cloud Build", {"PROJECT_ID": "shop", "BUILD_ID": "7", "PROJECT_NUMBER": "1", "LOCATION": "global"}),
]
# Variables of the systems, or of their likes, where no system runs.
LOOK_ALIKES: list[Variables] = [
    {"GITHUB_ACTIONS": "", "GITHUB_SHA": COMMIT, "GITHUB_REF": "refs/heads/main"},
    {"GITHUB_ACTIONS": "false", "TRAVIS": "False", "DRONE": "false"},
    {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_BASE_REF": "main"},
    {"CI": "true", "CI_COMMIT_SHA": COMMIT, "CI_COMMIT_BRANCH": "main"},
    {"CI_SYSTEM_NAME": "mine", "CI_COMMIT_TAG": "v1.0.0"},
    {"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_REASON": "PullRequest"},
    {"BITBUCKET_BRANCH": "main"},
    {"BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD"},
    {"CIRCLE_BRANCH": "main"},
    {"TRAVIS_BRANCH": "main", "TRAVIS_TAG": "v1.0.0"},
    {"APPVEYOR_REPO_BRANCH": "main"},
    {"SEMAPHORE_GIT_BRANCH": "main"},
    {"CF_BRANCH": "main", "CF_REVISION": COMMIT},
    {"DRONE_BRANCH": "main", "DRONE_TAG": "v1.0.0"},
    {"CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main"},
    {"JOB_TYPE": "presubmit", "PULL_BASE_REF": "main", "PULL_NUMBER": "7"},
    {"JOB_SPEC": "{}"},
    {"GO_REVISION": COMMIT, "GO_VERSION": "1.24"},
    {"TEAMCITY_BUILD_BRANCH": "main"},
    {"BRANCH_NAME": "main", "TAG_NAME": "v1.0.0", "GIT_BRANCH": "origin/main", "CHANGE_ID": "7"},
    {"GERRIT_EVENT_TYPE": "patchset-created", "GERRIT_REFSPEC": "refs/changes/45/12345/3"},
    {"PROJECT_ID": "shop", "COMMIT_SHA": COMMIT, "BRANCH_NAME": "main", "_PR_NUMBER": "7"},
    {"BUILD_ID": "7", "LOCATION": "Berlin"},
]

BRANCH_BUILDS: list[Case] = [
    ("Forgejo Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "push", "GITEA_ACTIONS": "true"}),
    ("Gitea Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "push"} | ACTIONS),
    ("GitHub Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "push"}),
    ("GitHub Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "schedule"}),
    ("GitHub Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "workflow_dispatch"}),
    ("GitHub Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "workflow_run"}),
    ("GitHub Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "repository_dispatch"}),
    ("GitHub Actions", {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "issue_comment"}),
    ("GitLab CI", {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_NAME": "main"}),
    ("GitLab CI", {"CI_COMMIT_BRANCH": "main", "CI_PIPELINE_SOURCE": "schedule"}),
    ("Azure Pipelines", {"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_REASON": "IndividualCI"}),
    ("Azure Pipelines", {"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_REASON": "Schedule"}),
    ("Bitbucket Pipelines", {"BITBUCKET_BRANCH": "main"}),
    ("Buildkite", {"BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_TAG": ""}),
    ("CircleCI", {"CIRCLE_BRANCH": "main", "CIRCLE_PULL_REQUEST": "https://github.com/o/r/pull/7"}),
    ("Travis CI", {"TRAVIS_BRANCH": "main", "TRAVIS_PULL_REQUEST": "false", "TRAVIS_EVENT_TYPE": "push"}),
    ("Travis CI", {"TRAVIS_BRANCH": "main", "TRAVIS_PULL_REQUEST": "false", "TRAVIS_EVENT_TYPE": "cron"}),
    ("AppVeyor", {"APPVEYOR_REPO_BRANCH": "main", "APPVEYOR_REPO_TAG": "false"}),
    ("AppVeyor", {"APPVEYOR_REPO_BRANCH": "main", "APPVEYOR_SCHEDULED_BUILD": "True"}),
    ("Semaphore", {"SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_GIT_REF_TYPE": "branch"}),
    ("Semaphore", {"SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_PIPELINE_PROMOTION": "true"}),
    ("Codefresh", {"CF_BRANCH": "main", "CF_BUILD_TRIGGER": "build"}),
    ("Codefresh", {"CF_PULL_REQUEST_NUMBER": "7", "CF_PULL_REQUEST_MERGED": "true", "CF_PULL_REQUEST_TARGET": "main"}),
    ("Woodpecker", {"CI_COMMIT_BRANCH": "main", "CI_PIPELINE_EVENT": "push", "DRONE_BRANCH": "main"}),
    ("Woodpecker", {"CI_COMMIT_REF": "refs/heads/main", "CI_COMMIT_BRANCH": "main", "CI_PIPELINE_EVENT": "cron"}),
    ("Woodpecker", {"CI_COMMIT_REF": "refs/heads/main", "CI_PIPELINE_EVENT": "manual"}),
    ("Woodpecker", {"CI_COMMIT_BRANCH": "main", "CI_BUILD_EVENT": "deployment", "DRONE": "true"}),
    ("Drone", {"DRONE_BRANCH": "main", "DRONE_BUILD_EVENT": "push"}),
    ("Drone", {"DRONE_COMMIT_BRANCH": "main", "DRONE_BUILD_EVENT": "custom"}),
    ("Drone", {"DRONE_COMMIT_REF": "refs/heads/main", "DRONE_TARGET_BRANCH": "main", "DRONE_BUILD_EVENT": "cron"}),
    ("Drone", {"DRONE_COMMIT_REF": "refs/heads/main", "DRONE_DEPLOY_TO": "prod", "DRONE_BUILD_EVENT": "promote"}),
    ("AWS CodeBuild", {"CODEBUILD_WEBHOOK_TRIGGER": "branch/main", "CODEBUILD_SOURCE_VERSION": COMMIT}),
    ("AWS CodeBuild", {"CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main", "CODEBUILD_WEBHOOK_EVENT": "PUSH"}),
    ("AWS CodeBuild", {"CODEBUILD_SOURCE_VERSION": f"refs/heads/main^{{{COMMIT}}}"}),
    ("AWS CodeBuild", {"CODEBUILD_SOURCE_VERSION": "main"}),
    (
        "AWS CodeBuild",
        {
            "CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_MERGED",
            "CODEBUILD_WEBHOOK_TRIGGER": "pr/7",
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/feature",
            "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main",
        },
    ),
    ("Prow", {"JOB_TYPE": "postsubmit", "PULL_BASE_REF": "main", "PULL_REFS": f"main:{COMMIT}"}),
    ("GoCD", {"GO_MATERIAL_BRANCH": "main", "GO_TO_REVISION": COMMIT, "GO_FROM_REVISION": OTHER}),
    ("GoCD", {"GO_MATERIAL_BRANCH_NAME": "refs/heads/main"}),
    ("TeamCity", {"TEAMCITY_BUILD_BRANCH": "main"}),
    ("TeamCity", {"TEAMCITY_BUILD_BRANCH": "refs/heads/main"}),
    ("Jenkins", {"BRANCH_NAME": "main", "GIT_BRANCH": "upstream/main"}),
    ("Jenkins", {"BRANCH_NAME": "main", "TAG_NAME": "v0.9.0"}),  # a parameter of the job
    ("Jenkins", {"GIT_BRANCH": "origin/main", "TAG_NAME": "v0.9.0"}),
    ("Jenkins", {"GIT_BRANCH": "origin/main"}),
    ("Jenkins", {"GIT_BRANCH": "main"}),
    ("Jenkins", {"GIT_BRANCH": "refs/heads/main"}),
    ("Jenkins", {"GIT_BRANCH": "refs/remotes/origin/main"}),
    ("Jenkins", {"GIT_BRANCH": "upstream/main", "GIT_LOCAL_BRANCH": "main"}),
    ("Jenkins", {"GIT_BRANCH": "origin/main", "GERRIT_REFSPEC": "refs/heads/main"}),  # the default of a parameter
    (
        "Jenkins",
        {
            "GERRIT_EVENT_TYPE": "change-merged",
            "GERRIT_REFSPEC": "refs/changes/45/12345/3",
            "GERRIT_CHANGE_NUMBER": "12345",
            "GERRIT_BRANCH": "main",
            "GIT_BRANCH": "detached",
        },
    ),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "ref-updated", "GERRIT_REFNAME": "refs/heads/main"}),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "ref-updated", "GERRIT_REFNAME": "main"}),
    ("Google Cloud Build", {"BRANCH_NAME": "main", "REF_NAME": "main", "REVISION_ID": COMMIT}),
]
TAG_BUILDS: list[Case] = [
    ("Forgejo Actions", {"GITHUB_REF": "refs/tags/v1.0.0"}),
    ("Gitea Actions", {"GITHUB_REF": "refs/tags/v1.0.0"} | ACTIONS),
    ("GitHub Actions", {"GITHUB_REF": "refs/tags/v1.0.0"}),
    ("GitHub Actions", {"GITHUB_REF": "refs/tags/v1.0.0", "GITHUB_EVENT_NAME": "release"}),
    ("GitLab CI", {"CI_COMMIT_TAG": "v1.0.0", "CI_COMMIT_REF_NAME": "v1.0.0"}),
    ("Azure Pipelines", {"BUILD_SOURCEBRANCH": "refs/tags/v1.0.0"}),
    ("Bitbucket Pipelines", {"BITBUCKET_TAG": "v1.0.0"}),
    ("Buildkite", {"BUILDKITE_TAG": "v1.0.0", "BUILDKITE_BRANCH": "v1.0.0", "BUILDKITE_PULL_REQUEST": "false"}),
    ("CircleCI", {"CIRCLE_TAG": "v1.0.0"}),
    ("Travis CI", {"TRAVIS_TAG": "v1.0.0", "TRAVIS_BRANCH": "v1.0.0", "TRAVIS_PULL_REQUEST": "false"}),
    (
        "AppVeyor",
        {"APPVEYOR_REPO_TAG": "true", "APPVEYOR_REPO_TAG_NAME": "v1.0.0", "APPVEYOR_REPO_BRANCH": "v1.0.0"},
    ),
    ("Semaphore", {"SEMAPHORE_GIT_REF_TYPE": "tag", "SEMAPHORE_GIT_TAG_NAME": "v1.0.0"}),
    ("Semaphore", {"SEMAPHORE_GIT_REF": "refs/tags/v1.0.0", "SEMAPHORE_GIT_BRANCH": "refs/tags/v1.0.0"}),
    ("Codefresh", {"CF_BRANCH": "v1.0.0", "CF_BASE_BRANCH": "main"}),
    ("Codefresh", {"CF_RELEASE_TAG": "v1.0.0", "CF_BRANCH": "v1.0.0"}),
    ("Woodpecker", {"CI_COMMIT_TAG": "v1.0.0", "CI_COMMIT_BRANCH": "main", "CI_PIPELINE_EVENT": "tag"}),
    ("Woodpecker", {"CI_COMMIT_REF": "refs/tags/v1.0.0", "CI_PIPELINE_EVENT": "release"}),
    ("Drone", {"DRONE_TAG": "v1.0.0", "DRONE_BRANCH": "main", "DRONE_BUILD_EVENT": "tag"}),
    ("Drone", {"DRONE_COMMIT_REF": "refs/tags/v1.0.0", "DRONE_BUILD_EVENT": "promote"}),
    ("AWS CodeBuild", {"CODEBUILD_WEBHOOK_TRIGGER": "tag/v1.0.0"}),
    ("AWS CodeBuild", {"CODEBUILD_WEBHOOK_HEAD_REF": "refs/tags/v1.0.0", "CODEBUILD_WEBHOOK_EVENT": "PUSH"}),
    ("AWS CodeBuild", {"CODEBUILD_SOURCE_VERSION": "refs/tags/v1.0.0"}),
    ("TeamCity", {"TEAMCITY_BUILD_BRANCH": "refs/tags/v1.0.0"}),
    ("Jenkins", {"TAG_NAME": "v1.0.0", "BRANCH_NAME": "v1.0.0"}),
    ("Jenkins", {"TAG_NAME": "v1.0.0", "TAG_DATE": "Wed Jan 1 00:00:00 UTC 2020"}),
    ("Jenkins", {"TAG_NAME": "v1.0.0", "TAG_TIMESTAMP": "1577836800000"}),
    ("Jenkins", {"TAG_NAME": "v1.0.0", "TAG_UNIXTIME": "1577836800"}),
    ("Jenkins", {"GIT_BRANCH": "refs/tags/v1.0.0"}),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "ref-updated", "GERRIT_REFNAME": "refs/tags/v1.0.0"}),
    ("Google Cloud Build", {"TAG_NAME": "v1.0.0", "BRANCH_NAME": ""}),
]
WITHOUT_TAGS = {"Prow", "GoCD"}  # they do not tell tags from branches
PULL_REQUESTS: list[Case] = [  # into main, as far as the system says so
    ("Forgejo Actions", {"GITHUB_REF": "refs/pull/7/head", "GITHUB_BASE_REF": "main"}),
    ("Gitea Actions", {"GITHUB_REF": "refs/pull/7/head", "GITHUB_BASE_REF": "main"} | ACTIONS),
    *(
        (
            f"{system} Actions",
            {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_BASE_REF": "main"},
        )
        for system in ("Forgejo", "Gitea", "GitHub")
    ),
    ("GitHub Actions", {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_BASE_REF": "main"}),
    ("GitLab CI", {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}),
    (
        "GitLab CI",
        {
            "CI_EXTERNAL_PULL_REQUEST_IID": "7",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_COMMIT_BRANCH": "feature",
        },
    ),
    (
        "Azure Pipelines",
        {"BUILD_SOURCEBRANCH": "refs/pull/7/merge", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"},
    ),
    (
        "Azure Pipelines",
        {
            "BUILD_SOURCEBRANCH": "refs/heads/feature",
            "BUILD_REASON": "PullRequest",
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "main",
        },
    ),
    (
        "Bitbucket Pipelines",
        {"BITBUCKET_BRANCH": "feature", "BITBUCKET_PR_ID": "7", "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
    ),
    (
        "Buildkite",
        {
            "BUILDKITE_BRANCH": "feature",
            "BUILDKITE_PULL_REQUEST": "7",
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
        },
    ),
    ("Travis CI", {"TRAVIS_BRANCH": "main", "TRAVIS_PULL_REQUEST": "7"}),
    ("Travis CI", {"TRAVIS_BRANCH": "main", "TRAVIS_EVENT_TYPE": "pull_request"}),
    ("AppVeyor", {"APPVEYOR_REPO_BRANCH": "main", "APPVEYOR_PULL_REQUEST_NUMBER": "7"}),
    ("Semaphore", {"SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_GIT_REF_TYPE": "pull-request"}),
    ("Semaphore", {"SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_GIT_PR_NUMBER": "7"}),
    ("Semaphore", {"SEMAPHORE_GIT_BRANCH": "main", "SEMAPHORE_GIT_REF": "refs/pull/7/merge"}),
    ("Codefresh", {"CF_BRANCH": "feature", "CF_PULL_REQUEST_NUMBER": "7", "CF_PULL_REQUEST_TARGET": "main"}),
    ("Codefresh", {"CF_BRANCH": "feature", "CF_PULL_REQUEST_ID": "I0f", "CF_PULL_REQUEST_TARGET": "main"}),
    (
        "Codefresh",
        {
            "CF_BRANCH": "main",
            "CF_PULL_REQUEST_NUMBER": "7",
            "CF_PULL_REQUEST_MERGED": "false",
            "CF_PULL_REQUEST_TARGET": "main",
            "CF_BASE_BRANCH": "main",
        },
    ),
    ("Woodpecker", {"CI_COMMIT_BRANCH": "main", "CI_PIPELINE_EVENT": "pull_request"}),
    ("Woodpecker", {"CI_COMMIT_BRANCH": "main", "CI_PIPELINE_EVENT": "pull_request_closed"}),
    ("Woodpecker", {"CI_COMMIT_BRANCH": "main", "CI_BUILD_EVENT": "pull_request"}),
    ("Woodpecker", {"CI_COMMIT_TARGET_BRANCH": "main", "CI_COMMIT_PULL_REQUEST": "7"}),
    ("Woodpecker", {"CI_COMMIT_TARGET_BRANCH": "main", "CI_COMMIT_REF": "refs/pull-requests/7/from"}),
    ("Drone", {"DRONE_BRANCH": "main", "DRONE_BUILD_EVENT": "pull_request"}),
    ("Drone", {"DRONE_TARGET_BRANCH": "main", "DRONE_PULL_REQUEST": "7"}),
    ("Drone", {"DRONE_BRANCH": "main", "DRONE_COMMIT_REF": "refs/pull/7/head", "DRONE_BUILD_EVENT": "promote"}),
    (
        "AWS CodeBuild",
        {
            "CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_UPDATED",
            "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main",
            "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main",
        },
    ),
    ("Drone", {"DRONE_BRANCH": "main", "DRONE_COMMIT_REF": "refs/pullreq/7/head"}),
    ("AWS CodeBuild", {"CODEBUILD_WEBHOOK_TRIGGER": "pr/7", "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main"}),
    (
        "Prow",
        {"JOB_TYPE": "presubmit", "PULL_BASE_REF": "main", "PULL_PULL_SHA": COMMIT, "PULL_BASE_SHA": OTHER},
    ),
    ("Prow", {"PULL_NUMBER": "7", "PULL_BASE_REF": "main", "PULL_PULL_SHA": COMMIT}),
    ("Prow", {"PULL_REFS": f"main:{OTHER},7:{COMMIT}", "PULL_BASE_REF": "main", "PULL_PULL_SHA": COMMIT}),
    ("GoCD", {"GO_SCM_NAME_PR_ID": "7", "GO_SCM_NAME_TARGET_BRANCH": "main"}),
    ("Jenkins", {"BRANCH_NAME": "PR-7", "CHANGE_ID": "7", "CHANGE_TARGET": "main"}),
    ("Jenkins", {"GIT_BRANCH": "origin/pr/7/merge", "ghprbPullId": "7", "ghprbTargetBranch": "main"}),
    ("Jenkins", {"GIT_BRANCH": "origin/feature", "gitlabMergeRequestIid": "7", "gitlabTargetBranch": "main"}),
    (
        "Jenkins",
        {"GERRIT_EVENT_TYPE": "patchset-created", "GERRIT_BRANCH": "main", "GIT_BRANCH": "origin/main"},
    ),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "comment-added", "GERRIT_BRANCH": "main", "BRANCH_NAME": "main"}),
    ("Jenkins", {"GERRIT_REFSPEC": "refs/changes/45/12345/3", "GERRIT_BRANCH": "main", "GIT_BRANCH": "main"}),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "change-merged", "GERRIT_BRANCH": "main", "CHANGE_ID": "7"}),
    ("Jenkins", {"GERRIT_CHANGE_NUMBER": "12345", "CHANGE_TARGET": "main", "BRANCH_NAME": "45/12345/3"}),
    ("Google Cloud Build", {"BRANCH_NAME": "feature", "_PR_NUMBER": "7", "_BASE_BRANCH": "main"}),
]
PULL_REQUESTS_INTO_UNKNOWN: list[Case] = [
    ("GitHub Actions", {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_NAME": "pull_request"}),
    ("GitHub Actions", {"GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_NAME": "issue_comment"}),
    ("CircleCI", {"CIRCLE_BRANCH": "pull/7"}),
    ("CircleCI", {"CIRCLE_BRANCH": "main", "CIRCLE_PR_NUMBER": "7"}),
    ("AWS CodeBuild", {"CODEBUILD_SOURCE_VERSION": "pr/7"}),
    ("AWS CodeBuild", {"CODEBUILD_SOURCE_VERSION": "refs/pull/7/head^{0123}"}),
    ("TeamCity", {"TEAMCITY_BUILD_BRANCH": "refs/pull/7/head"}),
    ("TeamCity", {"TEAMCITY_BUILD_BRANCH": "refs/merge-requests/7/head"}),
    ("GoCD", {"GO_MATERIAL_BRANCH": "refs/pull/7/head"}),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "ref-updated", "GERRIT_REFNAME": "refs/changes/45/12345/3"}),
]
# Neither a branch nor a tag.
NAMELESS: list[Case] = [
    ("GitHub Actions", {"GITHUB_EVENT_NAME": "deployment"}),
    ("AWS CodeBuild", {"CODEBUILD_SOURCE_VERSION": "arn:aws:s3:::shop/main.zip"}),
    ("AWS CodeBuild", {"CODEBUILD_SOURCE_VERSION": COMMIT}),
    ("Semaphore", {"SEMAPHORE_GIT_REF_TYPE": "tag", "SEMAPHORE_GIT_BRANCH": "v1.0.0"}),
    ("Prow", {"JOB_TYPE": "periodic"}),
    ("GoCD", {"GO_MATERIAL_BRANCH_A": "main", "GO_MATERIAL_BRANCH_B": "other"}),
    ("TeamCity", {"TEAMCITY_BUILD_BRANCH": "<default>"}),
    ("Jenkins", {"GIT_BRANCH": "detached"}),
    ("Jenkins", {"TAG_NAME": "v1.0.0", "GIT_BRANCH": "detached"}),
    ("Jenkins", {"GIT_BRANCH": "refs/changes/45/12345/3"}),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "ref-updated", "GERRIT_REFNAME": "refs/meta/config"}),
]
COMMITS: list[Case] = [  # where it is not in the usual variable
    ("Drone", {"DRONE_COMMIT": COMMIT}),
    ("GoCD", {"GO_REVISION_NAME": COMMIT}),
    ("GoCD", {"GO_REVISION": COMMIT, "GO_REVISION_NAME": COMMIT}),
    ("Jenkins", {"GERRIT_EVENT_TYPE": "change-merged", "GERRIT_NEWREV": COMMIT}),
    ("Google Cloud Build", {"REVISION_ID": COMMIT}),
]
QUEUE = "gh-readonly-queue/release/1.x/pr-7-0123456789abcdef0123456789abcdef01234567"
QUEUES: list[Case] = [  # for release/1.x
    ("GitHub Actions", {"GITHUB_REF": f"refs/heads/{QUEUE}", "GITHUB_EVENT_NAME": "merge_group"}),
    ("GitHub Actions", {"GITHUB_REF": f"refs/heads/{QUEUE}", "GITHUB_EVENT_NAME": "push"}),
    (
        "GitLab CI",
        {
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "release/1.x",
        },
    ),
    ("Buildkite", {"BUILDKITE_BRANCH": "queued", "BUILDKITE_MERGE_QUEUE_BASE_BRANCH": "release/1.x"}),
    ("CircleCI", {"CIRCLE_BRANCH": QUEUE}),
    ("Prow", {"JOB_TYPE": "batch", "PULL_BASE_REF": "release/1.x"}),
    ("Jenkins", {"GIT_BRANCH": f"upstream/{QUEUE}"}),
    ("Drone", {"DRONE_BRANCH": QUEUE, "DRONE_BUILD_EVENT": "push"}),
]
FORKS: list[Case] = [
    ("GitLab CI", {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "kim/shop", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/shop"}),
    ("GitLab CI", {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "kim/shop", "CI_PROJECT_PATH": "acme/shop"}),
    (
        "GitLab CI",
        {
            "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "kim/shop",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/shop",
        },
    ),
    ("Azure Pipelines", {"SYSTEM_PULLREQUEST_ISFORK": "True"}),
    (
        "Buildkite",
        {
            "BUILDKITE_PULL_REQUEST_REPO": "https://github.com/kim/shop.git",
            "BUILDKITE_REPO": "git@github.com:acme/shop.git",
        },
    ),
    ("CircleCI", {"CIRCLE_PR_USERNAME": "kim"}),
    ("CircleCI", {"CIRCLE_PR_NUMBER": "7"}),
    ("CircleCI", {"CIRCLE_BRANCH": "pull/7"}),
    ("Travis CI", {"TRAVIS_PULL_REQUEST_SLUG": "kim/shop", "TRAVIS_REPO_SLUG": "acme/shop"}),
    ("Travis CI", {"TRAVIS_SECURE_ENV_VARS": "false"}),
    ("AppVeyor", {"APPVEYOR_PULL_REQUEST_HEAD_REPO_NAME": "kim/shop", "APPVEYOR_REPO_NAME": "acme/shop"}),
    ("Semaphore", {"SEMAPHORE_GIT_PR_SLUG": "kim/shop", "SEMAPHORE_GIT_REPO_SLUG": "acme/shop"}),
    ("Codefresh", {"CF_PULL_REQUEST_IS_FORK": "true"}),
    ("Jenkins", {"CHANGE_FORK": "kim"}),
    ("Google Cloud Build", {"_HEAD_REPO_URL": "https://github.com/kim/shop", "REPO_FULL_NAME": "acme/shop"}),
]
NO_FORKS: list[Case] = [
    ("GitLab CI", {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "acme/shop", "CI_PROJECT_PATH": "acme/shop"}),
    ("GitLab CI", {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "acme/shop", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/shop"}),
    (
        "GitLab CI",
        {
            "CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY": "acme/shop",
            "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/shop",
        },
    ),
    ("Azure Pipelines", {"SYSTEM_PULLREQUEST_ISFORK": "False"}),
    (
        "Buildkite",
        {
            "BUILDKITE_PULL_REQUEST_REPO": "git://github.com/Acme/shop.git",
            "BUILDKITE_REPO": "git@github.com:acme/shop",
        },
    ),
    ("Buildkite", {"BUILDKITE_PULL_REQUEST_REPO": "", "BUILDKITE_REPO": "git@github.com:acme/shop"}),
    ("Travis CI", {"TRAVIS_PULL_REQUEST_SLUG": "acme/shop", "TRAVIS_REPO_SLUG": "acme/shop"}),
    (
        "Travis CI",
        {
            "TRAVIS_PULL_REQUEST_SLUG": "acme/shop",
            "TRAVIS_REPO_SLUG": "acme/shop",
            "TRAVIS_SECURE_ENV_VARS": "false",
        },
    ),
    ("AppVeyor", {"APPVEYOR_REPO_NAME": "acme/shop"}),
    ("Codefresh", {"CF_PULL_REQUEST_IS_FORK": "false"}),
    ("Drone", {"DRONE_PULL_REQUEST": "7"}),
    ("Jenkins", {"CIRCLE_PR_USERNAME": "kim"}),  # another system's
]


class Run(NamedTuple):
    """What tells the address of a build, and who started it."""

    variables: Variables
    url: str
    actor: str = ""


_GITHUB = {"GITHUB_SERVER_URL": "https://forge.example.com", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_NUMBER": "7"}
_GITEA_URL = "https://forge.example.com/acme/shop/actions/runs/7"
_CLOUD = "https://console.cloud.google.com/cloud-build/builds;region=global/7?project=shop"
RUNS: list[tuple[str, Run]] = [
    ("Forgejo Actions", Run(_GITHUB | {"GITHUB_ACTOR": "kim"}, _GITEA_URL, "kim")),
    ("Gitea Actions", Run(_GITHUB | {"GITHUB_ACTOR": "kim"}, _GITEA_URL, "kim")),
    (
        "GitHub Actions",
        Run(
            {
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "acme/shop",
                "GITHUB_RUN_ID": "7",
                "GITHUB_ACTOR": "sam",
                "GITHUB_TRIGGERING_ACTOR": "kim",
            },
            "https://github.com/acme/shop/actions/runs/7",
            "kim",
        ),
    ),
    (
        "GitLab CI",
        Run(
            {"CI_JOB_URL": "https://gitlab.com/acme/shop/-/jobs/7", "GITLAB_USER_LOGIN": "kim"},
            "https://gitlab.com/acme/shop/-/jobs/7",
            "kim",
        ),
    ),
    (
        "Azure Pipelines",
        Run(
            {
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
                "SYSTEM_TEAMPROJECT": "shop",
                "BUILD_BUILDID": "7",
                "BUILD_REQUESTEDFOR": "Kim Doe",
            },
            "https://dev.azure.com/acme/shop/_build/results?buildId=7",
            "Kim Doe",
        ),
    ),
    (
        "Bitbucket Pipelines",
        Run(
            {"BITBUCKET_GIT_HTTP_ORIGIN": "https://bitbucket.org/acme/shop"},
            "https://bitbucket.org/acme/shop/pipelines/results/7",
        ),
    ),
    (
        "Buildkite",
        Run(
            {"BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/7", "BUILDKITE_BUILD_CREATOR": "Kim"},
            "https://buildkite.com/acme/shop/builds/7",
            "Kim",
        ),
    ),
    (
        "CircleCI",
        Run(
            {"CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/7", "CIRCLE_USERNAME": "kim"},
            "https://circleci.com/gh/acme/shop/7",
            "kim",
        ),
    ),
    ("Travis CI", Run({"TRAVIS_JOB_WEB_URL": "https://travis.example.com/7"}, "https://travis.example.com/7")),
    ("Travis CI", Run({"TRAVIS_BUILD_WEB_URL": "https://travis.example.com/7"}, "https://travis.example.com/7")),
    (
        "AppVeyor",
        Run(
            {
                "APPVEYOR_URL": "https://ci.appveyor.com",
                "APPVEYOR_ACCOUNT_NAME": "acme",
                "APPVEYOR_PROJECT_SLUG": "shop",
                "APPVEYOR_BUILD_ID": "7",
            },
            "https://ci.appveyor.com/project/acme/shop/builds/7",
        ),
    ),
    (
        "Semaphore",
        Run(
            {
                "SEMAPHORE_ORGANIZATION_URL": "https://acme.semaphoreci.com",
                "SEMAPHORE_JOB_ID": "7",
                "SEMAPHORE_WORKFLOW_TRIGGERED_BY": "kim",
                "SEMAPHORE_PIPELINE_PROMOTED_BY": "auto-promotion",
            },
            "https://acme.semaphoreci.com/jobs/7",
            "kim",
        ),
    ),
    (
        "Semaphore",
        Run(
            {
                "SEMAPHORE_ORGANIZATION_URL": "https://acme.semaphoreci.com",
                "SEMAPHORE_JOB_ID": "7",
                "SEMAPHORE_PIPELINE_PROMOTED_BY": "kim",
            },
            "https://acme.semaphoreci.com/jobs/7",
            "kim",
        ),
    ),
    (
        "Codefresh",
        Run(
            {"CF_BUILD_URL": "https://g.codefresh.io/build/7", "CF_BUILD_INITIATOR": "kim"},
            "https://g.codefresh.io/build/7",
            "kim",
        ),
    ),
    (
        "Woodpecker",
        Run(
            {"CI_PIPELINE_URL": "https://ci.example.com/repos/7/pipeline/8", "CI_PIPELINE_AUTHOR": "kim"},
            "https://ci.example.com/repos/7/pipeline/8",
            "kim",
        ),
    ),
    ("Woodpecker", Run({"CI_BUILD_LINK": "https://ci.example.com/shop/8"}, "https://ci.example.com/shop/8")),
    (
        "Drone",
        Run(
            {"DRONE_BUILD_LINK": "https://drone.example.com/acme/shop/7", "DRONE_BUILD_TRIGGER": "kim"},
            "https://drone.example.com/acme/shop/7",
            "kim",
        ),
    ),
    (
        "Drone",
        Run(
            {"DRONE_BUILD_LINK": "https://drone.example.com/acme/shop/7", "DRONE_BUILD_TRIGGER": "@hook"},
            "https://drone.example.com/acme/shop/7",
        ),
    ),
    (
        "AWS CodeBuild",
        Run(
            {"AWS_REGION": "eu-west-1", "CODEBUILD_INITIATOR": "kim"},
            "https://console.aws.amazon.com/codebuild/home?region=eu-west-1#/builds/shop:7/view/new",
            "kim",
        ),
    ),
    ("AWS CodeBuild", Run({"CODEBUILD_PUBLIC_BUILD_URL": "https://aws.example.com/7"}, "https://aws.example.com/7")),
    (
        "GoCD",
        Run(
            {
                "GO_SERVER_URL": "https://go.example.com/go",
                "GO_PIPELINE_COUNTER": "7",
                "GO_STAGE_NAME": "gate",
                "GO_STAGE_COUNTER": "1",
                "GO_TRIGGER_USER": "kim",
            },
            "https://go.example.com/go/pipelines/shop/7/gate/1",
            "kim",
        ),
    ),
    (
        "TeamCity",
        Run({"BUILD_URL": "https://teamcity.example.com/build/7"}, "https://teamcity.example.com/build/7"),
    ),
    (
        "Jenkins",
        Run(
            {"BUILD_URL": "https://jenkins.example.com/job/shop/7/", "BUILD_USER_ID": "kim", "BUILD_USER": "Kim Doe"},
            "https://jenkins.example.com/job/shop/7",
            "kim",
        ),
    ),
    (
        "Jenkins",
        Run(
            {"BUILD_URL": "https://jenkins.example.com/job/shop/7/", "BUILD_USER": "Kim Doe"},
            "https://jenkins.example.com/job/shop/7",
            "Kim Doe",
        ),
    ),
    (
        "Jenkins",
        Run(
            {"BUILD_URL": "https://jenkins.example.com/job/shop/7/", "GERRIT_EVENT_ACCOUNT_NAME": "Kim Doe"},
            "https://jenkins.example.com/job/shop/7",
            "Kim Doe",
        ),
    ),
    ("Google Cloud Build", Run({"LOCATION": "global", "BUILD_ID": "7", "PROJECT_ID": "shop"}, _CLOUD)),
]


def environ(provider: str, variables: Variables) -> Variables:
    """Return the variables of a build of COMMIT on one system."""
    marks, commit = SYSTEMS[provider]
    return {**marks, commit: COMMIT, **variables}
