"""What a gate folder declares, read without running it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from release_sentinel.plugin.declared import Declared, folder_of, gates_in


def written(folder: Path, name: str, source: str | bytes) -> Path:
    """Write a file below `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return path


def names(gates: Iterable[Declared]) -> list[str]:
    """Return the names alone."""
    return [gate.name for gate in gates]


def test_every_test_function_is_a_gate(tmp_path: Path) -> None:
    """What starts with `test` is declared, in the order of the source; helpers are not."""
    written(tmp_path, "test_own.py", "def test_b(): ...\ndef helper(): ...\ndef test_a(): ...\ntest_c = 1\n")
    assert names(gates_in(tmp_path)) == ["test_b", "test_a"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("async def test_it(): ...", "test_it"),
        ("class TestOwn:\n    def test_it(self): ...", "TestOwn::test_it"),
        ("class Own:\n    def test_it(self): ...", "Own::test_it"),
        ("class TestOwn:\n    def __init__(self): ...\n    def test_it(self): ...", "TestOwn::test_it"),
        ("class TestOwn:\n    class TestIn:\n        async def test_it(self): ...", "TestOwn::TestIn::test_it"),
        ("import pytest\n@pytest.mark.skip\ndef test_it(): ...", "test_it"),
        ("def testing(): ...", "testing"),
        ("import pytest\n@pytest.mark.policy\ndef check_it(): ...", "check_it"),
        ("from pytest import mark\n@mark.critical()\ndef tset_it(): ...", "tset_it"),
        ("if True:\n    def test_it(): ...", "test_it"),
        ("try:\n    import x\nexcept ImportError:\n    pass\nelse:\n    def test_it(): ...", "test_it"),
        ("with suppress(Exception):\n    def test_it(): ...", "test_it"),
    ],
    ids=[
        *("async", "class", "class that pytest ignores", "constructor", "nested class", "decorated", "no underscore"),
        *("marked", "marked and misspelt", "if", "try", "with"),
    ],
)
def test_a_gate_is_named_as_pytest_names_it(tmp_path: Path, source: str, name: str) -> None:
    """Functions and methods, whether or not pytest would collect them."""
    written(tmp_path, "test_own.py", source)
    assert names(gates_in(tmp_path)) == [name]


@pytest.mark.parametrize(
    ("source", "times"),
    [
        ("if x:\n    def test_it(): ...\nelse:\n    def test_it(): ...", 1),
        ("if x:\n    def test_it(): ...\nelif y:\n    def test_it(): ...", 1),
        ("try:\n    def test_it(): ...\nexcept E:\n    def test_it(): ...", 1),
        ("def test_it(): ...\nif x:\n    def test_it(): ...", 2),
        ("try:\n    def test_it(): ...\nfinally:\n    def test_it(): ...", 2),
    ],
    ids=["else", "elif", "except", "after", "finally"],
)
def test_definitions_that_exclude_one_another_count_once(tmp_path: Path, source: str, times: int) -> None:
    """Only of two that can both take place does one hide the other."""
    written(tmp_path, "test_own.py", source)
    assert [gate.times for gate in gates_in(tmp_path)] == [times]


@pytest.mark.parametrize(
    "source",
    [
        "def outer():\n    def test_it(): ...\n    return test_it",
        "test_it = lambda: None",
        "from x import test_it",
        "# def test_it(): ...",
        "",
    ],
    ids=["inner function", "lambda", "import", "comment", "empty"],
)
def test_what_is_no_definition_is_not_declared(tmp_path: Path, source: str) -> None:
    """Only what the file itself defines counts."""
    written(tmp_path, "test_own.py", source)
    assert names(gates_in(tmp_path)) == []


def test_a_definition_that_hides_another_is_counted(tmp_path: Path) -> None:
    """Two functions of one name are one gate to pytest; a method and a function are two."""
    written(tmp_path, "test_own.py", "def test_a(): ...\ndef test_a(): ...\nclass TestB:\n    def test_a(self): ...\n")
    assert [(gate.name, gate.times) for gate in gates_in(tmp_path)] == [("test_a", 2), ("TestB::test_a", 1)]


def test_folders_are_read_to_the_bottom(tmp_path: Path) -> None:
    """Gates below count, whatever the folders are called, and are told by their full path."""
    top = written(tmp_path, "test_a.py", "def test_a(): ...")
    deep = written(tmp_path, "build/.hidden/test_b.py", "def test_b(): ...")
    assert {gate.path for gate in gates_in(tmp_path)} == {top.resolve(), deep.resolve()}


@pytest.mark.parametrize("name", ["test_own.py", "own_test.py"])
def test_a_file_that_pytest_would_collect_counts_without_marks(tmp_path: Path, name: str) -> None:
    """An unmarked test in a gate file is someone's gate."""
    written(tmp_path, name, "def test_it(): ...")
    assert names(gates_in(tmp_path)) == ["test_it"]


@pytest.mark.parametrize("name", ["helpers.py", "conftest.py", "tests.py", "test.py", "test_own.txt"])
def test_a_helper_without_marks_declares_nothing(tmp_path: Path, name: str) -> None:
    """A function `test_connection` in a helper is no gate."""
    written(tmp_path, name, "def test_connection(): ...")
    assert names(gates_in(tmp_path)) == []


@pytest.mark.parametrize("mark", ["policy", "critical"])
def test_a_misnamed_file_with_marks_declares_gates(tmp_path: Path, mark: str) -> None:
    """Whoever marked a gate meant it, also in a file that pytest does not look into."""
    written(tmp_path, "disk_gates.py", f"import pytest\n@pytest.mark.{mark}\ndef test_it(): ...")
    assert names(gates_in(tmp_path)) == ["test_it"]


@pytest.mark.parametrize(
    "source",
    ["def test_it(:", b"WORD = '\xff'\ndef test_it(): ...\n", b"\x00\x01", b"# coding: klingon\ndef test_it(): ..."],
    ids=["syntax", "not UTF-8", "binary", "unknown coding"],
)
def test_a_file_that_cannot_be_parsed_does_not_hide_the_others(tmp_path: Path, source: str | bytes) -> None:
    """What Python cannot read is passed over here: pytest reports it."""
    written(tmp_path, "test_a.py", source)
    written(tmp_path, "test_b.py", "def test_b(): ...")
    assert names(gates_in(tmp_path)) == ["test_b"]


@pytest.mark.parametrize(
    "source",
    [b"\xef\xbb\xbfdef test_it(): ...\r\n", b"# coding: latin-1\n# \xe9\ndef test_it(): ...\n"],
    ids=["byte order mark", "coding line"],
)
def test_a_file_is_read_in_its_own_encoding(tmp_path: Path, source: bytes) -> None:
    """What Python can import is not passed over, whichever editor wrote it."""
    written(tmp_path, "test_own.py", source)
    assert names(gates_in(tmp_path)) == ["test_it"]


MARKED = "import pytest\n@pytest.mark.policy\ndef test_own(): ...\n"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def tset_b(): ...", True),
        ("def ttest_b(): ...", True),
        ("def TEST_b(): ...", True),
        ("def b(gate): ...", True),
        ("def b():\n    assert 1", True),
        ("@pytest.mark.skip\ndef b():\n    assert 1", True),
        ("class TestB:\n    def tset_b(self): ...", True),
        ("def rest_b(): ...", False),
        ("def latest(): ...", False),
        ("def _b():\n    assert 1", False),
        ("def b(): ...", False),
        ("def b():\n    assert 1\nb()", False),
        ("def b():\n    assert 1\nNAMES = ['b']", False),
        ("def pytest_b():\n    assert 1", False),
        ("def setup_module():\n    assert 1", False),
        ("@fixture\ndef b(gate):\n    assert 1", False),
        ("@app.route('/')\ndef b():\n    assert 1", False),
        ("class B:\n    def b(self):\n        assert 1", False),
    ],
)
def test_what_looks_like_a_gate_is_asked_about(tmp_path: Path, source: str, found: bool) -> None:
    """In a file of gates: a name with a slip, what takes `gate`, or an assert that nothing calls."""
    written(tmp_path, "test_own.py", f"{MARKED}{source}\n")
    doubtful = [gate.name for gate in gates_in(tmp_path) if not gate.certain]
    assert bool(doubtful) is found


def test_a_helper_that_another_file_calls_is_no_gate(tmp_path: Path) -> None:
    """Whatever it is called, and wherever it is called from."""
    written(tmp_path, "test_own.py", f"{MARKED}def tset_up(gate):\n    assert 1\n")
    written(tmp_path, "more/test_more.py", "from test_own import tset_up\n")
    assert names(gates_in(tmp_path)) == ["test_own"]


@pytest.mark.parametrize(
    "source",
    [
        "policy = pytest.mark.policy\n@policy\ndef check(): ...",
        "both = [pytest.mark.slow, pytest.mark.policy('why')]\n@both\ndef check(): ...",
        "from pytest import mark as m\n@m.critical\ndef check(): ...",
        "mark = pytest.mark\nc = mark.critical\n@c\ndef check(): ...",
        "from marks import ours as c\n@c\ndef check(): ...",
        "check = pytest.mark.policy(partial(print))",
        "@pytest.mark.policy\nclass check(Base): ...",
        "class check:\n    pytestmark = pytest.mark.policy",
        "match 1:\n    case 1:\n        @pytest.mark.policy\n        def check(): ...",
    ],
)
def test_a_marker_is_known_by_each_name_of_it(tmp_path: Path, source: str) -> None:
    """Also in a file that pytest does not look into."""
    written(tmp_path, "marks.py", "import pytest\nours = pytest.mark.policy\n")
    written(tmp_path, "gates.py", f"import pytest\n{source}\n")
    assert names(gates_in(tmp_path)) == ["check"]


@pytest.mark.parametrize(
    "source",
    [
        "policy = 1\n@policy\ndef check(): ...",
        "note = pytest.mark.policy('why')",
        "marks = [pytest.mark.policy]",
        "# pytest.mark.policy\ndef test_connection(): ...",
        "@app.policy\ndef check(): ...",
    ],
)
def test_what_only_sounds_like_a_marker_is_none(tmp_path: Path, source: str) -> None:
    """A name, a comment, a decorator of another library; and a marker that is put around nothing."""
    written(tmp_path, "gates.py", source)
    assert names(gates_in(tmp_path)) == []


def test_links_are_followed_and_no_circle_is_walked_twice(tmp_path: Path) -> None:
    """The place is told as the folder has it, the file by where it is."""
    shared = written(tmp_path, "shared/test_b.py", MARKED)
    folder = tmp_path / "gates"
    folder.mkdir()
    (folder / "more").symlink_to(tmp_path / "shared")
    (tmp_path / "shared" / "back").symlink_to(folder)
    assert [(gate.place, gate.path) for gate in gates_in(folder)] == [("more/test_b.py", shared.resolve())]


def test_a_folder_that_is_not_there_declares_nothing(tmp_path: Path) -> None:
    """A wrong path is for pytest to tell."""
    assert names(gates_in(tmp_path / "none")) == []


def test_a_folder_called_like_a_gate_file_is_no_file(tmp_path: Path) -> None:
    """It is looked into instead."""
    written(tmp_path, "test_own.py/test_in.py", "def test_in(): ...")
    assert names(gates_in(tmp_path)) == ["test_in"]


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("gate_tests", "gate_tests"),
        ("gate_tests/test_a.py", "gate_tests"),
        ("gate_tests/deep", "gate_tests"),
        ("gate_tests/deep/gate_tests/test_b.py", "gate_tests"),
        ("more", "more"),
        ("more/test_c.py", "more"),
    ],
)
def test_an_argument_belongs_to_the_outermost_gate_folder(tmp_path: Path, given: str, folder: str) -> None:
    """A file or folder stands for all of its gate folder; a folder with another name for itself."""
    for name in ("gate_tests/test_a.py", "gate_tests/deep/gate_tests/test_b.py", "more/test_c.py"):
        written(tmp_path, name, "")
    assert folder_of(tmp_path / given) == tmp_path / folder


def test_a_relative_argument_belongs_to_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How a path is written does not matter."""
    written(tmp_path, "gate_tests/deep/test_a.py", "")
    monkeypatch.chdir(tmp_path / "gate_tests")
    assert folder_of(Path("deep/test_a.py")) == tmp_path / "gate_tests"


@pytest.mark.parametrize("shop", ["gate_tests/shop", "gate_tests"], ids=["above the repository", "the repository"])
def test_a_folder_above_the_gates_may_bear_their_name(tmp_path: Path, shop: str) -> None:
    """A workspace or a repository that is called gate_tests does not turn every test in it into a gate."""
    gates = written(tmp_path / shop, "gate_tests/test_a.py", "").parent
    (tmp_path / shop / ".git").mkdir()
    assert folder_of(gates) == gates


def test_a_gate_folder_may_be_a_submodule(tmp_path: Path) -> None:
    """A file `.git` of its own does not take the gates beside it away."""
    written(tmp_path, "gate_tests/.git", "gitdir: elsewhere")
    written(tmp_path, "gate_tests/deep/test_a.py", "")
    assert folder_of(tmp_path / "gate_tests/deep") == tmp_path / "gate_tests"
