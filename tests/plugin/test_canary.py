"""A canary in every failing path, with every verbose option and every output on, is found in nothing."""

import base64
import json
import os
import random
import re
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import Run, Sentinel, pieces
from tests.redaction.test_forms import MORE

TOKEN = """C4n@ry/Kx+9Q=m&T"z7'vW\\p2<Hé"""
PASSWORD = "Zq5-wR8tB3nL"
FIELD = "J7dF4gS9kX2mV6"
CANARIES = {"RS_DEPLOY_TOKEN": TOKEN, "password of RS_API_URL": PASSWORD, "field of RS_API_URL": FIELD}

GATES = """
import base64, faulthandler, json, logging, os, subprocess, sys, urllib.request, warnings
from urllib.parse import quote
import requests

TOKEN = os.environ["RS_DEPLOY_TOKEN"]
URL = os.environ["RS_API_URL"]
logger = logging.getLogger("some.client")
logging.getLogger("urllib3").setLevel("DEBUG")


@pytest.fixture
def noisy():
    print("fixture", TOKEN)
    yield TOKEN
    raise RuntimeError(f"teardown {TOKEN}")


@pytest.mark.policy
def test_assert():
    expected = {"token": "x" * 40}
    assert {"token": TOKEN, "more": [TOKEN.encode(), TOKEN * 3]} == expected, TOKEN


@pytest.mark.policy
def test_environ():
    assert dict(os.environ) == {}


@pytest.mark.policy
def test_long():
    assert f"{'x' * 110}{TOKEN}{'y' * 130}{TOKEN}" == "z"


@pytest.mark.policy
def test_locals(noisy):
    header = "Basic " + base64.b64encode(f"user:{TOKEN}".encode()).decode()
    encoded = [quote(TOKEN), TOKEN.encode().hex(), json.dumps(TOKEN), repr(TOKEN), repr(json.dumps({"a": TOKEN}))]
    raise ValueError(TOKEN, header, encoded) from KeyError(TOKEN)


@pytest.mark.policy
def test_logs():
    logger.debug("debug %s", TOKEN, extra={"token": TOKEN})
    logger.warning({"token": TOKEN}, stack_info=True)
    logger.warning("does not fit %d %d", TOKEN)
    try:
        raise LookupError(TOKEN)
    except LookupError:
        logger.exception("failed with %r", [TOKEN])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s %(token)s"))
    logger.addHandler(handler)
    logger.error("extra", extra={"token": TOKEN})
    assert False


@pytest.mark.policy
def test_request():
    requests.get(URL.replace("127.0.0.1", "127.0.0.1:1", 1).split("/health")[0] + "/x?token=" + quote(TOKEN), timeout=1)


@pytest.mark.policy
def test_answer():
    answer = requests.get(URL, headers={"X-Token": TOKEN.encode()}, timeout=5)
    assert answer.request.headers == {} and answer.url == ""


@pytest.mark.policy
def test_warning():
    warnings.warn(f"deprecated {TOKEN}")
    assert True


@pytest.mark.policy
@pytest.mark.parametrize("value", [TOKEN, TOKEN + "more", TOKEN.encode()])
def test_parameter(value):
    assert not value


@pytest.mark.policy
def test_property(record_property, record_testsuite_property):
    record_property("token", TOKEN)
    record_testsuite_property("token", TOKEN)
    assert True


@pytest.mark.policy
def test_skip():
    pytest.skip(f"because {TOKEN}")


@pytest.mark.policy
@pytest.mark.xfail(reason=f"because {TOKEN}")
def test_xfail():
    assert not TOKEN


@pytest.mark.policy
def test_fail():
    pytest.fail(f"because {TOKEN}")


@pytest.mark.policy
def test_required(gate):
    gate.require(CheckResult(CRIT, f"message {TOKEN}", remedy=f"remedy {TOKEN}", details=(f"detail {TOKEN}",)))


@pytest.mark.policy
def test_print():
    print("print", TOKEN, TOKEN.encode())
    print(TOKEN, file=sys.__stdout__, flush=True)
    print(TOKEN, file=sys.__stderr__, flush=True)
    sys.stdout.writelines([TOKEN[:12], TOKEN[12:]])
    if os.environ.get("RAW"):
        os.write(1, TOKEN[:9].encode())
        os.write(1, TOKEN[9:].encode() + b"\\n")
        os.write(2, base64.b64encode(TOKEN.encode()))
        subprocess.run(["sh", "-c", 'echo "$RS_DEPLOY_TOKEN"; echo "$RS_API_URL" >&2; env'])
        faulthandler.dump_traceback()
    assert False
"""
PASSES = """
@pytest.mark.policy
def test_own():
    assert True
"""
CONFTEST = {
    "import": "import os\nraise RuntimeError(dict(os.environ))",
    "hook": "import os\ndef pytest_collection_finish(): raise RuntimeError(dict(os.environ))",
    "report": "import os\ndef pytest_runtest_logreport(report): raise RuntimeError(dict(os.environ), report.nodeid)",
    "exit": "import os, pytest\ndef pytest_sessionstart(): pytest.exit(os.environ['RS_DEPLOY_TOKEN'])",
    "usage": "import os, pytest\ndef pytest_configure(): raise pytest.UsageError(str(os.environ))",
    "collect": "",
}
LOUD = (
    *("-vv", "--showlocals", "-rA", "--durations=0", "--log-cli-level=DEBUG", "--log-level=DEBUG", "--tb=long"),
    *("-p", "pytest_jsonreport.plugin", "-p", "pytest_metadata.plugin", "--setup-show", "--gate-all"),
)


def writings(secret: str) -> Iterator[str]:
    """Yield a secret as each encoding writes it."""
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), secret.encode().hex())
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(repr(secret))[1:-1])
    yield from (repr(secret)[1:-1], repr(secret.encode())[2:-1], escape(secret), quoteattr(secret)[1:-1])
    for offset in range(3):
        core = base64.b64encode(bytes(offset) + secret.encode())[(offset * 8 + 5) // 6 :].decode().rstrip("=")[:-1]
        yield from (core, core.replace("+", "-").replace("/", "_"))


TRACES = {piece: name for name, canary in CANARIES.items() for text in writings(canary) for piece in pieces(text)}


def found(text: str) -> list[str]:
    """Return the pieces of canaries that a text shows, also where it is wrapped, with what stands before them."""
    flat = re.sub(r"\n[ \t]*(?:E[ \t]+)?", "", text)
    shown = [(piece, one) for one in (text, flat) for piece in TRACES.keys() & pieces(one)]
    return [f"{TRACES[piece]}: {one[max(one.index(piece) - 80, 0) :][:100]!r}" for piece, one in shown]


@pytest.fixture
def birds(sentinel: Sentinel, httpserver: HTTPServer) -> Sentinel:
    """The gate, in an environment full of canaries, with every report written into `reports`."""
    httpserver.expect_request("/health").respond_with_data("fine")
    url = f"http://user:{PASSWORD}@127.0.0.1:{httpserver.port}/health?api_key={FIELD}"
    settings = {**sentinel.settings, "RS_DEPLOY_TOKEN": TOKEN, "RS_API_URL": url, "GIT_URL": url, "COLUMNS": "60"}
    return Sentinel(sentinel.repo, settings, sentinel.reports)


def outputs(birds: Sentinel) -> tuple[str, ...]:
    """Return the options that write every file there is."""
    at = birds.reports
    files = (*birds.every_report, "--json-report", f"--json-report-file={at}/r.json", f"--debug={at}/debug.log")
    return (*LOUD, *files, f"--log-file={at}/log.txt", "--log-file-level=DEBUG")


def assert_hidden(run: Run, birds: Sentinel) -> None:
    """Look into everything that a run has printed and left."""
    assert found(run.out) == []
    shutil.rmtree(birds.repo.path / ".git")
    for folder, _, names in os.walk(birds.reports):
        for name in names:
            assert found(str(Path(folder, name))) == []
            assert found(Path(folder, name).read_text(encoding="utf-8", errors="replace")) == [], Path(folder, name)


@pytest.mark.parametrize(
    ("program", "capture"), [("release-sentinel", "-s"), ("pytest", "--capture=fd"), ("pytest", "-s")]
)
def test_no_failing_gate_shows_a_canary(birds: Sentinel, program: str, capture: str) -> None:
    """Whatever a gate does with it, and however much is shown: neither terminal nor files hold a piece."""
    birds.gate(GATES)
    run = (birds if program == "release-sentinel" else birds.pytest)(
        capture, *outputs(birds), RAW="" if (program, capture) == ("pytest", "-s") else "1"
    )
    assert run.code == 1
    assert "***" in run.out
    assert {
        "r.json",
        "gate_summary.md",
        "gate_html.html",
        "gate_metrics.prom",
        "gate_sarif.sarif",
        "log.txt",
        "debug.log",
        "gates.xml",
        "verdict.json",
    } <= {path.name for path in birds.reports.iterdir()}
    assert_hidden(run, birds)


LETTERS = random.Random(7)  # noqa: S311 - the same in every run
SETTINGS = (
    *("core.sshCommand=sshpass -p {} ssh", "alias.x=!curl -u kim:{} https://host", "http.extraHeader=X-Api-Key: {}"),
    *("credential.helper=!printf 'password=%s' {}", "credential.https://host.helper=!f() { echo password={}; }; f"),
    *("url.https://{}@host/.insteadOf=x:", "http.proxy=kim:{}@proxy:3128", "remote.other.url=kim:{}@host:shop.git"),
    *("http.https://host.extraHeader=AUTHORIZATION: basic {}", "sendemail.smtpPass={}", "github.oauthToken={}"),
)
FORMS = """
import os, subprocess
from release_sentinel.redaction import MASK

@pytest.mark.policy
def test_environ():
    settings = subprocess.run(["git", "config", "--list"], capture_output=True, text=True).stdout
    print(settings, repr(settings.encode()), sep="\\n")
    if os.environ.get("RAW"):
        subprocess.run(["sh", "-c", "env; git config --list"])
    raise ValueError(dict(os.environ), settings)
"""


@pytest.mark.parametrize("program", ["release-sentinel", "pytest"])
def test_no_form_of_a_credential_is_shown(birds: Sentinel, program: str) -> None:
    """In variables whose names say nothing, and in Git's settings: neither terminal nor files hold a piece."""
    secrets = ["".join(LETTERS.choices(string.ascii_letters + string.digits, k=16)) for _ in (*MORE, *SETTINGS)]
    environ = {f"SHOP_{n}": text.replace("PW", secrets[n]) for n, text in enumerate(MORE)}
    for secret, setting in zip(secrets[len(MORE) :], SETTINGS, strict=True):
        key, _, value = setting.replace("{}", secret).partition("=")
        birds.repo.git("config", "--add", key, value)
    birds.gate(FORMS)
    own = program == "release-sentinel"
    shop = Sentinel(birds.repo, {**birds.settings, **environ, "RAW": "1" if own else ""}, birds.reports)
    run = (shop if own else shop.pytest)("-vv", f"--debug={birds.reports}/debug.log")
    assert run.code == 1
    assert all(one in run.out for one in (*environ, "sshpass -p *** ssh", "printf 'password=%s' ***"))
    files = [path for path in birds.reports.iterdir() if path.is_file()]
    left = set().union(*map(pieces, (run.out, *(path.read_text("utf-8", "replace") for path in files))))
    assert [(*MORE, *SETTINGS)[n] for n, secret in enumerate(secrets) if pieces(secret) & left] == []


@pytest.mark.parametrize(
    ("program", "broken"), [*(("pytest", broken) for broken in CONFTEST), ("release-sentinel", "import")]
)
def test_no_broken_run_shows_a_canary(birds: Sentinel, program: str, broken: str) -> None:
    """Errors of pytest, its configuration and conftest files go other ways to the terminal."""
    birds.gate("import os\nraise ValueError(dict(os.environ))" if broken == "collect" else PASSES)
    birds.repo.commit("gate_tests/conftest.py", CONFTEST[broken])
    run = (birds if program == "release-sentinel" else birds.pytest)("-vv", "--showlocals")
    assert run.code != 0
    assert_hidden(run, birds)


@pytest.mark.parametrize(
    ("program", "option"),
    [("pytest", "--nonsense="), ("release-sentinel", "--gate-deadline="), ("release-sentinel", "--gate-summary=")],
)
def test_no_usage_error_shows_a_canary(birds: Sentinel, program: str, option: str) -> None:
    """A secret that lands in the wrong argument is not repeated."""
    run = (birds if program == "release-sentinel" else birds.pytest)(option + TOKEN)
    assert run.code != 0
    assert_hidden(run, birds)


@pytest.mark.parametrize("program", ["release-sentinel", "pytest"])
def test_no_report_of_a_killed_run_shows_a_canary(birds: Sentinel, program: str) -> None:
    """What is written before anything is judged holds no secret, not even one that was given for the version."""
    birds.gate("import os\nos._exit(0)")
    run = (birds if program == "release-sentinel" else birds.pytest)(release=("--env", TOKEN, "--version", TOKEN))
    assert run.code == 1
    assert run.verdict["verdict"] == "INCOMPLETE"
    assert_hidden(run, birds)
