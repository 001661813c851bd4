"""What is too plain to be a secret where only its place says that it is one."""

import random
import re
import string
from pathlib import Path

import pytest

import release_sentinel
from release_sentinel.redaction import is_plain

PLAIN = r"""
dev prod prod2 stage staging main master test qa true false yes none null root admin guest password changeme postgres
minioadmin correcthorse authentication configuration infrastructure Linux X64 MyService TopSecret
v1.0.0 1.2.3-rc.1 v10.20.30+build.5 2026.11 8080 1234567890123 2026-01-01 2026-01-01T00:00:00Z 12:30 30s 15m 10% 1.5
disk memory api clean-tree release-sentinel us-east-1 acme/shop feature/login release/1.2 refs/heads/main ubuntu-latest
127.0.0.1 10.0.0.1:8080 ::1 fe80::1:2 localhost localhost:5432 db.internal vault.example.com:8200 user@example.com
https://vault.example.com:8200 https://api.example.com/v1/health http://proxy:3128 git@github.com
/usr/bin /home/runner/.ssh/id_rsa C:\Users\runneradmin ~/.aws/credentials ./gate_tests gate_tests/test_x.py .env.prod
/var/run/secrets/kubernetes.io/serviceaccount/token /runner/_work/_temp/abc123
python3 sha256 x86_64 ubuntu2204 AES256 RSA2048 HS256 utf8 stage01
obvious object subject simplejson jsonpath kubernetes nginx rabbitmq postgresql
postgres-primary my-app-staging eu-central-1 order-service auth-proxy jenkins-agent db-replica-2 k8s-worker-3
influxdb hetzner traefik GitHub GitLab HttpClient XMLHttpRequest MySQL PostgreSQL RabbitMQ OpenSSL CloudFormation
kubeConfig LoadBalancer ServiceAccount RSA-OAEP superuser readwrite smtp.mailgun.org
sqs.eu-west-1.amazonaws.com bugfix/JIRA-1234
${TOKEN} ${{secrets.TOKEN}} $TOKEN <token> %TOKEN% ******** xxxxxxxx -------- a1 pa55 x!
"""
SECRET = """
hunter2 s3cret hunter22 p@ssw0rd P@ssword! Tr0ub4dor&3 letmein! abc-123x pässwörter12 qzxvkjwhgfdb abcdefghijklmnop
correct-horse-battery-staple correcthorsebatterystaple ZGV2OmRldg== 550e8400-e29b-41d4-a716-446655440000
da39a3ee5e6b4b0d3255bfef95601890afd80709 eyJhbGciOi.eyJzdWIi.SflKxwRJSM 123456:ABC-DEF1234ghIkl-zyxwv
ghp_16C7e42F292c6912E7710c838347Ae178B4a glpat-abcdefghij1234567890 npm_abcdefghijklmnop AKIAIOSFODNN7EXAMPLE
wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY /wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY SG.aBcDeF.gHiJkL
482917365abc admin1234 postgres123 k3j4h5k6j7h8.xyz 1.2-k3j4h5k6j7h8 x9k2.j3h4k5.abcdef /kd83jf/ldkf93jfl me@host7x9.com
%Xyzabc1 <Xy7!q9> aKzQpWxY $ecret123 ${Zx81Kq22} 17.0.k3j4h5
xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx https://hooks.slack.com/services/T0001/B0001/aB1cD2eF3gH4iJ5kL6
"""


@pytest.mark.parametrize("value", PLAIN.split())
def test_an_ordinary_value_is_plain(value: str) -> None:
    """Masked everywhere, it would take words out of every report."""
    assert is_plain(value)
    assert is_plain(f" {value}\n")


@pytest.mark.parametrize("value", SECRET.split())
def test_a_token_or_password_is_not_plain(value: str) -> None:
    """No ordinary text holds it."""
    assert not is_plain(value)


LETTERS, LOWER, DIGITS = string.ascii_letters, string.ascii_lowercase, string.digits


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("alphabet", "length", "per_cent"),
    [
        (LETTERS + DIGITS, 8, 0.5),
        (LETTERS + DIGITS, 12, 0.1),
        (LETTERS, 8, 1.5),
        (LETTERS, 12, 0.2),
        (LOWER, 8, 4),
        (LOWER, 12, 1),
        (LOWER + DIGITS, 8, 0.7),
        (string.ascii_uppercase, 12, 1),
    ],
)
def test_random_values_are_hardly_ever_plain(alphabet: str, length: int, per_cent: float) -> None:
    """As a generator of passwords makes them."""
    source = random.Random(length)  # noqa: S311 - the same in every run
    made = ["".join(source.choices(alphabet, k=length)) for _ in range(5000)]
    assert sum(map(is_plain, made)) / len(made) * 100 < per_cent


def test_the_words_of_the_guides_are_plain() -> None:
    """Almost all, however rare."""
    texts = [file.read_text(encoding="utf-8") for file in Path(release_sentinel.__file__).parent.glob("guides/*.md")]
    words = sorted(set(re.findall(r"(?<![\w`$%&\\/+-])[A-Za-z][a-z]{5,14}(?![\w/+=&$%\"'-])", " ".join(texts))))
    assert len(words) > 1000
    assert sum(map(is_plain, words)) / len(words) > 0.995
