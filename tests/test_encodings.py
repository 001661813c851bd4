"""Output that is not UTF-8, and text of others with ends of lines: no traceback, the true exit code, one line each."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import release_sentinel
from release_sentinel.checks.api import check_api
from release_sentinel.checks.result import CRIT, CheckResult
from release_sentinel.config.targets import Dependency
from release_sentinel.observe import Unseen
from tests.conftest import CLI, RELEASE, Repo, Sentinel, run
from tests.guides import GUIDES

ENCODINGS: dict[str, dict[str, Any]] = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
}
if f"{sys.prefix}{release_sentinel.__file__}".isascii():  # from another folder, Python loads no module of C code there
    ENCODINGS["the C locale"] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
POLICY = """
environments = ["prod", "é"]
[disable]
api = "kein Dienst ✓"
[[waivers]]
gate = "memory"
env = "prod"
reason = "später ✓"
owner = "Jörg"
expires = 2099-01-01
"""
SAID = ["--help", "help", "explain", "explain disk", "schema", "guide", "policy", "policy --json", "policy --env prod"]
SAID += [f"guide {topic}" for topic in GUIDES]
SAID += ["init --help", "kubernetes --help", "kubernetes job --env prod --version v1.0.0 --image x", "verify --help"]
REFUSED = ["nö", "explain nö", "guide nö", "policy --env nö", "policy --gate-policy nö.toml", "verify nö.json --env é"]
REFUSED += ["--env é", "--gate-nö", "tag --verdict nö.json --env prod --version v1", "init nö", "kubernetes nö"]


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """A repository whose policy is not ASCII."""
    repo.commit("release-sentinel.toml", POLICY)
    return repo


@pytest.mark.sweep
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("commands", "code"), [(SAID, 0), (REFUSED, 1)], ids=["said", "refused"])
def test_every_command_speaks_in_every_encoding(shop: Repo, encoding: str, commands: list[str], code: int) -> None:
    """What an encoding lacks is escaped; a wrapper decides by the exit code."""
    program = (
        "import io, sys\nfrom release_sentinel.cli import main\nfor line in sys.argv[1:]:\n"
        "    try: code = main(line.split())\n    except SystemExit as exit: code = exit.code\n"
        "    sys.stdout.flush(); sys.stderr.flush(); print(f'=> {code}: {line}')\n"
    )
    done = run(CLI[0], "-c", program, *commands, cwd=shop.path, env=ENCODINGS[encoding])
    codes = [line.partition(":")[0] for line in done.out.splitlines() if line.startswith("=> ")]
    assert (done.code, codes) == (0, [f"=> {code}"] * len(commands)), done.out[-3000:]
    assert "Traceback" not in done.out


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_run_speaks_in_every_encoding(sentinel: Sentinel, encoding: str, way: str) -> None:
    """Gates, files and reasons that are not ASCII."""
    sentinel.repo.commit("release-sentinel.toml", POLICY)
    sentinel.gate("@pytest.mark.policy\ndef test_own():\n    print('✓')\n    assert 'é' == '✓', 'ünequal ✓'")
    sentinel.repo.write("neü✓.txt")
    judge = sentinel if way == "release-sentinel" else sentinel.pytest
    done = judge(f"--gate-summary={sentinel.reports / 'ö.md'}", **ENCODINGS[encoding])
    failed = {gate["id"] for gate in done.verdict["gates"] if gate["outcome"] == "failed"}
    assert (done.code, failed) == (1, {"own", "clean-tree"})
    assert "Traceback" not in done.out


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_safe_run_is_verified_in_every_encoding(sentinel: Sentinel, encoding: str) -> None:
    """The name of the file may hold what the encoding lacks."""
    place = sentinel.reports / "é✓.json"
    done = run(
        *CLI,
        *RELEASE,
        f"--gate-verdict={place}",
        cwd=sentinel.repo.path,
        env={**sentinel.settings, **ENCODINGS[encoding]},
    )
    assert done.code == 0, done.out
    assert json.loads(place.read_text())["verdict"] == "SAFE"
    done = run(*CLI, "verify", str(place), *RELEASE, cwd=sentinel.repo.path, env=ENCODINGS[encoding])
    assert (done.code, done.out.count("\n")) == (0, 1), done.out


def test_the_cache_of_pytest_does_not_break_at_a_name_that_is_not_text(sentinel: Sentinel) -> None:
    """The bytes of a file's name may be of any encoding."""
    name = b"gate_tests/test_\xff.py".decode(errors="surrogateescape")
    (sentinel.repo.path / "gate_tests").mkdir()
    (sentinel.repo.path / name).write_text("import pytest\n@pytest.mark.policy\ndef test_own():\n    assert True\n")
    sentinel.repo.git("add", "--all")
    sentinel.repo.git("commit", "--quiet", "--message", "a gate")
    for judge in (sentinel, sentinel.pytest):
        done = judge("-p", "cacheprovider")
        assert "Traceback" not in done.out
        assert done.statuses["own"] == "OK"


ANSWERS = [
    b"HTTP/1.1 0 X\r\n\r\n",
    b"HTTP/1.1 0 X\r\n",
    b"x\ny\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX\xe2\x80\xa8: \x0by\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n::error::\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: ht\x1btp://a\xe2\x80\xa8b\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 5000,
    b"HTTP/1.1 200 OK\r\n\r\n" + b"9" * 5000,
]


@pytest.fixture(params=ANSWERS, ids=repr)
def odd_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that answers in its own way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(request.param)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)


def test_an_odd_answer_is_told_in_one_line(odd_server: str) -> None:
    """Whatever a server answers, the message has no end of line in it."""
    result = check_api(
        Dependency(url=odd_server, tries=1, timeout=5, max_redirects=1, matches="^ok$", json=()), environ={}
    )
    assert result.status is CRIT
    assert result.message.isprintable()
    assert all(detail.isprintable() for detail in result.details)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x0b", "\x1c", "\x85", "\u2028", "\x1b[2J"])
def test_results_are_lines(end: str) -> None:
    """Those of gates of one's own, and what could not be observed."""
    result = CheckResult(CRIT, f"a{end}b{end}", f"c{end}d", (f"  e{end}f",))
    assert (result.message + result.remedy + "".join(result.details)).isprintable()
    assert result.details[0].startswith("  e")
    assert (Unseen(f"a{end}b").why + Unseen("", f"a{end}b").remedy).isprintable()


def test_messages_of_the_command_line_are_lines(shop: Repo, tmp_path: Path) -> None:
    """Words, names of files and variables with ends of lines: after the usage comes one line."""
    odd = "a\n::error::b\u2028c"
    for words in (
        [odd],
        ["verify", odd, *RELEASE],
        ["verify", "x.json", "--env", "prod", "--version", "v1", "--commit", odd],
        ["tag", "--verdict", str(tmp_path / odd), *RELEASE],
        ["policy", "--gate-policy", odd],
        ["policy", "--env", odd],
        ["explain", odd],
        ["guide", odd],
        [*RELEASE, "--gate-repo", odd],
        [*RELEASE, "--gate-deadline", odd],
        [*RELEASE, f"--gate-{odd}"],
        [*RELEASE, "--gate-verdict", odd],
    ):
        done = run(*CLI, *words, cwd=shop.path)
        lines = [line for line in done.out.split("\n") if line and not line.startswith(("usage:", " "))]
        assert done.code == 1, words
        assert not any(line.startswith("::") for line in lines), words
        assert all(line.isprintable() for line in lines), words
