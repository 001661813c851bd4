"""The environment and the policy define what is secret: values, headers, addresses."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import field

from release_sentinel.config.addresses import addresses, secrets_of, shown
from release_sentinel.config.kinds import Headers
from release_sentinel.config.load import load
from release_sentinel.config.model import Policy
from release_sentinel.config.secrets import (
    header_secrets,
    headers,
    learn,
    literal_secrets,
    references,
)
from release_sentinel.config.show import as_document, as_toml
from release_sentinel.config.targets import Dependency, PrometheusQuery, Target
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.redaction import MASK, Redactor
from release_sentinel.settings import settle
from tests.conftest import SECRET

ENVIRONS = {
    "required secret": {"RS_DEPLOY_TOKEN": SECRET},
    "URL of a setting": {"RS_API_URL": f"https://user:{SECRET.replace('/', '%2F')}@host/"},
    "URL of anything": {"GIT_URL": "https://oauth2:s3cr3t%2FTok+en&value@host/shop.git"},
    "policy that is not valid": {"RS_DEPLOY_TOKEN": SECRET, "RS_DISK_CRIT": "much"},
}


def known_secrets(environ: Mapping[str, str]) -> Redactor:
    """Return what a process knows by its environment: it works in a folder without a policy."""
    return settle(environ, Path(__file__).parent).redactor


@pytest.mark.parametrize("environ", ENVIRONS.values(), ids=ENVIRONS)
def test_the_environment_s_secrets_are_known(environ: dict[str, str]) -> None:
    """Before a gate runs, and whatever the policy says."""
    assert known_secrets(environ).scrub(f"is {SECRET}") == f"is {MASK}"


def test_a_secret_in_a_file_is_known(tmp_path: Path) -> None:
    """Containers mount them; the line break at its end is not part of it."""
    (tmp_path / "token").write_text(f"{SECRET}\n", encoding="utf-8")

    assert known_secrets({"RS_DEPLOY_TOKEN_FILE": str(tmp_path / "token")}).scrub(SECRET) == MASK


@pytest.mark.parametrize("path", ["/nowhere", "/", "\0"])
def test_a_file_that_cannot_be_read_is_not_an_error(path: str) -> None:
    """The gate `configuration` reports it."""
    assert known_secrets({"RS_DEPLOY_TOKEN_FILE": path}).scrub(SECRET) == SECRET


def test_the_policy_s_urls_are_known() -> None:
    """A dependency's credentials need not come from the environment."""
    redactor = Redactor()
    learn(redactor, Policy(api=Dependency(url="https://user:hunter22@host")), {})

    assert redactor.scrub("hunter22") == MASK


def test_other_variables_are_not_secrets() -> None:
    """Ordinary settings stay readable."""
    assert known_secrets({"RS_REQUIRED_PROCESS": "nginx", "LANG": "C"}).scrub("nginx C") == "nginx C"


@pytest.mark.parametrize(
    ("content", "environ"),
    [(b"alpha-s3cret\xff", {}), (b"alpha-s3cret", {"RS_DEPLOY_TOKEN": "beta-s3cret"})],
    ids=["not UTF-8", "both are set"],
)
def test_what_cannot_be_used_is_a_secret_too(tmp_path: Path, content: bytes, environ: Mapping[str, str]) -> None:
    """The gate refuses it; other tools of the build may print it."""
    (tmp_path / "token").write_bytes(content)
    clean = known_secrets({"RS_DEPLOY_TOKEN_FILE": str(tmp_path / "token"), **environ}).scrub
    assert clean(content.decode(errors="surrogateescape")) == MASK
    assert all(clean(value) == MASK for value in environ.values())


def test_references_of_a_header() -> None:
    """Names in braces are taken from the environment; a single dollar stays."""
    assert references("Bearer ${A_TOKEN}:${B2} $C $ {D}") == ["A_TOKEN", "B2"]


def test_secrets_of_headers_and_urls() -> None:
    """Each name is listed once; values in the policy itself are masked, too."""
    first = {"Authorization": "Bearer ${A}", "X-Api-Key": "s3cret", "Accept": "text/html"}
    url = "https://pay.example/health"
    policy = Policy(
        dependencies=(
            Dependency("a", url, headers=first),
            Dependency("b", url, proxy="http://u:passw0rd@proxy", headers={"X": "${A}${B}"}),
        ),
        prometheus=(PrometheusQuery("q", url, "up", "==", 1, headers={"Authorization": "Basic czNjcmV0"}),),
    )
    assert header_secrets(policy) == ["A", "B"]
    assert set(literal_secrets(headers(policy))) == {"s3cret", "Basic czNjcmV0", "czNjcmV0"}
    redactor = Redactor()
    learn(redactor, policy, {"A": "alpha-secret"})
    clean = redactor.scrub("alpha-secret, s3cret, czNjcmV0, http://u:passw0rd@proxy")
    assert not [value for value in ("alpha", "s3cret", "czNj", "passw0rd") if value in clean]


class Broker(Target, frozen=True):
    """A new class of targets with headers, as a third party would write it."""

    name: str = ""
    handshake: Headers = field(default_factory=dict)


class Extended(Policy, frozen=True):
    """A policy with a list of the new targets."""

    brokers: tuple[Broker, ...] = ()


def test_headers_of_any_target_are_known() -> None:
    """Tokens of a new class of targets, with a key of its own, are masked."""
    handshake = {"Authorization": "Bearer ${BROKER_TOKEN}", "X-Token": "literal-s3cret"}
    policy = Extended(brokers=(Broker("mail", handshake),))
    assert header_secrets(policy) == ["BROKER_TOKEN"]
    redactor = Redactor()
    learn(redactor, policy, {"BROKER_TOKEN": "broker-s3cret"})
    assert redactor.scrub("broker-s3cret literal-s3cret") == f"{MASK} {MASK}"


SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general"
TEAMS = "https://acme.webhook.office.com/webhookb2/0a1b2c3d@4e5f6a7b/IncomingWebhook/9c8d7e6f/f0e1d2c3"


def test_the_environment_names_several() -> None:
    """With commas between them, or in a file."""
    assert addresses({"RS_NOTIFY_URLS": f" {SLACK}, ,{TEAMS}"}) == (SLACK, TEAMS)
    assert addresses({}) == addresses({"RS_NOTIFY_URLS": " "}) == ()
    assert load({"RS_NOTIFY_URLS": f"{SLACK},{TEAMS}"}).policy.notify.urls == (SLACK, TEAMS)


def test_a_file_may_hold_them(tmp_path: Path) -> None:
    """As containers mount secrets."""
    (tmp_path / "urls").write_text(f"{SLACK}\n")
    environ = {"RS_NOTIFY_URLS_FILE": str(tmp_path / "urls")}
    assert known_secrets(environ).scrub(f"see {SLACK}") == "see ***"


@pytest.mark.parametrize("part", ["T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ", SLACK])
def test_every_token_is_hidden(part: str) -> None:
    """Also a token in the place of the host."""
    assert part not in Redactor(*secrets_of(SLACK)).scrub(f"failed: {part}!")


def test_a_plain_host_is_not_a_secret() -> None:
    """A name that is not a token stays readable."""
    clean = Redactor(*secrets_of("json://kim:s3cr3tpass@hooks.example.com/hooks/0a1b2c3d4e5f")).scrub
    assert clean("http://api.example.com/health") == "http://api.example.com/health"
    assert "s3cr3tpass" not in clean("kim s3cr3tpass")
    assert "0a1b2c3d4e5f" not in clean("/0a1b2c3d4e5f")


def test_an_address_is_shown_by_its_scheme() -> None:
    """That is enough to see which of them failed."""
    assert shown(SLACK) == "slack://***"
    assert shown("nonsense") == "***"


def test_the_printed_policy_does_not_show_them() -> None:
    """Neither as a file nor as a document."""
    loaded = load({"RS_NOTIFY_URLS": SLACK})
    printed = as_toml(loaded) + json.dumps(as_document(loaded))
    assert 'urls = ["slack://***"]  # RS_NOTIFY_URLS' in printed
    assert "T1JJ3T3L2" not in printed


def test_a_wrong_one_is_not_shown(tmp_path: Path) -> None:
    """A token without its scheme is not an address."""
    wrong = "T1JJ3T3L2/A1BRTD4JD"
    with pytest.raises(InvalidPolicyError) as error:
        load({"RS_NOTIFY_URLS": wrong})
    assert wrong not in str(error.value)
    assert "RS_NOTIFY_URLS is invalid (not shown), expected Apprise URLs" in str(error.value)
    assert wrong not in known_secrets({"RS_NOTIFY_URLS": wrong}).scrub(wrong)
    (tmp_path / "p.toml").write_text(f'[notify]\nurls = ["{wrong}"]\n')
    with pytest.raises(InvalidPolicyError) as error:
        load({}, file=tmp_path / "p.toml")
    assert wrong not in str(error.value)


def test_an_address_in_place_of_a_file_s_path_is_hidden() -> None:
    """`RS_NOTIFY_URLS_FILE` that holds the address itself."""
    clean = known_secrets({"RS_NOTIFY_URLS_FILE": SLACK}).scrub
    assert "T1JJ3T3L2" not in clean(f"{SLACK} T1JJ3T3L2")
    assert clean("/run/secrets/urls") == "/run/secrets/urls"
