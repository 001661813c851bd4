"""A pull request is judged as far as it can be before the merge; nothing that a preview wrote passes for a release."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.options import OPTIONS
from tests.conftest import CLI, RELEASE, Run, Sentinel, each
from tests.conftest import run as run_command

WAYS = pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
WHOLE = sorted(option.flag for option in OPTIONS if option.whole)


def request(sentinel: Sentinel, base: str = "main") -> dict[str, Any]:
    """Make a pull request of GitHub, and return the variables of its build."""
    repo = sentinel.repo
    repo.git("checkout", "--quiet", "-b", "feature")
    repo.commit("feature.py")
    repo.git("checkout", "--quiet", "--detach")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_SHA": repo.head,
        "GITHUB_HEAD_REF": "feature",
        "GITHUB_BASE_REF": base,
    }


@WAYS
def test_a_pull_request_is_previewed(sentinel: Sentinel, *, plain: bool) -> None:
    """It is blocked without the option; with it, its target counts, and every report says PREVIEW."""
    variables = request(sentinel)
    sentinel = replace(sentinel, pushes=False)
    run = sentinel.pytest if plain else sentinel
    done = run(**variables)
    assert done.code == 1
    assert "Releases blocked from a pull request" in done.out
    summary = sentinel.reports / "summary.md"
    done = run("--gate-preview", f"--gate-summary={summary}", **variables)
    assert done.code == 0, done.out
    assert done.block[0] == "PREVIEW SAFE (exit 0): v1.0.0 may go to prod as far as a preview can say"
    assert (done.verdict["verdict"], done.verdict["preview"]) == ("PREVIEW SAFE", True)
    assert "PREVIEW SAFE" in done.junit
    assert "PREVIEW SAFE" in summary.read_text(encoding="utf-8")
    assert reason(done, "branch") == "a preview: to be merged into main, according to GitHub Actions"


def reason(done: Run, gate: str) -> str:
    """Return what the verdict file says of a gate."""
    return next(str(one["reason"]) for one in done.verdict["gates"] if one["id"] == gate)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("develop", "to be merged into develop, according to GitHub Actions, but origin ("),
        ("feature", "to be merged into feature, according to GitHub Actions; releases come from main, master"),
    ],
)
def test_the_target_has_to_be_a_release_branch_of_the_remote(sentinel: Sentinel, base: str, words: str) -> None:
    """A request on top of another one is no step to a release."""
    variables = request(sentinel, base)
    sentinel.repo.git("push", "--quiet", "origin", "HEAD:refs/heads/feature")
    done = replace(sentinel, pushes=False)("--gate-preview", **variables)
    assert done.code == 1
    assert words in reason(done, "branch")


@WAYS
def test_a_branch_is_previewed_by_a_claim_or_the_default_branch(sentinel: Sentinel, *, plain: bool) -> None:
    """Where no CI variable names a target: `--gate-branch`, else the default branch of the remote."""
    sentinel.repo.git("checkout", "--quiet", "-b", "feature")
    sentinel.repo.commit("feature.py")
    sentinel = replace(sentinel, pushes=False)
    run = sentinel.pytest if plain else sentinel
    origin = sentinel.repo.path.with_name("origin.git")
    (origin / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    done = run("--gate-preview")
    assert done.code == 0, done.out
    assert reason(done, "branch") == f"a preview: to be merged into main, according to origin ({origin})"
    done = run("--gate-preview", "--gate-branch=master")
    assert done.code == 1
    assert "to be merged into master, according to --gate-branch, but" in reason(done, "branch")


@WAYS
def test_a_tag_that_is_taken_blocks_a_preview(sentinel: Sentinel, *, plain: bool) -> None:
    """Whatever the policy says of tags: the version has to be free."""
    variables = request(sentinel)
    sentinel.repo.git("push", "--quiet", "origin", "main:refs/tags/v1.0.0")
    sentinel = replace(sentinel, pushes=False)
    done = (sentinel.pytest if plain else sentinel)("--gate-preview", RS_TAG_MODE="existing", **variables)
    assert done.code == 1
    assert "Git tag already exists: v1.0.0" in done.out


@WAYS
def test_a_build_of_a_tag_has_no_preview(sentinel: Sentinel, *, plain: bool) -> None:
    """What is tagged is merged."""
    variables: dict[str, Any] = {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/v1.0.0"}
    variables["GITHUB_SHA"] = sentinel.repo.head
    done = (sentinel.pytest if plain else sentinel)("--gate-preview", **variables)
    assert done.code == 1
    assert "GitHub Actions builds tag v1.0.0, and --gate-preview judges what is not merged yet" in done.out
    assert done.verdict["verdict"] == "PREVIEW INCOMPLETE"


@each("flag", WHOLE)
def test_nothing_is_handed_on_from_a_preview(sentinel: Sentinel, flag: str, *, plain: bool) -> None:
    """No tag, no release, no attestation."""
    word = f"{flag}={sentinel.reports / 'a.json'}" if flag == "--gate-attestation" else flag
    done = (sentinel.pytest if plain else sentinel)("--gate-preview", word)
    assert done.code == (4 if plain else 1), done.out
    assert f"{flag} and --gate-preview: what is not merged yet is not released" in done.out
    assert not sentinel.repo.git("tag")


@pytest.mark.parametrize("command", ["verify", "tag"])
@pytest.mark.parametrize("forged", [False, True], ids=["as it is", "by hand"])
def test_no_command_accepts_a_preview(sentinel: Sentinel, command: str, *, forged: bool) -> None:
    """Not even one whose verdict was edited to SAFE."""
    variables = request(sentinel)
    sentinel = replace(sentinel, pushes=False)
    assert sentinel("--gate-preview", **variables).code == 0
    file = sentinel.reports / "verdict.json"
    if forged:
        seen = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**seen, "verdict": "SAFE"}), encoding="utf-8")
    words = (str(file),) if command == "verify" else (f"--verdict={file}",)
    done = run_command(*CLI, command, *words, *RELEASE, cwd=sentinel.repo.path, env=sentinel.settings)
    assert done.code == 1
    assert ("with mode preview" if forged else "the verdict is PREVIEW SAFE, expected SAFE") in done.out
    assert not sentinel.repo.git("tag")


def test_a_preview_of_an_existing_tag_is_refused(sentinel: Sentinel) -> None:
    """What has the version's tag is not merged any more."""
    done = sentinel("--gate-preview", "--gate-tag-mode=existing")
    assert (done.code, done.verdict["gates"]) == (1, [])
    assert "--gate-tag-mode existing and --gate-preview: what has the version's tag is not work to merge" in done.out


@pytest.mark.parametrize("preview", [True, False])
def test_secrets_that_ci_withholds_are_a_warning_in_a_preview(sentinel: Sentinel, *, preview: bool) -> None:
    """A fork gets none; a setting that is missing fails there, too."""
    event = sentinel.reports / "event.json"
    sides = {"head": {"repo": {"full_name": "kim/shop"}}, "base": {"repo": {"full_name": "shop/shop"}}}
    event.write_text(json.dumps({"action": "opened", "pull_request": sides}), encoding="utf-8")
    variables = {**request(sentinel), "GITHUB_EVENT_PATH": str(event)}
    bare = replace(sentinel, pushes=False, settings={**sentinel.settings, "RS_DEPLOY_TOKEN": ""})  # as GitHub has it
    done = bare(*(["--gate-preview"] if preview else []), **variables)
    status = done.statuses["configuration"]
    assert (done.code, status) == ((0, "WARN") if preview else (1, "CRIT")), done.out
    if preview:
        assert reason(done, "configuration").startswith("not set: RS_DEPLOY_TOKEN; GitHub Actions withholds secrets")
        own = {**sides, "head": sides["base"]}
        event.write_text(json.dumps({"action": "opened", "pull_request": own}), encoding="utf-8")
        assert bare("--gate-preview", **variables).statuses["configuration"] == "CRIT"  # the secret is forgotten
        bare = replace(bare, settings={name: text for name, text in bare.settings.items() if name != "RS_API_URL"})
        event.write_text(json.dumps({"action": "opened", "pull_request": sides}), encoding="utf-8")
        assert bare("--gate-preview", **variables).statuses["configuration"] == "CRIT"


def test_a_preview_of_what_cannot_be_asked_is_unknown(sentinel: Sentinel) -> None:
    """No remote, or none that answers."""
    sentinel = replace(sentinel, pushes=False)
    sentinel.repo.git("remote", "set-url", "origin", str(Path(sentinel.reports, "gone.git")))
    done = sentinel("--gate-preview")
    assert (done.code, done.statuses["branch"]) == (1, "UNKNOWN")
    sentinel.repo.git("remote", "remove", "origin")
    done = sentinel("--gate-preview")
    assert (done.code, done.statuses["branch"]) == (1, "UNKNOWN")
    assert "the clone has no remote" in reason(done, "branch")


def test_what_only_the_branch_can_show_is_left_for_later(sentinel: Sentinel) -> None:
    """Whether HEAD is in sync or signed is the merge's business; they say so."""
    variables = request(sentinel)
    sentinel.repo.write("release-sentinel.toml", "enable = ['in-sync', 'signature']\n")
    variables["GITHUB_SHA"] = sentinel.repo.commit("more.py")
    done = replace(sentinel, pushes=False)("--gate-preview", **variables)
    assert done.code == 0, done.out
    assert {reason(done, gate) for gate in ("in-sync", "signature")} == {"a preview: this is judged after the merge"}
