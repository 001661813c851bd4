"""A real run in a build: HEAD is detached, and only the variables of the CI system say what is built."""

from dataclasses import replace

import pytest

from tests.conftest import Sentinel
from tests.observe import ci_cases
from tests.observe.ci_cases import COMMIT, Variables


def drone(**variables: str) -> Variables:
    """Return the variables of a build of Drone: of main, unless they say otherwise."""
    return ci_cases.environ("Drone", {"DRONE_BRANCH": "main", "DRONE_BUILD_EVENT": "push", **variables})


SCHEDULED = {"BUILDKITE_BRANCH": "main", "BUILDKITE_COMMIT": "HEAD", "BUILDKITE_SOURCE": "schedule"}
# By Jenkins, the parameter TAG_NAME is no tag build.
PARAMETER = {"GIT_BRANCH": "origin/main", "TAG_NAME": "v0.9.0"}


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
@pytest.mark.parametrize(
    ("variables", "code", "told"),
    [
        (drone(), 0, "on branch main, according to Drone"),
        (ci_cases.environ("Buildkite", SCHEDULED), 0, "on branch main, according to Buildkite"),
        (ci_cases.environ("Jenkins", PARAMETER), 0, "on branch main, according to Jenkins"),
        (drone(DRONE_BUILD_EVENT="pull_request"), 1, "Releases blocked from a pull request: Drone"),
        (drone(DRONE_COMMIT_REF="refs/pull/7/head"), 1, "Releases blocked from a pull request: Drone"),
    ],
    ids=["branch", "scheduled", "parameter", "pull request", "promoted pull request"],
)
def test_a_run_in_ci(sentinel: Sentinel, way: str, variables: Variables, code: int, told: str) -> None:
    """A branch build passes on the word of its system, and a pull request is blocked, also if it was promoted."""
    sentinel.repo.git("checkout", "--quiet", "--detach")
    here = {name: value.replace(COMMIT, sentinel.repo.head) for name, value in variables.items()}
    built = replace(sentinel, settings={**sentinel.settings, **here})
    done = (built if way == "release-sentinel" else built.pytest)("-rA")
    assert done.code == code, done.out
    assert told in " ".join(done.out.split()) + str(done.verdict)
