"""Variables whose names say that they hold secrets are secrets; ordinary values are none, whatever they are called."""

from pathlib import Path

import pytest

from release_sentinel.config.inferred import inferred, learn_named
from release_sentinel.config.model import Redaction
from release_sentinel.redaction import Redactor, is_plain
from release_sentinel.redaction.names import says_secret
from tests.config.runners import RUNNERS, Environment
from tests.conftest import pieces

VALUE = "kQ9xV2nB7mC4zL1p"
SECRET = """
AWS_SECRET_ACCESS_KEY GH_TOKEN NPM_TOKEN PGPASSWORD MYSQL_PWD VAULT_TOKEN CI_JOB_TOKEN AZURE_CLIENT_SECRET
SYSTEM_ACCESSTOKEN GPG_PASSPHRASE SSH_PRIVATE_KEY GOOGLE_CREDENTIALS STRIPE_API_KEY STRIPE_APIKEY DB_PASS DB_PASSWD
REDIS_PASSWORD_PROD API_KEY_2 SECRET_KEY_BASE DJANGO_SECRET_KEY dbPassword clientSecret INPUT_GITHUB-TOKEN
npm_config__authToken NETRC_PASSWORD SLACK_WEBHOOK SLACK_WEBHOOK_URL GITHUB_PAT CI_JOB_JWT_V2 PROXY_AUTHORIZATION
SESSION_COOKIE API_TOKENS TF_VAR_db_password ORG_GRADLE_PROJECT_signingPassword TOKEN PASSWORD SECRET KEY
COSIGN_PASSWORD_FILE DOCKER_AUTH REDIS_AUTH JWT_SECRET ENCRYPTION_KEY HCLOUD_TOKEN PGPASSWORD_OLD GPG_KEY
SHARED_ACCESS_KEY accountKey DB_CREDENTIAL
DBPASS SSHPASS KEYPASS STOREPASS USERPASS ROOTPW LDAP_BINDPW DB_PW SSHKEY DEPLOYKEY SIGNINGKEY
MASTERKEY AUTHKEY TS_AUTHKEY
DB_PASSWORD_EU DB_PASSWORD_RO TOKEN_GITHUB PASSWORD_POSTGRES SECRET_PROD_EU API_KEY_US_EAST
OPENAI_API_KEY_EU
DOCKERHUB_TOKEN_READONLY GITHUB_PAT_TOKEN_RO MY_SECRET_TEXT SECRETKEY_FOO PRIVATE_KEY_CONTENT
SSH_KEY_CONTENTS GPG_KEY_DATA
KUBE_CONFIG_B64 KUBECONFIG_DATA VAULT_SECRET_ID VAULT_ROLE_SECRET_ID PAGERDUTY_ROUTING_KEY
PD_ROUTING_KEY STRIPE_SK BEARER OTP
WIFI_PSK ENCRYPTION_SEED PASSWORD_SALT
"""
PUBLIC = """
SSH_AUTH_SOCK KEYBOARD TOKEN_COUNT MONKEY GITHUB_TOKEN_PERMISSIONS CI_JOB_TOKEN_SCOPE_ENABLED XDG_SESSION_ID
KEY_VAULT_NAME PUBLIC_KEY AWS_ACCESS_KEY_ID SIGNING_KEY_ID CACHE_KEY PRIMARY_KEY PWD OLDPWD GIT_ASKPASS SSH_ASKPASS
bamboo_planKey SONAR_PROJECT_KEY NEXT_PUBLIC_MAPS_KEY STRIPE_PUBLISHABLE_KEY SECRET_NAME TOKEN_URL TOKEN_TYPE BYPASS
COMPASS PASSENGER TOKENIZERS_PARALLELISM AUTHOR AUTH_TYPE KEYCLOAK_URL SECRETARY SYSTEM_ENABLEACCESSTOKEN HOTKEYS_DIR
WEBHOOK_COUNT COOKIE_DOMAIN TURKEY HOTKEY TRESPASS KUBECONFIG DEPLOY_TOKEN_USER PASSWORD_LENGTH TOKEN_TTL SECRET_REGION
API_KEY_EXPIRY PASSWORD_HOST TOKEN_SCOPES JWT_ALGORITHM CREDENTIALS_DIR API_KEY_VERSION
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_the_name_says_secret(name: str) -> None:
    """By its last word, whatever separates its words."""
    assert VALUE in inferred(name, VALUE)


BUNDLER = {
    "BUNDLE_GEMS__ACME__EXAMPLE": (f"kim:{VALUE}", {VALUE}),
    "BUNDLE_GITHUB__COM": (f"{VALUE}:x-oauth-basic", {VALUE}),
    "BUNDLE_ENTERPRISE__ACME__EXAMPLE": (VALUE, {VALUE}),
    "BUNDLE_BUILD__NOKOGIRI": (VALUE, set()),
    "BUNDLE_MIRROR__RUBYGEMS": (VALUE, set()),
    "BUNDLE_PATH": (VALUE, set()),
}


@pytest.mark.parametrize("name", BUNDLER)
def test_bundler_names_a_server_in_a_variable(name: str) -> None:
    """Its value is a login or a token; of its other settings it is not."""
    value, secrets = BUNDLER[name]
    assert {one for one in inferred(name, value) if not is_plain(one) and one != "x-oauth-basic"} == secrets


@pytest.mark.parametrize(
    ("document", "secret"),
    [
        (r'{"args": ["curl -u \u006bim:Zk7\u0026qX2mV9 https://host"]}', "Zk7&qX2mV9"),
        (r'[{"url": "https://kim:Zk7\u0026qX2mV9@host"}]', "Zk7&qX2mV9"),
        (r'{"args": ["curl -u \u006bim https://host"]}', ""),
    ],
)
def test_a_text_in_a_document_is_read_like_a_value(document: str, secret: str) -> None:
    """In it, a credential has the same forms."""
    assert [one for one in inferred("SHOP", document) if not is_plain(one)] == [secret] * bool(secret)


@pytest.mark.parametrize("name", PUBLIC.split())
def test_the_name_only_resembles_one(name: str) -> None:
    """It counts, names or describes a secret, or is another word altogether."""
    assert list(inferred(name, VALUE)) == []


PLAIN = {
    "USE_TOKEN": "true",
    "RETRY_KEY": "17",
    "GOOGLE_CREDENTIALS": "/var/run/secrets/gcp.json",
    "SSH_KEY": "~/.ssh/id_ed25519",
    "DB_PASSWORD": "postgres",
    "GPG_KEY": "A035C8C19219BA821ECEA86B64E628F8D684696D",
    "PGP_KEY": "64E628F8D684696D",
    "DEPLOY_KEY": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFo kim@example.com",
    "CA_KEY": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "DB_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf",
    "VAULT_SECRET": "op://prod/database/password",
    "API_KEY": "${SHOP_API_KEY}",
    "NODE_AUTH_TOKEN": "XXXXX-XXXXX-XXXXX-XXXXX",
    "AUTH": "{}",
}


@pytest.mark.parametrize(("name", "value"), PLAIN.items())
def test_an_ordinary_value_is_no_secret(name: str, value: str) -> None:
    """A word, a number, a path, a public key, or where the secret is."""
    redactor = Redactor()
    learn_named(redactor, {name: value}, Redaction())
    assert redactor.scrub(f"is {value}!") == f"is {value}!"


@pytest.mark.parametrize(
    "value",
    ["$uper!Secret-Zx81Kq22-long", "$apr1$x8Kq22$abcdefgh", "vault:Zx81Kq22abcdefg", "op://Zx81Kq22/Yw92Lp33",
     "arn:Zx81 Kq22abc", "${A}Zx81Kq22", "projects/../Zx81Kq22abc", "ssh-x !Zx81Kq22"],
)  # fmt: skip
def test_a_value_that_only_begins_as_a_reference_is_a_secret(value: str) -> None:
    """All of a reference has to be one."""
    redactor = Redactor()
    learn_named(redactor, {"A1_PASSWORD": value}, Redaction())
    shown = redactor.scrub(f"is {value}!")
    assert "***" in shown
    assert not pieces(value) & pieces(shown)


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_secret_of_a_runner_is_masked(runner: str) -> None:
    """Each value, or the part of it that is one."""
    plain, secret = RUNNERS[runner]
    redactor = known({**plain, **secret})
    left = {name: redactor.scrub(f"{name} is {value}") for name, value in secret.items()}
    assert {name: text for name, text in left.items() if "***" not in text} == {}


# Of what follows, only pieces are secret; the rest stays readable.
PARTS = {
    "DEPLOY_CREDS": "pQ7rS9tU1vW3",
    "SERVICE_BUS_CONNECTION": "qWeRtY1uIoP2aSdF3gHjK4lZxC5vBnM6",
    "SQL_CONNECTIONSTRING": "gT6hY7jU8kI9",
    "AZURE_STORAGE_CONNECTION_STRING": "Zm9vYmFyYmF6cXV1eDEyMzQ1Njc4OTBhYmNkZWY9",
    "DOCKER_AUTH_CONFIG": "ZGVwbG95OnI5VGs0UW0yWHo3Vg==",
    "SLACK_WEBHOOK_URL": "kL6mN7oP8qR9sT0uV1wX2yZ3",
    "GOOGLE_CREDENTIALS": "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
    "ENDPOINT_AUTH_SYSTEMVSSCONNECTION": "V29ybGRIZWxsbzU0MzIx",
    "CI_REPOSITORY_URL": "glcbt-64_zK9xQ2vB7nM4cL1pW8r",
    "SENTRY_DSN": "3f5a9c1e7b2d46808a6b4c2d0e1f2a3b",
    "GIT_URL": "ghs_7Yt5Rw3Ed1Zx9Cv7Bn5Mk3Lj1Hg",
    "DATABASE_URL": "xK9mQ2vB7nL4",
}


def known(environ: dict[str, str]) -> Redactor:
    """Return a redactor of what an environment holds, by names and by its URLs."""
    redactor = Redactor()
    learn_named(redactor, environ, Redaction())
    for value in environ.values():
        redactor.add_url(value)
    return redactor


@pytest.mark.parametrize("runner", RUNNERS)
def test_no_piece_of_a_secret_is_left(runner: str) -> None:
    """Of a whole value, or of the part that is secret."""
    secret = RUNNERS[runner].secret
    redactor = known(secret)
    for name, value in secret.items():
        core = PARTS.get(name, value)
        left = {piece for piece in pieces(core) if piece in redactor.scrub(f"is {value}, or {core}")}
        assert left - pieces("https://hooks.slack.com/services/") == set(), name


@pytest.mark.parametrize("runner", RUNNERS)
def test_nothing_else_of_a_runner_is_masked(runner: str) -> None:
    """False maskings: none in some hundred variables, and none in the lines that such a run prints."""
    environment: Environment = RUNNERS[runner]
    assert len(environment.plain) >= 70
    redactor = known({**environment.plain, **environment.secret})
    masked = {
        name: redactor.scrub(f"{name}={value}")
        for name, value in environment.plain.items()
        if redactor.scrub(f"{name}={value}") != f"{name}={value}"
    }
    assert masked == {}


def test_the_policy_adds_and_removes() -> None:
    """By globs; what it adds is a secret even where it is plain."""
    environ = {"SHOP_A_PIN": "orders", "MY_HASH": VALUE, "DB_PASSWORD": "hunter22x", "OLD_TOKEN": "f00dbabe-cafe"}
    redactor = Redactor()
    learn_named(redactor, environ, Redaction(names=("SHOP_*_PIN", "MY_*"), keep=("*_TOKEN",)))
    shown = redactor.scrub(" ".join(environ.values()))
    assert shown == "*** *** *** f00dbabe-cafe"


def test_the_policy_adds_what_is_in_a_file(tmp_path: Path) -> None:
    """`NAME_FILE` counts for a name that the policy adds."""
    (tmp_path / "pin").write_text(f"{VALUE}\n", encoding="utf-8")
    redactor = Redactor()
    learn_named(redactor, {"SHOP_PIN_FILE": str(tmp_path / "pin")}, Redaction(names=("SHOP_PIN",)))
    assert redactor.scrub(VALUE) == "***"


def test_a_name_decides_with_its_value() -> None:
    """A key of OpenPGP is public by its fingerprint, and secret as a block."""
    assert not says_secret("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D")
    assert says_secret("GPG_KEY", "lQdGBGVd1aIBEADK9m3n")
    assert says_secret("SIGNING_KEY", "64e628f8d684696d")
    assert not is_plain("64e628f8d684696d")
