"""A secret that is an encoding itself: what it says is a secret, too, for a server may quote that."""

import base64

import pytest

from release_sentinel.redaction import MASK, Redactor

PASSWORD = "hunter22-x9q"
BASIC = base64.b64encode(f"deploy:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    "secret",
    [
        BASIC,
        f"Basic {BASIC}",
        f"basic {BASIC.rstrip('=')}",
        f'{{"auths": {{"registry.example": {{"auth": "{BASIC}"}}}}}}',
        f"deploy:{PASSWORD}".encode().hex(),
        base64.urlsafe_b64encode(f"déploy>>>:{PASSWORD}".encode()).decode(),
    ],
    ids=["base64", "header", "unpadded", "docker", "hexadecimal", "base64url"],
)
def test_what_an_encoded_secret_says_is_masked(secret: str) -> None:
    """With the user, and without."""
    redactor = Redactor(secret)

    assert redactor.scrub(secret) == MASK
    assert redactor.scrub(f"no user has the password '{PASSWORD}'") == f"no user has the password '{MASK}'"
    assert redactor.scrub("deploy") == "deploy"


def test_a_plain_password_in_a_header_is_masked_in_its_place() -> None:
    """As that of a URL is."""
    redactor = Redactor(f"Basic {base64.b64encode(b'deploy:correcthorse').decode()}")

    assert redactor.scrub("https://deploy:correcthorse@h, a correcthorse") == f"https://deploy:{MASK}@h, a correcthorse"


def test_a_url_quoted_secret_is_masked_unquoted() -> None:
    """And the other way round."""
    assert Redactor("a%2Fb%40c-77aa").scrub("a/b@c-77aa") == MASK
    assert Redactor("a/b@c-77aa").scrub("a%2Fb%40c-77aa") == MASK


@pytest.mark.parametrize("payload", ['{"alg":"HS256","typ":"JWT"}', '{"iss":"https://ci.example","sub":"release"}'])
def test_the_claims_of_a_token_are_no_secrets(payload: str) -> None:
    """They name the issuer and the repository, as every report does."""
    head = base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")

    assert Redactor(f"{head}.{head}.SflKxwRJSMeKKF2QT4fw").scrub(payload) == payload


@pytest.mark.parametrize("secret", ["abcdefghijklmnop", "0123456789abcdef0123456789abcdef01234567", "A" * 40])
def test_what_says_nothing_adds_nothing(secret: str) -> None:
    """Most tokens are no encodings of a text."""
    assert len(Redactor(secret)._secrets) == 1
