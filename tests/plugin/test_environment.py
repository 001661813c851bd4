"""The environment that the built-in gates judge: that of the start of the run, whatever its own files set later."""

import re
from pathlib import Path
from typing import Any

import pytest

from release_sentinel import plugin
from tests.conftest import SECRET, Sentinel

BOTH = pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
TOKEN = "T0k3n-of-a-conftest-91c7"
OWN = "import os, pytest\n{}@pytest.mark.policy\ndef test_own():\n    assert {}\n"
PLACES = {  # variable: the file that sets it, and how
    "TOP_TOKEN": ("conftest.py", "import os\nos.environ['TOP_TOKEN'] = {!r}\n"),
    "HOOK_TOKEN": (
        "gate_tests/conftest.py",
        "import os\ndef pytest_configure():\n    os.environ['HOOK_TOKEN'] = {!r}\n",
    ),
    "PAYMENTS_TOKEN": ("gate_tests/test_a.py", "import os\nos.environ['PAYMENTS_TOKEN'] = {!r}\n"),
}
POLICY = """
[required]
secrets = ["RS_DEPLOY_TOKEN", "TOP_TOKEN", "HOOK_TOKEN"]
[[dependencies]]
name = "payments"
url = "{url}"
headers = {{ Authorization = "Bearer ${{PAYMENTS_TOKEN}}" }}
"""


@BOTH
def test_a_setting_of_a_conftest_or_gate_is_none_of_the_release(sentinel: Sentinel, *, plain: bool) -> None:
    """Each is missed; a note says why. A gate of the repository's own sees what its code has set."""
    sentinel.repo.write("release-sentinel.toml", POLICY.format(url=sentinel.settings["RS_API_URL"]))
    for name, source in PLACES.values():
        sentinel.repo.write(name, source.format(TOKEN))
    sentinel.gate(OWN.format("", f"all(os.environ[name] for name in {[*PLACES]})"))
    given: dict[str, Any] = dict.fromkeys(PLACES, TOKEN)
    judge = sentinel.pytest if plain else sentinel
    done = judge()
    assert done.code == 1
    assert done.statuses["own"] == "OK"
    (said,) = [gate["reason"] for gate in done.verdict["gates"] if gate["id"] == "configuration"]
    assert all(name in said for name in PLACES), said
    assert (
        "TOP_TOKEN, HOOK_TOKEN, PAYMENTS_TOKEN" in done.out.partition("note: ")[2].partition(" is set by a conftest")[0]
    )
    assert judge(**given).code == 0


CLAIMS = {  # what a conftest says of CI, and the gate that has to fail all the same
    "branch": ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "{head}"}, "branch"),
    "tag": ({"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1.0.0", "CI_COMMIT_SHA": "{head}"}, "tag"),
    "summary": ({"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "stray.txt"}, "clean-tree"),
    "fork": ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": "{head}"}, "configuration"),
}


@BOTH
@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("file", ["conftest.py", "gate_tests/test_ci.py"])
def test_a_build_that_a_file_of_the_run_claims_is_none(
    sentinel: Sentinel, claim: str, file: str, *, plain: bool
) -> None:
    """Neither its branch, nor its tag, its files, or a pull request that secrets are withheld from."""
    variables, gate = CLAIMS[claim]
    options = ("--gate-preview",) if claim == "fork" else ()
    sentinel.gate(OWN.format("", "True"))
    sets = "import os\nhead = os.popen('git rev-parse HEAD').read().strip()\n" + "".join(
        f"os.environ[{name!r}] = {value!r}.replace('{{head}}', head)\n" for name, value in variables.items()
    )
    sentinel.repo.commit(file, sets)
    sentinel.repo.git("push", "--quiet", "origin", "main")
    if claim == "branch":
        sentinel.repo.git("checkout", "--quiet", "--detach")
    if claim == "tag":
        sentinel.repo.git("tag", "--annotate", "--message", "x", "v1.0.0")
        sentinel.repo.git("push", "--quiet", "origin", "v1.0.0")
    if claim == "summary":
        sentinel.repo.write("stray.txt")
    token: dict[str, Any] = {"RS_DEPLOY_TOKEN": ""} if claim == "fork" else {}
    done = (sentinel.pytest if plain else sentinel)(*options, **token)
    assert done.code == 1, done.out
    assert done.statuses[gate] in {"CRIT", "UNKNOWN"}, done.out


@BOTH
def test_what_the_run_was_given_stays(sentinel: Sentinel, *, plain: bool) -> None:
    """A conftest may drop a token, or set another, for the tests of the repository: the release has its own."""
    drops = "import os\nos.environ.pop('RS_DEPLOY_TOKEN', 0)\nos.environ['RS_API_URL'] = 'http://127.0.0.1:9'\n"
    sentinel.repo.commit("conftest.py", drops)
    sentinel.gate(OWN.format("", f"'RS_DEPLOY_TOKEN' not in os.environ and {SECRET!r}"))
    done = (sentinel.pytest if plain else sentinel)()
    assert done.code == 0, done.out


def test_one_owner_reads_the_environment() -> None:
    """The session, and what runs before there is one or after the verdict; nothing in between asks CI by itself."""
    owners = {"__init__.py", "ending.py", "hooks.py", "session.py"}
    reads = re.compile(r"os\.environ\b|getenv|ci\.(build|withheld|from_fork)\(\)")
    found = {file.name for file in Path(plugin.__file__).parent.glob("*.py") if reads.search(file.read_text("utf-8"))}
    assert found == owners
