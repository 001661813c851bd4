"""A version is above every released tag of its line, by SemVer precedence."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.checks.version_increases import check_version_increases
from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Refs, Repository, Tags
from tests.conftest import Repo, make_repo
from tests.observe.parts import clone

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = Repository(Path("/shop"), COMMIT, "main", "", shallow=False, changes=())


def refs(*tags: str, source: str = "origin") -> Refs:
    """Return a listing of tags."""
    return Refs({f"refs/tags/{tag}": COMMIT for tag in tags}, source)


def judge(version: str, there: Sequence[str], here: Sequence[str] = (), prefix: str = "v") -> CheckResult:
    """Judge a version among tags of the remote and of the clone."""
    tags = Tags(refs(*here, source="this clone"), refs(*there))
    return check_version_increases(version, REPOSITORY, lambda: tags, prefix=prefix)


@pytest.mark.parametrize(
    ("version", "tags", "above"),
    [
        ("v1.0.1", ["v1.0.0"], "v1.0.0"),
        ("v1.10.0", ["v1.9.0", "v1.2.0"], "v1.9.0"),  # not as text
        ("v2.0.0", ["v1.9.9", "v0.1.0"], "v1.9.9"),
        ("v1.0.8", ["v1.0.7", "v1.1.0", "v2.0.0"], "v1.0.7"),  # an older line still gets fixes
        ("v1.2.0", ["v1.1.3", "v2.0.0"], "v1.1.3"),
        ("v1.0.0", ["v1.0.0-rc.2", "v0.9.0"], "v0.9.0"),
        ("v1.1.0", ["v1.0.0", "v1.2.0-alpha.1"], "v1.0.0"),  # a later pre-release is not a release
        ("v1.0.0-rc.10", ["v1.0.0-rc.9"], "v1.0.0-rc.9"),  # numbers count as numbers
        ("v1.0.0-rc.1", ["v1.0.0-beta.11"], "v1.0.0-beta.11"),
        ("v1.0.0-1", ["v0.9.0"], "v0.9.0"),
        ("v1.0.1", ["1.0.0"], "1.0.0"),  # the other spelling
    ],
)
def test_above(version: str, tags: list[str], above: str) -> None:
    """A version above the highest of its line passes, and the message names the highest."""
    result = judge(version, tags)
    assert result.status is OK
    assert result.message.startswith(f"{version} is above {above}, the highest of ")


@pytest.mark.parametrize(
    ("version", "tags", "highest", "line"),
    [
        ("v1.0.0", ["v1.0.1"], "v1.0.1", "line 1.0"),
        ("v1.0.5", ["v1.0.7", "v2.0.0"], "v1.0.7", "line 1.0"),
        ("v1.1.0", ["v1.2.0"], "v1.2.0", "line 1"),
        ("v0.9.0", ["v1.0.0"], "v1.0.0", "all lines"),
        ("v1.9.0", ["v1.10.0"], "v1.10.0", "line 1"),
        ("v1.0.0-rc.1", ["v1.0.0"], "v1.0.0", "line 1.0"),
        ("v1.0.0-rc.9", ["v1.0.0-rc.10"], "v1.0.0-rc.10", "line 1.0"),
        ("v1.0.0+2", ["v1.0.0+1"], "v1.0.0+1", "line 1.0"),  # build metadata has no precedence
        ("v1.0.0", ["1.0.1"], "1.0.1", "line 1.0"),
    ],
)
def test_not_above(version: str, tags: list[str], highest: str, line: str) -> None:
    """A version that is not above the highest of its line fails."""
    result = judge(version, tags)
    assert (result.status, result.message) == (
        CRIT,
        f"{version} is not above {highest}, the highest tag of {line}",
    )


def test_the_remedy_is_a_version_that_passes() -> None:
    """The version that the remedy names is accepted."""
    assert judge("v1.0.0", ["v1.0.7"]).remedy == "release v1.0.8 or later"
    assert judge("v1.0.8", ["v1.0.7"]).status is OK


@pytest.mark.parametrize("tags", [[], ["nightly", "v1", "1.0", "pkg/v3.0.0", "v01.0.0", "release-2.0.0"]])
def test_tags_that_are_not_versions(tags: list[str]) -> None:
    """A tag that is not a version of this project does not count."""
    result = judge("v1.0.0", tags)
    assert (result.status, result.message) == (
        OK,
        f"v1.0.0 is the first release: none of {len(tags)} other tags is a version",
    )


@pytest.mark.parametrize("own", ["v1.0.0", "1.0.0"])
def test_its_own_tag_does_not_count(own: str) -> None:
    """On a tag build the version's tag is there already; the gate `tag` judges whether it may be."""
    assert judge("v1.0.0", [own]).status is OK


def test_a_tag_that_only_this_clone_has() -> None:
    """A tag that was not pushed yet counts, too."""
    assert judge("v1.0.0", [], here=["v1.0.1"]).status is CRIT


def test_the_prefix_is_the_policy_s() -> None:
    """Another prefix is stripped from the tags, too."""
    assert judge("release-1.0.1", ["release-1.0.2"], prefix="release-").status is CRIT
    assert judge("1.0.3", ["1.0.2", "v1.0.1"], prefix="").status is OK


def test_a_real_remote(repo: Repo) -> None:
    """The tags of the remote are listed although the clone has none of them."""
    repo.git("tag", "--annotate", "--message=x", "v1.3.0")
    repo.git("push", "--quiet", "origin", "v1.3.0")
    repo.git("tag", "--delete", "v1.3.0")

    def judge_real(version: str) -> CheckResult:
        return check_version_increases(version, git.look(repo.path), lambda: git.tags(repo.path, ["*"]))

    assert judge_real("v1.2.9").message == "v1.2.9 is not above v1.3.0, the highest tag of line 1"
    assert judge_real("v1.3.1").status is OK


def test_a_remote_that_cannot_be_queried() -> None:
    """Without the remote's tags nothing is known, also where the clone has lower ones."""
    tags = Tags(refs("v0.1.0"), Unseen("the remote is gone", "see why"))
    result = check_version_increases("v1.0.0", REPOSITORY, lambda: tags)
    assert (result.status, result.remedy) == (UNKNOWN, "see why")
    assert result.message == "the remote is gone"


def test_a_clone_that_cannot_be_queried() -> None:
    """Its own tags count as well, so that nothing is known without them."""
    tags = Tags(Unseen("git does not answer", "see why"), refs("v0.1.0"))
    result = check_version_increases("v1.0.0", REPOSITORY, lambda: tags)
    assert (result.status, result.message, result.remedy) == (UNKNOWN, "git does not answer", "see why")


def test_no_remote(tmp_path: Path) -> None:
    """Without a remote a full clone's tags count."""
    alone = make_repo(tmp_path / "alone")
    alone.commit()
    alone.git("tag", "v1.0.0")
    result = check_version_increases("v0.9.0", git.look(alone.path), lambda: git.tags(alone.path, ["*"]))
    assert result.status is CRIT


def test_no_remote_and_a_shallow_clone(repo: Repo, tmp_path: Path) -> None:
    """Without a remote a shallow clone leaves it unknown."""
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main")
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=main")
    shallow.git("remote", "remove", "origin")
    result = check_version_increases("v1.0.0", git.look(shallow.path), lambda: git.tags(shallow.path, ["*"]))
    assert result.status is UNKNOWN
    assert result.message.endswith("this clone is shallow, and has no remote to ask for tags")


def test_a_shallow_clone_has_the_tags_of_its_remote(repo: Repo, tmp_path: Path) -> None:
    """As most CI systems clone: the remote lists every tag, whatever part of the history is here."""
    repo.git("tag", "v1.0.0")
    repo.commit("more.py")
    repo.git("push", "--quiet", "origin", "main", "v1.0.0")
    shallow = clone(tmp_path / "origin.git", tmp_path / "clone", "--depth=1", "--branch=main")
    seen = git.look(shallow.path)
    assert isinstance(seen, Repository)
    assert seen.shallow
    for version, status in (("v1.0.1", OK), ("v0.9.0", CRIT)):
        assert check_version_increases(version, seen, lambda: git.tags(shallow.path, ["*"])).status is status


def test_no_version() -> None:
    """What is not a version cannot be compared."""
    result = judge("latest", ["v1.0.0"])
    assert (result.status, result.remedy) == (UNKNOWN, "see the gate `version`")


def test_no_repository() -> None:
    """Without a repository there are no tags to see."""
    result = check_version_increases("v1.0.0", Unseen("/shop is not a folder"), lambda: Tags(refs(), refs()))
    assert (result.status, result.message) == (UNKNOWN, "/shop is not a folder")
