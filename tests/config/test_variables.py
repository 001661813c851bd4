"""The `RS_*` variables: what each sets, and what is refused."""

import re
from functools import reduce

import pytest

from release_sentinel.config import get_env
from release_sentinel.config.load import load_policy
from release_sentinel.config.model import Policy, Required
from release_sentinel.config.targets import Dependency, DiskLimits, MemoryLimits
from release_sentinel.config.variables import VARIABLES, Variable, misspelt
from release_sentinel.errors import InvalidPolicyError, MissingSettingError

PER_CENT = {"0": 0.0, "100": 100.0, "82.5": 82.5, " 80 ": 80.0}
NO_PER_CENT = ["-1", "100.1", "nan", "inf", "-inf", "85%", "high", "8,5"]
SECONDS = {"0.1": 0.1, "600": 600.0, "7": 7.0}
NO_SECONDS = ["0", "0.09", "601", "-1", "nan", "inf", "3s", "soon"]

ACCEPTED: dict[str, dict[str, object]] = {
    "RS_REQUIRED_PROCESS": {"nginx": "nginx", " nginx ": "nginx"},
    "RS_API_URL": {"https://example.com/health": "https://example.com/health"},
    "RS_API_STATUSES": {"200": (200,), "200, 204,299": (200, 204, 299), "100,599": (100, 599)},
    "RS_API_TIMEOUT": {**SECONDS},
    "RS_API_TRIES": {"1": 1, "20": 20},
    "RS_API_DEADLINE": {**SECONDS},
    "RS_GATE_SECONDS": {"0.1": 0.1, "3600": 3600.0},
    "RS_DEADLINE": {"0.1": 0.1, "86400": 86400.0},
    "RS_WAIT": {"900": 900.0, "15m": 900.0, "none": 0.0, "1.5h": 5400.0},
    "RS_HOLD": {"600": 600.0, "10m": 600.0, "none": 0.0},
    "RS_INTERVAL": {"15": 15.0, "0.5s": 0.5},
    "RS_ENVIRONMENTS": {"qa": ("qa",), "dev, qa,prod,": ("dev", "qa", "prod")},
    "RS_REQUIRED_GATES": {"queue,release-notes": ("queue", "release-notes")},
    "RS_BRANCHES": {"release/*": ("release/*",), "main,release/*": ("main", "release/*")},
    "RS_ENABLE": {"changelog": ("changelog",), "in-sync, signature": ("in-sync", "signature")},
    "RS_TAG_MODE": {"auto": "auto", "new": "new", "existing": "existing"},
    "RS_SIGNERS": {"release@example.com": ("release@example.com",)},
    "RS_VERSION_FILES": {"package.json, app.yaml#version": ("package.json", "app.yaml#version")},
    "RS_CHANGELOG": {"docs/news.md": "docs/news.md"},
    "RS_NOTIFY_URLS": {"json://a/b, slack://c/d": ("json://a/b", "slack://c/d")},
    "RS_NOTIFY_ON": {"always": ("always",), "failure, recovery": ("failure", "recovery")},
    "RS_REMOTE": {"upstream": "upstream"},
    "RS_VERSION_PREFIX": {"release-": "release-", "none": "", " None ": "", "none-": "none-"},
    "RS_PRERELEASES": {"true": True, "TRUE": True, "yes": True, "1": True, "false": False, "No": False, "0": False},
    "RS_DISK_PATH": {"/var/lib": "/var/lib"},
    "RS_DISK_WARN": {"0": 0.0, "85": 85.0, "82.5": 82.5},
    "RS_DISK_CRIT": {"75": 75.0, "100": 100.0},
    "RS_MEMORY_WARN": {"0": 0.0, "85": 85.0},
    "RS_MEMORY_CRIT": {"70": 70.0, "100": 100.0},
}

REFUSED = {
    "RS_API_STATUSES": (
        "HTTP status codes, with commas between them",
        ["ok", "99", "600", "200 204", "200,,204", "²00"],
    ),
    "RS_API_TIMEOUT": ("seconds, from 0.1 to 600", NO_SECONDS),
    "RS_API_TRIES": ("a whole number from 1 to 20", ["0", "21", "-1", "1.5", "three", "²", "+3"]),
    "RS_API_DEADLINE": ("seconds, from 0.1 to 600", NO_SECONDS),
    "RS_GATE_SECONDS": ("seconds, from 0.1 to 3600", ["0", "3601", "nan", "inf", "1m"]),
    "RS_WAIT": ("seconds, or a duration such as 15m; 0 or none for none", ["-1", "1w", "nan", "inf", "8d"]),
    "RS_HOLD": ("seconds, or a duration such as 15m; 0 or none for none", ["-1", "1w", "nan", "m"]),
    "RS_INTERVAL": ("seconds, or a duration such as 15s, above 0", ["none", "0", "-1", "x"]),
    "RS_DEADLINE": ("seconds, from 0.1 to 86400", ["0", "86401", "nan", "inf", "1h"]),
    "RS_ENVIRONMENTS": ("a list of names, with commas between them", [",", " , "]),
    "RS_BRANCHES": ("a list of names, with commas between them", [","]),
    "RS_ENABLE": ("a list of gate ids, with commas between them", [","]),
    "RS_REQUIRED_GATES": ("a list of gate ids, with commas between them", [",,"]),
    "RS_NOTIFY_ON": ("a list, each one of failure, recovery, always, with commas between them", ["never", ","]),
    "RS_TAG_MODE": ("one of auto, new, existing, local", ["old", "NEW", "auto,new"]),
    "RS_SIGNERS": ("a list of names, with commas between them", [","]),
    "RS_VERSION_FILES": ("a list of names, with commas between them", [","]),
    "RS_PRERELEASES": ("true or false", ["maybe", "2", "tru"]),
    "RS_DISK_WARN": ("per cent, from 0 to 100", NO_PER_CENT),
    "RS_DISK_CRIT": ("per cent, from 0 to 100", NO_PER_CENT),
    "RS_MEMORY_WARN": ("per cent, from 0 to 100", NO_PER_CENT),
    "RS_MEMORY_CRIT": ("per cent, from 0 to 100", NO_PER_CENT),
}

ANY_TEXT = {
    "RS_CHANGELOG",
    "RS_REQUIRED_PROCESS",
    "RS_API_URL",
    "RS_REMOTE",
    "RS_VERSION_PREFIX",
    "RS_DISK_PATH",
}


def value_of(policy: Policy, path: str) -> object:
    """Return the field at a dotted path."""
    return reduce(getattr, path.split("."), policy)


def problems(**environ: str) -> tuple[str, ...]:
    """Return what is wrong with an environment."""
    with pytest.raises(InvalidPolicyError) as refusal:
        load_policy(environ)
    return refusal.value.problems


def test_the_defaults_are_the_first_versions() -> None:
    """Without any variable the limits of the first version hold."""
    policy = load_policy({})

    assert policy == Policy()
    assert policy.environments == ("dev", "stage", "prod")
    assert policy.git.branches == ("main", "master")
    assert policy.disk == DiskLimits(path="/", warn=75.0, crit=85.0)
    assert policy.memory == MemoryLimits(warn=70.0, crit=85.0)
    assert policy.api == Dependency(url="", timeout=3.0, tries=3, statuses=(200,))
    assert (*policy.required.settings, *policy.required.secrets) == (
        "RS_REQUIRED_PROCESS",
        "RS_API_URL",
        "RS_DEPLOY_TOKEN",
    )


def test_the_tables_of_these_tests_are_complete() -> None:
    """Each variable is accepted somewhere above, and refused unless it accepts any text."""
    names = {variable.name for variable in VARIABLES}

    assert set(ACCEPTED) == names
    hidden = {"RS_NOTIFY_URLS"}  # a wrong one is not shown: see test_notifications
    assert set(REFUSED) | ANY_TEXT | hidden == names


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [(name, text, value) for name, values in ACCEPTED.items() for text, value in values.items()],
)
def test_a_variable_sets_its_field_and_no_other(name: str, text: str, value: object) -> None:
    """A variable sets its field of the policy; all else keeps its default."""
    policy = load_policy({name: text})

    for variable in VARIABLES:
        expected = value if variable.name == name else value_of(Policy(), variable.path)
        assert value_of(policy, variable.path) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [(name, text, expected) for name, (expected, texts) in REFUSED.items() for text in texts],
)
def test_a_value_that_is_not_valid_is_refused(name: str, text: str, expected: str) -> None:
    """The message names the variable, what was seen and what is expected."""
    assert problems(**{name: text}) == (f"{name} is {text.strip()!r}, expected {expected}",)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
@pytest.mark.parametrize("blank", ["", "   ", "\t\n"], ids=["empty", "spaces", "lines"])
def test_a_blank_variable_is_unset(variable: Variable, blank: str) -> None:
    """CI systems pass undefined variables on as blanks, and these change nothing."""
    assert load_policy({variable.name: blank}) == Policy()


def test_a_word_for_nothing() -> None:
    """It is a word of one variable alone, and is named where that variable is explained."""
    words = {variable.name: variable.blank for variable in VARIABLES if variable.blank}
    assert words == {"RS_VERSION_PREFIX": "none"}
    assert load_policy({"RS_REMOTE": "none"}).git.remote == "none"
    assert all(f"`{variable.blank}`" in variable.meaning for variable in VARIABLES if variable.blank)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_a_variable_is_documented_in_one_line(variable: Variable) -> None:
    """Each variable has its meaning, for the table of the guide."""
    assert re.fullmatch(r"[^|\n]{10,}", variable.meaning)


def test_all_problems_are_reported_at_once() -> None:
    """One run shows everything that has to be corrected, in the order of the table."""
    found = problems(RS_MEMORY_CRIT="x", RS_API_TRIES="0", RS_DISK_WARN="nan", RS_PRERELEASES="perhaps")

    assert [problem.split()[0] for problem in found] == [
        "RS_API_TRIES",
        "RS_PRERELEASES",
        "RS_DISK_WARN",
        "RS_MEMORY_CRIT",
    ]


@pytest.mark.parametrize("kind", ["DISK", "MEMORY"])
def test_a_warning_above_the_limit_is_refused(kind: str) -> None:
    """Limits that could never warn are a mistake; the message names both."""
    environ = {f"RS_{kind}_WARN": "90", f"RS_{kind}_CRIT": "80"}

    assert problems(**environ) == (f"RS_{kind}_WARN is 90, expected at most RS_{kind}_CRIT, which is 80",)


def test_a_warning_above_the_default_limit_is_refused() -> None:
    """The default counts where only one of the two is set."""
    assert problems(RS_DISK_WARN="90") == ("RS_DISK_WARN is 90, expected at most disk.crit, which is 85",)


def test_contradictions_are_reported_with_other_problems() -> None:
    """An invalid value does not hide limits that contradict each other."""
    found = problems(RS_API_TRIES="0", RS_MEMORY_WARN="99")

    assert [problem.split()[0] for problem in found] == ["RS_API_TRIES", "RS_MEMORY_WARN"]


def test_equal_limits_are_fine() -> None:
    """A warning at the limit itself is not a contradiction."""
    assert load_policy({"RS_DISK_WARN": "80", "RS_DISK_CRIT": "80"}).disk == DiskLimits(warn=80, crit=80)


def test_other_variables_are_ignored() -> None:
    """The rest of the environment does not matter."""
    assert load_policy({"PATH": "/bin", "RS_DEPLOY_TOKEN": "secret", "DISK_WARN": "x"}) == Policy()


def test_the_environment_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the process's own variables count."""
    monkeypatch.setenv("RS_DISK_CRIT", "99")

    assert load_policy().disk.crit == 99


def test_a_policy_cannot_be_changed() -> None:
    """A gate cannot change the rules for later ones."""
    with pytest.raises(AttributeError, match="immutable"):
        Policy().disk.crit = 100.0  # type: ignore[misc]  # what is tested


def test_every_placeholder_is_a_pattern() -> None:
    """Each is a valid regular expression, so that the gate `configuration` cannot break on it."""
    assert all(re.compile(pattern) for pattern in Policy().required.placeholders)


def test_get_env_returns_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is there is returned as it is."""
    monkeypatch.setenv("RS_X", " value ")

    assert get_env("RS_X") == " value "
    assert get_env("RS_X", required=True) == " value "
    assert get_env("RS_X", default="other") == " value "


def test_get_env_returns_none_or_the_default() -> None:
    """A variable that is absent and not required is None, or the default."""
    assert get_env("RS_X") is None
    assert get_env("RS_X", default="other") == "other"


def test_get_env_refuses_a_required_variable_that_is_absent() -> None:
    """The error is a `RuntimeError` with the message of the first version."""
    with pytest.raises(RuntimeError, match=r"^Missing required env var: RS_X$") as refusal:
        get_env("RS_X", required=True)

    assert isinstance(refusal.value, MissingSettingError)


def test_get_env_takes_a_default_for_a_required_variable() -> None:
    """A default replaces a required variable that is absent, as in the first version."""
    assert get_env("RS_X", required=True, default="other") == "other"


def test_get_env_returns_a_blank_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """For `get_env` a blank is a value; the gate `configuration` judges it."""
    monkeypatch.setenv("RS_X", "")

    assert get_env("RS_X", required=True, default="other") == ""


def test_get_env_takes_its_options_by_name_only() -> None:
    """`get_env("RS_X", True)` would read as a default."""
    with pytest.raises(TypeError):
        get_env("RS_X", True)  # type: ignore[call-overload]  # noqa: FBT003 - what is tested


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RS_API_TIMOUT", "RS_API_TIMEOUT"),
        ("RS_BRANCH", "RS_BRANCHES"),
        ("RS_DEPLOY_TOKENS", "RS_DEPLOY_TOKEN"),
        ("rs_disk_crit", "RS_DISK_CRIT"),
        ("Rs_Disk_Crit", "RS_DISK_CRIT"),
        ("RS-DISK-CRIT", "RS_DISK_CRIT"),
        ("RS.DISK.CRIT", "RS_DISK_CRIT"),
        ("RS_DISK__CRIT", "RS_DISK_CRIT"),
        ("RSDISKCRIT", "RS_DISK_CRIT"),
        ("RELEASE_SENTINEL_DISK_CRIT", "RS_DISK_CRIT"),
        ("RELEASE_SENTINEL_DISC_CRIT", "RS_DISK_CRIT"),
        ("SENTINEL_DISK_CRIT", "RS_DISK_CRIT"),
        ("release-sentinel-disk-crit", "RS_DISK_CRIT"),
        ("rs_deploy_token_file", "RS_DEPLOY_TOKEN_FILE"),
        ("db_password", "DB_PASSWORD"),
        ("RS_RELEASE_CHANNEL", ""),
        ("RS_DEPLOY_TOKEN_FILE", ""),
        ("RS_API_URL", ""),
        ("API_TIMEOUT", ""),
        ("DISK_CRIT", ""),
        ("MY_RS_DISK_CRIT", ""),
        ("SENTINEL_PORT", ""),
        ("RELEASE_SENTINEL_HANDOVER", ""),
        ("RELEASE_SENTINEL_SECRETS", ""),
        ("RELEASE_SENTINEL_TERMINAL", ""),
        ("DB_PASSWORD_FILE", ""),
        ("DB_PASSWORDS", ""),
        ("RS_" + "X" * 10_000, ""),
    ],
)
def test_a_misspelt_variable_is_reported(name: str, meant: str) -> None:
    """A misspelt variable sets nothing, so it is reported; one with the same beginning is not."""
    policy = Policy(required=Required(secrets=("RS_DEPLOY_TOKEN", "DB_PASSWORD")))
    sentences = list(misspelt({name: "1"}, policy))
    assert sentences == ([f"{name} is not a setting, and is not read; did you mean {meant}?"] if meant else [])


def test_a_variable_in_two_spellings_is_no_mistake() -> None:
    """As `http_proxy` beside `HTTP_PROXY`: what is needed is there."""
    policy = Policy(required=Required(settings=("HTTP_PROXY",)))
    assert list(misspelt({"http_proxy": "x", "HTTP_PROXY": "x"}, policy)) == []
    assert len(list(misspelt({"http_proxy": "x"}, policy))) == 1


@pytest.mark.parametrize("name", ["RELEASE_SENTINEL_POLICY", "RS_POLICY", "rs_gate_policy", "RS_POLICY_FILE"])
def test_the_policy_file_is_named_by_an_option(name: str) -> None:
    """The note names the option, unless it is there: the variable may be what gives it its value."""
    says = f"{name} is not a setting, and is not read; name the policy file with --gate-policy"
    assert list(misspelt({name: "x.toml"}, Policy())) == [says]
    assert list(misspelt({name: "x.toml"}, Policy(), file_is_named=True)) == []
