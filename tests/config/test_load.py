"""Precedence: defaults, then the file, then its part for the environment, then the variables."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.config.kinds import WeekTime
from release_sentinel.config.load import load, load_policy
from release_sentinel.config.model import Freeze, Policy, Waiver
from release_sentinel.config.read import is_record, keys
from release_sentinel.config.show import _toml
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import GATES, find

POLICY = """\
environments = ["dev", "stage", "prod"]
deadline = 120
process = "shop"

[git]
branches = ["main"]

[disk]
crit = 80

[api]
url = "https://example.com/health"
statuses = [200, 204]

[env.dev]
git.branches = ["*"]

[env.stage]

[env.prod]
deadline = 60
disk = { path = "/srv", crit = 60 }
process = ""
"""


def write(folder: Path, text: str) -> Path:
    """Write a policy file and return it."""
    file = folder / "release-sentinel.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    """Return what is wrong with a policy, without the name of its file."""
    with pytest.raises(InvalidPolicyError) as refusal:
        load(environ, file=write(folder, text), env="prod", gates=GATES)
    return [problem.removeprefix("release-sentinel.toml:") for problem in refusal.value.problems]


def test_the_file_overrides_the_defaults(tmp_path: Path) -> None:
    """What it does not set keeps its default."""
    write(tmp_path, POLICY)
    policy = load_policy({}, tmp_path)
    assert (policy.deadline, policy.gate_seconds) == (120, 90)
    assert (policy.git.branches, policy.git.remote) == (("main",), "")
    assert (policy.disk.path, policy.disk.warn, policy.disk.crit) == ("/", 75, 80)
    assert (policy.api.statuses, policy.process) == ((200, 204), "shop")


@pytest.mark.parametrize(
    ("env", "deadline", "branches", "disk", "process"),
    [
        ("dev", 120, ("*",), ("/", 75, 80), "shop"),
        ("stage", 120, ("main",), ("/", 75, 80), "shop"),
        ("prod", 60, ("main",), ("/srv", 60, 60), ""),
        ("elsewhere", 120, ("main",), ("/", 75, 80), "shop"),  # the gate `environment` says that it does not exist
    ],
)
def test_the_part_for_the_environment_overrides_the_file(
    tmp_path: Path, env: str, deadline: float, branches: tuple[str, ...], disk: tuple[object, ...], process: str
) -> None:
    """Tables are merged, all else is replaced, also by a blank; a low limit lowers the warning, too."""
    policy = load({}, file=write(tmp_path, POLICY), env=env).policy
    assert (policy.deadline, policy.git.branches, policy.process) == (deadline, branches, process)
    assert (policy.disk.path, policy.disk.warn, policy.disk.crit) == disk
    assert policy.api == load_policy({}, tmp_path).api


def test_variables_override_everything(tmp_path: Path) -> None:
    """A variable has the highest precedence; it replaces a whole list."""
    environ = {"RS_DEADLINE": "30", "RS_DISK_CRIT": "90", "RS_API_STATUSES": "201", "RS_REQUIRED_PROCESS": "nginx"}
    policy = load(environ, file=write(tmp_path, POLICY), env="prod").policy
    assert (policy.deadline, policy.disk.crit, policy.disk.path) == (30, 90, "/srv")
    assert (policy.api.statuses, policy.process) == ((201,), "nginx")


def test_a_variable_may_come_from_a_file(tmp_path: Path) -> None:
    """As containers mount them; an unreadable file is a problem."""
    (tmp_path / "url").write_text("https://example.com/\n")
    assert load_policy({"RS_API_URL_FILE": str(tmp_path / "url")}).api.url == "https://example.com/"
    with pytest.raises(
        InvalidPolicyError, match=r"RS_API_URL_FILE has to be the path .*, and what it names cannot be read: No such"
    ):
        load_policy({"RS_API_URL_FILE": "/nowhere"})


def test_every_value_knows_its_source(tmp_path: Path) -> None:
    """Defaults, lines of the file, the part for the environment, variables."""
    sources = load({"RS_API_TRIES": "5"}, file=write(tmp_path, POLICY), env="prod").sources
    assert sources["gate_seconds",] == "default"
    assert sources["environments",] == "release-sentinel.toml:1"
    assert sources["deadline",] == "release-sentinel.toml:21 [env.prod]"
    assert sources["disk", "crit"] == "release-sentinel.toml:22 [env.prod]"
    assert sources["disk", "warn"] == "default, lowered to disk.crit"
    assert sources["api", "url"] == "release-sentinel.toml:12"
    assert sources["api", "tries"] == "RS_API_TRIES"


def test_a_prefix_may_be_blank_in_the_file(tmp_path: Path) -> None:
    """A variable cannot express that: blank means unset."""
    write(tmp_path, '[version]\nprefix = ""\n')
    assert load_policy({"RS_VERSION_PREFIX": ""}, tmp_path).version.prefix == ""


def test_a_warning_is_lowered_only_where_nothing_sets_it(tmp_path: Path) -> None:
    """If the limit of one environment contradicts the common warning, the policy is refused."""
    text = "[disk]\nwarn = 70\n[env.dev]\n[env.stage]\n[env.prod.disk]\ncrit = 60\n"
    assert problems(tmp_path, text) == ["2: disk.warn is 70, expected at most env.prod.disk.crit, which is 60"]


def test_what_is_missing_is_reported_where_its_table_is(tmp_path: Path) -> None:
    """The part for one environment is named where it began the table that lacks a key."""
    text = "[env.dev]\n[env.stage]\n[[env.prod.tcp]]\nport = 5432\n"
    assert problems(tmp_path, text) == ["3: env.prod.tcp[0].host is missing, expected a host's name or address"]


def test_a_part_that_replaces_a_table_by_a_value_is_refused(tmp_path: Path) -> None:
    """The message names it, and not the table of all environments."""
    text = "[disk]\ncrit = 80\n[env.dev]\n[env.stage]\n[env.prod]\ndisk = 5\n"
    assert problems(tmp_path, text) == ["6: env.prod.disk is 5, expected a table"]


def test_a_list_of_a_variable_is_named_although_the_file_has_one(tmp_path: Path) -> None:
    """Each element is the variable's, whatever the file lists in its place."""
    (found,) = problems(tmp_path, 'enable = ["freeze", "signature"]\n', RS_ENABLE="signature,frezee")
    assert found.removeprefix(" ").startswith("RS_ENABLE names 'frezee', which is not a built-in gate")


def test_a_variable_that_contradicts_the_file_is_named(tmp_path: Path) -> None:
    """The message has the variable's name and the file's key."""
    found = problems(tmp_path, "[disk]\nwarn = 70\n", RS_DISK_CRIT="60")
    assert found == ["2: disk.warn is 70, expected at most RS_DISK_CRIT, which is 60"]


def test_environments_of_a_variable_need_their_rules_too(tmp_path: Path) -> None:
    """An environment that a variable adds needs its part in the file."""
    found = problems(tmp_path, "[env.dev]\n[env.prod]\n", RS_ENVIRONMENTS="dev,prod,qa")
    assert found == [" environment qa has no rules: write [env.qa], which may be empty"]


def test_waivers_and_freezes_are_read(tmp_path: Path) -> None:
    """Dates with and without a time, week times as text, times and days."""
    text = """
    [[waivers]]
    gate = "disk[/var]"
    env = "prod"
    reason = "on order"
    owner = "Kim"
    expires = 2026-12-31
    [[waivers]]
    gate = "queue"
    env = "dev"
    reason = "old"
    owner = "Kim"
    expires = "2026-12-31T18:00:00Z"
    [[freezes]]
    days = ["fri", "sat"]
    from = 16:00:00
    to = "08:00"
    zone = "Europe/Berlin"
    reason = "weekend"
    [[freezes]]
    from = 2026-12-20T00:00:00
    to = 2027-01-02T00:00:00+01:00
    zone = "UTC"
    reason = "holidays"
    """
    policy = load({}, file=write(tmp_path, text)).policy
    assert policy.waivers == (
        Waiver("disk[/var]", "prod", "on order", "Kim", date(2026, 12, 31)),
        Waiver("queue", "dev", "old", "Kim", datetime(2026, 12, 31, 18, tzinfo=UTC)),
    )
    assert [waiver.end for waiver in policy.waivers] == [
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2026, 12, 31, 18, tzinfo=UTC),
    ]
    weekly, once = policy.freezes
    assert weekly == Freeze(
        "weekend", "Europe/Berlin", WeekTime("", time(16)), WeekTime("", time(8)), days=("fri", "sat")
    )
    assert (once.from_, once.days) == (datetime(2026, 12, 20), ())  # noqa: DTZ001 - a local time of the window's zone
    assert find("freeze").is_owed(policy)


WAIVER = '[[waivers]]\ngate = "disk"\nenv = "prod"\nreason = "r"\nowner = "o"\nexpires = 2026-12-31\n'
FREEZE = '[[freezes]]\nreason = "r"\nzone = "UTC"\nfrom = "16:00"\nto = "18:00"\n'
SPARE = "expected the id of a gate, except environment, repository, version, which are indispensable"
EXPIRY = "expected a date such as 2026-12-31, or a time with its offset such as 2026-12-31T18:00:00+01:00"
ZONE = "expected an IANA time zone, such as Europe/Berlin"
LINE = "expected a text of one line, without blanks at its ends"
EDGE = "expected a time of day such as 16:00, also with its day such as fri 16:00, or a date with a time"

BROKEN = {
    "a misspelt key": ("deadlin = 5", "1: deadlin is not a key of the policy; did you mean deadline?"),
    "a misspelt key of a table": ("[disk]\nwrn = 5", "2: disk.wrn is not a key of [disk]; did you mean warn?"),
    "another spelling": ("gate-seconds = 5", "1: gate-seconds is not a key of the policy; did you mean gate_seconds?"),
    "a key of another table": (
        "prereleases = true",
        "1: prereleases is not a key of the policy; did you mean version.prereleases?",
    ),
    "a key like no other": (
        "[disk]\nxyz = 1",
        "2: disk.xyz is not a key of [disk], which has path, warn, crit, min_free, read_only, timeout, steady",
    ),
    "a text for a number": ("deadline = '5'", "1: deadline is '5', expected seconds, from 0.1 to 86400"),
    "a truth for a number": ("deadline = true", "1: deadline is true, expected seconds, from 0.1 to 86400"),
    "no number": ("deadline = nan", "1: deadline is nan, expected seconds, from 0.1 to 86400"),
    "endless": ("deadline = inf", "1: deadline is inf, expected seconds, from 0.1 to 86400"),
    "too much": ("[disk]\ncrit = 101", "2: disk.crit is 101, expected per cent, from 0 to 100"),
    "half a try": ("[api]\ntries = 1.5", "2: api.tries is 1.5, expected a whole number from 1 to 20"),
    "a number for a flag": ("version.prereleases = 1", "1: version.prereleases is 1, expected true or false"),
    "a text for a list": ("git.branches = 'main'", "1: git.branches is 'main', expected a list of names"),
    "an empty list": ("environments = []", "1: environments is an empty list, expected a list of names"),
    "a blank in a list": ("environments = ['prod', ' ']", f"1: environments[1] is ' ', {LINE}"),
    "a wrong item": ("[api]\nstatuses = [200,\n 99]", "2: api.statuses[1] is 99, expected an HTTP status code"),
    "a value for a table": ("disk = 80", "1: disk is 80, expected a table"),
    "a list for a table": ("git = []", "1: git is a list, expected a table"),
    "a table for a value": (
        "[process]\nname = 'x'",
        "1: process is a table, expected a text of one line, or an empty one",
    ),
    "a value for tables": ("waivers = 'disk'", "1: waivers is 'disk', expected a list, each a table"),
    "an invalid pattern": (
        "required.placeholders = ['(']",
        (
            "1: required.placeholders[0] is invalid (not shown), expected a regular expression "
            "(missing ), unterminated subpattern at position 0)"
        ),
    ),
    "a secret for its name": (
        "required.secrets = ['s3cr3t!']",
        "1: required.secrets[0] is invalid (not shown), expected the name of an environment variable",
    ),
    "a credential": (
        "[disk]\ncrit = 'https://kim:s3cret@example.com'",
        "2: disk.crit is 'https://example.com', expected per cent, from 0 to 100",
    ),
    "an unknown gate": (
        "enable = ['frieze']",
        "1: enable[0] names 'frieze', which is not a built-in gate; did you mean freeze?",
    ),
    "an unknown gate switched off": (
        "[disable]\nprocesses = 'why'",
        "2: disable.processes names 'processes', which is not a built-in gate; did you mean process?",
    ),
    "no reason": ("[disable]\nprocess = ''", f"2: disable.process is '', {LINE}"),
    "a list without reasons": ("disable = ['process']", "1: disable is a list, expected a table"),
    "indispensable": ("[disable]\nversion = 'why'", f"2: disable.version is 'version', {SPARE}"),
    "on and off": (
        "enable = ['freeze']\n[disable]\nfreeze = 'why'",
        "3: disable.freeze is switched off, and asked for by enable: keep one of the two",
    ),
    "required and off": (
        "required_gates = ['disk']\n[disable]\ndisk = 'why'",
        "3: disable.disk is switched off, and asked for by required_gates: keep one of the two",
    ),
    "a waiver without an end": (
        WAIVER.replace("expires = 2026-12-31\n", ""),
        f"1: waivers[0].expires is missing, {EXPIRY}",
    ),
    "a waiver without a reason": (WAIVER.replace('reason = "r"\n', ""), f"1: waivers[0].reason is missing, {LINE}"),
    "a waiver without an owner": (WAIVER.replace('"o"', '" "'), f"5: waivers[0].owner is ' ', {LINE}"),
    "a waiver of a local time": (
        WAIVER.replace("12-31", "12-31T10:00:00"),
        f"6: waivers[0].expires is 2026-12-31T10:00:00, {EXPIRY}; this one has no offset",
    ),
    "a waiver of no day": (
        WAIVER.replace("2026-12-31", "'2026-02-30'"),
        f"6: waivers[0].expires is '2026-02-30', {EXPIRY}",
    ),
    "a waiver of words": (WAIVER.replace("2026-12-31", "'never'"), f"6: waivers[0].expires is 'never', {EXPIRY}"),
    "a waiver for nowhere": (
        WAIVER.replace("prod", "prd"),
        "3: waivers[0].env is 'prd', expected one of the environments: dev, stage, prod; did you mean prod?",
    ),
    "a waiver of the indispensable": (WAIVER.replace("disk", "version"), f"2: waivers[0].gate is 'version', {SPARE}"),
    "a waiver of the indispensable's": (
        WAIVER.replace("disk", "version[x]"),
        f"2: waivers[0].gate is 'version[x]', {SPARE}",
    ),
    "a zone like another": (
        FREEZE.replace("UTC", "Europe/Berln"),
        f"3: freezes[0].zone is 'Europe/Berln', {ZONE}; did you mean Europe/Berlin?",
    ),
    "a zone that is a path": (
        FREEZE.replace("UTC", "../UTC"),
        "3: freezes[0].zone is '../UTC', expected an IANA time zone, such as Europe/Berlin; did you mean UTC?",
    ),
    "no zone": (
        FREEZE.replace('zone = "UTC"\n', ""),
        "1: freezes[0].zone is missing, expected an IANA time zone, such as Europe/Berlin",
    ),
    "an hour too late": (FREEZE.replace("18:00", "24:00"), f"5: freezes[0].to is '24:00', {EDGE}"),
    "an invalid day": (FREEZE.replace("18:00", "xyz 18:00"), f"5: freezes[0].to is 'xyz 18:00', {EDGE}"),
    "a day in full": (
        FREEZE + 'days = ["friday"]\n',
        "6: freezes[0].days[0] is 'friday', expected one of mon, tue, wed, thu, fri, sat, sun; did you mean fri?",
    ),
    "days twice": (
        FREEZE.replace("16:00", "fri 16:00").replace("18:00", "sat 18:00") + 'days = ["fri"]\n',
        "6: freezes[0].days is given, expected none: `from` is a day with a time",
    ),
    "a day without its end": (
        FREEZE.replace("16:00", "fri 16:00"),
        "5: freezes[0].to is a time of day, expected a day with a time, as `from` is",
    ),
    "a week in full": (
        FREEZE.replace("16:00", "fri 16:00").replace("18:00", "fri 16:00"),
        "5: freezes[0].to is the same as `from`: the window covers nothing, or everything",
    ),
    **{
        f"a day in full: {kind}": (
            FREEZE.replace('"16:00"', edge).replace('"18:00"', edge) + days,
            "5: freezes[0].to is the same as `from`: the window covers nothing, or everything",
        )
        for kind, edge, days in (
            ("every day", "04:00:00", ""),
            ("some days", '"04:00"', 'days = ["sat"]\n'),
            ("midnight, every day", "00:00:00", ""),
            ("midnight, all days", "00:00:00", 'days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n'),
            ("a day of the week", '"sat 00:00"', ""),
        )
    },
    "a freeze of no time": (
        FREEZE.replace('"16:00"', "2026-12-20T01:00:00").replace('"18:00"', "2026-12-20T01:00:00"),
        "5: freezes[0].to is 2026-12-20 01:00:00, expected a time after `from`, which is 2026-12-20 01:00:00",
    ),
    "once and weekly": (
        FREEZE.replace('"16:00"', "2026-12-20T00:00:00"),
        "5: freezes[0].to is a time of day, expected a date with a time, as `from` is",
    ),
    "backwards": (
        FREEZE.replace('"16:00"', "2026-12-20T01:00:00").replace('"18:00"', "2026-12-20T00:30:00Z"),
        "5: freezes[0].to is 2026-12-20 00:30:00+00:00, expected a time after `from`, which is 2026-12-20 01:00:00",
    ),
    "an environment that is not a text": (
        "environments = ['prod', 5]\n[env.prod]",
        "1: environments[1] is 5, expected a text of one line, without blanks at its ends",
    ),
    "parts that are not a table": ("env = 5", "1: env is not a table: write [env.NAME]"),
    "a part that is not a table": ("[env]\nprod = 5", "2: env.prod is not a table: write [env.prod]"),
    "an environment without rules": (
        "environments = ['dev', 'prod']\n[env.prod]",
        " environment dev has no rules: write [env.dev], which may be empty",
    ),
    "rules without an environment": (
        "environments = ['prod']\n[env.prod]\n[env.prd]",
        "3: env.prd is not an environment, expected one of prod; did you mean prod?",
    ),
    "environments of an environment": (
        "environments = ['prod']\n[env.prod]\nenvironments = ['dev']",
        "3: env.prod.environments is set, expected outside of [env]: it holds for all environments",
    ),
    "waivers of an environment": (
        "environments = ['prod']\n[env.prod]\nwaivers = []",
        "3: env.prod.waivers is set, expected outside of [env]: it holds for all environments",
    ),
    "parts of a part": (
        "environments = ['prod']\n[env.prod]\nenv.dev = {}",
        "2: env.prod.env is set, expected no parts within a part: write [env.NAME]",
    ),
    "a mistake in a part": (
        "environments = ['prod']\n[env.prod.disk]\ncrit = 'x'",
        "3: env.prod.disk.crit is 'x', expected per cent, from 0 to 100",
    ),
    "a mistake in another's part": (
        "environments = ['dev', 'prod']\n[env.prod]\n[env.dev.disk]\nwarn = 90\ncrit = 80",
        "4: env.dev.disk.warn is 90, expected at most env.dev.disk.crit, which is 80",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_valid_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Exactly one message says where, which key, what was seen and what is allowed."""
    assert problems(tmp_path, text) == [message]


def test_everything_is_reported_at_once(tmp_path: Path) -> None:
    """One run shows all that has to be corrected: file, parts and variables."""
    found = problems(
        tmp_path,
        "deadlin = 5\n[disk]\nwarn = 'x'\n[api]\ntries = 0\n[env.dev]\n[env.prod]\nprocess = 5\n",
        RS_PRERELEASES="perhaps",
    )
    assert sorted(problem.partition(" is")[0] for problem in found) == [
        " environment stage has no rules: write [env.stage], which may be empty",
        "1: deadlin",
        "3: disk.warn",
        "5: api.tries",
        "8: env.prod.process",
        "RS_PRERELEASES",
    ]


def test_nothing_shows_a_value_that_may_be_secret(tmp_path: Path) -> None:
    """Not of a wrong name, nor inside a URL, nor of an unknown key."""
    text = "token = 's3cret'\nprocess = ['s3cret']\n[required]\nsecrets = ['s3cret=x']\n[api]\nurl = 'https://k:s3cret@x.y/\\n'\n"
    assert "s3cret" not in " ".join(problems(tmp_path, text))


def test_the_defaults_are_a_policy() -> None:
    """Without a file and without variables nothing is refused."""
    assert load({}, gates=GATES).policy == Policy()


def test_an_unknown_gate_of_a_variable_is_named_with_it(tmp_path: Path) -> None:
    """A variable has no `enable[0]`."""
    found = problems(tmp_path, "", RS_ENABLE="changelog,frieze")
    assert found == ["RS_ENABLE names 'frieze', which is not a built-in gate; did you mean freeze?"]


ODD: list[Any] = [True, 0, -1, 50, 1.5, "", "x", "x\n", [], ["x"], [1, "x"], [[]], {}, {"x": "y"}, {"x": {"y": []}}]
ODD += [[{}], [{"env": "x", "gate": "y"}], [{"env": "x"}, 5], ["disk", "tag", 5], {"disk": "why", "tag": 5}, ["dev", 5]]


@pytest.mark.sweep
@pytest.mark.parametrize("section", [*keys(Policy), "env"])
def test_no_value_of_any_key_breaks_the_reader(tmp_path: Path, section: str) -> None:
    """Whatever a file holds, it is read or refused; also together with parts, waivers and disabled gates."""
    beside = "\n[env.dev]\n[env.prod]\n" if section != "env" else ""
    kind = keys(Policy)[section][1] if section != "env" else None
    inner = keys(kind) if is_record(kind) else ["x"]
    for value in [*ODD, *({key: value} for key in inner for value in ODD)]:
        for rest in ("", beside, WAIVER if section != "waivers" else "", "enable = ['tag']\n" * (section != "enable")):
            file = write(tmp_path, f"{section} = {_toml(value)}\n{rest}")
            with suppress(InvalidPolicyError):
                load({"RS_DISK_CRIT": "60"}, file=file, env="prod", gates=GATES)


OFF = "disable = { %s = 'there is none' }\n"
NEEDS: dict[str, tuple[str, str, dict[str, str], tuple[str, ...]]] = {
    "nothing-off": ("", "", {}, ("RS_REQUIRED_PROCESS", "RS_API_URL")),
    "no-process": (OFF % "process", "", {}, ("RS_API_URL",)),
    "no-api": (OFF % "api", "", {}, ("RS_REQUIRED_PROCESS",)),
    "neither": ("disable = { api = 'a', process = 'b' }", "", {}, ()),
    "another-gate": (OFF % "disk", "", {}, ("RS_REQUIRED_PROCESS", "RS_API_URL")),
    "for-this-environment": ("", OFF % "process", {}, ("RS_API_URL",)),
    "named": (f"{OFF % 'process'}required.settings = ['RS_REQUIRED_PROCESS']", "", {}, ("RS_REQUIRED_PROCESS",)),
    "named-as-by-default": (
        f"{OFF % 'api'}required.settings = ['RS_REQUIRED_PROCESS', 'RS_API_URL']",
        "",
        {},
        ("RS_REQUIRED_PROCESS", "RS_API_URL"),
    ),
    "named-for-this-environment": (OFF % "api", "required.settings = ['RS_API_URL']", {}, ("RS_API_URL",)),
    "other-keys-of-its-table": (f"{OFF % 'process'}required.secrets = ['A']", "", {}, ("RS_API_URL",)),
    "given-anyway": (OFF % "process", "", {"RS_REQUIRED_PROCESS": "sshd"}, ("RS_API_URL",)),
}


@pytest.mark.parametrize(("text", "part", "environ", "required"), NEEDS.values(), ids=NEEDS)
def test_a_gate_that_is_switched_off_needs_no_setting(
    tmp_path: Path, text: str, part: str, environ: dict[str, str], required: tuple[str, ...]
) -> None:
    """By default; what a policy names is required, whatever is switched off."""
    parts = f"[env.dev]\n[env.stage]\n[env.prod]\n{part}" if part else ""
    (tmp_path / "release-sentinel.toml").write_text(f"{text}\n{parts}", encoding="utf-8")
    loaded = load(environ, repository=tmp_path, env="prod", gates=GATES)
    assert loaded.policy.required.settings == required
    source = loaded.sources[("required", "settings")]
    if "settings" in text + part:
        assert source.startswith("release-sentinel.toml:")
    else:
        by_default = len(required) == 2
        assert source == ("default" if by_default else "default, without the settings of gates that are switched off")
