"""Secrets that only the policy names are known to every command before it prints anything."""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from functools import cache

import pytest

from release_sentinel.cli import main
from release_sentinel.commands import COMMANDS
from release_sentinel.options import OPTIONS
from tests.conftest import Repo, pieces

# Names that say nothing: only the policy tells that these are secrets.
PIN, PROD_PIN, MIDDLE = "Zq5-wR8tB3nL7vXc", "kM4;pS7hD2gF9jWa", "xC6bN1mQ8eR3tYuI"
LITERAL, ADDRESS, IN_URL, PREFIX = "aS9dF2gH5jK8lPoZ", "T0AB1CD2E9xK4vQ7", "uJ7yH4tG1rF6eD3w", "hV3nB6mK"
SECRETS = (PIN, PROD_PIN, MIDDLE, LITERAL, ADDRESS, IN_URL, f"{PREFIX}{MIDDLE}")
POLICY = f"""
[required]
secrets = ["SHOP_PIN"]
[[dependencies]]
name = "pay"
url = "https://kim:{IN_URL}@pay.example.com/health"
headers = {{ Authorization = "Basic {PREFIX}${{MIDDLE_PART}}", X-Api-Key = "{LITERAL}", Accept = "text/html" }}
[notify]
urls = ["slack://{ADDRESS}/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"]
[env.dev]
[env.stage]
[env.prod.required]
secrets = ["SHOP_PIN", "PROD_PIN"]
"""
BROKEN = {
    "valid": POLICY,
    "not TOML": POLICY + "\n[[disks]\n",
    "an unknown key": f"nonsense = 1\n{POLICY}",
    "a wrong type": POLICY.replace("[env.dev]", '[disk]\ncrit = "full"\n[env.dev]'),
    "a list that is a text": POLICY.replace(
        'secrets = ["SHOP_PIN"]', 'secrets = ["SHOP_PIN"]\nsettings = "RS_API_URL"'
    ),
    "an environment without rules": POLICY.replace("[env.stage]\n", ""),
}


@pytest.fixture
def here(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """The working directory: a repository with the policy, and an environment with its secrets."""
    repo.write("release-sentinel.toml", POLICY)
    for name, value in {"SHOP_PIN": PIN, "PROD_PIN": PROD_PIN, "MIDDLE_PART": MIDDLE}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(repo.path)
    return repo


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return all that a command line prints."""
    with suppress(SystemExit):
        main(words)
    out, err = capsys.readouterr()
    return f"{out}{err}"


def left(text: str) -> set[str]:
    """Return the pieces of secrets that a text holds."""
    return {piece for secret in SECRETS for piece in pieces(secret)} & pieces(text)


KUBERNETES = ("kubernetes job", "kubernetes wait", "kubernetes run --message message")


def _help(command: str) -> str:
    shown = io.StringIO()
    with redirect_stdout(shown), suppress(SystemExit):
        main((*command.split(), "--help"))
    return shown.getvalue()


def lines() -> Iterator[str]:
    """Yield command lines with `@` in each place that a value may have: of every command, its words and its options."""
    for option in OPTIONS:
        for flag in option.flags:
            yield f"{flag}=@"
            yield f"--env prod {flag} @"
    yield from ("@", "--@", "--gate-@", "help @", "--env @ --version", "--env prod --version=", "-k @")
    for command in (*COMMANDS, *KUBERNETES):
        yield f"{command} @"
        yield f"{command} --@"
        yield f"{command} --env prod @ @"
        yield f"{command} --help @"
        for flag in sorted(set(re.findall(r"(?<!\\w)--[a-z][a-z-]+", _help(command)))):
            yield f"{command} {flag} @"
            yield f"{command} {flag}=@"
            yield f"{command} --env prod --version v1.0.0 {flag}=@"


@cache  # not asked by each process that collects tests
def every_line() -> list[str]:
    """Return each of them once."""
    return [line for line in dict.fromkeys(lines()) if line != "demo"]


def test_the_command_lines_are_those_of_every_command() -> None:
    """The list is made of what each command's help says."""
    assert len(every_line()) > 150
    for one in (
        "verify --max-age=@",
        "tag --verdict=@",
        "kubernetes job --image=@",
        "init --gate-repo=@",
        "policy --env=@",
    ):
        assert one in every_line()


@pytest.mark.sweep
@pytest.mark.parametrize("part", range(12))
def test_no_command_line_quotes_a_secret(here: Repo, capsys: pytest.CaptureFixture[str], part: int) -> None:
    """Whatever is wrong with it, or not: what is printed holds no piece of a secret. Each line has one of the three."""
    (here.path / "message").write_text("")
    for number, line in enumerate(every_line()[part::12]):
        text = said(capsys, *line.replace("@", (PIN, PROD_PIN, MIDDLE)[number % 3]).split(" "))
        assert left(text) == set(), line
    assert left((here.path / "message").read_text()) == set()


@pytest.mark.parametrize("policy", BROKEN)
def test_a_policy_that_is_not_valid_tells_its_secrets(
    here: Repo, capsys: pytest.CaptureFixture[str], policy: str
) -> None:
    """What it names is hidden, although no gate will run by it."""
    here.write("release-sentinel.toml", BROKEN[policy])
    for line in (
        f"--gate-deadline={PIN}",
        f"explain {PROD_PIN}",
        f"kubernetes job --image {MIDDLE}",
        "policy --env prod",
    ):
        assert left(said(capsys, *line.split())) == set(), line
    here.write("release-sentinel.toml", "")
    here.write("elsewhere.toml", BROKEN[policy])
    text = said(capsys, "policy", "--gate-policy", "elsewhere.toml", "--env", PIN)
    assert left(text) == set()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("line", ["policy", "policy --json", "policy --env prod", "policy --env dev --json"])
def test_the_printed_policy_holds_no_secret(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Literal headers, what stands beside `${NAME}`, addresses, credentials of URLs; the rest is readable."""
    text = said(capsys, *line.split())
    assert left(text) == set()
    assert PREFIX not in text
    for shown in ("Basic ***${MIDDLE_PART}", "https://pay.example.com/health", "slack://***", "text/html", "SHOP_PIN"):
        assert shown in text


@pytest.mark.usefixtures("here")
def test_a_manifest_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused: `***` in it would be no better. A look-alike is not."""
    for secret in (PIN, PROD_PIN, MIDDLE):
        text = said(capsys, "kubernetes", "job", "--env", "prod", "--version", "v1.0.0", "--image", secret)
        assert "the command line holds a secret" in text
        assert left(text) == set()
    text = said(capsys, "kubernetes", "job", "--env", "prod", "--version", "v1.0.0", "--image", "gate:prod")
    assert 'image: "gate:prod"' in text


def test_a_shared_file_tells_its_own_table_alone(
    here: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another tool's `secrets` in pyproject.toml says nothing of ours."""
    (here.path / "release-sentinel.toml").unlink()
    own = re.sub(r"(?m)^(\[+)", r"\1tool.release-sentinel.", POLICY)
    here.write(
        "pyproject.toml", f'[tool.other]\nsecrets = ["OTHER_NAME"]\n{own}\n[project]\nname = "${{THIRD_NAME}}"\n'
    )
    assert left(said(capsys, f"--gate-deadline={PIN}")) == set()
    assert left(said(capsys, "explain", PROD_PIN)) == set()
    for name in ("OTHER_NAME", "THIRD_NAME"):
        monkeypatch.setenv(name, "f00dbabe-cafe-17")
    assert "f00dbabe-cafe-17" in said(capsys, "explain", "f00dbabe-cafe-17")
