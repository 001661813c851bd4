"""What the commit has, and the work tree lacks."""

from pathlib import Path

from release_sentinel.observe import Unseen
from release_sentinel.observe.git import absent
from tests.conftest import Repo, make_repo


def test_a_whole_work_tree_lacks_nothing(repo: Repo) -> None:
    """A folder that is not there, or only on disk, is not owed."""
    repo.commit("gates/test_a.py")
    repo.write("gates/test_b.py")
    assert absent(repo.path, [repo.path / "gates", repo.path / "none"]) == ()


def test_what_is_left_out_is_named(repo: Repo) -> None:
    """By its path from the top, whatever it is called; what is elsewhere is not."""
    names = ("gates/a b.py", "gates/größe\n.py", "gates/more/c.py")
    for name in (*names, "other/d.py"):
        repo.commit(name)
    for name in (*names, "other/d.py"):
        (repo.path / name).unlink()
    found = absent(repo.path, [repo.path / "gates"])
    assert not isinstance(found, Unseen)
    assert sorted(found) == sorted(names)


def test_a_link_is_there_wherever_it_leads(repo: Repo) -> None:
    """And what it leads to is looked at, too."""
    repo.write("ci/gates/a.py")
    (repo.path / "gates").symlink_to("ci/gates")
    repo.commit("file.txt")
    (repo.path / "ci/gates/a.py").unlink()
    assert absent(repo.path, [repo.path / "gates"]) == ("ci/gates/a.py",)


def test_a_folder_outside_of_the_repository_is_not_asked_for(repo: Repo, tmp_path: Path) -> None:
    """Git knows nothing of it."""
    assert absent(repo.path, [tmp_path / "elsewhere"]) == ()


def test_without_a_commit_nothing_is_known(tmp_path: Path) -> None:
    """Git's words say why."""
    repo = make_repo(tmp_path / "new")
    found = absent(repo.path, [repo.path / "gates"])
    assert isinstance(found, Unseen)
    assert "HEAD" in found.why
