"""Of a value that is only supposed to be a secret, no ordinary word is masked on its own; the rest is, in pieces."""

import pytest

from release_sentinel.config.addresses import secrets_of
from release_sentinel.config.inferred import learn_named
from release_sentinel.config.model import Redaction
from release_sentinel.redaction import Redactor
from tests.conftest import pieces

BODY = "MIIEpAIBAAKCAQEAx7Zk2mQ9vB4nL1pW8rT5yU3iO6aS0dFgHjKlZxC\n+kQ9xV2nB7mC4zL1pW8rT5yU3iO6aS0dFgHjKlZxCvBnM=="
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----"
HOOK = "https://hooks.slack.com/services/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"
TEXT = (
    "3 services are up; GET /services/health /services/tests; cannot read the private key; certificate valid; RSA; "
    "InsecureRequestWarning of django; kubernetes /home/runner terraform.tfstate; production checkout release hooks "
    "session=production checkout.completed service_account; our database password: -production-"
)
VALUES = {
    "SLACK_WEBHOOK_URL": (HOOK, "kL6mN7oP8qR9sT0uV1wX2yZ3"),
    "SSH_PRIVATE_KEY": (PEM, BODY),
    "SIGNING_CERT": (f"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n{PEM}", BODY),
    "FIREBASE_JSON": (PEM.replace("\n", "\\n"), BODY.split("\n", maxsplit=1)[0]),
    "SECRET_KEY": ("django-insecure-#abc(def)12345$x", "#abc(def)12345$x"),
    "X_URL": ("https://h/?session=production-checkout-flow-v2", "production-checkout-flow-v2"),
    "DB_PASSWORD": ("our-production-database-password-1", "our-production-database-password-1"),
}


@pytest.mark.parametrize("name", VALUES)
def test_words_stay_and_the_secret_does_not(name: str) -> None:
    """Whatever the value consists of beside its words."""
    value, secret = VALUES[name]
    redactor = Redactor()
    learn_named(redactor, {name: value}, Redaction())
    redactor.add_url(value)
    assert redactor.scrub(TEXT) == TEXT
    for shown in (redactor.scrub(f"is {value}, or {secret}"), redactor.scrub(repr(value))):
        assert "***" in shown
        assert secret not in shown
    if name not in {"X_URL", "DB_PASSWORD", "SECRET_KEY"}:  # these are words for the most part
        assert not pieces(secret) & pieces(redactor.scrub(f"{secret[:20]} {secret[-20:]}"))


@pytest.mark.parametrize(
    ("address", "token"),
    [
        ("json://127.0.0.1:1/hooks/production/checkout/AbC123dEf456", "AbC123dEf456"),
        ("mailto://kim:Zx81Kq22ab@mail.example?subject=production-release", "Zx81Kq22ab"),
    ],
)
def test_the_words_of_an_address_stay(address: str, token: str) -> None:
    """Its tokens do not."""
    redactor = Redactor()
    for secret in secrets_of(address):
        redactor.infer(secret)
    assert redactor.scrub(TEXT) == TEXT
    assert token not in redactor.scrub(f"failed: {address}, {token}")


@pytest.mark.parametrize("value", ["prod/us-east-1/shop/terraform.tfstate", "checkout.completed.service_account.v2"])
def test_words_in_a_row_mask_nothing_else(value: str) -> None:
    """A key of an object store, and of a feature."""
    redactor = Redactor()
    redactor.infer(value)
    assert redactor.scrub(TEXT) == TEXT


def test_a_key_that_says_secret_does_not_unmask_the_others() -> None:
    """In a document that is one; what only describes it stays."""
    redactor = Redactor()
    value = '{"password2": "x1", "q": "Zx81Kq44abcd", "clientId": "7f1c2e3d-4b5a-6978-8796-a5b4c3d2e1f0"}'
    learn_named(redactor, {"C1_PASSWORD": value}, Redaction())
    assert redactor.scrub("Zx81Kq44abcd 7f1c2e3d-4b5a-6978") == "*** 7f1c2e3d-4b5a-6978"


@pytest.mark.parametrize("first", [True, False])
def test_every_piece_of_a_required_secret_is_masked(first: bool) -> None:
    """Also where it was inferred before."""
    redactor = Redactor()
    learn = [redactor.add, redactor.infer]
    for one in learn if first else reversed(learn):
        one("our-production-database-password-1")
    assert redactor.scrub("the production-database") == "the ***"
