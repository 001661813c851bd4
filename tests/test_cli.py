"""`release-sentinel`: arguments in, exit code out. Nothing here starts a gate run."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from release_sentinel import __version__, gates
from release_sentinel.cli import main
from release_sentinel.commands import COMMANDS
from release_sentinel.config.schema import schema
from release_sentinel.options import OPTIONS
from release_sentinel.packs import guards
from release_sentinel.reports.document import document
from tests.conftest import CLI, run
from tests.reports.samples import RELEASE, WHOLE


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """Return the usage line and the error of a command line that exits 1 by a usage error."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (1, "")
    usage, _, error = err.partition("release-sentinel: error: ")
    if not error:
        usage, _, error = re.split(r"(?m)^(release-sentinel \w+): error: ", err)
    return usage.splitlines()[0], error.strip()


GATE_USAGE = "usage: release-sentinel --env ENV --version VERSION [options] [pytest options]"
MISTAKES = {
    "nothing": ("", "missing: --env, --version"),
    "no version": ("--env prod", "missing: --version"),
    "no environment": ("--version v1.0.0 -q", "missing: --env"),
    "a command misspelt": (
        "verfy verdict.json",
        "missing: --env, --version; there is no command 'verfy'; did you mean verify?",
    ),
    "a command too late": ("-q explain", "missing: --env, --version"),
    "environment without value": ("--env --version v1.0.0", "argument --env: expected one argument"),
    "version without value": (
        "--env prod --version",
        "--version has no value, the end of the line follows: write --version v1.2.3 (is $VERSION empty?)",
    ),
    "blank environment": ("--env= --version v1.0.0", "--env is '' (an unset variable?)"),
    "blank version": ("--env prod --version=", "--version is '' (an unset variable?)"),
    "environment twice": (
        "--env prod --env dev --version v1.0.0",
        "--env is given 2 times (--env --env); give it once",
    ),
    "version twice": (
        "--env prod --version v1 --version v2",
        "--version is given 2 times (--version --version); give it once",
    ),
    "version in both spellings": (
        "--env prod --version v1 --release-version v1",
        "--version is given 2 times (--version --release-version); give it once",
    ),
    "abbreviated": ("--env prod --vers v1.0.0", "missing: --version"),
    "pytest's own": (
        "--env prod --version v1.0.0 -V",
        "-V prints pytest's version; a gate run takes --version VERSION",
    ),
    "no seconds": (
        "--env prod --version v1.0.0 --gate-deadline soon",
        "argument --gate-deadline: 'soon' is not a number of seconds above 0",
    ),
    "an option that is not there": (
        "--env prod --version v1.0.0 --gate-al",
        "there is no option --gate-al; did you mean --gate-all?",
    ),
    "no such repository": (
        "--env prod --version v1.0.0 --gate-repo /no/such/folder",
        "argument --gate-repo: /no/such/folder is not a folder",
    ),
    "blank repository": (
        "--env prod --version v1.0.0 --gate-repo=",
        "--gate-repo is '' (an unset variable?)",
    ),
    "report without a name": (
        "--env prod --version v1.0.0 --gate-verdict",
        "argument --gate-verdict: expected one argument",
    ),
    "flag with a value": (
        "--env prod --version v1.0.0 --gate-all=yes",
        "argument --gate-all: ignored explicit argument 'yes'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_usage_error_exits_1_with_the_usage(capsys: pytest.CaptureFixture[str], mistake: str) -> None:
    """Usage line and error go to standard error; argparse's own 2 would read CRITICAL."""
    line, words = MISTAKES[mistake]
    assert refused(capsys, *line.split()) == (GATE_USAGE, words)


def test_the_arguments_are_the_process_s_by_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an installed program it reads its own command line."""
    monkeypatch.setattr("sys.argv", ["release-sentinel", "explain", "disk"])
    monkeypatch.setattr(guards, "_stood", [])  # else it ends this process, in which other tests have loaded packs
    assert main() == 0
    assert capsys.readouterr().out.startswith("disk  (critical gate)")


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", ["", "verify"])
def test_help_alone_exits_0(capsys: pytest.CaptureFixture[str], flag: str, command: str) -> None:
    """Who asks for help gets it on standard output."""
    assert main([*command.split(), flag]) == 0
    assert capsys.readouterr().out.startswith(f"usage: {f'release-sentinel {command}'.strip()} ")


@pytest.mark.parametrize("command", ["explain", "guide", "demo"])
def test_help_of_a_command_that_judges_nothing_exits_0(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """No pipeline depends on these."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: release-sentinel {command} ")


@pytest.mark.parametrize(
    "line",
    [
        "--env prod --version v1.0.0 --help",
        "--help gate_tests",
        "-h -q",
        "verify verdict.json --env prod --version v1.0.0 --help",
        "verify verdict.json -h",
    ],
)
def test_help_beside_others_exits_1(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """A pipeline with a stray --help judged nothing, and must not read that as SAFE."""
    assert main(line.split()) == 1
    assert capsys.readouterr().out.startswith("usage: ")


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The help text of the program."""
    main(["--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_command(told: str, command: str) -> None:
    """Each has a line that says what it does."""
    assert re.search(rf"^  release-sentinel {command}( \S+)?  +\w", told, re.MULTILINE)


def test_help_names_the_options_that_the_plugin_has(told: str) -> None:
    """Both commands are the same run: neither has an option that the other lacks."""
    options = {flag for option in OPTIONS if option.own for flag in option.flags} - {"--version"}
    assert set(re.findall(r"--(?:gate-[a-z-]+|env|release-version)\b", told)) == options


def test_help_tells_version_and_exit_codes(told: str) -> None:
    """Every exit code that automation has to know stands there."""
    assert f"release-sentinel {__version__}: " in told
    assert re.findall(r"^  (\d+)(?:, (\d+))?  ", told, re.MULTILINE) == [
        ("0", ""),
        ("1", ""),
        ("2", ""),
        ("130", "143"),
    ]


def test_explain_lists_all_gates(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a gate it prints the table."""
    assert main(["explain"]) == 0
    assert capsys.readouterr().out == gates.table() + "\n"


@pytest.mark.parametrize("gate", gates.BUILT_IN, ids=lambda gate: gate.id)
def test_explain_tells_of_one_gate(capsys: pytest.CaptureFixture[str], gate: gates.BuiltInGate) -> None:
    """Each gate's text is its check's own."""
    assert main(["explain", gate.id]) == 0
    assert capsys.readouterr().out == gates.explain(gate) + "\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("explain nonsense", "there is no gate 'nonsense'. The gates are: environment, "),
        ("explain clean_tree", "there is no gate 'clean_tree'; did you mean clean-tree? The gates are: "),
        ("explain disk memory", "unrecognized arguments: memory"),
        ("demo now", "unrecognized arguments: now"),
    ],
)
def test_a_mistake_of_a_command_exits_1(capsys: pytest.CaptureFixture[str], line: str, words: str) -> None:
    """Its own usage line, and what is wrong."""
    usage, error = refused(capsys, *line.split())
    assert usage.startswith(f"usage: release-sentinel {line.partition(' ')[0]} ")
    assert error.startswith(words)


@pytest.fixture
def verdict_file(tmp_path: Path) -> Path:
    """The verdict of a SAFE run that ended just now."""
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps({**document(WHOLE), "ended": datetime.now(UTC).isoformat()}), encoding="utf-8")
    return path


WANTED = ("--env", "prod", "--version", "v1.0.0")


@pytest.mark.parametrize(
    "options",
    [(), ("--commit", RELEASE.commit), ("--commit", RELEASE.commit[:7].upper()), ("--max-age=30m",)],
    ids=["no more", "commit", "short commit", "age"],
)
def test_verify_lets_a_safe_verdict_through(
    capsys: pytest.CaptureFixture[str], verdict_file: Path, options: tuple[str, ...]
) -> None:
    """It says which file it believed, about which release."""
    assert main(["verify", str(verdict_file), *WANTED, *options]) == 0
    assert capsys.readouterr() == (f"SAFE: v1.0.0 may go to prod, says {verdict_file}\n", "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--env", "dev", "--version", "v1.0.0"), "the verdict is about env 'prod', expected 'dev'"),
        (("--env", "prod", "--version", "v2.0.0"), "the verdict is about version 'v1.0.0', expected 'v2.0.0'"),
        ((*WANTED, "--commit", "f" * 40), f"the verdict is about commit {RELEASE.commit}, expected {'f' * 40}"),
        ((*WANTED, "--max-age", "0s"), "expected at most 0:00:00: run the gate again"),
    ],
    ids=["environment", "version", "commit", "age"],
)
def test_verify_refuses_another_release(
    capsys: pytest.CaptureFixture[str], verdict_file: Path, options: tuple[str, ...], words: str
) -> None:
    """Nothing on standard output, one line a reason on standard error, exit 1."""
    assert main(["verify", str(verdict_file), *options]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(rf"release-sentinel verify: .*{re.escape(words)}\n", err)


def test_verify_tells_every_reason(capsys: pytest.CaptureFixture[str], verdict_file: Path) -> None:
    """Each has a line of its own."""
    assert main(["verify", str(verdict_file), "--env", "dev", "--version", "v2.0.0"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_verify_refuses_what_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A verdict that was never handed over is no verdict."""
    assert main(["verify", str(tmp_path / "none.json"), *WANTED]) == 1
    assert "cannot be read: No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "the following arguments are required: FILE, --env, --version"),
        (("FILE",), "the following arguments are required: --env, --version"),
        (("FILE", "--version", "v1.0.0"), "the following arguments are required: --env"),
        (("FILE", "--env", "prod"), "the following arguments are required: --version"),
        (WANTED, "the following arguments are required: FILE"),
        (("FILE", "--env", "", "--version", "v1.0.0"), "--env is '' (an unset variable?)"),
        (("FILE", "--env", "prod", "--version", " "), "--version is ' ' (an unset variable?)"),
        (("FILE", *WANTED, "--env", "dev"), "--env is given twice"),
        (
            ("FILE", *WANTED, "--commit", ""),
            "argument --commit: '' is not a commit id of 7 or more hexadecimal digits",
        ),
        (
            ("FILE", *WANTED, "--commit", "HEAD"),
            "argument --commit: 'HEAD' is not a commit id of 7 or more hexadecimal digits",
        ),
        (
            ("FILE", *WANTED, "--commit", "012345"),
            "argument --commit: '012345' is not a commit id of 7 or more hexadecimal digits",
        ),
        (("FILE", *WANTED, "--commit", "a" * 40, "--commit", "b" * 40), "--commit is given twice"),
        (("FILE", *WANTED, "--max-age", "soon"), "--max-age 'soon' is not a duration such as 90s, 30m, 24h or 7d"),
        (("FILE", *WANTED, "--max-age", ""), "--max-age '' is not a duration such as 90s, 30m, 24h or 7d"),
        (("FILE", *WANTED, "--max", "1h"), "unrecognized arguments: --max 1h"),
        (("FILE", "OTHER", *WANTED), "unrecognized arguments: OTHER"),
    ],
)
def test_verify_refuses_what_cannot_be_meant(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], error: str
) -> None:
    """Above all, an unset variable of the pipeline never means any release."""
    usage, said = refused(capsys, "verify", *words)
    assert usage.startswith("usage: release-sentinel verify ")
    assert said == error


def test_policy_prints_what_is_in_effect(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For one environment, of the repository or of a file, each value with its source; without a release."""
    (tmp_path / "release-sentinel.toml").write_text(
        "deadline = 5\n[env.dev]\n[env.stage]\n[env.prod.disk]\ncrit = 60\n"
    )
    monkeypatch.setenv("RS_API_TRIES", "7")
    assert main(["policy", "--env", "prod", "--gate-repo", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {
        "deadline = 5.0  # release-sentinel.toml:1",
        "crit = 60.0  # release-sentinel.toml:5 [env.prod]",
        "tries = 7  # RS_API_TRIES",
    } <= set(lines)
    assert main(["policy", "--gate-policy", str(tmp_path / "release-sentinel.toml"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["disk.crit"] == {"value": 85.0, "source": "default"}


def test_policy_refuses_what_cannot_be_meant(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A line for each mistake, and exit 1; an environment that there is not is one."""
    (tmp_path / "release-sentinel.toml").write_text("deadlin = 5\nprocess = 5\nenable = ['frieze']\n")
    assert main(["policy", "--gate-repo", str(tmp_path)]) == 1
    out, told = capsys.readouterr()
    assert (out, [line.split()[3] for line in told.splitlines()]) == ("", ["deadlin", "process", "enable[0]"])
    assert all(line.startswith("release-sentinel policy: release-sentinel.toml:") for line in told.splitlines())
    _, error = refused(capsys, "policy", "--env", "prd")
    assert error == "--env 'prd' is not an environment, expected one of dev, stage, prod; did you mean prod?"


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """It is JSON, and the model's."""
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("packs = { acme = '>=1' }", "the gate pack acme is not installed, expected >=1"),
        ("packs = { acme = '>=1' }\ndeadlin = 5", "release-sentinel.toml:2: deadlin "),
    ],
    ids=["missing", "not valid"],
)
def test_packs_that_are_not_shown_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, why: str
) -> None:
    """The schema is printed without them, and says so; a gate of theirs is not merely unknown."""
    (tmp_path / "release-sentinel.toml").write_text(policy)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["schema"]) == 0
    out, err = capsys.readouterr()
    assert "disk" in json.loads(out)["properties"]
    assert err.startswith(f"release-sentinel schema: without gate packs: {why}")
    assert why in refused(capsys, "explain", "acme.queue-drained")[1]


# What each command is asked for so that it says something at once: its output is lost where that is closed.
SPOKEN = {
    "explain": "disk",
    "guide": "history",
    "policy": "--help",
    "schema": "",
    "verify": "VERDICT --env prod --version v1.0.0 --max-age 999999d",
    "tag": "--help",
    "release": "--help",
    "watch": "--help",
    "history": "FOLDER --json",
    "init": "--help",
    "hook": "--help",
    "completion": "bash",
    "kubernetes": "--help",
    "dashboard": "",
    "demo": "--help",
    "help": "",
    "--help": "",
}


@pytest.fixture
def kept(tmp_path: Path) -> dict[str, str]:
    """A folder with a SAFE verdict, and its file."""
    file = tmp_path / "kept" / "verdict.json"
    file.parent.mkdir()
    file.write_text(json.dumps(document(WHOLE)), encoding="utf-8")
    return {"VERDICT": str(file), "FOLDER": str(file.parent)}


def spoken(name: str, kept: dict[str, str]) -> int:
    """Return the exit code of a command that says something."""
    try:
        return main([name, *(kept.get(word, word) for word in SPOKEN[name].split())])
    except SystemExit as ended:
        return int(ended.code or 0)


def test_every_command_is_spoken_to() -> None:
    """None may be forgotten below."""
    assert set(COMMANDS) <= set(SPOKEN)


@pytest.mark.parametrize("name", SPOKEN)
def test_a_closed_standard_output_is_no_success(
    name: str, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was asked for was not shown; standard error says why."""
    monkeypatch.setattr(sys, "stdout", None)
    assert spoken(name, kept) == 1
    assert sys.stdout is None
    assert capsys.readouterr().err == "release-sentinel: standard output is closed: nothing could be shown\n"


@pytest.mark.parametrize("name", SPOKEN)
def test_a_closed_standard_error_changes_nothing(
    name: str, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is asked for is shown, and nothing else between."""
    monkeypatch.setattr(sys, "stderr", None)
    assert spoken(name, kept) == 0
    assert capsys.readouterr().out
    assert sys.stderr is None


@pytest.mark.parametrize("words", [["history", "nowhere"], ["verify", "nowhere", "--env=a", "--version=b"], ["verfy"]])
def test_without_any_output_a_fault_is_an_exit_code(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And no traceback."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    try:
        code: object = main(words)
    except SystemExit as ended:
        code = ended.code
    assert code == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the shell is another")
def test_a_process_without_standard_output_ends_with_a_message(kept: dict[str, str]) -> None:
    """As a service manager may start it."""
    done = run("sh", "-c", '"$@" >&-', "sh", *CLI, "history", kept["FOLDER"], cwd=Path(kept["FOLDER"]))
    assert (done.code, done.out) == (1, "release-sentinel: standard output is closed: nothing could be shown\n")
