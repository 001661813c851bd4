"""The targets of a policy: each contradiction is refused with one message, without a secret in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from msgspec.structs import replace

from release_sentinel.config.kinds import Headers
from release_sentinel.config.load import load, load_policy
from release_sentinel.config.marks import Header, Hidden
from release_sentinel.config.model import LOCAL, Policy, urls
from release_sentinel.config.read import Reading, bare, dotted, has_mark, is_record, item_kind, keys
from release_sentinel.config.targets import (
    CertificateTarget,
    CompareRule,
    Dependency,
    DiskLimits,
    HostRule,
    JsonCondition,
    MemoryLimits,
    ProcessRule,
    PrometheusQuery,
    Steady,
    Target,
    TcpTarget,
    UnitRule,
    is_url,
)
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import BUILT_IN, GATES

PAY = {"name": "pay", "url": "https://pay.example/health"}
QUERY = {"name": "errors", "url": "http://prometheus:9090", "query": "up", "op": "==", "value": 1}
WEB = {"host": "shop.example"}


def subclasses(base: type) -> list[type]:
    """Return the package's subclasses of a class."""
    below: list[type] = base.__subclasses__()
    found = [*below, *(inner for one in below for inner in subclasses(one))]
    return [one for one in found if one.__module__.startswith("release_sentinel.")]


NO_URL = "is blank, expected a URL such as https://example.com"
PROXY = "is not none, nor a URL such as http://proxy.example.com:3128"


def problems_of(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a policy."""
    _, problems = Reading().read(Policy, document)
    return [f"{dotted(one.path)} {one.says}{dotted(one.other or ())}{one.ends}" for one in problems]


def test_a_policy_with_everything_is_fine() -> None:
    """The look-alike: several targets of each class, at the edges of what is allowed."""
    conditions = [{"path": "$.queue[0]", "min": 10, "max": 10}, {"path": "$.status", "equals": "ok"}]
    more = {
        "name": "Zahlung, groß",
        "headers": {"Authorization": "Bearer ${PAY_TOKEN}"},
        "proxy": "none",
        "client_cert": "c.pem",
        "client_key": "k.pem",
        "json": conditions,
        "steady": {"samples": 3, "interval": 10},
    }
    document = {
        "disks": [{}, {"path": "/var", "warn": 85, "crit": 85}],
        "memory": {"warn": 0, "crit": 100, "steady": {"samples": 100, "interval": 0}},
        "processes": [{"name": "nginx", "min": 2, "max": 2}, {"command": "java .*Shop"}],
        "dependencies": [PAY, {**PAY, **more}],
        "tcp": [{"host": "db.example", "port": 5432}, {"host": "::1", "port": 65535}],
        "certificates": [WEB, {**WEB, "port": 8443, "crit_days": 21}],
        "prometheus": [QUERY, {**QUERY, "name": "other", "proxy": "http://proxy:3128"}],
    }
    names = ["nginx.service", "getty@tty1", r"dev-disk\x2d1.mount", "-.mount", "a:b_c.d-e@f.g.timer"]
    document["units"] = [*names, {"name": "agent", "user": True}]
    assert problems_of(document) == []


UNIT = "expected the name of a systemd unit, such as nginx.service"
WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "twice": ({"disks": [{}, {}]}, ["disks[1] is '/', as disks[0] is: each name has to be unique"]),
    "nameless": ({"dependencies": [{"url": PAY["url"]}]}, ["dependencies[0] has no name"]),
    "count": (
        {"processes": [{"name": "a", "min": 3, "max": 2}]},
        ["processes[0].max is 2, expected at least min, which is 3"],
    ),
    "twice without a url": (
        {"dependencies": [{"name": "a"}, {"name": "a"}]},
        [
            f"dependencies[0].url {NO_URL}",
            f"dependencies[1].url {NO_URL}",
            "dependencies[1] is 'a', as dependencies[0] is: each name has to be unique",
        ],
    ),
    "no url": (
        {"dependencies": [{}]},
        ["dependencies[0] has no name", f"dependencies[0].url {NO_URL}"],
    ),
    "proxy": (
        {"dependencies": [{**PAY, "proxy": "s3cret"}]},
        [f"dependencies[0].proxy {PROXY}"],
    ),
    **{
        f"unit {name!r}": ({"units": [name]}, [f"units[0].name is {name!r}, {UNIT}"])
        for name in ("", "a b", "*.service", "--help", "-a.service", "a/b", "a\n", "ü.service", "nginx[1]", "x" * 248)
        if len(name) < 80
    },
    "unit twice": (
        {"units": ["nginx", {"name": "nginx.service"}]},
        ["units[1] is 'nginx.service', as units[0] is: each name has to be unique"],
    ),
    "unit template": (
        {"units": [{"name": "getty@.service"}]},
        ["units[0].name is 'getty@.service', a template, expected an instance such as getty@tty1.service"],
    ),
    "unit number": (
        {"units": [3]},
        ["units[0] is 3, expected the name of a systemd unit, such as nginx.service, or a table"],
    ),
    "days": (
        {"certificates": [{**WEB, "crit_days": 30}]},
        ["certificates[0].crit_days is 30, expected at most warn_days, which is 21"],
    ),
    "path": (
        {"dependencies": [{**PAY, "json": [{"path": "status"}]}]},
        ["dependencies[0].json[0].path is not a path such as $.checks[0].status"],
    ),
    "range": (
        {"dependencies": [{**PAY, "json": [{"path": "$.a", "min": 2, "max": 1}]}]},
        ["dependencies[0].json[0].min is 2, expected at most max, which is 1"],
    ),
    "count of elements": (
        {"dependencies": [{**PAY, "json": [{"path": "$.a", "count": 2, "max_count": 1}]}]},
        ["dependencies[0].json[0].count is given, expected neither min_count nor max_count beside it"],
    ),
    "counts": (
        {"dependencies": [{**PAY, "json": [{"path": "$.a", "min_count": 2, "max_count": 1}]}]},
        ["dependencies[0].json[0].min_count is 2, expected at most max_count, which is 1"],
    ),
    "any count": (
        {"dependencies": [{**PAY, "json": [{"path": "$.a", "min_count": 0}]}]},
        ["dependencies[0].json[0].min_count is 0, expected at least 1: any number would meet the condition"],
    ),
    "header": (
        {"dependencies": [{**PAY, "headers": {"X Y": "s3cret"}}]},
        ["dependencies[0].headers has 'X Y', which is not the name of a header"],
    ),
    "header of a query": (
        {"prometheus": [{**QUERY, "headers": {"X Y": "s3cret"}}]},
        ["prometheus[0].headers has 'X Y', which is not the name of a header"],
    ),
    "key": (
        {"dependencies": [{**PAY, "client_key": "k.pem"}]},
        ["dependencies[0].client_key is set, expected client_cert beside it"],
    ),
    "steady": (
        {"memory": {"steady": {"samples": 10, "interval": 10}}},
        ["memory.steady is 10 samples 10 s apart, longer than a gate may take"],
    ),
    "steady in a list": (
        {"gate_seconds": 5, "tcp": [{"host": "db", "port": 1, "steady": {"samples": 6}}]},
        ["tcp[0].steady is 6 samples 1 s apart, longer than a gate may take"],
    ),
}


@pytest.mark.parametrize(("document", "problems"), WRONG.values(), ids=WRONG)
def test_what_is_not_valid_is_refused(document: dict[str, Any], problems: list[str]) -> None:
    """One message names the key, what was seen and what is expected; no secret is repeated."""
    assert problems_of(document) == problems
    assert "s3cret" not in " ".join(problems)


LISTED: dict[str, dict[str, Any]] = {
    "disks": {},
    "processes": {"name": "nginx"},
    "dependencies": PAY,
    "tcp": {"host": "db.example", "port": 5432},
    "certificates": WEB,
    "prometheus": QUERY,
    "units": {"name": "nginx.service"},
    "hosts": {"ssh": "web1", "memory": {}},
    "compare": {"measure": "disk.used", "max_increase": 5},
}


def test_every_list_is_tested() -> None:
    """The lists above are those of the policy."""
    assert sorted(LISTED) == sorted(filter(None, map(Policy.list_of, subclasses(Target))))


@pytest.mark.parametrize("name", LISTED)
def test_the_targets_of_a_list_have_names_of_their_own(name: str) -> None:
    """A second target of the same name is refused in every list."""
    (problem,) = problems_of({name: [LISTED[name], LISTED[name]]})
    assert problem.startswith(f"{name}[1] is ")
    assert f", as {name}[0] is: each " in problem
    assert "has to be unique" in problem


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


@pytest.mark.parametrize("name", [name for name in LISTED if "url" in LISTED[name]])
def test_every_address_is_left_to_the_gate_configuration(name: str) -> None:
    """What is not a URL fails that gate; the other gates keep their results."""
    entry = {**LISTED[name], "url": "ftp://pay.example"}
    assert problems_of({name: [entry]}) == []
    policy, _ = Reading().read(Policy, {name: [entry]})
    assert urls(policy) == {"api.url": "", f"{name}[{entry['name']}].url": "ftp://pay.example"}
    assert urls(Policy(disable={"api": "none"})) == {}


HEADED = [name for name in LISTED if "headers" in keys(get_args(keys(Policy)[name][1])[0])]


@pytest.mark.parametrize("name", HEADED)
def test_every_list_refuses_what_is_not_a_header(name: str) -> None:
    """Each class of targets with headers looks at their names."""
    problems = problems_of({name: [{**LISTED[name], "headers": {"X Y": "s3cret"}}]})
    assert problems == [f"{name}[0].headers has 'X Y', which is not the name of a header"]


@pytest.mark.parametrize("kind", subclasses(Target))
def test_a_table_of_a_target_has_headers(kind: Any) -> None:
    """A token in one is looked up, and never shown, only where its kind is `Headers`."""
    tables = {key: get_args(bare(held)[0])[1] for key, (_, held) in keys(kind).items() if _is_table(held)}
    assert [key for key, value in tables.items() if not (has_mark(value, Header) and has_mark(value, Hidden))] == []
    assert _is_table(Headers)


def _is_table(kind: Any) -> bool:
    return get_origin(bare(kind)[0]) is Mapping


@pytest.mark.parametrize("kind", NOT_A_URL)
def test_an_address_that_cannot_be_asked_is_refused(kind: str) -> None:
    """`none` and blank are valid for a proxy, but not as the address of a dependency."""
    assert not is_url(NOT_A_URL[kind])
    proxy = problems_of({"dependencies": [{**PAY, "proxy": NOT_A_URL[kind]}]})
    assert proxy == ([] if NOT_A_URL[kind] in {"", "none"} else [f"dependencies[0].proxy {PROXY}"])


@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks4a", "socks5", "socks5h"])
def test_a_proxy_may_speak_socks(scheme: str) -> None:
    """A dependency may not."""
    url = f"{scheme}://localhost:1080"
    assert problems_of({"dependencies": [{**PAY, "proxy": url}], "prometheus": [{**QUERY, "proxy": url}]}) == []
    assert is_url(url) is not scheme.startswith("socks")


def test_what_could_not_be_read_keeps_its_place() -> None:
    """Its own problem is reported, and the others keep their positions."""
    database, broken = LISTED["tcp"], {"host": "db.example", "port": 0}
    problems = problems_of({"tcp": [broken, database, database]})
    assert [problem.partition(" ")[0] for problem in problems] == ["tcp[0].port", "tcp[2]"]
    assert problems[1] == "tcp[2] is 'db.example:5432', as tcp[1] is: each name has to be unique"
    (problem,) = problems_of({"dependencies": [{**PAY, "json": [3]}]})
    assert problem.startswith("dependencies[0].json[0] is 3, expected a table")


def test_one_process_at_most_and_two_at_least_is_refused() -> None:
    """The limits contradict each other even if `max` is 1; 0 sets no limit."""
    rule = {"name": "a", "min": 2}
    assert problems_of({"processes": [{**rule, "max": 1}]}) == [
        "processes[0].max is 1, expected at least min, which is 2"
    ]
    assert problems_of({"processes": [{**rule, "max": 0}]}) == []


@pytest.mark.parametrize("name", [*(name for name in LISTED if name not in {"hosts", "compare"}), "disk", "memory"])
def test_samples_take_less_time_than_a_gate_has(name: str) -> None:
    """For every target: three samples have two pauses, and reaching the gate's bound is too long."""
    where = f"{name}[0]" if name in LISTED else name

    def sampled(interval: float) -> list[str]:
        target = {**LISTED.get(name, {}), "steady": {"samples": 3, "interval": interval}}
        return problems_of({"gate_seconds": 20, name: [target] if name in LISTED else target})

    assert sampled(9) == []
    assert sampled(10) == [f"{where}.steady is 3 samples 10 s apart, longer than a gate may take"]


@pytest.mark.parametrize("gate", [gate for gate in BUILT_IN if gate.opt and gate.judges], ids=lambda gate: gate.id)
def test_a_gate_that_is_asked_for_needs_a_target(gate: Any) -> None:
    """The message names the list to fill."""
    with pytest.raises(InvalidPolicyError) as refusal:
        load({"RS_ENABLE": gate.id}, gates=GATES)
    key = Policy.list_of(gate.judges)
    assert refusal.value.problems == (
        f"RS_ENABLE asks for the gate {gate.id}, expected something to judge under `{key}`",
    )


@pytest.mark.parametrize("gate", [gate for gate in BUILT_IN if gate.judges in LOCAL], ids=lambda gate: gate.id)
def test_a_gate_that_is_asked_for_where_this_machine_is_skipped_needs_a_host(tmp_path: Path, gate: Any) -> None:
    """Its targets can stand under `hosts` alone; none of the hosts has any."""
    others = {"disk": "memory = {}"}.get(gate.id, 'disks = [{ path = "/" }]')
    text = f"enable = ['{gate.id}']\nskip_local_host = 'a runner'\n[[hosts]]\nssh = 'web1'\n{others}\n"
    (tmp_path / "release-sentinel.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as refusal:
        load({}, repository=tmp_path, gates=GATES)
    (problem,) = refusal.value.problems
    assert problem.endswith(f"enable asks for the gate {gate.id}, expected something to judge under `hosts`")


def test_a_target_that_is_not_valid_still_counts_as_one(tmp_path: Path) -> None:
    """The gate has something to judge; only the mistake is reported."""
    file = tmp_path / "release-sentinel.toml"
    file.write_text("enable = ['tcp']\n[[tcp]]\nhost = 'db'\n", encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as refusal:
        load({}, file=file, gates=GATES)
    (problem,) = refusal.value.problems
    assert "tcp[0].port is missing" in problem


TABLES = [key for key, (_, kind) in keys(Policy).items() if is_record(item_kind(kind))]
READERS = {
    "an enabled gate": "",
    "a lock": 'locked = ["{}"]',
    "a bound on waivers": 'locked = ["disk.crit"]',
    "a machine that is skipped": 'skip_local_host = "a runner"',
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("key", TABLES)
def test_an_entry_that_is_no_table_is_told_by_its_place(tmp_path: Path, key: str, reader: str) -> None:
    """Whatever else of the policy looks at that list: `hosts = ["web1"]` is an easy mistake."""
    enable = [gate.id for gate in BUILT_IN if gate.judges]
    text = f"enable = {enable}\n{READERS[reader].format(key)}\n{key} = [[]]\n[env.prod]\n{key} = [[]]\n"
    (tmp_path / "release-sentinel.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as refusal:
        load({}, repository=tmp_path, env="prod", gates=GATES)
    told = [problem for problem in refusal.value.problems if f": {key}[0] is a list, expected " in problem]
    assert len(told) == 1, refusal.value.problems


@pytest.mark.parametrize("kind", subclasses(Target))
def test_every_target_is_in_one_list_and_has_one_gate(kind: type[Target]) -> None:
    """A target without a list, or without a gate that judges it, would never be judged."""
    wanted: Any = tuple[kind, ...]  # type: ignore[valid-type]  # a type that is made here
    lists = [key for key, (_, annotation) in keys(Policy).items() if bare(annotation)[0] == wanted]
    single = [key for key, (_, annotation) in keys(Policy).items() if bare(annotation)[0] is kind]
    assert len(lists) == 1 or (kind is MemoryLimits and single == ["memory"])
    assert Policy.list_of(kind) == (lists[0] if lists else "")
    assert [gate.id for gate in BUILT_IN if gate.judges is kind] != []
    assert sum(gate.judges is kind for gate in BUILT_IN) == 1


@pytest.mark.parametrize("kind", subclasses(Target))
def test_every_target_can_be_steady(kind: Any) -> None:
    """Each declares the key itself: otherwise the default would count, whatever the file says."""
    assert "steady" in keys(kind) or kind in {HostRule, CompareRule}  # what is asked of a host has it


class Queue(Target, frozen=True):
    """A new class of targets, as a third party would write it."""

    topic: str = ""

    @property
    def name_in_list(self) -> str:
        """The topic."""
        return self.topic


class Extended(Policy, frozen=True):
    """A policy with a list of the new targets."""

    queues: tuple[Queue, ...] = ()


def test_a_new_class_of_targets_needs_only_its_list() -> None:
    """Its contradictions and its entries are found by their types."""
    policy, problems = Reading().read(Extended, {"queues": [{"topic": "mail"}, {}, {"topic": "mail"}]})
    assert [target.label for target in policy.targets(Queue)] == ["mail", "", "mail"]
    assert [(dotted(one.path), one.says) for one in problems] == [
        ("queues[1]", "has no name"),
        ("queues[2]", "is 'mail', as queues[0] is: each name has to be unique"),
    ]


def test_the_unnamed_target_comes_before_those_that_are_listed() -> None:
    """`disk` always; `process` and `api` unless they are blank and others are listed."""
    policy = Policy(disks=(DiskLimits("/var"),), processes=(ProcessRule("nginx"),))
    assert [target.label for target in policy.targets(DiskLimits)] == ["", "/var"]
    assert [target.label for target in policy.targets(ProcessRule)] == ["nginx"]
    assert [(one.label, one.name) for one in replace(policy, process="shop").targets(ProcessRule)] == [
        ("", "shop"),
        ("nginx", "nginx"),
    ]
    assert policy.targets(Dependency) == (Dependency(unnamed=True),)
    assert policy.targets(MemoryLimits) == (MemoryLimits(unnamed=True),)
    assert policy.targets(TcpTarget) == ()


NUMBERS = [
    pytest.param(record, key, id=f"{record.__name__}.{key}")
    for record in (Policy, *subclasses(Target), JsonCondition, Steady)
    for key, (_, kind) in keys(record).items()
    if float in {bare(kind)[0], *get_args(bare(kind)[0])}
]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(("record", "key"), NUMBERS)
def test_every_number_is_finite(record: type, key: str, number: str) -> None:
    """`value != nan` always holds, and `crit = nan` never does: each key with a number refuses it, and infinity."""
    _, problems = Reading().read(record, {key: float(number)})
    assert (key,) in [problem.path for problem in problems if problem.says.startswith(f"is {number}, expected ")]


def test_every_number_is_tried() -> None:
    """Also a number of a class that is new."""
    assert len(NUMBERS) > 20


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

[[units]]
name = "backup.timer"
user = true
"""


def test_a_policy_file_lists_targets(tmp_path: Path) -> None:
    """Every class of target can be read from a file; a limit below the default warning lowers the warning."""
    (tmp_path / "release-sentinel.toml").write_text(FILE, encoding="utf-8")
    policy = load_policy({}, tmp_path)
    assert policy.disks == (DiskLimits("/var", 60, 60, 1_000_000),)
    assert policy.processes == (ProcessRule("nginx", 2, steady=Steady(3, 2)),)
    headers = {"Authorization": "Bearer ${PAY_TOKEN}", "X-Price": "5 $"}
    conditions = (JsonCondition("$.status", "ok"), JsonCondition("$.up", equals=True), JsonCondition("$.queue", max=3))
    assert policy.dependencies == (Dependency("pay", "https://pay.example/health", headers=headers, json=conditions),)
    assert (policy.tcp, policy.certificates) == ((TcpTarget("::1", 5432),), (CertificateTarget("shop.example"),))
    assert policy.prometheus == (PrometheusQuery("errors", "http://prometheus:9090", "up", "==", 1, several="all"),)
    assert policy.units == (UnitRule("backup.timer", user=True),)


def test_names_stand_for_units(tmp_path: Path) -> None:
    """A list of names is a list of units, and `policy` says where it stands."""
    (tmp_path / "release-sentinel.toml").write_text('\nunits = ["nginx", "a.timer"]\n', encoding="utf-8")
    loaded = load({}, repository=tmp_path, gates=GATES)
    assert [unit.label for unit in loaded.policy.units] == ["nginx.service", "a.timer"]
    assert loaded.sources[("units", 1, "name")] == "release-sentinel.toml:2"
    assert loaded.sources[("units", 1, "user")] == "default"
    (tmp_path / "release-sentinel.toml").write_text('\nunits = ["nginx", "a b"]\n', encoding="utf-8")
    with pytest.raises(InvalidPolicyError, match=r"release-sentinel.toml:2: units\[1\]\S* is 'a b', expected the name"):
        load({}, repository=tmp_path, gates=GATES)


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
        (
            "${PAY_TOKEN}",
            "${s3cret-x}",
            "dependencies[0].headers.Authorization is invalid (not shown), expected one",
        ),
        ("samples = 3", "samples = 0", "processes[0].steady.samples is 0, expected a whole number from 1 to 100"),
        (
            '"https://pay.example/health"',
            '""',
            "dependencies[0].url is blank, expected a URL such as https://example.com",
        ),
        ('"$.queue"', '"queue"', "dependencies[0].json[2].path is not a path such as $.checks[0].status"),
        ('name = "pay"', 'name = ""', "dependencies[0] has no name"),
        ('path = "/var"', "path = 1", "disks[0].path is 1, expected "),
        ("{ samples = 3, interval = 2 }", "3", "processes[0].steady is 3, expected a table"),
        ('{ path = "$.queue", max = 3 }', "3", "dependencies[0].json[2] is 3, expected a table"),
        ('host = "::1"', "", "tcp[0].host is missing, expected "),
        ("steady = {", "steady = { pause = 1,", "processes[0].steady.pause is not a key of [processes[0].steady]"),
    ],
)
def test_what_is_not_valid_in_a_file_is_refused(tmp_path: Path, wrong: str, right: str, words: str) -> None:
    """The message names the file, the line, the key, and what is allowed."""
    assert wrong in FILE
    (tmp_path / "release-sentinel.toml").write_text(FILE.replace(wrong, right, 1), encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as refusal:
        load_policy({}, tmp_path)
    (problem,) = refusal.value.problems
    assert words in problem
    assert "s3cret" not in problem


HOST = {"ssh": "web1", "memory": {}}
BAD_HOSTS: dict[str, tuple[dict[str, Any], str]] = {
    "no way": (
        {"memory": {}},
        "hosts[0] has no way to the host, expected one of ssh, docker, podman, kubectl, inventory",
    ),
    "two ways": (
        {**HOST, "docker": "shop"},
        "hosts[0] has ssh and docker, expected one of ssh, docker, podman, kubectl",
    ),
    "asks for nothing": ({"ssh": "web1"}, "hosts[0] asks for nothing, expected disks, memory, processes or unit"),
    "a name for two": ({**HOST, "ssh": ["a", "b"], "name": "web"}, "hosts[0].name is 'web', for several hosts"),
    "a namespace of ssh": (
        {**HOST, "namespace": "x"},
        "hosts[0].namespace is set, expected hosts[0].kubectl",
    ),
    "a group of ssh": ({**HOST, "group": "web"}, "hosts[0].group is set, expected hosts[0].inventory beside it"),
    "the same twice": (
        {**HOST, "disks": [{"path": "/var"}, {"path": "/var"}]},
        "hosts[0].disks[1] is '/var', as disks[0] is: expected each once",
    ),
    "an option": (
        {**HOST, "ssh": "-oProxyCommand=touch x"},
        "hosts[0].ssh is '-oProxyCommand=touch x', expected",
    ),
    "blanks": ({**HOST, "ssh": "web1 touch"}, "hosts[0].ssh is 'web1 touch', expected an OpenSSH destination"),
    "no host": ({**HOST, "ssh": []}, "hosts[0].ssh is a list, expected an OpenSSH destination"),
    "an option of docker": (
        {"docker": "--privileged", "memory": {}},
        "hosts[0].docker is '--privileged', expected",
    ),
    "steady": (
        {"ssh": "a", "memory": {"steady": {"samples": 10, "interval": 100}}},
        "hosts[0].memory.steady is 10 samples 100 s apart, longer than a gate may take",
    ),
}


@pytest.mark.parametrize("case", BAD_HOSTS)
def test_an_entry_of_hosts_is_looked_at(case: str) -> None:
    """What cannot be asked is refused before anything is."""
    entry, words = BAD_HOSTS[case]
    assert any(problem.startswith(words) for problem in problems_of({"hosts": [entry]})), problems_of(
        {"hosts": [entry]}
    )


@pytest.mark.parametrize(
    ("ssh", "label"),
    [
        ("web1", "web1"),
        ("deploy@web1", "web1"),
        ("ssh://deploy@web1:2222", "web1"),
        ("ssh://[2001:db8::1]:22", "2001:db8::1"),
        ("web1.example.com", "web1.example.com"),
        ("2001:db8::1", "2001:db8::1"),
        ("deploy@2001:db8::2", "2001:db8::2"),
        ("deploy@[2001:db8::2]", "2001:db8::2"),
        ("kim@example.com@web1", "web1"),
        ("web1:22", "web1"),
    ],
)
def test_a_host_is_called_by_its_name(ssh: str, label: str) -> None:
    """Without the user and the port; two of one label are refused, in one entry or in two."""
    policy, problems = Reading().read(Policy, {"hosts": [{**HOST, "ssh": ssh}]})
    assert not problems
    assert [host.label for host in policy.targets(HostRule)] == [label]
    assert len(problems_of({"hosts": [{**HOST, "ssh": [ssh, ssh]}]})) == 1
    assert len(problems_of({"hosts": [{**HOST, "ssh": ssh}, {**HOST, "ssh": ssh}]})) == 1
    assert problems_of({"hosts": [{**HOST, "ssh": ssh}, {"docker": "shop", "memory": {}}]}) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"hosts": [{"ssh": "x", "name": "a", "disks": [{"path": "/b:/"}]}]}, {"disks": [{"path": "/"}]}),
        ({"hosts": [{"ssh": "x", "name": "a", "processes": [{"name": "/b:p"}]}]}, {"processes": [{"name": "p"}]}),
        ({"disks": [{"path": "a:/b:/"}]}, {"disks": [{"path": "/"}]}),
    ],
)
def test_two_gates_of_one_id_are_refused(first: dict[str, Any], second: dict[str, Any]) -> None:
    """A name with a colon in it makes the id that another host's gate has, or one of this machine."""
    other = {"ssh": "y", "name": "a:/b", **second}
    both = {**first, "hosts": [*first.get("hosts", []), other]}
    (problem,) = problems_of(both)
    assert "would have a gate 'a:/b:" in problem
    assert problems_of({**both, "hosts": [*first.get("hosts", []), {**other, "name": "b"}]}) == []


def test_this_machine_can_be_left_out() -> None:
    """Then only hosts owe disk, memory and process; without hosts, or with disks of this machine, it is refused."""
    both = {"skip_local_host": "a runner", "hosts": [HOST]}
    policy, problems = Reading().read(Policy, both)
    assert not problems
    assert [target.label for target in policy.targets(MemoryLimits)] == ["web1"]
    assert policy.targets(DiskLimits) == ()
    assert problems_of({"skip_local_host": "a runner"}) == [
        "skip_local_host is set, expected hosts beside it: else no host is judged"
    ]
    assert problems_of({**both, "disks": [{"path": "/var"}]}) == [
        "disks is about this machine, which skip_local_host leaves out: keep one"
    ]
