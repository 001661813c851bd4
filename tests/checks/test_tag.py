"""A release's tag is free everywhere, or on a tag build at the judged commit."""

from pathlib import Path

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.checks.tag import check_tag
from release_sentinel.config.kinds import TagMode
from release_sentinel.observe import Unseen, git
from release_sentinel.observe.ci import Build
from release_sentinel.observe.git import Refs, Repository, Tags
from release_sentinel.versions import in_the_way, tag_names
from release_sentinel.vocabulary import Status
from tests.conftest import Repo, make_repo
from tests.observe.parts import clone, closed_port, look

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
REPOSITORY = Repository(Path("/shop"), COMMIT, "main", "", shallow=False, changes=())
NONE = Refs({}, "origin")


def judge(
    repo: Repo, build: Build | None = None, version: str = "v1.0.0", remote: str = "", mode: TagMode = "auto"
) -> CheckResult:
    """Judge a real repository, as the gate does."""
    names = [*tag_names(version), *in_the_way(version)]
    return check_tag(
        version,
        git.look(repo.path),
        lambda: git.tags(repo.path, names, asked=git.find_remote(repo.path, remote)),
        build,
        mode=mode,
    )


def push_tag(repo: Repo, tag: str, *options: str) -> None:
    """Tag HEAD only on the remote: the clone does not have the tag."""
    repo.git("tag", *options, tag)
    repo.git("push", "--quiet", "origin", f"refs/tags/{tag}")
    repo.git("tag", "--delete", tag)


def test_a_free_tag(repo: Repo, tmp_path: Path) -> None:
    """A tag that does not exist passes, and the message says where it was looked for."""
    result = judge(repo)
    assert (result.status, result.message) == (OK, f"tag v1.0.0 is free in origin ({tmp_path / 'origin.git'})")


@pytest.mark.sweep
@pytest.mark.parametrize("tag", ["v1.0.0", "1.0.0"])
@pytest.mark.parametrize("options", [(), ("--annotate", "--message=x")], ids=["lightweight", "annotated"])
def test_a_tag_on_the_remote_only(repo: Repo, tmp_path: Path, tag: str, options: tuple[str, ...]) -> None:
    """A tag that this clone does not have, in either spelling and of either kind, is taken."""
    push_tag(repo, tag, *options)
    result = judge(repo)
    where = f"origin ({tmp_path / 'origin.git'}), at {repo.head[:12]}"
    assert (result.status, result.message) == (CRIT, f"Git tag already exists: {tag} in {where}, which is HEAD")
    assert result.remedy == (
        "where CI builds this very tag, add --gate-tag-mode existing; to finish a release that stopped after its tag, "
        "run its command again, or `release-sentinel release` with its verdict file; else release the next version, "
        "such as v1.0.1"
    )
    repo.commit()
    result = judge(repo)
    assert (result.status, result.message) == (CRIT, f"Git tag already exists: {tag} in {where}")
    assert result.remedy == "release the next version, such as v1.0.1"


@pytest.mark.parametrize(
    ("version", "prefix", "others", "following"),
    [
        ("v1.0.0", "v", (), "v1.0.1"),
        ("v1.0.0", "v", ("v1.0.1", "v1.0.2", "v2.0.0"), "v1.0.3"),
        ("1.0.0", "", ("v1.0.1",), "1.0.2"),
        ("shop-v1.0.0", "shop-v", ("web-v1.0.1",), "shop-v1.0.1"),
        ("v1.0.0-rc.1", "v", ("v1.0.0-rc.2",), "v1.0.0-rc.3"),
        ("v1.0.0+5", "v", (), "v1.0.1"),
    ],
)
def test_a_taken_version_names_one_above(version: str, prefix: str, others: tuple[str, ...], following: str) -> None:
    """One of the same prefix whose tag was not seen; a candidate follows a candidate."""
    refs = Refs({f"refs/tags/{tag}": OTHER for tag in (version, *others)}, "origin")
    result = check_tag(version, REPOSITORY, lambda: Tags(refs, None), prefix=prefix)
    assert (result.status, result.remedy) == (CRIT, f"release the next version, such as {following}")


@pytest.mark.parametrize("tag", ["v1.0.0", "1.0.0"])
def test_a_tag_here_only(repo: Repo, tag: str) -> None:
    """A tag that was not pushed yet is taken, in either spelling."""
    repo.git("tag", tag)
    result = judge(repo)
    assert (result.status, result.message) == (
        CRIT,
        f"Git tag already exists: {tag} in this clone, at {repo.head[:12]}, which is HEAD",
    )


@pytest.mark.sweep
@pytest.mark.parametrize("tag", ["v1.0.0-rc.1", "v1.0.01", "v1.0.0+1", "pkg/v1.0.0", "V1.0.0", "v11.0.0"])
def test_look_alikes(repo: Repo, tag: str) -> None:
    """A tag that only resembles the version's does not take it, neither here nor on the remote."""
    repo.git("tag", tag)
    repo.git("push", "--quiet", "origin", f"refs/tags/{tag}")
    assert judge(repo).status is OK


def test_a_branch_of_the_same_name(repo: Repo) -> None:
    """A branch called like the tag does not take it."""
    repo.git("branch", "v1.0.0")
    repo.git("push", "--quiet", "origin", "refs/heads/v1.0.0")
    assert judge(repo).status is OK


def test_a_remote_that_is_gone(repo: Repo, tmp_path: Path) -> None:
    """If the remote does not answer, the result is unknown, although this clone has no such tag."""
    (tmp_path / "origin.git").rename(tmp_path / "elsewhere.git")
    result = judge(repo)
    assert result.status is UNKNOWN
    assert result.message.startswith("the remote origin (")
    assert result.remedy == "try `git ls-remote origin` here"


def test_a_tag_here_while_the_remote_is_gone(repo: Repo, tmp_path: Path) -> None:
    """A tag that is here is taken, whether the remote answers or not."""
    (tmp_path / "origin.git").rename(tmp_path / "elsewhere.git")
    repo.git("tag", "v1.0.0")
    assert judge(repo).status is CRIT


def test_credentials_of_the_remote_are_not_shown(repo: Repo) -> None:
    """Neither message nor remedy holds the credentials in the remote's URL."""
    repo.git("remote", "set-url", "origin", f"http://deploy:s3cret-w0rd@127.0.0.1:{closed_port()}/shop.git")
    result = judge(repo)
    assert result.status is UNKNOWN
    assert "127.0.0.1" in result.message
    assert "s3cret" not in f"{result}"


def test_the_remote_of_the_policy(repo: Repo) -> None:
    """If the remote that the policy names does not exist, the result is unknown."""
    result = judge(repo, remote="upstream")
    assert (result.status, result.remedy) == (UNKNOWN, "set RS_REMOTE")
    assert "there is no remote 'upstream' (there are: origin)" in result.message


def test_no_remote(tmp_path: Path) -> None:
    """Without a remote the tags of a full clone count."""
    alone = make_repo(tmp_path / "alone")
    alone.commit()
    assert judge(alone).message == "tag v1.0.0 is free in this clone"
    alone.git("tag", "v1.0.0")
    assert judge(alone).status is CRIT


def test_no_remote_and_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    """Without a remote a shallow clone leaves it unknown."""
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main")
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=main")
    shallow.git("remote", "remove", "origin")
    result = judge(shallow)
    assert result.status is UNKNOWN
    assert result.message.endswith("this clone is shallow, and has no remote to ask for tag v1.0.0")
    assert result.remedy == "add the remote, or clone with the full history"


def test_a_shallow_clone_with_a_remote(repo: Repo, tmp_path: Path) -> None:
    """A shallow clone without tags, as CI makes it, asks the remote."""
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main")
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=main", "--no-tags")
    assert judge(shallow).status is OK
    push_tag(repo, "v1.0.0")
    assert judge(shallow).status is CRIT


def test_local_tags_that_cannot_be_listed() -> None:
    """A free tag on the remote is not enough if the tags of this clone are unseen."""
    result = check_tag("v1.0.0", REPOSITORY, lambda: Tags(Unseen("git did not answer", "see why"), NONE))
    assert (result.status, result.remedy) == (UNKNOWN, "see why")
    assert result.message == "git did not answer"


def tag_build(repo: Repo, tag: str = "v1.0.0", *options: str) -> Build:
    """Tag HEAD, push the tag, and return its build."""
    repo.git("tag", *options, tag)
    repo.git("push", "--quiet", "origin", f"refs/tags/{tag}")
    return Build("GitHub Actions", repo.head, tag=tag)


@pytest.mark.parametrize("tag", ["v1.0.0", "1.0.0"])
@pytest.mark.parametrize("options", [(), ("--annotate", "--message=x")], ids=["lightweight", "annotated"])
def test_a_tag_build(repo: Repo, tag: str, options: tuple[str, ...]) -> None:
    """On a tag build the tag exists and its commit is HEAD, in either spelling and of either kind."""
    result = judge(repo, tag_build(repo, tag, *options))
    assert result.status is OK
    assert result.message.startswith(f"tag {tag} is at HEAD in origin (")


def test_a_tag_build_in_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    """A clone of only the tag, as CI makes it, is judged by the remote."""
    build = tag_build(repo)
    fresh = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=v1.0.0")
    assert judge(fresh, build).status is OK


def test_a_tag_build_of_another_version(repo: Repo) -> None:
    """A tag build whose tag is not the version's fails, and the remedy is that version."""
    result = judge(repo, tag_build(repo, "v2.0.0"))
    assert (result.status, result.message) == (
        CRIT,
        "GitHub Actions builds tag v2.0.0, and --version says v1.0.0",
    )
    assert result.remedy == "pass --version v2.0.0"


def test_a_tag_that_moved_on_the_remote(repo: Repo) -> None:
    """A tag that names another commit on the remote fails, whatever this clone has."""
    build = tag_build(repo)
    repo.git("push", "--quiet", "--force", "origin", f"{repo.commit('more.py')}:refs/tags/v1.0.0")
    moved = repo.head
    repo.git("checkout", "--quiet", "--detach", "v1.0.0")
    result = judge(repo, build)
    assert result.status is CRIT
    assert f"tag v1.0.0 is at {moved[:12]} in origin" in result.message
    assert result.message.endswith(f"and HEAD is {repo.head[:12]}")
    assert "never move a published tag" in result.remedy


def test_a_tag_that_is_gone(repo: Repo) -> None:
    """A tag that was deleted on the remote during its build fails."""
    build = tag_build(repo)
    repo.git("push", "--quiet", "--delete", "origin", "v1.0.0")
    result = judge(repo, build)
    assert (result.status, result.remedy) == (CRIT, "git push origin v1.0.0")
    assert "tag v1.0.0 does not exist in origin (" in result.message


def test_a_tag_build_with_the_remote_gone(repo: Repo, tmp_path: Path) -> None:
    """If the remote does not answer, the commit of its tag is unknown."""
    build = tag_build(repo)
    (tmp_path / "origin.git").rename(tmp_path / "elsewhere.git")
    result = judge(repo, build)
    assert result.status is UNKNOWN
    assert result.message.startswith("the remote origin (")


@pytest.mark.parametrize(
    "build",
    [
        Build("GitHub Actions", OTHER, tag="v1.0.0"),
        Build("GitHub Actions", COMMIT, "main"),
        Build("GitHub Actions", COMMIT, tag="v1.0.0", pull_request=True),
    ],
    ids=["another-commit", "branch-build", "pull-request"],
)
def test_what_is_not_a_tag_build(build: Build) -> None:
    """An existing tag passes only in the build of that tag at HEAD."""
    taken = Refs({"refs/tags/v1.0.0": COMMIT}, "origin")
    assert check_tag("v1.0.0", REPOSITORY, lambda: Tags(NONE, taken), build).status is CRIT


@pytest.mark.parametrize("version", ["", "v1.0", "v1.0.0\n", "main", "*"])
def test_what_is_not_a_version_has_no_tag(version: str) -> None:
    """What is not a version is not looked for: the result is unknown, and names the gate that says why."""

    def ask() -> Tags:
        raise AssertionError(version)

    result = check_tag(version, REPOSITORY, ask)
    assert (result.status, result.remedy) == (UNKNOWN, "see the gate `version`")
    assert result.message == f"{version!r} is not a version, so there is no tag to look for"


@pytest.mark.parametrize(("tag", "status"), [("shop-1.0.0", CRIT), ("v1.0.0", OK), ("1.0.0", OK)])
def test_another_prefix(tag: str, status: Status) -> None:
    """With a prefix that distinguishes projects only its own tag counts, not that of another project."""
    tags = Tags(NONE, Refs({f"refs/tags/{tag}": COMMIT}, "origin"))
    assert check_tag("shop-1.0.0", REPOSITORY, lambda: tags, prefix="shop-").status is status


def test_no_repository() -> None:
    """Without a visible repository its tags are unknown."""
    result = check_tag("v1.0.0", Unseen("/shop is not a folder"), lambda: Tags(NONE, NONE))
    assert (result.status, result.message) == (UNKNOWN, "/shop is not a folder")
    assert result.remedy == "fix the gate `repository` first"


@pytest.mark.parametrize("tag", ["v1.0.0", "1.0.0"])
def test_existing_by_policy(repo: Repo, tag: str) -> None:
    """If the policy says so, the tag has to exist at HEAD even without CI, in either spelling."""
    missing = judge(repo, mode="existing")
    assert missing.status is CRIT
    assert missing.message.startswith("tag v1.0.0 does not exist in origin (")
    tag_build(repo, tag)
    assert judge(repo, mode="existing").status is OK
    repo.commit("more.py")
    assert judge(repo, mode="existing").status is CRIT


def test_new_by_policy(repo: Repo) -> None:
    """If the policy says so, the tag has to be free on CI's tag build, too."""
    build = tag_build(repo)
    assert judge(repo, build).status is OK
    assert judge(repo, build, mode="new").message.startswith("Git tag already exists: v1.0.0 in origin (")


def test_a_tag_build_of_another_version_by_policy(repo: Repo) -> None:
    """If the policy says that the tag exists, CI may build it under another tag's name."""
    build = tag_build(repo, "shop/v1.0.0")
    repo.git("tag", "v1.0.0")
    repo.git("push", "--quiet", "origin", "v1.0.0")
    assert judge(repo, build).status is CRIT
    assert judge(repo, build, mode="existing").status is OK


def test_two_spellings_of_two_commits(repo: Repo) -> None:
    """A version whose tags name two commits fails."""
    repo.git("tag", "1.0.0")
    repo.git("push", "--quiet", "origin", "1.0.0")
    repo.commit("more.py")
    result = judge(repo, tag_build(repo))
    assert result.status is CRIT
    assert "tag 1.0.0 is at " in result.message


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("tag", "version", "prefix"),
    [
        ("release", "release/1.0.0", "release/"),
        ("shop", "shop/v1.0.0", "shop/v"),
        ("shop/web", "shop/web/v1.0.0", "shop/web/v"),
        ("v1.0.0/rc", "v1.0.0", "v"),
    ],
)
@pytest.mark.parametrize("where", ["here", "there"])
def test_a_tag_that_git_cannot_make_beside_another(repo: Repo, where: str, tag: str, version: str, prefix: str) -> None:
    """A name that is a folder of the other name, in the clone or on the remote."""
    if where == "here":
        repo.git("tag", tag)
    else:
        push_tag(repo, tag)
    names = [*tag_names(version, prefix), *in_the_way(version)]
    result = check_tag(version, look(repo.path), lambda: git.tags(repo.path, names), prefix=prefix)
    assert result.status is CRIT
    assert result.message.startswith(f"Git cannot make tag {version} beside tag {tag} in ")


@pytest.mark.parametrize("tag", ["releases", "release2/1.0.0", "release/1.0.0-rc.1", "x/release"])
def test_a_tag_beside_which_git_can_make_it(repo: Repo, tag: str) -> None:
    """Names that only begin alike."""
    push_tag(repo, tag)
    names = [*tag_names("release/1.0.0", "release/"), *in_the_way("release/1.0.0")]
    result = check_tag("release/1.0.0", look(repo.path), lambda: git.tags(repo.path, names), prefix="release/")
    assert result.status is OK, result


def test_the_remote_that_the_branch_follows_is_asked(repo: Repo, tmp_path: Path) -> None:
    """`origin` is a fork without the tag, which `upstream` has."""
    repo.add_remote(tmp_path / "upstream.git", "upstream")
    repo.git("push", "--quiet", "upstream", "main:refs/tags/v1.0.0")
    assert judge(repo).status is OK
    repo.git("branch", "--quiet", "--set-upstream-to=upstream/main")
    result = judge(repo)
    assert result.status is CRIT
    assert "v1.0.0 in upstream (" in result.message
    assert judge(repo, remote="origin").status is OK


def test_the_repository_that_is_pushed_to_is_asked(repo: Repo, tmp_path: Path) -> None:
    """It has the tag, and the one that is fetched from has not."""
    other = repo.add_remote(tmp_path / "other.git", "other")
    repo.git("push", "--quiet", "other", "main:refs/tags/v1.0.0")
    repo.git("remote", "set-url", "--push", "origin", str(other.path))
    result = judge(repo)
    assert result.status is CRIT
    assert f"v1.0.0 in release-sentinel-push ({other.path})" in result.message
    repo.git("remote", "set-url", "--push", "origin", str(tmp_path / "gone.git"))
    result = judge(repo)
    assert result.status is UNKNOWN
    assert "gone.git" in result.message
    repo.git("remote", "set-url", "--push", "origin", f"{tmp_path / 'origin.git'}/")
    assert judge(repo).status is OK


@pytest.mark.parametrize("remote", [True, False], ids=["a remote", "no remote"])
def test_a_tag_of_a_tag(repo: Repo, *, remote: bool) -> None:
    """It leads to the commit that is judged, however many tags are between them."""
    for name, target in (("inner", "HEAD"), ("middle", "inner"), ("v1.0.0", "middle")):
        repo.git("tag", "--annotate", "--message=x", name, target)
    repo.git("push", "--quiet", "origin", "v1.0.0")
    if not remote:
        repo.git("remote", "remove", "origin")
    result = judge(repo, Build("Drone", repo.head, "", "v1.0.0"))
    assert result.status is OK, result.message
    repo.commit()
    assert judge(repo, Build("Drone", repo.head, "", "v1.0.0")).status is CRIT


def test_before_the_push_the_tag_is_here_alone(repo: Repo) -> None:
    """It has to be at HEAD; that the remote has it there too is no fault, and anywhere else it is one."""
    missing = judge(repo, mode="local")
    assert (missing.status, missing.remedy) == (CRIT, "git tag v1.0.0")
    repo.git("tag", "v1.0.0")
    assert judge(repo, mode="local").status is OK
    repo.git("push", "--quiet", "origin", "v1.0.0")
    assert judge(repo, mode="local").status is OK
    repo.commit("more.py")
    assert judge(repo, mode="local").remedy == "git switch --detach v1.0.0"
    repo.git("tag", "--force", "v1.0.0")
    moved = judge(repo, mode="local")
    assert (moved.status, moved.remedy) == (CRIT, "release the next version, such as v1.0.1")


def test_before_the_push_the_remote_has_to_answer(repo: Repo) -> None:
    """What it has is unknown otherwise."""
    repo.git("tag", "v1.0.0")
    repo.git("remote", "set-url", "origin", str(repo.path / "none"))
    assert judge(repo, mode="local").status is UNKNOWN
