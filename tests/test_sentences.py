"""What libraries raise becomes a sentence, wherever a user sees it."""

import ast
import configparser
import json
import re
import socket
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import psutil
import pytest
import requests
import trustme
import yaml

import release_sentinel
from release_sentinel.checks.api import check_api
from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.changelog import check_changelog
from release_sentinel.checks.prometheus import check_prometheus
from release_sentinel.checks.result import CheckResult
from release_sentinel.checks.tcp import check_tcp
from release_sentinel.cli import main
from release_sentinel.config.targets import CertificateTarget, Dependency, JsonCondition, PrometheusQuery, TcpTarget
from release_sentinel.observe import Unseen, manifests
from release_sentinel.redaction import Redactor
from release_sentinel.sentences import plain, sentence, words_of
from tests.conftest import RELEASE, Repo
from tests.observe.parts import closed_port, garbage, hang_up, look, pem, raw_server, reset

RAW = re.compile(
    r"\[Errno|Expecting |_ssl\.c|ConnectionPool|Traceback|codec can't|invalid literal|<string>|<unknown>|\[SSL|non-zero"
)


def access_denied() -> NoReturn:
    """Raise what psutil raises of another user's process."""
    raise psutil.AccessDenied(1)


def ini(text: str) -> None:
    """Parse a text as setup.cfg is."""
    configparser.ConfigParser().read_string(text)


def get(url: str) -> None:
    """Ask as a gate of one's own may."""
    requests.get(url, timeout=5, proxies={"http": ""})


def folder() -> None:
    """Read what is not a file."""
    Path("/").read_bytes()


def command(*words: str, **more: float) -> None:
    """Run Python."""
    subprocess.run([sys.executable, *words], check=True, **more)  # type: ignore[call-overload]  # a bound in seconds


# What raises an exception of a library, and the sentence that it becomes.
ROWS: dict[str, tuple[Callable[[], object], str]] = {
    "a folder": (folder, "Is a directory"),
    "a NUL in a path": (Path("a\0").read_bytes, "it contains a NUL character"),
    "a port without a server": (lambda: socket.create_connection(("127.0.0.1", 1), 5), "Connection refused"),
    "a host without an address": (
        lambda: socket.getaddrinfo("shop.invalid", 80),
        r"its name cannot be resolved \(.+\)",
    ),
    "not a host": (
        lambda: socket.getaddrinfo("a" * 70 + ".x", 80),
        "it is not the name of a host: label (empty or )?too long",
    ),
    "not UTF-8": (b"a\xff".decode, "byte 2 is not UTF-8"),
    "not ASCII": (lambda: "a\u0416".encode("ascii"), r"character 2, '\\u0416', is not ASCII"),
    "not JSON": (lambda: json.loads("<html>"), "line 1, column 1: expected a value"),
    "half of JSON": (lambda: json.loads('{"a" 1}'), "line 1, column 6: expected ':' delimiter"),
    "no JSON": (lambda: json.loads(" "), "it is empty"),
    "a key": (lambda: dict[str, str]()["version"], "there is no 'version'"),
    "a number": (lambda: int("x"), "'x' is not a whole number"),
    "a decimal": (lambda: float("x"), "'x' is not a number"),
    "a long number": (lambda: int("9" * 5000), "a number has more than 4300 digits"),
    "a date": (lambda: datetime.fromisoformat("soon"), "'soon' is not a date or time of ISO 8601"),
    "a mark in YAML": (lambda: yaml.safe_load("a: b: c"), "line 1, column 5: mapping values are not allowed here"),
    "a character in YAML": (lambda: yaml.safe_load("a\0"), "character 2: special characters are not allowed"),
    "an element": (lambda: expat.ParserCreate().Parse("<a></b>"), "line 1, column 5: mismatched tag"),
    "Python": (lambda: ast.parse("a b"), "line 1: invalid syntax"),
    "NULs in Python": (lambda: ast.parse(b"\0"), "it contains a NUL character"),
    "a key without a section": (lambda: ini("a = 1"), r"line 1: there is no \[section\] above it"),
    "a key without a value": (lambda: ini("[a]\nb"), "line 2: it is not a section, and not a key with a value"),
    "a key twice": (lambda: ini("[a]\nb=1\nb=2"), "line 3: option 'b' in section 'a' already exists"),
    "an archive": (lambda: zipfile.ZipFile(Path(__file__)), "it is not a zip file"),
    "a command that fails": (lambda: command("-c", "exit(3)"), f"{sys.executable} ended with exit code 3"),
    "a command that hangs": (
        lambda: command("-c", "import time; time.sleep(99)", timeout=0.1),
        f"{sys.executable} did not end within 0.1 s",
    ),
    "a process of another": (access_denied, "process 1 may not be looked at"),
    "no process": (lambda: psutil.Process(2**31 - 2), f"process {2**31 - 2} has ended"),
    "nested": (lambda: json.loads("[" * 200_000), "it is nested too deep"),
    "requests": (lambda: get("http://user:s3cret@127.0.0.1:1/?token=s3cret"), "Connection refused"),
    "no authorities": (lambda: ssl.create_default_context(cafile=__file__), "it holds no certificate in PEM"),
    "no certificate": (
        lambda: ssl.create_default_context().load_cert_chain(__file__),
        "it holds no certificate or no key in PEM that can be read",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_an_exception_is_a_sentence(row: str) -> None:
    """It says what is wrong, in one line, without names of functions and numbers of errors."""
    call, words = ROWS[row]
    with pytest.raises((Exception, RecursionError)) as caught:
        call()
    assert re.fullmatch(words, sentence(caught.value)), sentence(caught.value)
    assert not RAW.search(words_of(caught.value))


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    """OpenSSL names it by a number and a line of C."""
    one, other = trustme.CA().issue_cert("a"), trustme.CA().issue_cert("a")
    cert, key = pem(one.cert_chain_pems[0], tmp_path / "a.pem"), pem(other.private_key_pem, tmp_path / "a.key")
    with pytest.raises(ssl.SSLError) as caught:
        ssl.create_default_context().load_cert_chain(cert, key)
    assert sentence(caught.value) == "the key is not that of the certificate"


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (reset, "Connection reset by peer"),
        (garbage, "the server does not speak TLS there"),
        (hang_up, "the server closed the connection in the middle|Connection reset by peer"),
    ],
)
def test_what_tls_meets(behave: Callable[..., None], words: str) -> None:
    """A server that is not one of TLS, or breaks off."""
    with raw_server(behave) as port, pytest.raises(requests.RequestException) as caught:
        get(f"https://127.0.0.1:{port}/")
    assert re.fullmatch(f"127.0.0.1:{port}: ({words})", words_of(caught.value))


def test_a_place_is_named_where_the_exception_knows_it(tmp_path: Path) -> None:
    """The file, or host and port without credentials; those of the caller's sentence are not said twice."""
    with pytest.raises(OSError, match="gone") as missing:
        (tmp_path / "gone").read_text(encoding="utf-8")
    assert words_of(missing.value) == f"{tmp_path / 'gone'}: No such file or directory"
    with pytest.raises(requests.RequestException) as refused:
        get("http://user:s3cret@127.0.0.1:1/?token=s3cret")
    assert words_of(refused.value) == "127.0.0.1:1: Connection refused"


class OwnError(KeyError):
    """One with words of its own."""

    def __str__(self) -> str:
        return "the queue is full"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("the tree is dirty"), "the tree is dirty"),
        (OwnError("x"), "the queue is full"),
        (OSError("it has no address"), "it has no address"),
        (KeyError(), "KeyError"),
        (ValueError(""), "ValueError"),
        (ValueError("two\nlines"), "two lines"),
        (ssl.SSLError(1, "odd"), "odd"),
    ],
    ids=str,
)
def test_what_says_enough_stays_as_it_is(error: Exception, words: str) -> None:
    """Our own sentences, those of a gate's own classes, and errors without the parts that they usually have."""
    assert sentence(error) == words_of(error) == words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "Failed to send JSON POST notification: Internal Server Error., error=500.",
            "it answered with HTTP 500 (Internal Server Error.)",
        ),
        ("Failed to send Discord notification error=404.", "it answered with HTTP 404"),
        ("A Connection error occurred sending JSON notification to localhost.", "no connection to localhost"),
        ("A Connection error occurred posting to Slack.", "no connection to Slack"),
        ("The authentication failed", "The authentication failed"),
    ],
)
def test_what_apprise_says(words: str, said: str) -> None:
    """Its log lines become answers of the receiver."""
    assert plain(words) == said


# ---- every place that shows an exception asks the owner ----

SOURCE = Path(release_sentinel.__file__).parent

EXEMPT = {
    "arguments.py": ["error"],  # shlex's own sentences; the guard loads this file by itself
    "config/read.py": ["str(error)"],  # only of a HintError
    "plugin/gate.py": ["str(error)"],  # the lines by which pytest explains an assert
}


def holding(tree: ast.AST) -> Iterator[tuple[str, set[str], ast.AST]]:
    """Yield each name that holds an exception, the kinds of it, and where: in a handler, or as an argument."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.name and node.type is not None:
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            yield node.name, {ast.unparse(kind).rpartition(".")[2] for kind in kinds}, node
        elif isinstance(node, ast.FunctionDef):
            for argument in node.args.args:
                kind = ast.unparse(argument.annotation) if argument.annotation else ""
                if re.search(r"(Exception|Error)\b", kind):
                    yield argument.arg, {kind.rpartition(".")[2]}, node


@cache  # not read by each process that collects tests
def trees() -> dict[str, ast.AST]:
    """Return the modules of the package, by their paths."""
    return {
        file.relative_to(SOURCE).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in SOURCE.rglob("*.py")
    }


def say_a_sentence() -> set[str]:
    """Return the exceptions that this project defines, and argparse's own for the sentences of others."""
    own = {node.name for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    return own | {"ArgumentTypeError"}


def shown(tree: ast.AST, own: set[str]) -> Iterator[str]:
    """Yield each expression that puts a caught exception, or its words, into a text without the owner."""
    for name, kinds, within in holding(tree):
        if kinds <= own:
            continue
        for node in ast.walk(within):
            text = ast.unparse(node) if isinstance(node, ast.expr) else ""
            if isinstance(node, ast.FormattedValue):
                words = ast.unparse(node.value)
                if re.fullmatch(rf"{name}(\.(strerror|reason|msg|args).*)?", words):
                    yield words
            elif re.fullmatch(rf"(str|repr)\({name}\)|{name}\.strerror|getattr\({name}, 'strerror'.*", text):
                yield text


def test_no_exception_is_shown_raw() -> None:
    """Whoever shows an exception of a library asks `sentence` or `words_of`; what is exempt is still there."""
    own = say_a_sentence()
    found = {file: [*shown(tree, own)] for file, tree in trees().items() if file != "sentences.py"}
    assert {file: texts for file, texts in found.items() if texts} == EXEMPT


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        ("except OSError as error: say(f'{path}: {error}')", True),
        ("except OSError as error: say(f'{path}: {error.strerror or error}')", True),
        ("except (ValueError, OwnError) as why: say(str(why))", True),
        ("except OSError as error: why = getattr(error, 'strerror', None)", True),
        ("finally: pass\ndef said(error: Exception): return str(error)", True),
        ("finally: pass\ndef said(error: OwnError): return str(error)", False),
        ("except OSError as error: say(f'{path}: {sentence(error)}')", False),
        ("except OwnError as error: say(f'{path}: {error}')", False),
        ("except OSError as error: say(f'{type(error).__name__}')", False),
    ],
)
def test_the_reader_of_handlers_sees(body: str, is_found: bool) -> None:
    """It is not blind, and no false alarm."""
    assert bool([*shown(ast.parse(f"try: pass\n{body}"), {"OwnError"})]) is is_found


# ---- real failures, through commands and checks ----

NOT_JSON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>"
HTTP_CHECKS: dict[str, Callable[[str], CheckResult]] = {
    "api": lambda url: check_api(Dependency(url=url, tries=1, json=(JsonCondition(path="$.up", equals=True),))),
    "prometheus": lambda url: check_prometheus(
        PrometheusQuery(name="a", url=url, query="up", op="==", value=1, tries=1)
    ),
}
PORT_CHECKS: dict[str, Callable[[int], CheckResult]] = {
    "certificate": lambda port: check_certificate(CertificateTarget(host="127.0.0.1", port=port, tries=1)),
    **{
        f"{name} over {scheme}": lambda port, name=name, scheme=scheme: HTTP_CHECKS[name](
            f"{scheme}://127.0.0.1:{port}/"
        )  # type: ignore[misc]  # mypy does not infer a lambda with a default
        for name in HTTP_CHECKS
        for scheme in ("http", "https")
    },
}


def not_json(connection: socket.socket, _: object) -> None:
    """Answer with a page."""
    connection.recv(1 << 16)
    connection.sendall(NOT_JSON)


def said(result: CheckResult) -> str:
    """Return all that a report shows of a result."""
    return " ".join([result.message, result.remedy, *result.details])


@pytest.mark.parametrize("behave", [reset, garbage, hang_up, not_json], ids=lambda behave: behave.__name__)
@pytest.mark.parametrize("name", PORT_CHECKS)
def test_a_check_of_a_server_that_misbehaves(name: str, behave: Callable[..., None]) -> None:
    """Host and port, and a sentence."""
    with raw_server(behave) as port:
        shown_to_users = said(PORT_CHECKS[name](port))
    assert f"127.0.0.1:{port}" in shown_to_users
    assert not RAW.search(shown_to_users), shown_to_users


@pytest.mark.parametrize("name", [*PORT_CHECKS, "tcp"])
def test_a_check_of_a_closed_port(name: str) -> None:
    """Also of a port alone."""
    port = closed_port()
    tcp = TcpTarget(name="a", host="127.0.0.1", port=port, tries=1)
    message = (check_tcp(tcp) if name == "tcp" else PORT_CHECKS[name](port)).message
    assert f"127.0.0.1:{port}" in message
    assert "Connection refused" in message
    assert not RAW.search(message)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_named(scheme: str) -> None:
    """Not the dependency, which was not asked; and without the proxy's password."""
    proxy = f"http://user:s3cret@127.0.0.1:{closed_port()}"
    result = check_api(Dependency(url=f"{scheme}://shop.invalid/", tries=1, proxy=proxy))
    assert f"its proxy {proxy.replace('user:s3cret@', '')}: Connection refused" in result.message


def loop(path: Path) -> None:
    """Make a link to itself, which no user can read."""
    path.symlink_to(path)


BROKEN: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "link to itself": loop,
    "binary": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\x00"),
    "NUL": lambda path: path.write_bytes(b"\x00" * 9),
    "nonsense": lambda path: path.write_text("<<<: [{(\n", encoding="utf-8"),
    "empty": Path.touch,
}
MANIFESTS = (
    "package.json", "pyproject.toml", "setup.cfg", "setup.py", "Cargo.toml", "pom.xml", "Chart.yaml", "Shop.csproj",
    "gradle.properties", "VERSION",
)  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_broken(tmp_path: Path, name: str, kind: str) -> None:
    """The file is named, and what is wrong with it."""
    BROKEN[kind](tmp_path / name)
    for found in manifests.find(tmp_path):
        if isinstance(found, Unseen):
            assert name in found.why
            assert not RAW.search(found.why), found.why


@pytest.mark.parametrize("kind", BROKEN)
def test_a_changelog_that_is_broken(repo: Repo, kind: str) -> None:
    """Named by the policy."""
    BROKEN[kind](repo.path / "NEWS.md")
    message = check_changelog("1.0.0", look(repo.path), "NEWS.md").message
    assert "NEWS.md" in message
    assert not RAW.search(message)


# What is read from FILE; in a repository, with a policy that says nothing.
COMMANDS = {
    "verify": ("verify", "FILE", *RELEASE),
    "tag": ("tag", "--verdict", "FILE", *RELEASE),
    "release": ("release", "--verdict", "FILE", *RELEASE),
    "policy": ("policy", "--gate-policy", "FILE", "--env", "prod"),
    "chart": ("init", "helm", "--chart", "deploy"),
    "wheel": ("init", "github", "--vendor", "WHEEL"),
    "init": ("init", "github", "--force"),
}
NAMES = {"chart": "deploy/Chart.yaml", "init": ".github", "wheel": "release_sentinel-1.0.0-py3-none-any.whl"}


@pytest.mark.parametrize("kind", [*BROKEN, "none"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_reads_what_is_broken(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    """The file is named, and what is wrong with it, in lines for people."""
    monkeypatch.chdir(repo.path)
    file = repo.path / NAMES.get(name, "broken.toml")
    file.parent.mkdir(exist_ok=True)
    if kind != "none":
        BROKEN[kind](file)
    places = {"FILE": str(file), "WHEEL": str(file)}
    try:
        code = main([places.get(word, word) for word in COMMANDS[name]])
    except SystemExit as ended:
        code = int(ended.code or 0)
    shown_to_users = "".join(capfd.readouterr())
    assert not RAW.search(shown_to_users), shown_to_users
    assert not code or file.name in shown_to_users


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\x85", " ", "\n"])
def test_a_secret_with_blanks_is_masked_in_what_an_exception_says(blank: str) -> None:
    """What joins the lines of a message makes no other spelling of it."""
    secret = f"Gd5kq{blank}Cx1pz{blank}Sj7wv"
    assert Redactor(secret).scrub(sentence(RuntimeError(f"login with {secret} failed"))) == "login with *** failed"
