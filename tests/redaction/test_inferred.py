"""Secrets that only a variable's name shows: which names, and what of their values is masked."""

import pytest

from release_sentinel.config.inferred import inferred, learn_git
from release_sentinel.redaction import Redactor, without_credentials
from release_sentinel.redaction.names import says_secret

VALUE = "Xy7-qR2t!Zk9pLm"

SECRET_NAMES = (
    "DBPASS",
    "SSHPASS",
    "KEYPASS",
    "STOREPASS",
    "USERPASS",
    "ROOTPW",
    "LDAP_BINDPW",
    "DB_PW",
    "SSHKEY",
    "DEPLOYKEY",
    "SIGNINGKEY",
    "MASTERKEY",
    "AUTHKEY",
    "TS_AUTHKEY",
    "DB_PASSWORD_EU",
    "DB_PASSWORD_RO",
    "TOKEN_GITHUB",
    "PASSWORD_POSTGRES",
    "SECRET_PROD_EU",
    "API_KEY_US_EAST",
    "OPENAI_API_KEY_EU",
    "DOCKERHUB_TOKEN_READONLY",
    "GITHUB_PAT_TOKEN_RO",
    "MY_SECRET_TEXT",
    "PRIVATE_KEY_CONTENT",
    "SSH_KEY_CONTENTS",
    "GPG_KEY_DATA",
    "KUBE_CONFIG_B64",
    "VAULT_SECRET_ID",
    "VAULT_ROLE_SECRET_ID",
    "PAGERDUTY_ROUTING_KEY",
    "PD_ROUTING_KEY",
    "STRIPE_SK",
    "BEARER",
    "OTP",
    "WIFI_PSK",
    "ENCRYPTION_SEED",
    "PASSWORD_SALT",
)
OTHER_NAMES = (
    "GITHUB_TOKEN_PERMISSIONS",
    "CI_JOB_TOKEN_SCOPE_ENABLED",
    "TOKEN_COUNT",
    "TOKEN_TTL",
    "SECRET_NAME",
    "PASSWORD_FILE_MODE",
    "KEY_VAULT_NAME",
    "PASSWORD_MIN_LENGTH",
    "SECRETS_MANAGER_REGION",
    "MONKEY",
    "TURKEY",
    "HOTKEY",
    "COMPASS",
    "BYPASS",
    "KEYBOARD",
    "KEYBOARD_LAYOUT",
    "PUBLIC_KEY",
    "SSH_PUBLIC_KEY",
    "CACHE_KEY",
    "TOKENIZERS_PARALLELISM",
    "API_KEY_ID",
    "SSH_KEY_PATH",
    "ACCESS_KEY_ID",
    "OLDPWD",
    "PWD",
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_that_says_secret(name: str) -> None:
    """Also in one word with what it opens, or with a word behind it that says which one."""
    assert says_secret(name, VALUE)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_name_that_says_something_about_a_secret(name: str) -> None:
    """How long, where, whose; and words that only end alike."""
    assert not says_secret(name, VALUE)


@pytest.mark.parametrize("value", ["$uper!Secret-Zx81", "$ecret123", "$apr1$x9k2$Zx81Kq", "vault:Zx81Kq22abcdefg"])
def test_a_value_that_only_begins_like_a_reference(value: str) -> None:
    """Is a value."""
    assert _is_masked(value)


@pytest.mark.parametrize("value", ["${TOKEN}", "$TOKEN", "$(cat file)", "op://vault/item/field", "vault:a/db#password"])
def test_a_reference_is_no_value(value: str) -> None:
    """It says where the value is."""
    assert not _is_masked(value)


def _is_masked(value: str) -> bool:
    """Tell whether a text with the value of a password is another one when it is shown."""
    redactor = Redactor()
    for secret in inferred("DB_PASSWORD", value):
        redactor.infer(secret)
    return redactor.scrub(f"see {value} there") != f"see {value} there"


KEY = "MIIEpAIBAAKCAQEA7bq2Zx81Kq44abcdR9tWvXsPq3LmNoPqRsTuVwXyZ0123456789ab"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----"


def test_a_private_key_is_a_secret_under_any_name() -> None:
    """By its form; its armour is no part of it."""
    redactor = Redactor()
    for secret in inferred("SIGNING_CERT", PEM):
        redactor.infer(secret)
    assert KEY[20:40] not in redactor.scrub(f"read {KEY}")
    assert KEY[20:40] not in redactor.scrub(PEM)
    for text in ("cannot read the private key", "the certificate is valid", "-----BEGIN CERTIFICATE-----"):
        assert redactor.scrub(text) == text


WITH_WORDS = {
    "https://hooks.slack.com/services/T0AB12CD3/B0AB12CD3/abcdZx81Kq44": "3 services are up; GET /services/health",
    "django-insecure-#abc(def)12345$x": "InsecureRequestWarning: insecure",
    "our-production-database-password-1": "the production database has a password",
    "checkout.completed.service_account.v2": "checkout completed by service_account",
    "prod/us-east-1/shop/terraform.tfstate": "terraform in us-east-1, kubernetes.default.svc",
    "release-sentinel configuration incomplete evaluated": "release-sentinel: the configuration is incomplete",
}


@pytest.mark.parametrize("value", WITH_WORDS)
def test_ordinary_words_of_an_inferred_secret_stay(value: str) -> None:
    """The whole is masked, unless it is plain itself; its words are not."""
    redactor = Redactor()
    for secret in inferred("APP_SECRET", value):
        redactor.infer(secret)
    text = WITH_WORDS[value]
    assert redactor.scrub(text) == text


@pytest.mark.parametrize("value", ["our-production-database-password-1", "django-insecure-#abc(def)12345$x"])
def test_an_inferred_secret_with_words_is_masked_as_a_whole(value: str) -> None:
    """As it is, and encoded."""
    redactor = Redactor()
    redactor.infer(value)
    assert redactor.scrub(f"got {value}!") == "got ***!"


def test_a_required_secret_is_masked_in_pieces_all_the_same() -> None:
    """What a policy names is a secret whatever its words."""
    redactor = Redactor("our-production-database-password-1")
    assert "production" not in redactor.scrub("production-database")


def test_every_text_of_a_document_under_a_secret_name() -> None:
    """Also where one key says so itself."""
    assert "Zx81Kq44abcd" in set(inferred("APP_PASSWORD", '{"password2": "x1", "q": "Zx81Kq44abcd"}'))


GIT = {
    "core.sshcommand": "sshpass -p {} ssh -o BatchMode=no",
    "alias.publish": "!curl -u kim:{} https://host",
    "credential.helper": "!printf 'password=%s' {}",
    "credential.https://host.helper": "!f() {{ echo username=kim; echo password={}; }}; f",
    "http.extraheader": "PRIVATE-TOKEN: {}",
    "http.https://host.extraheader": "AUTHORIZATION: basic {}",
    "http.x.extraheader": "{}",
    "http.proxy": "kim:{}@proxy:3128",
    "remote.origin.proxy": "{}@proxy:3128",
    "remote.origin.url": "kim:{}@host:shop.git",
    "sendemail.smtppass": "{}",
    "github.oauthtoken": "{}",
    "gitlab.apikey": "{}",
}
GIT_ORDINARY = {
    "user.signingkey": "64E628F8D684696D71A4",
    "alias.keys": "!git log --format='%h x-71xQ4z'",
    "core.sshcommand": "ssh -i ~/.ssh/id_71xQ4z -p 2222",
    "credential.helper": "!gh auth git-credential x-71xQ4z",
    "http.cookiefile": "/home/kim/.x-71xQ4z",
    "remote.origin.url": "git@host:shop/x-71xQ4z.git",
    "core.askpass": "/usr/bin/x-71xQ4z",
}


@pytest.mark.parametrize("key", GIT)
def test_a_setting_of_git_holds_a_secret(key: str) -> None:
    """By its key, or by a form in its value."""
    redactor = Redactor()
    learn_git(redactor, [(key, GIT[key].format("Zk7qX2mV9tR4"))])
    assert redactor.scrub("Zk7qX2mV9tR4") == "***"
    assert "Zk7qX2" not in redactor.scrub(GIT[key].format("Zk7qX2mV9tR4"))


def test_a_setting_of_git_by_its_key() -> None:
    """A part of the key may be a URL."""
    redactor = Redactor()
    learn_git(redactor, [("url.https://Zk7qX2mV9tR4@host/.insteadof", "shop:")])
    assert redactor.scrub("Zk7qX2mV9tR4") == "***"


@pytest.mark.parametrize("key", GIT_ORDINARY)
def test_another_setting_of_git_stays(key: str) -> None:
    """Keys that are public, places, aliases."""
    redactor = Redactor()
    learn_git(redactor, [(key, GIT_ORDINARY[key])])
    assert redactor.scrub(GIT_ORDINARY[key]) == GIT_ORDINARY[key]


def test_a_remote_in_the_form_of_scp() -> None:
    """What would be a password there is not shown."""
    assert without_credentials("kim:Gt77rEm0te-pw55@host:shop.git") == "kim:***@host:shop.git"
    assert without_credentials("git@github.com:shop/shop.git") == "git@github.com:shop/shop.git"
