"""The judged commit is tagged, and no other; whatever goes wrong leaves no tag, here or on the remote."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.deliver.tag import TagOrder, message, tag
from release_sentinel.errors import DeliveryError
from release_sentinel.observe.git import Rules
from release_sentinel.reports.document import document
from tests.conftest import Repo
from tests.reports.samples import CLOSE, PASSED, SAMPLES, WAIVED, verdict

PUSH = TagOrder(push=True)


def safe(repo: Repo, **changes: Any) -> Mapping[str, Any]:
    """Return a SAFE verdict about the repository's HEAD."""
    return {**document(verdict(PASSED, CLOSE)), "commit": repo.head, **changes}


def tags(repo: Repo) -> list[str]:
    """Return the tags here, then those on the remote."""
    there = repo.git("ls-remote", "--tags", "--refs", "origin").splitlines()
    return [*repo.git("tag", "--list").splitlines(), *(f"origin {line.split('/')[-1]}" for line in there)]


def refused(repo: Repo, said: Mapping[str, Any], order: TagOrder = PUSH) -> str:
    """Return why a tag is refused, after a look that nothing was changed."""
    before = tags(repo) if repo.git("remote") else repo.git("tag")
    with pytest.raises(DeliveryError) as error:
        tag(said, repo.path, order, str)
    assert before == (tags(repo) if repo.git("remote") else repo.git("tag"))
    return str(error.value)


def test_the_judged_commit_is_tagged(repo: Repo) -> None:
    """An annotated tag here; its message records the verdict. Nothing is pushed that no one asked for."""
    assert tag(safe(repo), repo.path, TagOrder(), str) == f"tagged: v1.0.0 at {repo.head[:12]}, not pushed"
    assert tags(repo) == ["v1.0.0"]
    assert repo.git("rev-parse", "v1.0.0^{commit}") == repo.head
    assert repo.git("cat-file", "-t", "v1.0.0") == "tag"
    said = repo.git("tag", "--list", "--format=%(contents)", "v1.0.0")
    assert said.startswith("SAFE: v1.0.0 to prod\n\nRelease-Verdict: SAFE (exit 0), 2 gates\n")
    assert "[WARNED] memory: 80% in use" in said


def test_the_tag_is_pushed(repo: Repo) -> None:
    """And nothing but it: neither other tags nor the branch."""
    repo.git("tag", "-a", "other", "-m", "other")
    repo.git("config", "push.followTags", "true")
    repo.commit()
    assert tag(safe(repo), repo.path, PUSH, str).startswith(f"tagged: v1.0.0 at {repo.head[:12]}, pushed to origin (")
    assert tags(repo) == ["other", "v1.0.0", "origin v1.0.0"]
    assert repo.git("rev-parse", "origin/main") != repo.head


def test_the_judged_remote_gets_the_tag(repo: Repo) -> None:
    """Whatever HEAD's branch follows by now."""
    upstream = repo.add_remote(repo.path.with_name("upstream.git"), "upstream")
    repo.git("config", "branch.main.remote", "origin")
    assert "pushed to upstream" in tag(safe(repo, remote="upstream"), repo.path, PUSH, str)
    assert (tags(repo), upstream.git("tag")) == (["v1.0.0"], "v1.0.0")
    repo.git("tag", "--delete", "v1.0.0")
    assert "there is no remote 'gone'" in refused(repo, safe(repo, remote="gone"))


def test_a_remote_that_takes_no_pushes_gets_no_tag(repo: Repo) -> None:
    """The message names the address that forbids them; without a push the tag is made."""
    repo.git("remote", "set-url", "--push", "origin", "no_push")
    assert "the address for pushes to origin is 'no_push'" in refused(repo, safe(repo))
    assert tag(safe(repo), repo.path, TagOrder(), str).endswith("not pushed")


def test_a_message_keeps_what_git_would_strip() -> None:
    """It tells what was let pass: warnings and waivers."""
    lines = message(document(verdict(PASSED, WAIVED))).splitlines()
    assert lines[2:5] == [
        "Release-Verdict: SAFE (exit 0), 2 gates",
        "Release-Env: prod",
        "Release-Commit: 0123456789abcdef0123456789abcdef01234567",
    ]
    assert lines[6] == "[WAIVED] disk: 91% in use — waived until 2024-06-30, by Kim"


@pytest.mark.parametrize("sample", sorted(name for name in SAMPLES if SAMPLES[name].label != "SAFE"))
def test_only_a_whole_safe_run_is_tagged(repo: Repo, sample: str) -> None:
    """A partial one is none."""
    said = {**document(SAMPLES[sample]), "commit": repo.head}
    assert refused(repo, said) == f"the verdict is {said['verdict']}, and only a whole SAFE run is tagged"


@pytest.mark.parametrize("change", [{"partial": True}, {"exit_code": 1}, {"verdict": "PARTIAL SAFE"}])
def test_a_torn_verdict_is_not_tagged(repo: Repo, change: dict[str, Any]) -> None:
    """Every field has to say the same."""
    assert "only a whole SAFE run is tagged" in refused(repo, safe(repo, **change))


def test_a_moved_head_is_refused(repo: Repo) -> None:
    """Somebody committed, or checked something else out, while the gates ran."""
    said = safe(repo)
    repo.commit("more.py")
    words = refused(repo, said)
    assert words == f"HEAD is at {repo.head[:12]} now, and {said['commit'][:12]} was judged: run the gate again"


def test_a_changed_tree_is_refused(repo: Repo) -> None:
    """What is built from it is not what was judged; files of one's own reports are excused by the rules."""
    repo.write("notes.txt")
    assert "the work tree is not what was judged (1 path, the first is ?? notes.txt)" in refused(repo, safe(repo))
    assert tag(safe(repo), repo.path, TagOrder(rules=Rules(untracked=False)), str).startswith("tagged: ")


@pytest.mark.parametrize("name", ["v1.0.0", "1.0.0"])
def test_an_existing_tag_is_refused(repo: Repo, name: str) -> None:
    """Here, in any spelling; it stays where it is."""
    repo.git("tag", name)
    assert refused(repo, safe(repo)).startswith(f"tag {name} exists already in this clone, at {repo.head[:12]}")


def test_an_existing_tag_on_the_remote_is_refused(repo: Repo) -> None:
    """Also one that this clone does not know."""
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0")
    assert refused(repo, safe(repo), TagOrder()).startswith("tag v1.0.0 exists already in origin (")


def test_a_push_that_is_refused_leaves_no_tag(repo: Repo, tmp_path: Path) -> None:
    """A hook of the remote says no: in its own words, and the local tag is gone again."""
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho releases are closed >&2\nexit 1\n")
    hook.chmod(0o755)
    words = refused(repo, safe(repo))
    assert words.startswith("tag v1.0.0 could not be pushed to origin (")
    assert "and it was removed here again" in words
    assert "releases are closed" in words


def test_a_remote_that_is_gone_is_refused(repo: Repo, tmp_path: Path) -> None:
    """Whether the tag is free cannot be determined; nothing was made."""
    shutil.rmtree(tmp_path / "origin.git")
    with pytest.raises(DeliveryError, match=r"whether tag v1\.0\.0 is free cannot be determined: the remote origin"):
        tag(safe(repo), repo.path, TagOrder(), str)
    assert repo.git("tag") == ""


def test_without_a_remote_nothing_can_be_pushed(repo: Repo) -> None:
    """A tag here can be made."""
    repo.git("remote", "remove", "origin")
    assert refused(repo, safe(repo)) == "tag v1.0.0 cannot be pushed: the repository has no remote"
    assert tag(safe(repo), repo.path, TagOrder(), str).endswith("not pushed")


def test_without_an_identity_git_says_so(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a fresh CI machine."""
    repo.git("config", "user.useConfigOnly", "true")
    for name in ("NAME", "EMAIL"):
        monkeypatch.delenv(f"GIT_COMMITTER_{name}")
    words = refused(repo, safe(repo))
    assert words.startswith("Git could not make the tag: ")
    assert "user.email" in words


def test_a_repository_that_is_gone(tmp_path: Path) -> None:
    """It cannot be looked at again."""
    with pytest.raises(DeliveryError, match="not a git repository"):
        tag(document(SAMPLES["safe"]), tmp_path, TagOrder(), str)


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_signed_tag(repo: Repo, tmp_path: Path) -> None:
    """With the key that Git is told of; without one there is no tag."""
    order = TagOrder(sign=True)
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(tmp_path / "key"))
    assert refused(repo, safe(repo), order).startswith("Git ma")  # newer ones make none, older ones one without
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    tag(safe(repo), repo.path, order, str)
    assert "-----BEGIN SSH SIGNATURE-----" in repo.git("cat-file", "tag", "v1.0.0")


class Halfway:
    """A release whose first run stopped after some step: the tag is in the clone, on the remote, or both."""

    def __init__(self, repo: Repo, **changes: str) -> None:
        self.repo, self.said = repo, {**safe(repo), **changes}

    def again(self, order: TagOrder | None = None) -> str:
        """Run again; a failure is its words."""
        try:
            return tag(self.said, self.repo.path, order or TagOrder(push=True), str)
        except DeliveryError as error:
            return str(error)


def test_the_tag_of_an_earlier_run_counts(repo: Repo) -> None:
    """It was pushed: nothing is done, whether or not this clone knows the tag; the object stays the same."""
    halfway = Halfway(repo)
    halfway.again()
    object_ = repo.git("ls-remote", "origin", "refs/tags/v1.0.0")
    assert halfway.again().startswith(f"tagged: v1.0.0 at {repo.head[:12]}, already in origin (")
    repo.git("tag", "--delete", "v1.0.0")
    repo.git("reflog", "expire", "--expire=all", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    assert "already in origin (" in halfway.again()
    assert repo.git("tag") == ""
    assert repo.git("ls-remote", "origin", "refs/tags/v1.0.0") == object_


def test_a_tag_that_was_not_pushed_is_pushed(repo: Repo) -> None:
    """The run was killed between the two: this very tag is pushed."""
    halfway = Halfway(repo)
    halfway.again(TagOrder())
    object_ = repo.git("rev-parse", "v1.0.0")
    assert halfway.again(TagOrder()).endswith("already here, not pushed")
    assert "pushed to origin (" in halfway.again()
    assert repo.git("ls-remote", "origin", "refs/tags/v1.0.0").startswith(object_)


def test_a_push_that_fails_again_leaves_the_tag_of_the_earlier_run(repo: Repo, tmp_path: Path) -> None:
    """What this run did not make it does not remove."""
    halfway = Halfway(repo)
    halfway.again(TagOrder())
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert "could not be pushed to origin (" in (said := halfway.again())
    assert "and it stays here: " in said
    assert repo.git("tag") == "v1.0.0"


def test_a_tag_that_was_pushed_needs_no_work_tree(repo: Repo) -> None:
    """It was made of what was judged; what the clone has by now does not matter."""
    halfway = Halfway(repo)
    halfway.again()
    repo.commit("more.py")
    repo.write("notes.txt")
    assert "already in origin (" in halfway.again()


OTHERS = {
    "for another environment": ({"env": "stage"}, "was made for stage"),
    "of another commit": ({"commit": "0" * 40}, "was made for prod"),
    "not SAFE": ({"verdict": "BLOCKED"}, "was made for prod"),
}


@pytest.mark.parametrize("other", [*OTHERS, "lightweight", "by hand", "at another commit"])
@pytest.mark.parametrize("place", ["here", "there"])
def test_the_tag_of_another_is_refused(repo: Repo, other: str, place: str) -> None:
    """What this release did not make at this commit is not its own; it stays as it is."""
    halfway, words = Halfway(repo), "does not record this release"
    name, at = "v1.0.0", repo.head
    if other in OTHERS:
        changes, words = OTHERS[other]
        repo.git("tag", "--annotate", f"--message={message({**halfway.said, **changes})}", name)
    elif other == "at another commit":
        at = repo.commit("more.py")
        repo.git("tag", "--annotate", f"--message={message(halfway.said)}", name)
        repo.git("reset", "--quiet", "--hard", "HEAD~1")
        words = "nothing was changed"
    else:
        repo.git("tag", *(["--annotate", "--message=1.0.0"] if other == "by hand" else []), name)
    if place == "there":
        repo.git("push", "--quiet", "origin", name)
        repo.git("tag", "--delete", name)
    said = halfway.again()
    where = "this clone" if place == "here" else "origin ("
    assert said.startswith(f"tag {name} exists already in {where}")
    assert f"at {at[:12]}" in said
    assert words in said


def test_a_release_that_wants_a_signature_refuses_a_tag_without(repo: Repo) -> None:
    """The earlier run had not been told to sign."""
    halfway = Halfway(repo)
    halfway.again()
    assert "without a signature, and signed ones are wanted" in halfway.again(TagOrder(push=True, sign=True))


def test_any_maker_s_tag_at_the_commit_can_be_accepted(repo: Repo) -> None:
    """To release what a tag build has judged: published, and at the judged commit."""
    halfway, anyone = Halfway(repo), TagOrder(push=True, any_maker=True)
    repo.git("push", "--quiet", "origin", "HEAD:refs/tags/v1.0.0")
    assert "already in origin (" in halfway.again(anyone)
    assert "expected" not in halfway.again(anyone)
    repo.git("push", "--quiet", "--force", "origin", f"{repo.commit('more.py')}:refs/tags/v1.0.0")
    assert "exists already in origin (" in halfway.again(anyone)


def test_a_tag_that_cannot_be_read_is_no_one_s(repo: Repo, tmp_path: Path) -> None:
    """The remote lists it and does not hand it out: unknown, so nothing is done."""
    halfway = Halfway(repo)
    halfway.again()
    repo.git("tag", "--delete", "v1.0.0")
    repo.git("reflog", "expire", "--expire=all", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    repo.git("config", "remote.origin.uploadpack", f"'{tmp_path}/listing-only'")
    script = tmp_path / "listing-only"
    once = 'test ! -e "$0.asked" || exit 1; touch "$0.asked"'
    script.write_text(f'#!/bin/sh\n{once}\nexec git-upload-pack "$@"\n')
    script.chmod(0o755)
    said = halfway.again()
    assert said.startswith("tag v1.0.0 exists already in origin (")
    assert "what tag v1.0.0 says cannot be determined" in said
