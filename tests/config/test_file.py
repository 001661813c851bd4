"""A policy file is found and read, and each of its keys has its line."""

from pathlib import Path

import pytest

from release_sentinel.config.file import Source, find, read
from release_sentinel.errors import InvalidPolicyError

OWN, SHARED = "release-sentinel.toml", "pyproject.toml"


def refusal(path: Path, *, named: bool = False) -> str:
    """Return why the policy of a repository, or a file that is named, cannot be read."""
    with pytest.raises(InvalidPolicyError) as caught:
        (read if named else find)(path)
    (problem,) = caught.value.problems
    return problem


def test_without_a_file_there_is_no_policy(tmp_path: Path) -> None:
    """A repository need not have a policy, and a pyproject.toml need not hold one."""
    assert find(tmp_path) == Source()
    (tmp_path / SHARED).write_text("[tool.ruff]\nline-length = 120\n")
    assert find(tmp_path) == Source()


@pytest.mark.parametrize(
    ("name", "text"), [(OWN, "deadline = 60\n"), (SHARED, "[tool.release-sentinel]\ndeadline = 60\n")]
)
@pytest.mark.parametrize("named", [True, False])
def test_a_policy_is_read_from_either_file(tmp_path: Path, name: str, text: str, *, named: bool) -> None:
    """At the top of the repository or by its name: the document is the same."""
    (tmp_path / name).write_text(text)
    source = read(tmp_path / name) if named else find(tmp_path)
    assert (source.name, source.document) == (name, {"deadline": 60})
    assert source.where(("deadline",)) == f"{name}:{len(text.splitlines())}"


def test_a_file_of_an_organisation_may_have_any_name(tmp_path: Path) -> None:
    """Both forms are understood there, too."""
    (tmp_path / "acme.toml").write_text("deadline = 60\n")
    (tmp_path / "shared.toml").write_text("[tool.release-sentinel]\ndeadline = 70\n[tool.other]\nx = 1\n")
    assert read(tmp_path / "acme.toml").document == {"deadline": 60}
    assert read(tmp_path / "shared.toml").document == {"deadline": 70}


def test_two_policies_are_refused(tmp_path: Path) -> None:
    """It would be unclear which one counts; the message names both."""
    (tmp_path / OWN).write_text("")
    (tmp_path / SHARED).write_text("[tool.release-sentinel]\n")
    message = refusal(tmp_path)
    assert message == (
        f"{tmp_path / OWN} and [tool.release-sentinel] in {tmp_path / SHARED} both hold a policy: keep one of them"
    )


@pytest.mark.parametrize(
    "name",
    [
        "release_sentinel.toml",
        ".release-sentinel.toml",
        "Release-Sentinel.toml",
        "RELEASE-SENTINEL.TOML",
        "releasesentinel.toml",
        "release-sentinel.tml",
        "release-sentinel.toml.txt",
        "release sentinel.toml",
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_a_policy_under_a_similar_name_is_refused(tmp_path: Path, name: str, *, beside: bool) -> None:
    """It would be ignored, and its author believes in it; also beside a policy that is read."""
    (tmp_path / name).write_text("[disk]\ncrit = 60\n", encoding="utf-8")
    if beside:
        (tmp_path / "release-sentinel.toml").write_text("", encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as refusal:
        find(tmp_path)
    assert refusal.value.problems == (f"{tmp_path / name} is not read: rename it to release-sentinel.toml",)


@pytest.mark.parametrize(
    "name",
    ["release-sentinel.json", "release-sentinel.example.toml", "release_sentinel.py", "release.toml"],
)
def test_a_file_of_another_kind_is_not_a_policy(tmp_path: Path, name: str) -> None:
    """A report, the policy of an organisation, a module; and a folder of the policy's name in another spelling."""
    (tmp_path / name).write_text("not read", encoding="utf-8")
    (tmp_path / "release_sentinel.toml").mkdir()
    assert find(tmp_path) == Source()


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / OWN).write_bytes(b"\xef\xbb\xbfdeadline = 60\r\n")
    assert find(tmp_path).document == {"deadline": 60}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"deadline = \n", ": is not valid TOML: Invalid value (at line 1, column 12)"),
        (b"a = 1\na = 2\n", ": is not valid TOML: Cannot overwrite a value (at line 2, column 6)"),
        (b"a = 1\nname = 'caf\xe9'\n", ":2: is not UTF-8: save the file as UTF-8"),
        (b"a = [" * 5000, ": is nested more than 32 deep, in tables, lists or dotted keys"),
    ],
    ids=["no value", "twice", "Latin-1", "too deep"],
)
@pytest.mark.parametrize("name", [OWN, SHARED])
def test_what_is_not_toml_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """The message says which file, where in it, and what is wrong; a pyproject.toml may hold a policy further down."""
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path).startswith(f"{tmp_path / name}{words}")


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    """The system's own words say why it is not."""
    there = tmp_path / "none.toml"
    assert refusal(there, named=True) == f"the policy file {there} cannot be read: No such file or directory"


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    """Even if its name is that of the policy."""
    (tmp_path / OWN).mkdir()
    assert refusal(tmp_path) == f"the policy file {tmp_path / OWN} cannot be read: Is a directory"


def test_a_broken_link_is_an_error(tmp_path: Path) -> None:
    """A policy was intended."""
    (tmp_path / OWN).symlink_to("gone.toml")
    assert refusal(tmp_path).endswith("cannot be read: No such file or directory")


def test_a_pyproject_that_is_named_has_to_hold_a_policy(tmp_path: Path) -> None:
    """Otherwise a mistake would silently mean the defaults."""
    (tmp_path / SHARED).write_text("[project]\n")
    assert refusal(tmp_path / SHARED, named=True).endswith(
        f"{SHARED} has no table [tool.release-sentinel]: add it, or name another file"
    )


def test_the_policy_of_a_pyproject_is_a_table(tmp_path: Path) -> None:
    """Anything else is a mistake."""
    (tmp_path / SHARED).write_text("[tool]\nrelease-sentinel = 5\n")
    where = f"{tmp_path / SHARED}:2"
    assert refusal(tmp_path) == f"{where}: tool.release-sentinel is not a table: write [tool.release-sentinel]"


TEXT = '''# a comment [disk]
deadline = 60 # = 5
git.branches = [
  "main", # ] }
  'release/*',
]
"enable" = ["""
[memory]
""", ]

[disk]
crit = 80
path = "[api]"

[env."prod"]
disk = { crit = 70,
 warn = 60 } # TOML 1.1 alone
'''.replace(" crit = 70,\n", " crit = 70,")

ARRAYS = """
[[waivers]]
gate = "disk"

  [[ waivers ]]
  gate = "api"
[env.prod]
[[env.prod.freezes]]
zone = "UTC"
[[env.prod.freezes]]

zone = "UTC"
[disk]
"""


def test_every_key_has_its_line(tmp_path: Path) -> None:
    """Comments, strings and brackets of several lines are not mistaken for keys."""
    (tmp_path / OWN).write_text(TEXT)
    source = find(tmp_path)
    paths = [("deadline",), ("git", "branches"), ("git", "branches", 1), ("enable",), ("disk",), ("disk", "crit")]
    paths += [("disk", "path"), ("env", "prod"), ("env", "prod", "disk"), ("env", "prod", "disk", "warn")]
    assert [int(source.where(path).partition(":")[2]) for path in paths] == [2, 3, 3, 7, 11, 12, 13, 15, 16, 16]
    assert source.where(("memory",)) == OWN
    assert source.where(("git",)) == f"{OWN}:3"  # which its first key makes


def test_every_element_of_an_array_has_its_line(tmp_path: Path) -> None:
    """Tables in arrays are distinguished by their number."""
    (tmp_path / OWN).write_text(ARRAYS)
    source = find(tmp_path)
    paths = [("waivers", 0), ("waivers", 1), ("waivers", 1, "gate"), ("waivers", 1, "env")]
    paths += [("env", "prod", "freezes", 0, "zone"), ("env", "prod", "freezes", 1, "zone"), ("disk",)]
    assert [int(source.where(path).partition(":")[2]) for path in paths] == [2, 5, 6, 5, 9, 12, 13]
