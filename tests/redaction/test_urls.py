"""The credentials in a value: in URLs anywhere in it, in connection strings, and in headers."""

import base64

import pytest

from release_sentinel.redaction import MASK, Redactor
from release_sentinel.redaction.names import field_says_secret

STRONG = {
    "pip": ("https://u:pw-1-x9q@a.example/simple https://u:pw-2-x9q@b.example/simple", ["pw-1-x9q", "pw-2-x9q"]),
    "amqp cluster": ("amqp://u:pw-1-x9q@h1:5672,amqp://u:pw-2-x9q@h2:5672", ["pw-1-x9q", "pw-2-x9q"]),
    "amqp cluster, one scheme": ("amqp://u:pw-1-x9q@h1:5672,v:pw-2-x9q@h2:5672/x", ["pw-1-x9q", "pw-2-x9q"]),
    "mongodb": ("mongodb://u:pw-1-x9q@h1:27017,h2:27017/?authSource=admin", ["pw-1-x9q"]),
    "semicolons": ("redis://:pw-1-x9q@h1;redis://:pw-2-x9q@h2", ["pw-1-x9q", "pw-2-x9q"]),
    "json": ('{"a": "https://u:pw-1-x9q@h/x", "b": ["https://tok3n-77aa@h"]}', ["pw-1-x9q", "tok3n-77aa"]),
    "quotes": ("'https://u:pw-1-x9q@h'", ["pw-1-x9q"]),
    "brackets": ("<https://u:pw-1-x9q@h>", ["pw-1-x9q"]),
    "jdbc": ("jdbc:postgresql://u:pw-1-x9q@h/db", ["pw-1-x9q"]),
    "jdbc, fields": ("jdbc:postgresql://h/db?user=u&password=pw-1-x9q&ssl=true", ["pw-1-x9q"]),
    "jdbc, sqlserver": ("jdbc:sqlserver://h:1433;user=sa;password=pw-1-x9q;encrypt=true", ["pw-1-x9q"]),
    "java": ("-Xmx2g -Dhttp.proxy=http://u:pw-1-x9q@h:3128 -Dx=y", ["pw-1-x9q"]),
    "java, password": ("-Dhttps.proxyPassword=pw-1-x9q -Dhttps.proxyUser=u", ["pw-1-x9q"]),
    "no scheme": ("user:pw-1-x9q@proxy:3128", ["pw-1-x9q"]),
    "no scheme, option": ("--proxy=user:pw-1-x9q@proxy.example:3128", ["pw-1-x9q"]),
    "libpq": ("host=db user=u password=pw-1-x9q dbname=x", ["pw-1-x9q"]),
    "libpq, quoted": (r"host=db password='a b\'c-77' dbname=x", ["a b'c-77"]),
    "ado": ("Server=tcp:db,1433;User ID=u;Password=pw-1-x9q;Encrypt=True;", ["pw-1-x9q"]),
    "ado, pwd": ("Driver={ODBC Driver 18};Server=db;Uid=u;Pwd={pw-1;x9q};", ["pw-1;x9q"]),
    "storage": (
        "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=aGVsbG8rd29ybGQ/Zm9v==;",
        ["aGVsbG8rd29ybGQ/Zm9v=="],
    ),
    "service bus": (
        "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=q9Xk+77/abC=",
        ["q9Xk+77/abC="],
    ),
    "git config": ("url.https://ghp_16C7e42F29@github.com/.insteadOf", ["ghp_16C7e42F29"]),
    "git over https": ("git+https://ghp_16C7e42F29@github.com/acme/shop", ["ghp_16C7e42F29"]),
    "github": ("https://ghp_16C7e42F29:x-oauth-basic@github.com/acme/shop", ["ghp_16C7e42F29"]),
    "user with empty password": ("https://sk_live_77aa:@api.example", ["sk_live_77aa"]),
    "x-access-token": ("https://x-access-token:ghs_16C7e42F29@github.com/acme/shop", ["ghs_16C7e42F29"]),
    "smtp": ("smtps://mail%40acme.example:pw-1-x9q@smtp.example:465", ["pw-1-x9q"]),
    "quoted": ("postgres://u:p%40ss-1%2Fx@h/db", ["p%40ss-1%2Fx", "p@ss-1/x"]),
    "ipv6": ("redis://:pw-1-x9q@[fe80::1]:6379/0", ["pw-1-x9q"]),
    "at, colon and slash": ("postgres://u:p@s:s/1-x9q@h/db", ["p@s:s/1-x9q"]),
    "s3": (
        "https://b.s3.example/x?X-Amz-Credential=AKIA7%2F2026&X-Amz-Signature=77aa88bb&X-Amz-Date=20260101T000000Z",
        ["AKIA7/2026", "77aa88bb"],
    ),
    "gcs": ("https://storage.example/x?X-Goog-Signature=77aa88bb", ["77aa88bb"]),
    "sas": ("https://acme.blob.example/c?sv=2022-11-02&sig=a%2Fb%2B77aa%3D", ["a%2Fb%2B77aa%3D", "a/b+77aa="]),
    "header": ("AUTHORIZATION: basic eC1hY2Nlc3M6Z2hzXzc3YWE=", ["eC1hY2Nlc3M6Z2hzXzc3YWE=", "ghs_77aa"]),
}
PLAIN = {
    "password": ("postgres://dev:dev@db/dev", "postgres://dev:***@db/dev"),
    "no user": ("redis://:prod@r:6379", "redis://:***@r:6379"),
    "no scheme": ("admin:changeme@proxy:3128", "admin:***@proxy:3128"),
    "field": ("https://h/x?token=dev&a=dev", "https://h/x?token=***&a=dev"),
    "libpq": ("host=dev password=dev dbname=dev", "host=dev password=*** dbname=dev"),
    "ado": ("Server=stage;Pwd=stage;", "Server=stage;Pwd=***;"),
    "word": ("postgres://app:correcthorse@db/x", "postgres://app:***@db/x"),
}
NONE = r"""
https://prod@dev.azure.com/acme/_git/shop
git@github.com:acme/shop.git
ssh://git@github.com/acme/shop.git
user@example.com
12:30@x
shop:v1.0.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
registry.example/shop:prod@sha256:0123456789abcdef
@acme/shop
https://h/x?design=v1.0.0&authSource=prod&keyspace=main&monkey=x1y2z3q9&tokenizer=x1y2z3q9&passive=x1y2z3q9
postgres://db/x?sslkey=x1y2z3q9&sslcert=x1y2z3q9
https://h/x?token_type=x1y2z3q9&key_id=x1y2z3q9&primary_key=x1y2z3q9
postgres://db:5432/x
/usr/bin:/bin
a=b:c
Build at 12:30:15 by user@host
""".strip().splitlines()


@pytest.mark.parametrize(("value", "secrets"), STRONG.values(), ids=STRONG)
def test_credentials_are_found_anywhere_in_a_value(value: str, secrets: list[str]) -> None:
    """They are masked everywhere, and nothing is left of them in the value."""
    redactor = Redactor()
    redactor.add_url(value)

    assert redactor.scrub(" | ".join(secrets)) == " | ".join([MASK] * len(secrets))
    assert not [secret for secret in secrets if secret in redactor.scrub(value)]
    assert redactor.scrub("u v user sa host h db a.example proxy acme") == "u v user sa host h db a.example proxy acme"


@pytest.mark.parametrize(("value", "shown"), PLAIN.values(), ids=PLAIN)
def test_a_plain_password_is_masked_in_its_place_only(value: str, shown: str) -> None:
    """As a word it stays: it is the name of the environment, too."""
    redactor = Redactor()
    redactor.add_url(value)

    assert redactor.scrub(f"url {value}") == f"url {shown}"
    assert redactor.scrub("dev prod stage changeme correcthorse 'dev' env=dev") == (
        "dev prod stage changeme correcthorse 'dev' env=dev"
    )


def test_a_plain_password_is_masked_in_a_basic_header() -> None:
    """There it stands behind its user, as in the URL."""
    redactor = Redactor()
    redactor.add_url("https://app:correcthorse@h")

    assert redactor.scrub(f"Basic {base64.b64encode(b'app:correcthorse').decode()}") == "Basic ***"
    assert "correcthorse" not in redactor.scrub("https%3A%2F%2Fapp%3Acorrecthorse%40h")


@pytest.mark.parametrize("value", NONE)
def test_what_looks_like_a_credential_stays(value: str) -> None:
    """Nothing is learnt from it."""
    redactor = Redactor()
    redactor.add_url(value)

    assert redactor.scrub(value) == value
    assert redactor.scrub("prod git v1.0.0 x1y2z3q9 main") == "prod git v1.0.0 x1y2z3q9 main"


SAY_SECRET = """
sig signature token access_token apiKey api_key APIKEY X-Amz-Signature X-Amz-Security-Token X-Goog-Signature
pass client_secret sharedAccessKey AccountKey db.password Pwd credentials session sessionid jsessionid auth
"""
DO_NOT = """
authSource design keyspace monkey tokenizer sslkey passive token_type SharedAccessKeyName passwordPolicy
bypass primary_key cacheKey compass assign sigma secretName
"""


@pytest.mark.parametrize(
    "name",
    SAY_SECRET.split(),
)
def test_a_name_that_says_secret(name: str) -> None:
    """One of its words does."""
    assert field_says_secret(name)


@pytest.mark.parametrize(
    "name",
    DO_NOT.split(),
)
def test_a_name_that_does_not_say_secret(name: str) -> None:
    """Part of a word is not a word, and what is about a secret is not one."""
    assert not field_says_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        *("password=a" + " b" * 2000, "https://u:p" + "@" * 4000, "://" * 2000, "a=b " * 2000, "x:" * 2000),
        *("password='" + "a" * 4000, "https://h/?" + "a=b&" * 2000, "amqp://" + "u:p@h," * 700),
    ],
    ids=lambda value: value[:16],
)
def test_a_long_value_is_read_in_time(value: str) -> None:
    """No pattern looks at it again and again: that took minutes."""
    Redactor().add_url(value)
