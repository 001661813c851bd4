"""What the types of the policy's targets do not say is refused in one sentence each, without a secret in it."""

from dataclasses import replace
from typing import Any

import pytest

from release_sentinel.config.consistency import problems
from release_sentinel.config.headers import header_secrets, literal_secrets, references
from release_sentinel.config.model import Policy
from release_sentinel.config.secrets import learn
from release_sentinel.config.targets import (
    CertificateTarget,
    Dependency,
    DiskLimits,
    JsonCondition,
    MemoryLimits,
    ProcessRule,
    PrometheusQuery,
    Steady,
    TcpTarget,
)
from release_sentinel.redaction import Redactor

PAY = Dependency("pay", "https://pay.example/health")
QUERY = PrometheusQuery("errors", "http://prometheus:9090", "up", "==", 1)
DB = TcpTarget("db.example", 5432)
WEB = CertificateTarget("shop.example")


def told(**changes: Any) -> list[str]:
    """Return what is wrong with the built-in policy, with some of it changed."""
    return list(problems(replace(Policy(), **changes)))


def test_a_policy_with_everything_is_fine() -> None:
    """The look-alike: several targets of each kind, at the edges of what is allowed."""
    whole = replace(
        PAY,
        headers={"Authorization": "Bearer ${PAY_TOKEN}", "X-Price": "5 $"},
        proxy="none",
        client_cert="c.pem",
        client_key="k.pem",
        json=(JsonCondition("$.queue[0]", max=10), JsonCondition("$.status", equals="ok")),
        steady=Steady(3, 10),
    )
    assert (
        told(
            disks=(DiskLimits(), DiskLimits("/var", 85, 85)),
            memory=MemoryLimits(0, 100, Steady(100, 0)),
            processes=(ProcessRule("nginx", 2, 2), ProcessRule(command="java .*Shop")),
            dependencies=(PAY, replace(whole, name="Zahlung, groß")),
            tcp=(DB, TcpTarget("::1", 65535)),
            certificates=(WEB, replace(WEB, port=8443, crit_days=21)),
            prometheus=(QUERY, replace(QUERY, name="other", proxy="http://proxy:3128")),
            enable=("tcp", "certificate", "prometheus"),
        )
        == []
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"disks": ()}, "disks is empty, expected at least one"),
    "twice": ({"disks": (DiskLimits(), DiskLimits())}, "disks: '/' is there 2 times, expected once"),
    "line": ({"tcp": (replace(DB, name="a\nb"),)}, "tcp: 'a\\nb' is no name, expected printable characters"),
    "nameless": ({"dependencies": (replace(PAY, name=""),)}, "dependencies: one of them has no name"),
    "warn": ({"disks": (DiskLimits("/", 90, 80),)}, "disks '/': warn is 90, expected at most crit, which is 80"),
    "per cent": ({"disks": (DiskLimits("/", 75, 185),)}, "disks '/': crit is 185, expected per cent, from 0 to 100"),
    "nan": (
        {"disks": (DiskLimits("/", 75, float("nan")),)},
        "disks '/': crit is nan, expected per cent",
    ),
    "free": ({"disks": (DiskLimits(min_free=-1),)}, "disks '/': min_free is -1, expected a number of bytes"),
    "count": ({"processes": (ProcessRule("a", 3, 2),)}, "processes 'a': max is 2, expected at least min, which is 3"),
    "pattern": ({"processes": (ProcessRule("a", command="("),)}, "processes 'a': command is '(', expected a regular"),
    "url": ({"dependencies": (replace(PAY, url="pay:s3cret@x"),)}, "dependencies 'pay': url is no URL such as"),
    "proxy": ({"dependencies": (replace(PAY, proxy="s3cret"),)}, "dependencies 'pay': proxy is no URL such as"),
    "method": ({"dependencies": (replace(PAY, method="GET /"),)}, "dependencies 'pay': method is 'GET /', expected"),
    "status": ({"dependencies": (replace(PAY, statuses=(20,)),)}, "dependencies 'pay': statuses is (20,), expected"),
    "no status": ({"dependencies": (replace(PAY, statuses=()),)}, "dependencies 'pay': statuses is (), expected HTTP"),
    "tries": ({"dependencies": (replace(PAY, tries=0),)}, "dependencies 'pay': tries is 0, expected a whole number"),
    "timeout": ({"tcp": (replace(DB, timeout=0),)}, "tcp 'db.example:5432': timeout is 0, expected seconds, from 0.1"),
    "port": ({"tcp": (TcpTarget("db", 0),)}, "tcp 'db:0': port is 0, expected a port from 1 to 65535"),
    "host": ({"certificates": (CertificateTarget("https://a"),)}, "certificates 'https://a:443': host is 'https://a'"),
    "days": (
        {"certificates": (replace(WEB, crit_days=30),)},
        "certificates 'shop.example:443': crit_days is 30, expected at most warn_days, which is 21",
    ),
    "query": (
        {"prometheus": (replace(QUERY, query=" "),)},
        "prometheus 'errors': query is ' ', expected a PromQL",
    ),
    "path": (
        {"dependencies": (replace(PAY, json=(JsonCondition("status"),)),)},
        "dependencies 'pay': json: 'status' is no path such as $.checks[0].status",
    ),
    "range": (
        {"dependencies": (replace(PAY, json=(JsonCondition("$.a", min=2, max=1),)),)},
        "dependencies 'pay': json $.a: min is 2, expected at most max, which is 1",
    ),
    "json pattern": (
        {"dependencies": (replace(PAY, json=(JsonCondition("$.a", matches="["),)),)},
        "dependencies 'pay': json $.a: matches is '[', expected a regular expression",
    ),
    "header": ({"dependencies": (replace(PAY, headers={"X Y": "1"}),)}, "dependencies 'pay': headers: 'X Y' is no"),
    "header value": (
        {"dependencies": (replace(PAY, headers={"X": "s3cret\r\nY: 1"}),)},
        "dependencies 'pay': headers: the value of X is not one line of text and ${NAMES}",
    ),
    "reference": (
        {"prometheus": (replace(QUERY, headers={"X": "s3cret ${not-a-name}"}),)},
        "prometheus 'errors': headers: the value of X is not one line of text and ${NAMES}",
    ),
    "key": (
        {"dependencies": (replace(PAY, client_key="k.pem"),)},
        "dependencies 'pay': client_key is there, expected client_cert beside it",
    ),
    "samples": ({"memory": MemoryLimits(steady=Steady(0))}, "memory: steady is 0 samples 1 s apart, expected 1 to 100"),
    "steady": (
        {"memory": MemoryLimits(steady=Steady(10, 10))},
        "memory: steady is 10 samples 10 s apart, longer than a gate may take",
    ),
    "enabled": ({"enable": ("tcp",)}, "the gate tcp is enabled, expected something to judge under `tcp`"),
    "at once": ({"at_once": 0}, "at_once is 0, expected a whole number from 1 to 1000"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_meant_is_refused(case: str) -> None:
    """One sentence names the target, what was seen and what is expected; no secret is repeated."""
    changes, words = WRONG[case]
    (problem,) = told(**changes)
    assert problem.startswith(words)
    assert "s3cret" not in problem


def test_references_of_a_header() -> None:
    """Names in braces are taken from the environment; a dollar alone is a dollar."""
    assert references("Bearer ${A_TOKEN}:${B2} $C $ {D}") == ["A_TOKEN", "B2"]


def test_secrets_of_headers_and_urls() -> None:
    """Each name is asked for once; what stands in the policy itself is kept out of sight, too."""
    policy = replace(
        Policy(),
        dependencies=(
            replace(PAY, headers={"Authorization": "Bearer ${A}", "X-Api-Key": "s3cret", "Accept": "text/html"}),
            replace(PAY, name="b", proxy="http://u:passw0rd@proxy", headers={"X": "${A}${B}"}),
        ),
        prometheus=(replace(QUERY, headers={"Authorization": "Basic czNjcmV0"}),),
    )
    assert header_secrets(policy) == ["A", "B"]
    assert set(literal_secrets(policy)) == {"s3cret", "Basic czNjcmV0", "czNjcmV0"}
    redactor = Redactor()
    learn(redactor, policy, {"A": "alpha-secret"})
    shown = redactor.scrub("alpha-secret, s3cret, czNjcmV0, http://u:passw0rd@proxy")
    assert not [value for value in ("alpha", "s3cret", "czNj", "passw0rd") if value in shown]
