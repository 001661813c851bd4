"""The command line before pytest parses it: is this a gate run, and what did it mean by `--version`?"""

from pathlib import Path
from typing import get_args

import pytest
from msgspec import Meta

from release_sentinel.arguments import (
    LONGEST,
    ArgumentError,
    expanded,
    gate_arguments,
    given,
    is_gate_run,
    protected,
    rewrite_version,
)
from release_sentinel.config.kinds import RunSeconds

GATE_RUNS = [
    "gate_tests",
    "gate_tests/",
    "./gate_tests",
    "../shop/gate_tests",
    "/srv/shop/gate_tests",
    "gate_tests/test_host.py",
    "gate_tests/test_host.py::test_disk",
    "gate_tests/test_host.py::TestOwn::test_disk[/var]",
    "shop/gate_tests/deep/test_own.py",
    "-q gate_tests",
    "tests gate_tests",
    "gate_tests -k disk",
    "gate_tests --ignore gate_tests/test_host.py",
    "--ignore tests gate_tests",
    "--gate-all",
    "--gate-verdict=verdict.json",
    "tests --gate-partial",
    "--release-version v1.0.0",
    "--release-version=v1.0.0",
    "--env prod --version v1.0.0",
    "--env=prod --version v1.0.0",
    "--version v1.0.0 --env prod",
    "--env prod --version next",
    "--version v1.0.0",
    "--version 1.0",
    "--version 2024.05.17",
    "-q --version v1.0.0-rc.1",
    "--version= gate_tests",
]

ORDINARY_RUNS = [
    "",
    "tests",
    "tests/test_gate_tests.py",
    "my_gate_tests",
    "gate_tests_old/test_it.py",
    "tests/gate_tests.py",
    "tests/test_it.py::gate_tests",
    "--version",
    "-V",
    "--version -q",
    "-q --version",
    "--version tests",
    "--version v",
    "--env prod",
    "--env prod tests",
    "--env=prod tests",
    "--env prod --version",
    "--env prod --version -q",
    "--environment prod --version next",
    "--gates",
    "--release v1.0.0",
    "-k gate_tests",
    "-m gate_tests",
    "tests --ignore gate_tests",
    "tests --junitxml gate_tests",
    "tests --junitxml gate_tests/gates.xml",
    "gate_tests/notes.md",
    "tests --ignore=gate_tests",
    "tests --ignore-glob gate_tests/*",
    "tests --deselect gate_tests/test_host.py::test_disk",
    "--co -q tests",
]


@pytest.mark.parametrize("line", GATE_RUNS)
def test_a_gate_run_is_told_by_its_command_line(line: str) -> None:
    """A gate folder, one of our options or a release opens the gate."""
    assert is_gate_run(line.split())


@pytest.mark.parametrize("line", ORDINARY_RUNS)
def test_any_other_run_is_left_alone(line: str) -> None:
    """What pytest does by itself, and suites with names or options that look alike, never open the gate."""
    assert not is_gate_run(line.split())


@pytest.mark.parametrize("blank", ["", " ", "\n", "\t \n"], ids=repr)
def test_a_blank_version_is_an_unset_variable(blank: str) -> None:
    """`--version "$VERSION"` asks for a gate also where the variable is unset: pytest would exit 0."""
    assert is_gate_run(["--version", blank])
    assert is_gate_run(["--env", "prod", "--version", blank])


def test_a_version_of_several_lines_is_one() -> None:
    """A version that a file ended with a line break is refused by the gate, and not overlooked by the door."""
    assert is_gate_run(["--version", "v1.0.0\n"])


@pytest.mark.parametrize("option", ["--cov", "-c", "--rootdir", "-p"])
def test_the_value_of_an_option_may_be_taken_for_a_path(option: str) -> None:
    """What other options take cannot be known here: a gate folder behind one opens the gate, which fails closed."""
    assert is_gate_run([option, "gate_tests"])


def test_a_file_named_from_inside_the_gate_folder_is_a_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cd gate_tests && pytest test_host.py` names the same file."""
    folder = tmp_path / "gate_tests"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert is_gate_run(["test_host.py"])


def rewritten(*args: str) -> list[str]:
    """Return the arguments as `rewrite_version` leaves them."""
    words = list(args)
    rewrite_version(words)
    return words


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("gate_tests --env prod --version v1.0.0 -q", "gate_tests --env prod --release-version=v1.0.0 -q"),
        ("--version v1.0.0", "--release-version=v1.0.0"),
        ("--version=v1.0.0 -q", "--release-version=v1.0.0 -q"),
        ("--version= -q", "--release-version= -q"),
        ("--release-version v1.0.0", "--release-version v1.0.0"),
        ("--release-version=v1.0.0", "--release-version=v1.0.0"),
        ("gate_tests --env prod", "gate_tests --env prod"),
        ("--version next", "--release-version=next"),
        ("", ""),
    ],
)
def test_a_version_is_rewritten(line: str, result: str) -> None:
    """`--version VALUE`, in one word or two, becomes an option that pytest does not use itself; the rest stays."""
    assert rewritten(*line.split()) == result.split()


@pytest.mark.parametrize("value", ["", " ", "v1 0", "v1=2", "v1\n", "ü"], ids=ascii)
def test_a_version_is_handed_on_as_it_is(value: str) -> None:
    """Whether it is any good is for the gate to judge."""
    assert rewritten("--version", value, "-q") == [f"--release-version={value}", "-q"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--env prod --version", "--version has no value, the end of the line follows: write --version v1.2.3"),
        ("--version --junitxml=x.xml", "--version has no value, --junitxml=x.xml follows"),
        ("--version -v", "--version has no value, -v follows"),
        ("--version v1.0.0 --version v1.0.0", "--version is given 2 times (--version --version); give it once"),
        ("--version v1.0.0 --version=v2.0.0", "--version is given 2 times (--version --version=v2.0.0)"),
        ("--version v1.0.0 --release-version=v2.0.0", "is given 2 times (--version --release-version=v2.0.0)"),
        ("--release-version a --release-version b", "--version is given 2 times"),
        ("--env a --env b --version v1.0.0", "--env is given 2 times (--env --env); give it once"),
        ("--env=a --env b --env=c", "--env is given 3 times (--env=a --env --env=c)"),
        ("-V --env prod --version v1.0.0", "-V prints pytest's version; a gate run takes --version VERSION"),
    ],
)
def test_what_cannot_be_meant_is_refused(line: str, words: str) -> None:
    """Doubled, without a value, or pytest's own: the refusal says what was seen and what to write."""
    with pytest.raises(ArgumentError) as refusal:
        rewritten(*line.split())
    assert words in str(refusal.value)


@pytest.mark.parametrize("line", ["--env prod --version", "--env=prod --version -q", "--version --env prod"])
def test_an_environment_and_a_version_without_a_value_ask_for_a_gate(line: str) -> None:
    """`--env prod --version $VERSION` with an unset variable must not print pytest's version."""
    assert gate_arguments(line.split(), {}) == line.split()


@pytest.mark.parametrize("line", ["--version", "-q --version", "tests --version"])
def test_an_environment_in_addopts_asks_for_nothing(line: str) -> None:
    """A test suite may have an --env of its own there, and an editor asks for pytest's version."""
    assert gate_arguments(line.split(), {"PYTEST_ADDOPTS": "--env qa"}) == []


@pytest.mark.parametrize("line", ORDINARY_RUNS)
def test_other_arguments_are_not_protected(line: str) -> None:
    """What pytest does by itself reaches it as it is typed."""
    if line not in {"--env prod --version", "--env prod --version -q"}:  # the test above
        assert protected(line.split(), {}) == line.split()


@pytest.mark.parametrize("line", [line for line in GATE_RUNS if "--version " in line])
def test_a_gate_run_is_protected(line: str) -> None:
    """What pytest gets has no word left for which it would print its version."""
    assert not {"--version", "-V"} & set(protected(line.split(), {}))


@pytest.mark.parametrize(
    "line",
    [
        "gate_tests --env prod --version",
        "--env prod --version",
        "gate_tests --version -v",
        "gate_tests --version v1 --version v2",
        "gate_tests --version v1 --release-version=v2",
        "gate_tests -V",
        "gate_tests --env prod --version v1 -V",
    ],
)
def test_a_mistake_is_protected_and_told_in_its_own_words(line: str) -> None:
    """What cannot be meant reaches the plugin, which refuses it as it was typed."""
    words = protected(line.split(), {})
    assert not {"--version", "-V"} & set(words)
    assert is_gate_run(words)
    with pytest.raises(ArgumentError) as typed:
        rewritten(*line.split())
    with pytest.raises(ArgumentError) as hidden:
        rewritten(*words)
    assert str(hidden.value) == str(typed.value)


def test_a_release_in_addopts_is_left_to_the_plugin() -> None:
    """Only words of the command line are rewritten; what PYTEST_ADDOPTS adds makes it a gate run."""
    environ = {"PYTEST_ADDOPTS": "gate_tests --env prod"}
    assert protected(["--version", "next"], environ) == ["--release-version=next"]


def test_addopts_that_cannot_be_read_are_no_way_out() -> None:
    """With a stray quote in PYTEST_ADDOPTS a gate run is one all the same; pytest says what is wrong with it."""
    environ = {"PYTEST_ADDOPTS": "'"}
    assert protected(["gate_tests", "--version", "v1.0.0"], environ) == ["gate_tests", "--release-version=v1.0.0"]
    assert protected(["--version", "tests"], environ) == ["--version", "tests"]


def test_a_version_from_a_file_of_arguments(tmp_path: Path) -> None:
    """`--version @FILE` takes its value from the file, as without the guard."""
    (file := tmp_path / "version.args").write_text("v1.0.0\n", encoding="utf-8")
    assert protected(["gate_tests", "--version", f"@{file}"], {}) == ["gate_tests", "--release-version=v1.0.0"]


def test_a_refusal_leaves_the_arguments_alone() -> None:
    """Nothing is half rewritten."""
    words = ["--version", "v1.0.0", "--version=v2.0.0"]
    with pytest.raises(ArgumentError):
        rewrite_version(words)
    assert words == ["--version", "v1.0.0", "--version=v2.0.0"]


def test_a_file_of_arguments_is_read(tmp_path: Path) -> None:
    """`@FILE` stands for the lines of the file, as it does for pytest."""
    file = tmp_path / "release.args"
    file.write_text("gate_tests\n--version\nv1.0.0\n", encoding="utf-8")
    assert expanded(["-q", f"@{file}", "-v"]) == ["-q", "gate_tests", "--version", "v1.0.0", "-v"]


def test_a_file_of_arguments_may_name_another(tmp_path: Path) -> None:
    """Files in files are read by pytest; a gate run that one of them asks for is seen."""
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.write_text("gate_tests\n--version\nv1.0.0\n", encoding="utf-8")
    outer.write_text(f"-q\n@{inner}\n", encoding="utf-8")
    assert expanded([f"@{outer}"]) == ["-q", "gate_tests", "--version", "v1.0.0"]


def test_a_file_of_arguments_that_cannot_be_read_stays(tmp_path: Path) -> None:
    """What is wrong with it is for pytest to tell, also with one that names itself."""
    loop = tmp_path / "loop"
    loop.write_text(f"@{loop}\n", encoding="utf-8")
    assert expanded([f"@{tmp_path / 'none'}", f"@{tmp_path}"]) == [f"@{tmp_path / 'none'}", f"@{tmp_path}"]
    assert expanded([f"@{loop}"])[-1] == f"@{loop}"


def test_given_arguments_are_those_of_the_environment_too(tmp_path: Path) -> None:
    """PYTEST_ADDOPTS comes first, and files of arguments are opened in both."""
    (tmp_path / "words").write_text("-q\n--env=prod\n", encoding="utf-8")
    words = given(["gate_tests", f"@{tmp_path / 'words'}"], {"PYTEST_ADDOPTS": "-k 'a b'"})
    assert words == ["-k", "a b", "gate_tests", "-q", "--env=prod"]


def test_an_unbalanced_quote_in_the_environment_is_told() -> None:
    """The message says where it stands."""
    with pytest.raises(ArgumentError, match=r"^PYTEST_ADDOPTS cannot be read \(No closing quotation\): '-k \"a'$"):
        given([], {"PYTEST_ADDOPTS": '-k "a'})


@pytest.mark.parametrize("place", ["gate_tests", "gate_tests/shop"], ids=["itself", "its parent"])
def test_a_repository_of_that_name_is_no_gate_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """`pytest tests` in a repository that is called gate_tests, or lies in such a folder, is none of our business."""
    top = tmp_path / place
    (top / ".git").mkdir(parents=True)
    monkeypatch.chdir(top)
    assert not is_gate_run(["tests"])
    assert not is_gate_run([str(top)])
    assert is_gate_run(["gate_tests"])


def test_a_run_takes_a_day_at_most_by_option_and_by_policy() -> None:
    """`--gate-deadline` and the policy's `deadline` have one bound."""
    (bounds,) = (one for one in get_args(RunSeconds) if isinstance(one, Meta))
    assert bounds.le == LONGEST
