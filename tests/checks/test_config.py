"""Everything that a release needs is configured before it is used, and no message shows a secret."""

import logging

import pytest

from release_sentinel.checks.config import check_configuration, ensure_required_config
from release_sentinel.checks.result import CRIT, OK, WARN
from release_sentinel.errors import MissingSettingError, PolicyError
from release_sentinel.observe.settings import Mounted
from release_sentinel.redaction import Secret
from tests.conftest import SECRET, Repo

GOOD = {"RS_REQUIRED_PROCESS": "shop-agent", "RS_API_URL": "https://example.com/health"}


def test_everything_is_set() -> None:
    """Settings and secrets that are set pass, and the message names them."""
    result = check_configuration({**GOOD, "RS_DEPLOY_TOKEN": Secret(SECRET)})
    assert (result.status, result.message) == (OK, "RS_REQUIRED_PROCESS, RS_API_URL, RS_DEPLOY_TOKEN are set")


def test_nothing_is_required() -> None:
    """If nothing is required, nothing is missing."""
    assert check_configuration({}).message == "nothing is required"


def test_one_is_missing() -> None:
    """A missing setting fails, and the remedy says where it is set."""
    result = check_configuration({**GOOD, "RS_DEPLOY_TOKEN": None})
    assert (result.status, result.message) == (CRIT, "Missing required env var: RS_DEPLOY_TOKEN")
    assert result.remedy == "set them in the CI job's environment, secrets from its secret store"


def test_all_that_is_wrong_is_reported_at_once() -> None:
    """One message has everything that is missing and everything that is wrong."""
    values = {"A": None, "B": None, "C": " ", "D": "changeme", "E_URL": "example.com", "F": "fine"}
    assert check_configuration(values).message == (
        "Missing required env vars: A, B; C is blank; D is a placeholder ('changeme'); "
        "E_URL is not a URL such as https://example.com ('example.com')"
    )


@pytest.mark.parametrize("value", ["", " ", "\t\n", "\u00a0"], ids=ascii)
@pytest.mark.parametrize("kind", [str, Secret])
def test_a_blank_value(value: str, kind: type[str | Secret]) -> None:
    """A value of only blanks does not count, for settings and secrets."""
    result = check_configuration({"NAME": kind(value)})
    assert (result.status, result.message) == (CRIT, "NAME is blank")


PLACEHOLDERS = [
    "changeme",
    "CHANGE-ME",
    "change_it",
    "replace me",
    "replace-with-token",
    "<token>",
    "${TOKEN}",
    "$TOKEN",
]
PLACEHOLDERS += ["$(cat token)", "{{ token }}", "%TOKEN%", "xxx", "XXXXXXXX", "***", "...", "-", "todo", "TBD", "fixme"]
PLACEHOLDERS += [
    "placeholder",
    "N/A",
    "none",
    "null",
    "undefined",
    "your-token",
    "your token here",
    "my-token",
    "my_api_key",
    "insert-token-here",
    "enter your password",
    "ENTER_API_KEY_HERE",
    "YOUR_DEPLOY_TOKEN",
    "token-goes-here",
    "NAME",
    " changeme\n",
]


@pytest.mark.parametrize("value", PLACEHOLDERS, ids=ascii)
def test_placeholders(value: str) -> None:
    """What a template leaves behind is not a value; a setting's is shown, a secret's is not."""
    result = check_configuration({"NAME": value})
    assert (result.status, result.message) == (CRIT, f"NAME is a placeholder ({value!r})")
    assert check_configuration({"NAME": Secret(value)}).message == "NAME is a placeholder"


LOOK_ALIKES = ["dummy", "dummy-secret", "secret", "changemanager", "exchange-me", "nonesuch", "null-device", "todos"]
LOOK_ALIKES += ["my-service", "my_agent", "insert-worker", "enterprise-key", "mytokenizer", "my-token-service"]
LOOK_ALIKES += ["python", "xx", "0", "p$ssword", "a<b>c", "50%", "yourself", "a...b", "token", "nginx"]


@pytest.mark.parametrize("value", LOOK_ALIKES)
def test_look_alikes_of_placeholders(value: str) -> None:
    """The examples of the first version, and values that only resemble a placeholder, are values."""
    assert check_configuration({"NAME": value}).status is OK
    assert check_configuration({"NAME": Secret(value)}).status is OK


def test_the_placeholders_of_the_policy() -> None:
    """The policy says what a placeholder is."""
    assert check_configuration({"NAME": "Dummy"}, placeholders=["dummy"]).status is CRIT
    assert check_configuration({"NAME": "changeme"}, placeholders=["dummy"]).status is OK


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "https://example.com:8443/health?full=1",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/",
        "https://deploy:s3cret@example.com/",
        "HTTPS://EXAMPLE.COM",
    ],
)
def test_urls(url: str) -> None:
    """A URL of either scheme with a host passes, credentials or not."""
    assert check_configuration({"RS_API_URL": url}).status is OK


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "localhost:8080/health",
        "ftp://example.com",
        "https://",
        "https:///health",
        "https:example.com",
        "https//example.com",
        "://example.com",
        "http://example.com:port/",
        "http://example.com:99999/",
        "http://[::1",
        "http://exam ple.com",
        "/health",
    ],
)
def test_what_is_not_a_url(url: str) -> None:
    """What cannot be requested is not a URL, and is shown."""
    result = check_configuration({"RS_API_URL": url})
    assert (result.status, result.message) == (
        CRIT,
        f"RS_API_URL is not a URL such as https://example.com ({url!r})",
    )


def test_only_names_that_end_in_url_hold_urls() -> None:
    """A setting of another name may be any text."""
    assert check_configuration({"RS_URL_PATTERN": "example.com"}).status is OK


@pytest.mark.parametrize(
    "url",
    [
        "https://deploy:s3cret@example.com:port/",
        "https://deploy:x/s3cret@example.com/",
        "https//deploy:s3cret@example.com",
        "deploy:s3cret@example.com",
        "ftp://s3cret@example.com",
        "example.com/?token=s3cret",
        "https://[example.com/?token=s3cret",
    ],
)
def test_credentials_in_a_broken_url_are_not_shown(url: str) -> None:
    """A URL that cannot be parsed may hold credentials that are not recognised: it is not shown."""
    result = check_configuration({"RS_API_URL": url})
    assert (result.status, result.message) == (CRIT, "RS_API_URL is not a URL such as https://example.com")


def test_a_secret_url_is_never_shown() -> None:
    """A secret that should be a URL is judged like one and not shown."""
    result = check_configuration({"HOOK_URL": Secret("hooks.example.com/s3cret")})
    assert (result.status, result.message) == (CRIT, "HOOK_URL is not a URL such as https://example.com")


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with all that is required by default."""
    for name, value in {**GOOD, "RS_DEPLOY_TOKEN": SECRET}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("configured")
def test_ensure_required_config() -> None:
    """The function of the first version returns the settings by short names; the token reveals itself on demand."""
    found = ensure_required_config()
    assert (found["process"], found["api_url"]) == ("shop-agent", "https://example.com/health")
    assert isinstance(found["token"], Secret)
    assert found["token"].reveal() == SECRET
    assert found["token"] == SECRET


@pytest.mark.parametrize("name", [*GOOD, "RS_DEPLOY_TOKEN"])
def test_ensure_required_config_misses_each(configured: pytest.MonkeyPatch, name: str) -> None:
    """Each required setting is missed by name, as a RuntimeError."""
    configured.delenv(name)
    with pytest.raises(RuntimeError, match=f"^Missing required env var: {name}$") as caught:
        ensure_required_config()
    assert isinstance(caught.value, MissingSettingError)
    assert caught.value.names == (name,)


def test_ensure_required_config_misses_all() -> None:
    """All missing settings are reported at once."""
    with pytest.raises(MissingSettingError, match="RS_REQUIRED_PROCESS, RS_API_URL, RS_DEPLOY_TOKEN"):
        ensure_required_config()


def test_ensure_required_config_refuses_what_is_unusable(configured: pytest.MonkeyPatch) -> None:
    """A value that is there and unusable raises as well, with the remedy."""
    configured.setenv("RS_DEPLOY_TOKEN", " ")
    with pytest.raises(PolicyError, match=r"^RS_DEPLOY_TOKEN is blank$") as caught:
        ensure_required_config()
    assert "secret store" in caught.value.remedy


def test_ensure_required_config_logs_no_secret(
    configured: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log line has the settings, and neither the token nor credentials in the URL."""
    configured.setenv("RS_API_URL", "https://deploy:s3cret@example.com/")
    with caplog.at_level(logging.INFO):
        ensure_required_config()
    assert "Config OK: process=shop-agent, api_url=https://example.com/" in caplog.text
    assert "s3cret" not in caplog.text
    assert SECRET not in caplog.text


FILE = "/run/secrets/token"
NO_FILE = "TOKEN_FILE has to be the path of a file that holds the value, and what it names cannot be read: No"


def test_a_file_that_cannot_be_read() -> None:
    """It fails in the system's own words, and is not reported as missing, too."""
    result = check_configuration({"TOKEN": None, "A": None}, files={"TOKEN": Mounted(FILE, NO_FILE)})
    assert (result.status, result.message) == (CRIT, f"Missing required env var: A; {NO_FILE}")


def test_a_secret_that_any_user_may_read() -> None:
    """It warns, with the file and how to fix it; a setting is not a secret."""
    files = {"TOKEN": Mounted(FILE, exposed=True)}
    result = check_configuration({"TOKEN": Secret(SECRET)}, files=files)
    assert (result.status, result.message) == (
        WARN,
        f"TOKEN are set, but any user of this machine may read {FILE}",
    )
    assert result.remedy == f"chmod o= {FILE}, or mount secrets with mode 0400"
    assert check_configuration({"TOKEN": "fine"}, files=files).status is OK
    assert check_configuration({"TOKEN": Secret(SECRET)}, files={"TOKEN": Mounted(FILE)}).status is OK


def test_a_file_without_a_problem_is_not_a_value() -> None:
    """A value that does not exist is missing, whatever is known about its file."""
    assert check_configuration({"TOKEN": None}, files={"TOKEN": Mounted(FILE)}).status is CRIT


def test_a_pull_request_of_a_fork() -> None:
    """The message says why secrets may be missing; if none is missing, it does not."""
    why = "GitHub Actions withholds secrets from builds of a pull request from a fork"
    assert check_configuration({"TOKEN": None}, withheld=why).message == f"Missing required env var: TOKEN; {why}"
    assert why not in check_configuration({"TOKEN": Secret(SECRET)}, withheld=why).message


def test_ensure_required_config_reads_files_and_the_policy_file(configured: pytest.MonkeyPatch, repo: Repo) -> None:
    """What is in the repository's policy or a mounted file need not be in the environment."""
    repo.write("release-sentinel.toml", 'process = "nginx"\n')
    (repo.path / "token").write_text("mounted\n", encoding="utf-8")
    for name in ("RS_REQUIRED_PROCESS", "RS_DEPLOY_TOKEN"):
        configured.delenv(name)
    configured.setenv("RS_DEPLOY_TOKEN_FILE", str(repo.path / "token"))
    configured.chdir(repo.path)
    found = ensure_required_config()
    assert (found["process"], found["token"]) == ("nginx", "mounted")


def test_ensure_required_config_refuses_a_file_that_is_not_there(configured: pytest.MonkeyPatch) -> None:
    """With the message of the gate."""
    configured.delenv("RS_DEPLOY_TOKEN")
    configured.setenv("RS_DEPLOY_TOKEN_FILE", "/nowhere")
    with pytest.raises(PolicyError, match=r"RS_DEPLOY_TOKEN_FILE has to be the path .*: No such file"):
        ensure_required_config()


@pytest.mark.parametrize("url", ["localhost:8080/health", "example.com", "http//x", "ftp://x/", "https://"])
def test_a_url_of_the_policy_that_is_none(url: str) -> None:
    """It fails like one of the environment, under its key; once where it is both."""
    result = check_configuration({"A": "fine"}, urls={"api.url": url, "other.url": ""})
    assert (result.status, result.message) == (
        CRIT,
        f"api.url is not a URL such as https://example.com ({url!r})",
    )
    both = check_configuration({"RS_API_URL": url}, urls={"api.url": url})
    assert both.message == f"RS_API_URL is not a URL such as https://example.com ({url!r})"


def test_a_url_of_the_policy() -> None:
    """A good one passes, and a blank one is not judged: its gate says what is missing."""
    assert check_configuration({"A": "fine"}, urls={"api.url": "http://x/", "other.url": " "}).status is OK
