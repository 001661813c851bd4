"""A policy is loaded in a time that grows with its length, and is refused above bounds that the message names."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from release_sentinel.config import file as policy_file
from release_sentinel.config.kinds import ENVIRONMENTS, nearest
from release_sentinel.config.load import SHOWN, load
from release_sentinel.config.read import ENTRIES
from release_sentinel.config.schema import schema
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import GATES
from release_sentinel.strict_toml import DEEPEST
from tests.conftest import Sentinel
from tests.guides import FOLDER

MIB = 1 << 20


def problems(folder: Path, text: str | bytes) -> list[str]:
    """Return what is wrong with a policy file, without its place."""
    file = folder / "release-sentinel.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    try:
        load({}, repository=folder, env="prod", gates=GATES)
    except InvalidPolicyError as error:
        found = [problem.replace(f"{file}", "FILE").replace(file.name, "FILE") for problem in error.problems]
    else:
        found = []
    assert all(problem.isprintable() for problem in found)
    return found


def tables(count: int) -> str:
    """Return the entries of a list."""
    return "".join(f'[[tcp]]\nhost = "h{number}"\nport = 1\n' for number in range(count))


def environments(count: int) -> str:
    """Return a list of names."""
    return f"environments = {json.dumps([f'e{number}' for number in range(count)])}\n"


DEEP = "FILE: is nested more than 32 deep, in tables, lists or dotted keys"
LARGE = "is a very large number, expected"
ABOVE: dict[str, tuple[str, str]] = {
    "comments": ("# x\n" * 300_000, "the policy file FILE cannot be read: it is longer than the 1 MiB that are read"),
    "a key of many parts": (".".join("a" * 20_000) + " = 1", DEEP),
    "a key of many quoted parts": (".".join(['"a"'] * 20_000) + " = 1", DEEP),
    "a key of many spaced parts": (" . ".join("ab" * 20_000) + " = 1", DEEP),
    "a key of many parts in a table": (f"x = {{ {'.'.join('a' * 20_000)} = 1 }}", DEEP),
    "a table of many parts": (f"[{'.'.join('a' * 20_000)}]", DEEP),
    "lists in lists": (f"x = {'[' * 20_000}{']' * 20_000}", DEEP),
    "tables in tables": (f"x = {'{a = ' * 20_000}1{'}' * 20_000}", DEEP),
    "keys of some parts in tables": (f"[{'.'.join('a' * 20)}]\n{'.'.join('b' * 20)} = 1", DEEP),
    "brackets alone": ("[\n" * 300_000, DEEP),
    "entries": (tables(ENTRIES + 1), "FILE:1: tcp has 1001 entries, expected at most 1000"),
    "names": (
        f"required_gates = {json.dumps(['g'] * 1001)}",
        "FILE:1: required_gates has 1001 entries, expected at most 1000",
    ),
    "gates switched off": (
        "[disable]\n" + "".join(f'g{number} = "x"\n' for number in range(1001)),
        "FILE:1: disable has 1001 keys, expected at most 1000",
    ),
    "keys of a table": (
        "[git]\n" + "".join(f"g{number} = 1\n" for number in range(1001)),
        "FILE:1: git has 1001 keys, expected at most 1000",
    ),
    "environments": (environments(101), "FILE:1: environments has 101 entries, expected at most 100"),
    "parts": (
        environments(100) + "".join(f"[env.e{number}]\n" for number in range(101)),
        "FILE:2: env has 101 parts, expected at most 100",
    ),
    "digits": (f"deadline = {'9' * 5000}", "FILE: a number has more than 4300 digits"),
    "digits below zero": (f"x = [-{'9' * 5000}]", "FILE: a number has more than 4300 digits"),
    "bits": (f"disk.min_free = 0x{'f' * 5000}", f"FILE:1: disk.min_free {LARGE} a number of bytes"),
    "octal bits": (f"api.tries = 0o{'7' * 5000}", f"FILE:1: api.tries {LARGE} a whole number from 1 to 20"),
    "bits of a number": (f"deadline = {'9' * 400}", f"FILE:1: deadline {LARGE} seconds, from 0.1 to 86400"),
    "bits of a name": (f"process = {'9' * 400}", f"FILE:1: process {LARGE} a text"),
    "bits in a list": (f"api.statuses = [{'9' * 400}]", f"FILE:1: api.statuses[0] {LARGE} an HTTP status code"),
    "bits of a scalar": (
        '[[dependencies]]\nname = "a"\nurl = "https://a/"\njson = [{ path = "$.a", equals = ' + "9" * 400 + " }]",
        f"FILE:4: dependencies[0].json[0].equals {LARGE} a text or a whole number",
    ),
}


@pytest.mark.parametrize("name", ABOVE)
def test_a_policy_above_a_bound_is_refused(tmp_path: Path, name: str) -> None:
    """The message is one line, and names the bound."""
    text, words = ABOVE[name]
    (problem,) = [problem for problem in problems(tmp_path, text) if "has no rules" not in problem]
    assert problem.startswith(words)


BELOW = {
    "comments": "# x\n" * (MIB // 4),
    "entries": tables(ENTRIES),
    "names": f"required_gates = {json.dumps([f'g{number}' for number in range(ENTRIES)])}",
    "environments": environments(ENVIRONMENTS),
    "parts": environments(ENVIRONMENTS) + "".join(f"[env.e{number}]\n" for number in range(ENVIRONMENTS)),
    "dots in strings": f'process = "{"a." * 50_000}a"',
    "brackets in strings and comments": f"# {'[' * 50_000}\nprocess = '''{'[' * 50_000}'''",
    "quotes in strings": 'process = """a\\"""" # [[[' + "[" * 50,
    "dots in a list": f"x = [{'1.5, ' * 50}]".replace("x", "#"),
}


@pytest.mark.parametrize("name", BELOW)
def test_a_policy_at_its_bounds_is_read(tmp_path: Path, name: str) -> None:
    """What is allowed stays allowed."""
    assert problems(tmp_path, BELOW[name]) == []


HOSTILE = {
    "an open string": 'process = """' + "x\n" * 500_000,
    "quotes": '"\n' * 500_000,
    "escaped quotes": '"""' + '\\"""\n' * 150_000,
    "a word": "a" * 1_000_000,
    "spaces": "a" + " " * 1_000_000,
    "a name": '"' + "a" * 1_000_000 + '" = 1',
    "an escaped text": 'process = "' + "\\n" * 500_000 + '"',
    "names alike": f'environments = ["{"a" * 300_000}"]\n[[waivers]]\ngate = "disk"\nenv = "{"a" * 299_999}b"\n'
    'reason = "x"\nowner = "x"\nexpires = 2026-12-31',
    "unknown keys": "".join(f"k{number} = 1\n" for number in range(80_000)),
    "many mistakes": "".join(
        f'[[tcp]]\nhost = "h{n}"\n' + "".join(f"k{i} = 1\n" for i in range(90)) for n in range(900)
    ),
    "mistakes in each part": environments(100)
    + "".join(f"[env.e{n}]\n" + "".join(f"[[env.e{n}.tcp]]\nhost = 1\n" for _ in range(300)) for n in range(100)),
}


@pytest.mark.sweep
@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_within_the_bounds_takes_long(tmp_path: Path, name: str) -> None:
    """Each was minutes or more where a step is quadratic; the messages are few."""
    assert 1 <= len(problems(tmp_path, HOSTILE[name])) <= SHOWN + 1


@pytest.mark.parametrize("end", ["\\n", "\\r", "\\u2028", "\\u0085", "\\u001b[2J", "\\u202e"])
def test_a_name_with_the_end_of_a_line_stays_on_one(tmp_path: Path, end: str) -> None:
    """Keys, environments, gates and values, wherever a message repeats them."""
    name = f'"a{end}b"'
    for text in (
        f"{name} = 1",
        f"git = {{ {name} = 1 }}",
        f'disable = {{ {name} = "x" }}',
        f"disk.path = {name}",
        f'process = "x"\n[[processes]]\nname = {name}\n[[processes]]\nname = {name}',
        f"environments = [{name}]\n[env.dev]",
        f"[env.{name}]\nx = 1",
        f"enable = [{name}]",
        f"[[dependencies]]\nname = {name}\nurl = 'x'\nheaders = {{ {name} = 'x' }}",
        f"{name}.x = [\n",
    ):
        problems(tmp_path, text)  # which asserts that each message is one line


def test_two_long_words_are_not_compared() -> None:
    """Words that a person has mistyped are."""
    assert nearest("a" * 101, ["a" * 101]) == ""
    assert nearest("prud", ["prod", "a" * 1_000_000]) == "; did you mean prod?"


def test_the_schema_knows_the_bounds() -> None:
    """Editors mark what the gate refuses."""
    accepts = Draft202012Validator(schema()).is_valid
    assert accepts({"required_gates": ["g"] * ENTRIES})
    assert not accepts({"required_gates": ["g"] * (ENTRIES + 1)})
    assert not accepts({"environments": [f"e{number}" for number in range(ENVIRONMENTS + 1)]})
    assert not accepts({"env": {f"e{number}": {} for number in range(ENVIRONMENTS + 1)}})
    assert not accepts({"disable": {f"g{number}": "x" for number in range(ENTRIES + 1)}})
    assert accepts({"disk": {"min_free": (1 << 63) - 1}})
    assert not accepts({"disk": {"min_free": 1 << 63}})


def test_the_guide_names_the_bounds() -> None:
    """The table of the guide says what the loader does."""
    guide = (FOLDER / "policy.md").read_text(encoding="utf-8")
    assert f"| size of the file | {policy_file.MOST // MIB} MiB |" in guide
    assert f"below one another | {DEEPEST} |" in guide
    assert f"keys of a table | {ENTRIES:,} |" in guide
    assert f"parts `[env.NAME]` | {ENVIRONMENTS} |" in guide
    assert f"together, up to {SHOWN}:" in guide


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
@pytest.mark.parametrize("name", ["digits", "comments", "a key of many parts"])
def test_a_run_refuses_it_before_any_gate(sentinel: Sentinel, way: str, name: str) -> None:
    """Both ways: exit 1, the one message, no traceback."""
    sentinel.repo.commit("release-sentinel.toml", ABOVE[name][0])
    done = (sentinel if way == "release-sentinel" else sentinel.pytest)()
    assert (done.code, done.verdict["gates"]) == (1, [])
    assert "Traceback" not in done.out
    assert ABOVE[name][1].partition("FILE")[2].strip(": ") in " ".join(done.verdict["problems"])


@pytest.mark.parametrize("name", ["RS_API_TRIES", "RS_API_STATUSES", "RS_DISK_CRIT", "RS_DEADLINE"])
def test_a_number_of_a_variable_is_bounded(name: str) -> None:
    """As in a file."""
    with pytest.raises(InvalidPolicyError) as error:
        load({name: "9" * 5000})
    (problem,) = error.value.problems
    assert problem.startswith(f"{name} is '9999")
    assert len(problem) < 300
