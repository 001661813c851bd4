"""A file of Git LFS has to be there with its content; `git status` is content with its pointer."""

from pathlib import Path

import pytest

from tests.conftest import Repo, make_repo
from tests.observe.parts import add_submodule, look

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n"


def commit(repo: Repo, files: dict[str, str]) -> None:
    """Commit files."""
    for name, text in files.items():
        repo.write(name, text)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "files")


def codes(repo: Repo) -> list[str]:
    """Return what differs from the commit."""
    return [str(change) for change in look(repo.path).changes]


MISSING = {
    "at the top": ({".gitattributes": ATTRIBUTES}, "model.bin", POINTER),
    "below": ({"data/.gitattributes": ATTRIBUTES}, "data/deep/model.bin", POINTER),
    "by a macro": ({".gitattributes": "[attr]big filter=lfs\n*.dat big\n"}, "model.dat", POINTER),
    "of the first kind": (
        {".gitattributes": ATTRIBUTES},
        "model.bin",
        POINTER.replace("git-lfs.github.com/spec/v1", "hawser.github.com/spec/v1"),
    ),
    "with an extension": (
        {".gitattributes": ATTRIBUTES},
        "model.bin",
        POINTER.replace("oid sha256", f"ext-0-case sha256:{'1' * 64}\noid sha256"),
    ),
}
HARMLESS = {
    "a fixture without the attribute": ({".gitattributes": ATTRIBUTES}, "tests/pointer.txt", POINTER),
    "a fixture that is left out": (
        {".gitattributes": ATTRIBUTES + "tests/** !filter\n"},
        "tests/pointer.bin",
        POINTER,
    ),
    "no attributes": ({}, "model.bin", POINTER),
    "a comment": ({".gitattributes": "# *.bin filter=lfs\n"}, "model.bin", POINTER),
    "another filter": ({".gitattributes": "*.bin filter=crypt\n"}, "model.bin", POINTER),
    "content": ({".gitattributes": ATTRIBUTES}, "model.bin", "\0" * 2000),
    "short content": ({".gitattributes": ATTRIBUTES}, "model.bin", "version of the model\n"),
    "nothing": ({".gitattributes": ATTRIBUTES}, "model.bin", ""),
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_pointer_without_its_content(repo: Repo, kind: str) -> None:
    """It differs from what the commit stands for."""
    attributes, name, text = MISSING[kind]
    commit(repo, {**attributes, name: text})
    assert codes(repo) == [f"LFS pointer without its content {name}"]


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_no_such_pointer(repo: Repo, kind: str) -> None:
    """Without the attribute a pointer is a text like any other."""
    attributes, name, text = HARMLESS[kind]
    commit(repo, {**attributes, name: text})
    assert codes(repo) == []


def test_a_file_that_a_sparse_checkout_leaves_out(repo: Repo) -> None:
    """What is not there is no pointer; attributes that are not there count."""
    commit(repo, {"data/.gitattributes": ATTRIBUTES, "data/model.bin": POINTER, "src/shop.py": "1\n"})
    repo.git("sparse-checkout", "set", "src")
    assert codes(repo) == []
    repo.git("sparse-checkout", "set", "--no-cone", "*.bin")
    assert codes(repo) == ["LFS pointer without its content data/model.bin"]


def test_a_pointer_in_a_submodule(repo: Repo, tmp_path: Path) -> None:
    """Its path begins at the top."""
    library = make_repo(tmp_path / "library")
    commit(library, {".gitattributes": ATTRIBUTES, "model.bin": POINTER})
    add_submodule(repo, library)
    assert codes(repo) == ["LFS pointer without its content lib/model.bin"]


@pytest.mark.usefixtures("own_home")
def test_a_user_s_attributes(repo: Repo, tmp_path: Path) -> None:
    """They hide no pointer, and make none."""
    (tmp_path / "attributes").write_text("*.bin -filter\n*.txt filter=lfs\n", encoding="utf-8")
    repo.git("config", "--global", "core.attributesFile", str(tmp_path / "attributes"))
    commit(repo, {".gitattributes": ATTRIBUTES, "model.bin": POINTER, "model.txt": POINTER})
    assert codes(repo) == ["LFS pointer without its content model.bin"]
