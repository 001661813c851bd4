"""What the types of the policy's targets do not say is refused in one sentence each, without a secret in it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.config.consistency import problems
from release_sentinel.config.convert import BROKEN
from release_sentinel.config.fields import dotted
from release_sentinel.config.headers import header_secrets, literal_secrets, references
from release_sentinel.config.load import load_policy
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
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.redaction import Redactor

PAY = Dependency("pay", "https://pay.example/health")
QUERY = PrometheusQuery("errors", "http://prometheus:9090", "up", "==", 1)
DB = TcpTarget("db.example", 5432)
WEB = CertificateTarget("shop.example")


def told(**changes: Any) -> list[str]:
    """Return what is wrong with the built-in policy, with some of it changed."""
    return [f"{dotted(key)} {says}" for key, says in problems(replace(Policy(), **changes))]


def test_a_policy_with_everything_is_fine() -> None:
    """The look-alike: several targets of each kind, at the edges of what is allowed."""
    whole = replace(
        PAY,
        headers={"Authorization": "Bearer ${PAY_TOKEN}"},
        proxy="none",
        client_cert="c.pem",
        client_key="k.pem",
        json=(JsonCondition("$.queue[0]", min=10, max=10), JsonCondition("$.status", equals="ok")),
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
    "twice": ({"disks": (DiskLimits(), DiskLimits())}, "disks[1] is '/', as disks[0] is: names are given once"),
    "nameless": ({"dependencies": (replace(PAY, name=""),)}, "dependencies[0] has no name"),
    "count": ({"processes": (ProcessRule("a", 3, 2),)}, "processes[0].max is 2, expected at least min, which is 3"),
    "url": ({"dependencies": (replace(PAY, url="pay:s3cret@x"),)}, "dependencies[0].url is no URL such as"),
    "proxy": ({"dependencies": (replace(PAY, proxy="s3cret"),)}, "dependencies[0].proxy is no URL such as"),
    "days": (
        {"certificates": (replace(WEB, crit_days=30),)},
        "certificates[0].crit_days is 30, expected at most warn_days, which is 21",
    ),
    "path": (
        {"dependencies": (replace(PAY, json=(JsonCondition("status"),)),)},
        "dependencies[0].json[0].path is no path such as $.checks[0].status",
    ),
    "range": (
        {"dependencies": (replace(PAY, json=(JsonCondition("$.a", min=2, max=1),)),)},
        "dependencies[0].json[0].min is 2, expected at most max, which is 1",
    ),
    "header": (
        {"dependencies": (replace(PAY, headers={"X Y": "s3cret"}),)},
        "dependencies[0].headers has 'X Y', which is no header's name",
    ),
    "key": (
        {"dependencies": (replace(PAY, client_key="k.pem"),)},
        "dependencies[0].client_key is there, expected client_cert beside it",
    ),
    "steady": (
        {"memory": MemoryLimits(steady=Steady(10, 10))},
        "memory.steady is 10 samples 10 s apart, longer than a gate may take",
    ),
    "enabled": ({"enable": ("tcp",)}, "enable asks for the gate tcp, expected something to judge under `tcp`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_meant_is_refused(case: str) -> None:
    """One sentence names the key, what was seen and what is expected; no secret is repeated."""
    changes, words = WRONG[case]
    (problem,) = told(**changes)
    assert problem.startswith(words)
    assert "s3cret" not in problem


TARGETS: dict[str, Any] = {
    "disks": DiskLimits(),
    "processes": ProcessRule("nginx"),
    "dependencies": PAY,
    "tcp": DB,
    "certificates": WEB,
    "prometheus": QUERY,
}


@pytest.mark.parametrize("name", TARGETS)
def test_targets_of_each_kind_have_names_of_their_own(name: str) -> None:
    """A second target of the same name is refused in every list."""
    (problem,) = told(**{name: (TARGETS[name], TARGETS[name])})
    assert problem.startswith(f"{name}[1] is ")
    assert problem.endswith(f", as {name}[0] is: names are given once")


@pytest.mark.parametrize("gate", ["tcp", "certificate", "prometheus"])
def test_a_gate_that_is_asked_for_needs_targets(gate: str) -> None:
    """An enabled gate without targets would judge nothing."""
    (problem,) = told(enable=(gate,))
    assert problem.startswith(f"enable asks for the gate {gate}, expected something to judge under `{gate}")


NOT_A_URL = {
    "blank": "",
    "the word none": "none",
    "another scheme": "ftp://pay.example/health",
    "no host": "https:///health",
    "a port and no host": "https://:443/health",
    "port 0": "https://pay.example:0/health",
    "a port out of range": "https://pay.example:65536/health",
    "a space": "https://pay.example/a b",
    "half an address": "https://[::1/health",
}


@pytest.mark.parametrize("kind", NOT_A_URL)
def test_an_address_that_cannot_be_asked_is_refused(kind: str) -> None:
    """`none` and a blank switch off a proxy, but are no address of a dependency."""
    words = "dependencies[0].{} is no URL such as https://example.com"
    assert told(dependencies=(replace(PAY, url=NOT_A_URL[kind]),)) == [words.format("url")]
    proxy = told(dependencies=(replace(PAY, proxy=NOT_A_URL[kind]),))
    assert proxy == ([] if NOT_A_URL[kind] in {"", "none"} else [words.format("proxy")])


def test_what_could_not_be_read_is_passed_over() -> None:
    """It is told elsewhere, and stays in its place so that the others keep their positions."""
    broken: Any = BROKEN
    assert told(tcp=(broken, DB, broken), dependencies=(replace(PAY, json=(broken,)),)) == []
    assert told(tcp=(broken, DB, DB)) == ["tcp[2] is 'db.example:5432', as tcp[1] is: names are given once"]


def test_one_process_at_most_and_two_at_least_is_refused() -> None:
    """The lowest limit that is set can already contradict; 0 sets none."""
    assert told(processes=(ProcessRule("a", 2, 1),)) == ["processes[0].max is 1, expected at least min, which is 2"]
    assert told(processes=(ProcessRule("a", 2, 0),)) == []


@pytest.mark.parametrize("name", [*TARGETS, "disk", "memory"])
def test_samples_take_less_time_than_a_gate_has(name: str) -> None:
    """Whatever is sampled: between three samples there are two pauses, and reaching the gate's bound is too long."""
    long = Policy().gate_seconds / 2
    target = TARGETS.get(name) or getattr(Policy(), name)
    where = f"{name}[0]" if name in TARGETS else name

    def sampled(seconds: float) -> list[str]:
        changed = replace(target, steady=Steady(3, seconds))
        return told(**{name: (changed,) if name in TARGETS else changed})

    assert sampled(long - 1) == []
    assert sampled(long) == [f"{where}.steady is 3 samples {long:g} s apart, longer than a gate may take"]


FILE = """
[[disks]]
path = "/var"
crit = 60
min_free = 1000000

[[processes]]
name = "nginx"
min = 2
steady = { samples = 3, interval = 2 }

[[dependencies]]
name = "pay"
url = "https://pay.example/health"
headers = { Authorization = "Bearer ${PAY_TOKEN}", X-Price = "5 $" }
json = [{ path = "$.status", equals = "ok" }, { path = "$.up", equals = true }, { path = "$.queue", max = 3 }]

[[tcp]]
host = "::1"
port = 5432

[[certificates]]
host = "shop.example"

[[prometheus]]
name = "errors"
url = "http://prometheus:9090"
query = "up"
op = "=="
value = 1
several = "all"
"""


def test_a_policy_file_lists_targets(tmp_path: Path) -> None:
    """Every kind of target can be read from a file; a limit below the default warning takes the warning along."""
    (tmp_path / "release-sentinel.toml").write_text(FILE, encoding="utf-8")
    policy = load_policy({}, tmp_path)
    assert policy.disks == (DiskLimits("/var", 60, 60, 1_000_000),)
    assert policy.processes == (ProcessRule("nginx", 2, steady=Steady(3, 2)),)
    headers = {"Authorization": "Bearer ${PAY_TOKEN}", "X-Price": "5 $"}
    conditions = (JsonCondition("$.status", "ok"), JsonCondition("$.up", equals=True), JsonCondition("$.queue", max=3))
    assert policy.dependencies == (replace(PAY, headers=headers, json=conditions),)
    assert (policy.tcp, policy.certificates) == ((TcpTarget("::1", 5432),), (WEB,))
    assert policy.prometheus == (replace(QUERY, several="all"),)


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ("crit = 60", "crit = 160", "disks[0].crit is 160, expected per cent, from 0 to 100"),
        ("port = 5432", "port = 0", "tcp[0].port is 0, expected a port from 1 to 65535"),
        (
            '"shop.example"',
            '"https://x"',
            "certificates[0].host is 'https://x', expected a host's name or address",
        ),
        ('"=="', '"="', "prometheus[0].op is '=', expected one of <, <=, >, >=, ==, !="),
        ("${PAY_TOKEN}", "${s3cret-x}", "dependencies[0].headers.Authorization is something else, expected one line"),
        ("samples = 3", "samples = 0", "processes[0].steady.samples is 0, expected a whole number from 1 to 100"),
        ("https://pay.example", "s3cret@pay", "dependencies[0].url is no URL such as https://example.com"),
        ('"$.queue"', '"queue"', "dependencies[0].json[2].path is no path such as $.checks[0].status"),
        ('name = "pay"', 'name = ""', "dependencies[0] has no name"),
        ('path = "/var"', "path = 1", "disks[0].path is 1, expected "),
        ("{ samples = 3, interval = 2 }", "3", "processes[0].steady is 3, expected a table"),
        ('{ path = "$.queue", max = 3 }', "3", "dependencies[0].json[2] is 3, expected a table"),
        ('host = "::1"', "", "tcp[0].host is missing, expected "),
        ("steady = {", "steady = { pause = 1,", "processes[0].steady.pause is no key of [processes[0].steady]"),
    ],
)
def test_what_a_file_cannot_mean_is_refused(tmp_path: Path, wrong: str, right: str, words: str) -> None:
    """File, line and key are told, and what is allowed."""
    assert wrong in FILE
    (tmp_path / "release-sentinel.toml").write_text(FILE.replace(wrong, right, 1), encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as refusal:
        load_policy({}, tmp_path)
    (problem,) = refusal.value.problems
    assert words in problem
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
