"""Locks: every key of the policy may be locked, and each with a direction may only become stricter above."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.checks.api import _same
from release_sentinel.config.breaches import is_stricter, same
from release_sentinel.config.kinds import Change
from release_sentinel.config.load import Loaded, load
from release_sentinel.config.locks import globbed, known_keys, matching
from release_sentinel.config.marks import FEWER, HIGHER, LOWER, MORE
from release_sentinel.config.model import LOCAL
from release_sentinel.config.parts import NOT_BY_ENV
from release_sentinel.config.show import _toml, as_document, as_toml
from release_sentinel.config.variables import VARIABLES
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import GATES
from release_sentinel.options import OPTIONS

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
BY_VARIABLE = {variable.path: variable.name for variable in VARIABLES}
BY_OPTION = {option.sets: option.flag for option in OPTIONS if option.sets}

# What an entry of each list has besides the key that a test is about.
ENTRIES: Mapping[str, dict[str, Any]] = {
    "disks": {"path": "/srv"},
    "processes": {"name": "agent"},
    "units": {"name": "agent"},
    "hosts": {"ssh": "web1", "units": ["agent"]},
    "dependencies": {"name": "shop", "url": "https://shop.example", "client_cert": "c.pem"},
    "tcp": {"host": "db", "port": 1},
    "certificates": {"host": "shop.example", "client_cert": "c.pem"},
    "prometheus": {"name": "p", "url": "https://p.example", "query": "up", "op": ">", "value": 1},
    "compare": {"measure": "m", "max_increase": 5, "max_decrease": 5},
}
WAYS: Mapping[str, dict[str, Any]] = {
    **{key: {"ssh": None} for key in ("docker", "podman", "kubectl", "inventory")},
    **{key: {"ssh": None, "kubectl": "p"} for key in ("namespace", "context", "container")},
    "group": {"ssh": None, "inventory": "i"},
}

# Two values of each key without a direction, by the key or by its last word.
VALUES: Mapping[str, tuple[Any, Any]] = {
    "at_once": (5, 6),
    "git.remote": ("a", "b"),
    "git.tag_mode": ("new", "auto"),
    "url": ("https://a.example", "https://b.example"),
    "notify.urls": (["slack://a"], ["slack://b"]),
    "packs": ({"acme": ">=2"}, {"acme": ">=1"}),
    "notify.on": (["always"], ["failure"]),
    "interval": (2, 3),
    "forge.kind": ("github", "gitlab"),
    "forge.token": ("${A}", "${B}"),
    "forge.wait": (5, 6),
    "units.user": (False, True),
    "hosts.units.user": (False, True),
    "skip_local_host": ("why", "other"),
    "method": ("GET", "HEAD"),
    "headers": ({"A": "x"}, {"A": "y"}),
    "proxy": ("none", "http://p.example:1"),
    "port": (1, 2),
    "starttls": ("smtp", "imap"),
    "op": ("<", ">"),
    "value": (1, 2),
    "several": ("all", "any"),
    **dict.fromkeys(("missing", "nan", "stale", "warnings"), ("unknown", "ok")),
}
WORDS: Mapping[str, list[Any]] = {
    "enable": ["freeze", "in-sync", "signature"],
    "statuses": [200, 201, 202],
    "required.settings": ["A", "B", "C"],
    "required.secrets": ["A", "B", "C"],
    "redact.names": ["A", "B", "C"],
    "redact.keep": ["A", "B", "C"],
    "json": [{"path": f"$.{one}", "equals": 1} for one in "abc"],
    "freezes": [{"reason": one, "zone": "UTC", "from": "fri 16:00", "to": "mon 07:00"} for one in "abc"],
    "waivers": [
        {"gate": one, "env": "prod", "reason": "r", "owner": "o", "expires": date(2026, 5, 20)} for one in "abc"
    ],
}
PAIRS: Mapping[str, list[dict[str, Any]]] = {  # looser, base, stricter
    "disable": [{"tcp": "r", "disk": "r"}, {"tcp": "r"}, {}],
    "advise": [{"tcp": date(2027, 1, 2)}, {"tcp": date(2027, 1, 1)}, {"tcp": date(2026, 1, 1)}],
}


def values(key: str) -> tuple[Any, Any, Any]:
    """Return a looser value of a key, one for the base, and a stricter one; without a direction, the last is None."""
    direction, last = known_keys()[key].direction, key.rpartition(".")[2]
    if direction is None:
        base, other = VALUES.get(key, VALUES.get(last, ("a", "b")))
        return other, base, None
    words = WORDS.get(key, WORDS.get(last, ["a", "b", "c"]))
    if key in PAIRS:
        looser, base, stricter = PAIRS[key]
        return looser, base, stricter
    found = {
        "lower": (9, 5, 4),
        "higher": (8, 9, 10),
        "true": (False, True, True),
        "false": (True, False, False),
        "superset": (words[:1], words[:2], words),
        "subset": (words, words[:2], words[:1]),
    }[direction.way]
    return found[0], found[1], found[2]


def document(key: str, value: Any) -> str:
    """Return a policy file that sets one key."""
    parts = key.split(".")
    built = value
    for end in range(len(parts), 0, -1):
        known = known_keys().get(".".join(parts[:end]))
        if known and known.is_list and end < len(parts):
            more = WAYS.get(parts[end], {}) if parts[end - 1] == "hosts" else {}
            entry = {**ENTRIES[parts[end - 1]], **more, **built}
            built = [{name: one for name, one in entry.items() if one is not None}]
        built = {parts[end - 1]: built}
    needed = 'hosts = [{ ssh = "web1", units = ["agent"] }]\n' if key == "skip_local_host" else ""
    return "".join(f"{name} = {_toml(one)}\n" for name, one in built.items()) + needed


class Company:
    """A base policy in a folder beside a repository."""

    def __init__(self, folder: Path, base: str) -> None:
        self.base, self.top = folder / "base.toml", folder / "shop"
        self.top.mkdir()
        self.base.write_text(base)

    def load(self, own: str = "", *, more: str | None = None, file: str | None = None, **given: Any) -> Loaded:
        """Load the policy of a repository that extends the base; `more` is a base between them."""
        extends = ["../base.toml"]
        if more is not None:
            (self.top.parent / "more.toml").write_text(more)
            extends.append("../more.toml")
        (self.top / "release-sentinel.toml").write_text(f"extends = {extends}\n{own}")
        if file is not None:
            (self.top.parent / "named.toml").write_text(file)
            given["file"] = self.top.parent / "named.toml"
        environ = {name: value for name, value in given.items() if name.startswith("RS_")}
        rest = {name: value for name, value in given.items() if name not in environ}
        return load(environ, repository=self.top, env="prod", gates=GATES, now=NOW, **rest)

    def broken(self, own: str = "", **given: Any) -> list[str]:
        """Return why the policy is not valid, where a lock is broken: file and line of both are named."""
        with pytest.raises(InvalidPolicyError) as refusal:
            self.load(own, **given)
        found = [problem for problem in refusal.value.problems if str(self.base) in problem]
        assert found, refusal.value.problems
        assert all(f"{self.base}:" in problem for problem in found)
        return [problem.replace(str(self.base), "BASE") for problem in found]


def as_text(value: Any) -> str:
    """Return a value as a variable has it."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value).lower()


PART = "[env.dev]\n[env.stage]\n[env.prod]\n"


@pytest.mark.parametrize("key", known_keys())
def test_every_key_can_be_locked(tmp_path: Path, key: str) -> None:
    """Nothing above changes it then: no base, file, part for an environment, named file, variable or option."""
    if known_keys()[key].is_list:
        other, base = "", document(f"{key}.timeout" if key == "hosts" else f"{key}.steady.samples", 2)
        base = document("compare.max_increase", 5) if key == "compare" else base
        other = f"{key.partition('.')[0]} = []\n"
    else:
        looser, value, _ = values(key)
        other, base = document(key, looser), document(key, value)
    company = Company(tmp_path, f'locked = ["{key}"]\n{base}')
    company.load("")
    company.load(base)  # the same again is no change
    assert company.broken(other)
    assert company.broken(more=other)
    assert company.broken(file=other)
    if key not in NOT_BY_ENV:
        part = "".join(f"{line}\n" for line in other.splitlines())
        assert company.broken(f"{PART}{part}")
    if key in BY_VARIABLE:
        assert company.broken(**{BY_VARIABLE[key]: as_text(values(key)[0])})[0].startswith(BY_VARIABLE[key])
    if key in BY_OPTION:
        value = values(key)[0]
        asked = (BY_OPTION[key], tuple(value) if isinstance(value, list) else value)
        assert company.broken(options={key: asked})[0].startswith(BY_OPTION[key])


@pytest.mark.parametrize("key", [key for key, known in known_keys().items() if known.direction])
def test_every_key_with_a_direction_can_only_become_stricter(tmp_path: Path, key: str) -> None:
    """What is looser is refused in each layer; what is equal or stricter is not."""
    looser, value, stricter = values(key)
    company = Company(tmp_path, f'stricter_only = ["{key}"]\n{document(key, value)}')
    for fine in (value, stricter):
        company.load(document(key, fine))
        company.load(more=document(key, fine))
    other = document(key, looser)
    assert company.broken(other)
    assert company.broken(more=other)
    assert company.broken(file=other)
    if key not in NOT_BY_ENV:
        assert company.broken(f"{PART}{other}")
    if key in BY_VARIABLE:
        assert company.broken(**{BY_VARIABLE[key]: as_text(looser)})
        company.load(**{BY_VARIABLE[key]: as_text(stricter)})
    if key in BY_OPTION:
        assert company.broken(options={key: (BY_OPTION[key], float(looser))})
        company.load(options={key: (BY_OPTION[key], float(stricter))})


@pytest.mark.parametrize("key", [key for key, known in known_keys().items() if not (known.direction or known.is_list)])
def test_a_key_without_a_direction_is_refused(tmp_path: Path, key: str) -> None:
    """By itself. A glob over it locks it."""
    write = f'stricter_only = ["{key}"]'
    assert Company(tmp_path, write).broken() == [
        f"BASE:1: stricter_only names {key!r}, which has no stricter direction: name it under `locked`"
    ]


# By these no gate judges; with a lock on one of them no gate is protected, but for those that are asked for by id.
OF_NO_GATE = {
    *("at_once", "deadline", "gate_seconds", "git.sign_tags", "release.notes", "skip_local_host"),
    *("enable", "required_gates", "disable", "advise", "waivers", "packs"),
    *(key for key in known_keys() if key.startswith(("notify.", "redact.", "rounds."))),
}


def test_every_key_is_of_a_gate() -> None:
    """So that a gate with a locked key can be neither switched off nor advised: a new key cannot be forgotten."""
    judging = {key for key, known in known_keys().items() if set(known.holders) & {*GATES.kinds.values()}}
    patterns = [pattern for patterns in GATES.keys_of.values() for pattern in patterns]
    judging |= {key for key in known_keys() if any(globbed(pattern, key) for pattern in patterns)}
    assert set(known_keys()) - judging == OF_NO_GATE
    assert [pattern for pattern in patterns if not any(globbed(pattern, key) for key in known_keys())] == []


def test_every_option_that_stands_in_place_of_the_policy_names_its_key() -> None:
    """And every such key exists."""
    assert set(BY_OPTION) <= set(known_keys())


BASE = """\
locked = ["environments", "git.branches", "required.secrets", "enable", "process", "api.*"]
stricter_only = ["disk.crit", "certificate.*", "deadline", "git.untracked*", "required_gates"]
waivers = { max_days = 14, never = ["signature", "acme.*"] }
enable = ["signature"]
required_gates = ["acme.queue"]
process = "shop"
deadline = 200
git.branches = ["main"]
disk.crit = 80
api.url = "https://shop.example/health"
[[disks]]
path = "/srv"
crit = 70
[[certificates]]
host = "shop.example"
crit_days = 14
[env.dev]
[env.stage]
[env.prod]
disk.crit = 60
"""


def waiver(gate: str, expires: str, env: str = "prod") -> str:
    """Return a waiver."""
    return f'[[waivers]]\ngate = "{gate}"\nenv = "{env}"\nreason = "r"\nowner = "o"\nexpires = {expires}\n'


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A company whose base has locks of every kind."""
    return Company(tmp_path, BASE)


@pytest.mark.parametrize(
    "own",
    [
        'git.branches = ["*"]',
        'git.branches = ["main", "dev"]',
        'git = { branches = ["dev"] }',
        '"git"."branches" = ["dev"]',
        "git.'branches' = ['dev']",
        '[git]\nbranches = ["main "]',
        "[git]\nbranches = ['ma\\u0456n']",
        "disk.crit = 61",
        "[disk]\ncrit = 99.9\nwarn = 10",
        "[env.dev]\n[env.stage]\n[env.prod]\ndisk.crit = 70",
        "[env.dev]\ndisk.crit = 81\n[env.stage]\n[env.prod]",
        'disk.path = "/dev/shm"',
        'disk = { path = "/dev/shm", crit = 60 }',
        "disks = []",
        'disks = [{ path = "/srv", crit = 71 }]',
        'disks = [{ path = "/srv/", crit = 70 }]',
        'disks = [{ path = "/var", crit = 1 }]',
        "certificates = []",
        'certificates = [{ host = "other.example", crit_days = 14 }]',
        'certificates = [{ host = "shop.example", crit_days = 13 }]',
        'certificates = [{ host = "shop.example", crit_days = 14, port = 8443 }]',
        'certificates = [{ host = "shop.example", name = "x", crit_days = 14 }]',
        'certificates = [{ host = "shop.example", crit_days = 14, server_name = "evil.example" }]',
        'process = ""',
        'api.url = "https://ok.example"',
        "api.statuses = [200, 500]",
        "required.secrets = []",
        'required.secrets = ["RS_DEPLOY_TOKEN", "OTHER"]',
        "enable = []",
        "required_gates = []",
        "deadline = 201",
        "git.untracked = false",
        'git.untracked_allowed = ["*"]',
        'environments = ["dev", "stage", "prod", "prod2"]',
        'disable = { branch = "no" }',
        'disable = { disk = "no" }',
        'disable = { certificate = "no" }',
        'disable = { process = "no" }',
        'disable = { clean-tree = "no" }',
        'disable = { configuration = "no" }',
        '[env.dev]\n[env.stage]\n[env.prod]\ndisable = { branch = "no" }',
        "[env.dev]\n[env.stage.advise]\nbranch = 2027-01-01\n[env.prod]",
        "advise = { branch = 2027-01-01 }",
        "advise = { 'disk[/srv]' = 2027-01-01 }",
        "advise = { signature = 2027-01-01 }",
        "advise = { 'acme.queue' = 2027-01-01 }",
        "advise = { host = 2027-01-01 }",
        'skip_local_host = "elsewhere"\nhosts = [{ ssh = "web1", units = ["x"] }]',
        waiver("memory", "2026-06-01"),
        waiver("memory", "2026-06-01T00:00:01+00:00"),
        waiver("memory", "9000-01-01", env="dev"),
        waiver("signature", "2026-05-18"),
        waiver("acme.queue", "2026-05-18"),
        waiver("acme.queue[a]", "2026-05-18"),
        waiver("disk", "2026-06-01"),
        'locked = []\nstricter_only = []\ngit.branches = ["dev"]',
        "waivers = { max_days = 3650 }\nenable = []",
    ],
)  # fmt: skip
def test_an_attempt_to_loosen(company: Company, own: str) -> None:
    """By the repository's own file, by a file in its place, and by a base above: each names both files."""
    assert company.broken(own)
    assert company.broken(file=own)
    assert company.broken(more=own)


@pytest.mark.parametrize(
    "own",
    [
        "",
        'git.branches = ["main"]',
        "disk.crit = 60",
        "disk.crit = 10",
        'disks = [{ path = "/srv", crit = 70 }, { path = "/var", crit = 99 }]',
        'disks = [{ path = "/srv", crit = 60, warn = 5 }]',
        'certificates = [{ host = "shop.example", crit_days = 20 }, { host = "more.example", crit_days = 1 }]',
        'enable = ["signature"]',
        'required_gates = ["acme.queue", "own"]',
        "deadline = 100",
        'disable = { memory = "no" }',
        "advise = { memory = 2030-01-01 }",
        waiver("memory", "2026-05-31"),
        waiver("memory", "2026-06-01T00:00:00+00:00"),
        waiver("disk", "2026-05-31"),
        waiver("signatures", "2026-05-31"),
        'locked = ["disk.crit"]\nwaivers = { max_days = 3 }',
        'units = ["agent"]\nhosts = [{ ssh = "web1", units = ["x"] }]',
        "api.tries = 3",
    ],
)
def test_what_the_base_allows(company: Company, own: str) -> None:
    """What is the same, stricter, or about other things."""
    company.load(own)
    company.load(file=own)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"RS_BRANCHES": "dev"}, "RS_BRANCHES"),
        ({"RS_DISK_CRIT": "61"}, "RS_DISK_CRIT"),
        ({"RS_ENVIRONMENTS": "dev,stage,prod,x"}, "RS_ENVIRONMENTS"),
        ({"RS_ENABLE": "in-sync"}, "RS_ENABLE"),
        ({"RS_REQUIRED_PROCESS": "other"}, "RS_REQUIRED_PROCESS"),
        ({"RS_API_URL": "https://ok.example"}, "RS_API_URL"),
        ({"RS_API_STATUSES": "200,500"}, "RS_API_STATUSES"),
        ({"RS_DEADLINE": "900"}, "RS_DEADLINE"),
        ({"RS_REQUIRED_GATES": "own"}, "RS_REQUIRED_GATES"),
        ({"RS_DISK_PATH": "/dev/shm"}, "RS_DISK_PATH"),  # noqa: S108 - no file is made there
    ],
)
def test_a_variable_loosens_nothing(company: Company, environ: dict[str, str], name: str) -> None:
    """The same value, or a stricter one, is let through."""
    assert company.broken(**environ)[0].startswith(f"{name} ")
    company.load(RS_BRANCHES="main", RS_DISK_CRIT="50", RS_DEADLINE="100", RS_REQUIRED_PROCESS="shop")


def test_every_broken_lock_is_told_at_once(company: Company) -> None:
    """With the file and line of both; of an option and a variable its name."""
    own = 'git.branches = ["dev"]\ndisk.crit = 95\n[disable]\nbranch = "no"\n'
    prod = "BASE:20 [env.prod]"
    assert company.broken(own, RS_DEADLINE="900", options={"deadline": ("--gate-deadline", 1000.0)}) == [
        "release-sentinel.toml:2: git.branches differs from BASE:8: locked by BASE:1",
        "release-sentinel.toml:3: disk.crit is 95, expected at most 80, as BASE:9 has: stricter only, by BASE:2",
        "release-sentinel.toml:5: disable.branch excuses the gate branch: branch is protected by BASE:1",
        "RS_DEADLINE is 900, expected at most 200, as BASE:7 has: stricter only, by BASE:2",
        "--gate-deadline is 1000, expected at most 200, as BASE:7 has: stricter only, by BASE:2",
        f"release-sentinel.toml:3: disk.crit is 95, expected at most 60, as {prod} has: stricter only, by BASE:2",
    ]


def test_a_lock_also_holds_the_file_that_has_it(tmp_path: Path) -> None:
    """Its part for an environment may set what it locks; variables and options may not."""
    own = 'locked = ["disk.crit"]\ndisk.crit = 80\n[env.dev]\n[env.stage]\n[env.prod]\ndisk.crit = 70\n'
    company = Company(tmp_path, "")
    assert company.load(own).policy.disk.crit == 70
    with pytest.raises(InvalidPolicyError, match=r"RS_DISK_CRIT differs from release-sentinel\.toml:7"):
        company.load(own, RS_DISK_CRIT="60")


def test_the_lower_of_two_locks_holds_the_upper_one_too(tmp_path: Path) -> None:
    """A base between may lock more, and can take nothing back; its own bounds open nothing below it."""
    company = Company(tmp_path, 'locked = ["disk.crit"]\nwaivers = { never = ["api"] }\n')
    company.load(more='locked = ["memory.crit"]\nmemory.crit = 50\n')
    with pytest.raises(InvalidPolicyError, match=r"memory\.crit differs from"):
        company.load("memory.crit = 40", more='locked = ["memory.crit"]\nmemory.crit = 50\n')
    assert company.broken("disk.crit = 40", more='stricter_only = ["disk.crit"]\n')
    assert company.broken(waiver("disk", "2026-05-18"), more="waivers = { max_days = 3650 }")
    assert company.broken(waiver("api", "2026-05-18"), more="waivers = { max_days = 3650, never = [] }")


def test_a_gate_with_locked_keys_is_waived_only_within_bounds(tmp_path: Path) -> None:
    """A lock that a waiver of a century undoes is none: the base has to say for how long."""
    company = Company(tmp_path, 'locked = ["disk.crit"]')
    says = "waives disk until 2026-05-18: disk is protected by BASE:1, and no waivers.max_days allows for waivers"
    assert company.broken(waiver("disk", "2026-05-18")) == [f"release-sentinel.toml:2: waivers[0] {says}"]
    assert company.broken(waiver("host[web1]", "2026-05-18"))
    company.load(waiver("memory", "9000-01-01"))


# Of each gate with targets: what the base asks, and the id of what it names.
TARGETS: Mapping[str, tuple[str, str]] = {
    "host": (HOST := '[[hosts]]\nssh = "w1"\ndisks = [{ path = "/v" }]\nunits = ["u"]\nmemory = {}\n', "host[w1]"),
    "disk": ('disks = [{ path = "/var" }]\n', "disk[/var]"),
    "disk on a host": (HOST, "disk[w1:/v]"),
    "memory on a host": (HOST, "memory[w1]"),
    "unit on a host": (HOST, "unit[w1:u.service]"),
    "process": ('processes = [{ name = "agent" }]\n', "process[agent]"),
    "unit": ('units = ["agent"]\n', "unit[agent.service]"),
    "api": ('dependencies = [{ name = "pay", url = "https://pay.example" }]\n', "api[pay]"),
    "tcp": ('tcp = [{ host = "db", port = 1 }]\n', "tcp[db:1]"),
    "certificate": ('certificates = [{ host = "shop.example" }]\n', "certificate[shop.example:443]"),
    "prometheus": (
        'prometheus = [{ name = "p", url = "https://p.example", query = "up", op = ">", value = 1 }]\n',
        "prometheus[p]",
    ),
    "compare": ('compare = [{ measure = "m", max_increase = 5 }]\n', "compare[m]"),
}


def excuses(target: str) -> dict[str, str]:
    """Return each way to excuse a target, or all of its gate."""
    gate, host = target.partition("[")[0], target.partition("[")[2].partition(":")[0].rstrip("]")
    ways = {
        "disable": f'disable = {{ {gate} = "r" }}',
        "advise the gate": f"advise = {{ {gate} = 2027-01-01 }}",
        "advise the target": f"advise = {{ '{target}' = 2027-01-01 }}",
        "waive the target": waiver(target, "2026-05-18"),
    }
    if host == "w1":
        ways["advise the host"] = f"advise = {{ 'host[{host}]' = 2027-01-01 }}"
        ways["advise all hosts"] = "advise = { host = 2027-01-01 }"
        ways["waive the host"] = waiver(f"host[{host}]", "2026-05-18")
    elif GATES.kinds[gate] in LOCAL:
        ways["skip this machine"] = f'disks = []\nprocesses = []\nunits = []\nskip_local_host = "r"\n{HOST}'
    return ways


def test_every_gate_with_targets_is_tried() -> None:
    """As far as it has more than one: of `memory` only hosts have others."""
    assert {target.partition("[")[0] for _, target in TARGETS.values()} == {
        id_ for id_, kind in GATES.kinds.items() if kind
    }


@pytest.mark.parametrize(("base", "target"), TARGETS.values(), ids=TARGETS)
def test_what_is_never_waived_is_excused_in_no_way(tmp_path: Path, base: str, target: str) -> None:
    """By its own id, by that of all of its gate, and by its host; whether `never` names it, its gate or a glob."""
    gate = target.partition("[")[0]
    for number, pattern in enumerate((target, gate, f"{target[:-2]}*", f"*{target[-3:]}", "*")):
        (folder := tmp_path / str(number)).mkdir()
        company = Company(folder, f"waivers = {{ never = ['{pattern}'] }}\n{base}")
        company.load("")
        for own in excuses(target).values():
            (problem, *_) = company.broken(own)
            assert "never waived, by BASE:1" in problem


@pytest.mark.parametrize(("base", "target"), TARGETS.values(), ids=TARGETS)
def test_what_is_never_waived_is_not_left_out(tmp_path: Path, base: str, target: str) -> None:
    """By an empty list, nor by one with another entry."""
    gate, label = target[:-1].split("[")
    name = "hosts" if base == HOST else base.partition(" ")[0]
    other = base.replace(f'"{label.partition(":")[0].removesuffix(".service")}"', '"x"')
    for number, pattern in enumerate((target, gate)):
        (folder := tmp_path / str(number)).mkdir()
        company = Company(folder, f"waivers = {{ never = ['{pattern}'] }}\n{base}")
        company.load(base)
        for own in (f"{name} = []", other):
            assert any(f"for the gate {target} to judge" in problem for problem in company.broken(own))
    company = Company(tmp_path, f"waivers = {{ never = ['{gate}[other]'] }}\n{base}")
    company.load(f"{name} = []")


ASKED = {
    "version-files": ("version.files = ['a.txt']", "version.files = []"),
    "changelog": ("version.changelog = 'CHANGES.md'", "version.changelog = ''"),
    "freeze": ("freezes = [{ reason = 'r', zone = 'UTC', from = 'fri 16:00', to = 'mon 07:00' }]", "freezes = []"),
    "ci-checks": ("forge.checks = ['build']", "forge.checks = []"),
    "review": ("forge.approvals = 2", "forge.approvals = 0"),
    "blockers": ("forge.blockers = ['bug']", "forge.blockers = []"),
}


@pytest.mark.parametrize("gate", GATES.asked_by)
def test_what_asks_for_a_gate_that_is_never_waived_is_not_taken_away(tmp_path: Path, gate: str) -> None:
    """The gate would not be part of the run."""
    asks, other = ASKED[gate]
    company = Company(tmp_path, f"waivers = {{ never = ['{gate}'] }}\n{asks}\n")
    says = f"{GATES.asked_by[gate]} leaves nothing for the gate {gate} to judge: never waived, by BASE:1"
    assert f"release-sentinel.toml:2: {says}" in company.broken(other)
    company.load(asks)
    company.base.write_text(f"waivers = {{ never = ['tcp'] }}\n{asks}\n")
    if gate not in {"ci-checks", "blockers"}:  # of these the list is never empty
        company.load(other)


def test_what_is_never_waived_on_the_hosts_of_a_group_is_not_left_out(tmp_path: Path) -> None:
    """Their names are not known before the run."""
    rule = '[[hosts]]\ninventory = "i"\ngroup = "web"\nunits = ["u"]\n'
    company = Company(tmp_path, f"waivers = {{ never = ['disk'] }}\n{rule}disks = [{{ path = '/v' }}]\n")
    (problem,) = company.broken(rule)
    assert problem.startswith("release-sentinel.toml:2: hosts leaves nothing for the gate disk[i:web:/v] to judge")
    company.load(f"{rule}disks = [{{ path = '/v', crit = 5 }}]")


def test_a_target_may_take_the_place_of_none(tmp_path: Path) -> None:
    """A process that nothing names is left out where others are listed."""
    company = Company(tmp_path, "waivers = { never = ['process', 'api'] }\n")
    company.load('processes = [{ name = "agent" }]')
    company.base.write_text("waivers = { never = ['process', 'api'] }\nprocess = 'shop'\n")
    assert company.broken('process = ""\nprocesses = [{ name = "agent" }]')


@pytest.mark.parametrize(("base", "target"), TARGETS.values(), ids=TARGETS)
def test_what_is_about_another_target_is_excused(tmp_path: Path, base: str, target: str) -> None:
    """Of another name, of another gate, or on another host."""
    gate = target.partition("[")[0]
    never = [f"{gate}[other]", f"{gate}[w2:/v]", "freeze", "x*", f"{gate}[w2*"]
    company = Company(tmp_path, f"waivers = {{ never = {never} }}\n{base}")
    ways = excuses(target)
    for way in ("advise the target", "waive the target", "waive the host", "advise the host"):
        company.load(ways.get(way, ""))
    company.load(waiver(gate, "2026-05-18") if gate != "host" else "")  # it is for the one without a name


def test_what_the_base_itself_excuses_stays(tmp_path: Path) -> None:
    """Its own reasons, days and waivers, and those of the bases below it, are not those of a layer above."""
    excused = f'disable = {{ memory = "r" }}\nadvise = {{ disk = 2027-01-01 }}\n{waiver("disk", "9000-01-01")}'
    (tmp_path / "low.toml").write_text(excused)
    company = Company(tmp_path, 'extends = ["low.toml"]\nlocked = ["disk.*", "memory.*"]\nwaivers = { max_days = 1 }\n')
    company.load("")
    company.load("advise = { disk = 2026-12-31 }")
    assert company.broken("advise = { disk = 2027-01-02 }")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('locked = ["disk.krit"]', "locked names 'disk.krit', which is not a key of the policy; did you mean disk.cr"),
        ('locked = ["Disk.crit"]', "locked names 'Disk.crit', which is not a key of the policy; did you mean disk.cr"),
        ('locked = ["extends"]', "locked names 'extends', which is not a key of the policy"),
        ('locked = ["env.prod.disk"]', "locked names 'env.prod.disk', which is not a key of the policy"),
        ('stricter_only = ["git.remote"]', "stricter_only names 'git.remote', which has no stricter direction"),
        ('stricter_only = ["notify.*"]', "stricter_only names 'notify.*', which has no stricter direction"),
        ("waivers = { never = ['signatur'] }", "waivers.never names 'signatur', which is not a gate; did you mean sig"),
        ("waivers = { never = ['Disk'] }", "waivers.never names 'Disk', which is not a gate; did you mean disk?"),
        ("waivers = { never = ['DISK[/var]'] }", "waivers.never names 'DISK[/var]', which is not a gate; did you mean"),
        ("waivers = { never = ['Disk*'] }", "waivers.never names 'Disk*', which is not a gate; did you mean disk?"),
        ("waivers = { never = ['disk[/var'] }", "waivers.never names 'disk[/var', expected a `]` at its end, as in"),
        ("waivers = { never = ['*[/var'] }", "waivers.never names '*[/var', expected a `]` at its end, as in `*[targ"),
        ("waivers = { never = ['tag[v1]'] }", "waivers.never names 'tag[v1]', which has no targets; did you mean tag?"),
        ("waivers = { max_days = -1 }", "waivers.max_days is -1, expected a number of days, from 0 to 3650"),
    ],
)  # fmt: skip
def test_a_lock_that_would_lock_nothing_is_refused(tmp_path: Path, line: str, problem: str) -> None:
    """A slip in a lock must not leave a hole."""
    assert Company(tmp_path, line).broken()[0].startswith(f"BASE:1: {problem}")


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("git.branches", ["git.branches"]),
        ("required", ["required.settings", "required.secrets", "required.placeholders"]),
        ("disk.crit", ["disk.crit", "disks.crit", "hosts.disks.crit"]),
        ("disks[].crit", ["disks.crit"]),
        ("certificate.*_days", ["certificates.warn_days", "certificates.crit_days"]),
        ("unit.name", ["units.name", "hosts.units.name"]),
        ("api.tries", ["api.tries", "dependencies.tries"]),
        ("*.tries", [key for key in known_keys() if key.endswith(".tries")]),
        ("*", list(known_keys())),
        ("isk.crit", []),
        ("disk.crit.x", []),
    ],
)
def test_a_pattern_names_keys(pattern: str, keys: list[str]) -> None:
    """A table stands for its keys, a gate's name for all its targets; `[]` may be left out."""
    assert matching(pattern) == keys


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("", "", True),
        ("*", "", True),
        ("a*", "a", True),
        ("a*a", "a", False),
        ("a*a", "aba", True),
        ("*b*", "abc", True),
        ("*b*b*", "abc", False),
        ("a.c", "abc", False),
        ("*" * 999 + "x", "a" * 9999, False),
        ("*a" * 999, "a" * 9999, True),
    ],
)
def test_a_glob(pattern: str, text: str, *, fits: bool) -> None:
    """A star alone is special, and many of them take no time."""
    assert globbed(pattern, text) is fits


def test_a_change_is_held_against_one_of_its_own_unit() -> None:
    """Ten per cent are neither more nor less than ten."""
    assert is_stricter(LOWER, Change(10), Change(5))
    assert is_stricter(LOWER, None, Change(5))
    assert not is_stricter(LOWER, Change(10), Change(5, is_share=True))
    assert not is_stricter(LOWER, Change(10), None)


KINDS = (True, False, 1, 0, 1.0, 0.0, "1", "0", "true", "false", 2, 1.5)


@pytest.mark.parametrize("base", KINDS, ids=repr)
def test_values_are_compared_by_kind(tmp_path: Path, base: bool | float | str) -> None:
    """As the gate compares them: true is neither 1 nor 1.0, nor the text; but 1 is 1.0."""

    def wanted(value: bool | float | str) -> str:
        condition = f'{{ path = "$.a", equals = {_toml(value)} }}'
        return f'dependencies = [{{ name = "pay", url = "https://pay.example", json = [{condition}] }}]\n'

    (tmp_path / "locked").mkdir()
    company = Company(tmp_path / "locked", f'locked = ["dependencies.*"]\n{wanted(base)}')
    for other in KINDS:
        if _same(base, other):
            company.load(wanted(other))
        else:
            assert company.broken(wanted(other))
        assert same([base], [other]) is same({"a": base}, {"a": other}) is same({base}, {other}) is _same(base, other)
        assert is_stricter(MORE, [base], [other]) is is_stricter(FEWER, [base], [other]) is _same(base, other)
        if isinstance(base, bool) != isinstance(other, bool):
            assert not is_stricter(LOWER, base, other)
            assert not is_stricter(HIGHER, base, other)


def test_what_tables_hold_is_compared_too() -> None:
    """More entries do not make up for another value of one, nor fewer."""
    assert is_stricter(MORE, {"a": 1}, {"a": 1, "b": 2})
    assert not is_stricter(MORE, {"a": 1}, {"a": 2, "b": 2})
    assert not is_stricter(FEWER, {"a": 1, "b": 2}, {"a": True})


def test_hosts_are_compared_one_by_one(tmp_path: Path) -> None:
    """An entry for several is one for each: none of them may be left out, and one may be added."""
    company = Company(tmp_path, 'stricter_only = ["host.timeout"]\nhosts = [{ ssh = ["a", "b"], units = ["x"] }]\n')
    company.load('hosts = [{ ssh = ["b", "c"], units = ["x"] }, { ssh = "a", units = ["x"] }]')
    (problem,) = company.broken('hosts = [{ ssh = "a", units = ["x"] }]')
    assert problem.startswith("release-sentinel.toml:2: hosts lacks 'b', expected what BASE:2 has")


def test_locks_are_shown(company: Company) -> None:
    """Beside the value and its source."""
    found = company.load("")
    assert f"crit = 60.0  # {company.base}:20 [env.prod]; stricter only, by {company.base}:2" in as_toml(found)
    shown = as_document(found)
    assert shown["git.branches"]["lock"] == f"locked by {company.base}:1"
    assert shown["certificates[0].host"]["lock"] == f"locked by {company.base}:2"
    assert "lock" not in shown["memory.crit"]


def test_a_lock_on_what_its_file_does_not_set_says_so(tmp_path: Path) -> None:
    """It freezes the value of the files below it, or else the default: both are shown, and told."""
    locked = 'locked = ["memory.crit", "api.tries"]\n'
    company = Company(tmp_path, "memory.crit = 70\n")
    low, more = str(company.base), str(tmp_path / "more.toml")
    found = company.load(more=locked)
    assert f"crit = 70.0  # {low}:1; locked by {more}:1\n" in as_toml(found)
    assert f"tries = 3  # default; locked by {more}:1, which does not set it\n" in as_toml(found)
    assert as_document(found)["api.tries"]["lock"] == f"locked by {more}:1, which does not set it"
    with pytest.raises(InvalidPolicyError) as refusal:
        company.load("api.tries = 4\nmemory.crit = 71", more=locked)
    assert list(refusal.value.problems) == [
        f"release-sentinel.toml:3: memory.crit differs from {low}:1: locked by {more}:1",
        f"release-sentinel.toml:2: api.tries differs from the default: locked by {more}:1, which does not set it",
    ]


@pytest.mark.parametrize("part", ["", "[env.dev]\n[env.stage]\n[env.prod]\n"])
def test_what_is_switched_off_is_not_advised_too(tmp_path: Path, part: str) -> None:
    """By one table. A file above may switch off what its base advises: it cannot take that back."""
    advise, disable = "advise = { disk = 2027-01-01 }\n", 'disable = { disk = "r" }\n'
    company = Company(tmp_path, advise)
    company.load(disable)
    company.load('advise = { disk = 2027-01-01 }\ndisable = { memory = "r" }')
    with pytest.raises(InvalidPolicyError) as refusal:
        company.load(f"{part}{advise}{disable}")
    (problem,) = refusal.value.problems
    assert problem.endswith("advise.disk is advised, and switched off by disable: keep one of the two")


@pytest.mark.parametrize("value", ["1", "[1]", "'x'", "true", "1.5"])
def test_the_table_of_a_pack_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    """Also where the pack is not loaded."""
    company = Company(tmp_path, "")
    with pytest.raises(InvalidPolicyError) as refusal:
        company.load(f'packs.acme = ">=1"\nacme = {value}\n')
    (problem,) = refusal.value.problems
    assert problem.startswith("release-sentinel.toml:3: acme is ")
    assert problem.endswith(", expected a table")
    company.load('packs.acme = ">=1"\nacme = {}\n')


GROUP = '[[hosts]]\ninventory = "h.ini"\ngroup = "web"\nmemory = { crit = %s }\n'
LABELLED = '[[hosts]]\nssh = "localhost"\nname = "h.ini:web"\nmemory = { crit = 80 }\n'
HOST_LOCKS = [
    'stricter_only = ["hosts.memory.crit"]',
    'locked = ["hosts.*"]',
    'waivers = { never = ["memory"] }',
    'waivers = { never = ["host"] }',
]


@pytest.mark.parametrize("lock", HOST_LOCKS)
def test_a_label_does_not_stand_for_a_group(tmp_path: Path, lock: str) -> None:
    """Nor a group for a host of its name."""
    group, label = GROUP % 80, LABELLED
    for number, (base, other) in enumerate([(group, label), (label, group)]):
        (folder := tmp_path / str(number)).mkdir()
        company = Company(folder, f"{lock}\n{base}")
        company.load(base)
        company.load(base + other.replace("h.ini", "i.ini"))
        assert company.broken(other)


def test_a_group_stands_once(tmp_path: Path) -> None:
    """So that no second entry hides one with looser rules."""
    company = Company(tmp_path, f'locked = ["hosts.*"]\n{GROUP % 10}')
    for own in (GROUP % 100 + GROUP % 10, GROUP % 10 + GROUP % 100):
        with pytest.raises(InvalidPolicyError) as refusal:
            company.load(own)
        says = "hosts[1] is the group 'web' of h.ini, as hosts[0] is: keep one of the two"
        assert f"release-sentinel.toml:6: {says}" in refusal.value.problems
    company.load(GROUP % 10 + GROUP.replace("web", "db") % 100)


@pytest.mark.parametrize("lock", ['"units.*"', '"units"', '"*"', '"unit.name"'])
def test_a_unit_is_the_same_by_its_short_name(tmp_path: Path, lock: str) -> None:
    """It has the same gate."""
    company = Company(tmp_path, f'locked = [{lock}]\nunits = ["nginx"]\n')
    company.load('units = ["nginx.service"]')
    assert company.broken('units = ["nginx.timer"]')


# Of each key whose empty list stands for the usual entries: a list of some of them.
USUAL = {"version.files": 'version.files = ["VERSION"]', "forge.checks": 'forge.checks = ["build"]'}


@pytest.mark.parametrize(("key", "own"), USUAL.items())
def test_a_list_of_some_is_looser_than_the_usual_ones(tmp_path: Path, key: str, own: str) -> None:
    """Where the gate is asked for by its id; where it is not, the list asks for it."""
    gate = next(gate for gate, asking in GATES.asked_by.items() if asking == key)
    company = Company(tmp_path, f'stricter_only = ["{key}"]\nenable = ["{gate}"]\n')
    company.load("")
    says = "names some entries, expected none, for the usual ones, as the default has: stricter only, by BASE:1"
    assert company.broken(own)[0].startswith(f"release-sentinel.toml:2: {key} {says}")
    if key in BY_VARIABLE:
        assert company.broken(**{BY_VARIABLE[key]: "VERSION"})[0].startswith(BY_VARIABLE[key])
    company.base.write_text(f'stricter_only = ["{key}"]\n')
    company.load(own)


def test_every_key_with_usual_entries_is_tried() -> None:
    """Each asks for a gate, which the mark needs."""
    marked = {key for key, known in known_keys().items() if known.direction and known.direction.has_usual}
    assert marked == set(USUAL) <= set(GATES.asked_by.values())


@pytest.mark.parametrize("lock", ["required.settings", "required.*"])
@pytest.mark.parametrize(
    "own", ['disable = { process = "x" }', 'disable = { api = "x" }', f'skip_local_host = "x"\n{HOST}']
)
def test_a_gate_that_is_switched_off_changes_no_required_setting(tmp_path: Path, lock: str, own: str) -> None:
    """Its own setting is not needed then; what a file says itself is held to the lock."""
    company = Company(tmp_path, f'locked = ["{lock}"]\n')
    company.load(own)
    (problem,) = company.broken(f'required.settings = ["A"]\n{own}')
    assert problem.startswith("release-sentinel.toml:2: required.settings differs from the default")


LIMITS = [("disk", "{}.{} = {}\n"), ("memory", "{}.{} = {}\n"), ("disks", '{} = [{{ path = "/v", {} = {} }}]\n')]


@pytest.mark.parametrize(("table", "line"), LIMITS)
@pytest.mark.parametrize("lock", ["locked", "stricter_only"])
def test_a_stricter_limit_lowers_a_locked_default(tmp_path: Path, table: str, line: str, lock: str) -> None:
    """A looser one raises it, which its lock does not allow: the message names the limit."""
    company = Company(tmp_path, f'{lock} = ["{table}.warn"]\n{line.format(table, "crit", 60)}')
    company.load(line.format(table, "crit", 50))
    (problem,) = company.broken(line.format(table, "crit", 90))
    where = f"{table}[0]" if table == "disks" else table
    assert problem.startswith(f"release-sentinel.toml:2: {where}.crit: the default of {where}.warn ")
    assert f"the default lowered to {where}.crit of BASE:2" in problem
    company.base.write_text(f'{lock} = ["{table}.warn"]\n{line.format(table, "warn", 80)}')
    if lock == "locked":
        assert "differs from BASE:2" in company.broken(line.format(table, "warn", 50))[0]


@pytest.mark.parametrize(
    "key",
    [key for key, known in known_keys().items() if known.direction and known.direction.way in {"superset", "subset"}],
)
def test_the_order_of_a_set_is_no_change(tmp_path: Path, key: str) -> None:
    """A list has a direction only where the order of its entries does not count."""
    _, value, _ = values(key)
    company = Company(tmp_path, f'locked = ["{key}"]\n{document(key, value)}')
    company.load(document(key, value[::-1] if isinstance(value, list) else value))


def test_an_advice_on_one_target_may_end_before_that_on_all(tmp_path: Path) -> None:
    """As the run reads them: that on the target itself comes first."""
    target = "[[certificates]]\nhost = 'h'\n"
    company = Company(tmp_path, f'locked = ["certificates.*"]\nadvise = {{ certificate = 2027-03-01 }}\n{target}')
    company.load("advise = { 'certificate[h:443]' = 2027-03-01 }")
    assert company.broken("advise = { 'certificate[h:443]' = 2027-03-02 }")
    assert company.broken("advise = { certificate = 2027-03-02 }")
    both = "{ certificate = 2027-03-01, 'certificate[h:443]' = 2027-02-01 }"
    company.base.write_text(f'locked = ["certificates.*"]\nadvise = {both}\n{target}')
    assert company.broken("advise = { 'certificate[h:443]' = 2027-03-01 }")


@pytest.mark.parametrize(
    ("key", "base", "own", "says"),
    [
        ("git.branches", '["a"]', '["a", "b"]', "has 1 entry too many, expected only those that"),
        ("git.branches", '["a"]', '["b", "c"]', "has 2 entries too many, expected only those that"),
        ("required.secrets", '["a", "b"]', '["b", "c"]', "lacks 1 entry, expected all that"),
        ("disable", "{}", '{ tcp = "r", disk = "r" }', "has tcp, disk too many, expected only those that"),
    ],
)
def test_a_list_says_how_many_entries_are_wrong(tmp_path: Path, key: str, base: str, own: str, says: str) -> None:
    """And which keys of a table; entries may be secrets."""
    company = Company(tmp_path, f'stricter_only = ["{key}"]\n{key} = {base}\n')
    assert f"{key} {says} BASE:2 has: stricter only" in "".join(company.broken(f"{key} = {own}")).replace(
        "disable.tcp", key
    )


@pytest.mark.parametrize("gate", [gate for gate, kind in GATES.kinds.items() if not kind and GATES.keys_of[gate]])
def test_a_lock_on_any_key_of_a_gate_keeps_the_gate(tmp_path: Path, gate: str) -> None:
    """As what protects a gate keeps it in `enable`, it is neither switched off nor advised."""
    company = Company(tmp_path, "")
    for key in [key for key in known_keys() if any(globbed(pattern, key) for pattern in GATES.keys_of[gate])]:
        company.base.write_text(f'locked = ["{key}"]\nenable = ["{gate}"]\n')
        assert company.broken("enable = []")[0].startswith(f"release-sentinel.toml:2: enable excuses the gate {gate}: ")
