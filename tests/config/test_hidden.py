"""What is wrong with a policy is said without what is secret by its key, or has the form of a token."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from release_sentinel.config.load import load
from release_sentinel.config.marks import Hidden
from release_sentinel.config.model import Policy
from release_sentinel.config.read import bare, has_mark, is_record, keys
from release_sentinel.config.secrets import learn, learn_text
from release_sentinel.config.show import as_document, as_toml
from release_sentinel.config.variables import VARIABLES
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import GATES
from release_sentinel.redaction import Redactor
from tests.conftest import Sentinel, pieces

TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
PLAIN_WORD = "correcthorse"  # not by its form, but by its key


def problems(tmp_path: Path, text: str, **environ: str) -> str:
    """Return what is wrong with a policy."""
    (tmp_path / "release-sentinel.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPolicyError) as error:
        load(environ, repository=tmp_path, gates=GATES)
    return str(error.value)


def places(kind: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each key of the policy, in a list or not, with its kind: `dependencies[].headers`."""
    for key, (_, inner) in keys(kind).items():
        place = f"{path}.{key}".strip(".")
        yield place, inner
        base, _marks = bare(inner)
        if is_record(inner):
            yield from places(inner, place)
        elif get_origin(base) is tuple and is_record(get_args(base)[0]):
            yield from places(get_args(base)[0], f"{place}[]")


PLACES = dict(places(Policy))
VALUES = {
    "text": '"{}"',
    "list": '["{}"]',
    "list of lists": '[["{}"]]',
    "table": '{{ x = "{}" }}',
    "table of lists": '{{ "{}" = [1] }}',
}


def document(place: str, value: str) -> str:
    """Return a policy with a value at a place, as dotted keys and inline tables write it."""
    *tables, last = place.split(".")
    text = f"{last} = {value}"
    for name in reversed(tables):
        listed = name.endswith("[]")
        text = f"{name.removesuffix('[]')} = " + (f"[{{ {text} }}]" if listed else f"{{ {text} }}")
    return text


@pytest.mark.sweep
@pytest.mark.parametrize("shape", VALUES)
def test_no_key_quotes_a_token(tmp_path: Path, shape: str) -> None:
    """At every key of the policy, as every kind of value: the message does not hold it."""
    quoted = {}
    for place in PLACES:
        try:
            said = problems(tmp_path, document(place, VALUES[shape].format(TOKEN)))
        except pytest.fail.Exception:  # it is valid there: the name of a branch, a list of files
            continue
        if pieces(said) & pieces(TOKEN):
            quoted[place] = said
    assert quoted == {}


def hidden(kind: Any) -> bool:
    """Return whether a kind is hidden, or what is in it."""
    base, _ = bare(kind)
    inner = [field for _, field in keys(kind).values()] if is_record(kind) else list(get_args(base))
    return has_mark(kind, Hidden) or any(hidden(one) for one in inner if isinstance(one, type) or get_origin(one))


SECRET_KEYS = [place for place, kind in PLACES.items() if hidden(kind)]


def test_the_keys_that_may_hold_secrets() -> None:
    """They are those that are known to."""
    assert {"notify", "notify.urls", "dependencies", "dependencies[].headers", "prometheus[].headers"} <= set(
        SECRET_KEYS
    )
    assert not {"disk", "disk.path", "git.branches", "memory"} & set(SECRET_KEYS)


@pytest.mark.parametrize("place", SECRET_KEYS)
def test_a_secret_key_quotes_nothing(tmp_path: Path, place: str) -> None:
    """Not even a word: a text for a list, a text for a table, a number of them."""
    for shape in ('"{} and more"', '["{} and more", 1]', '{{ x = "{} and more", y = [1] }}'):
        try:
            said = problems(tmp_path, document(place, shape.format(PLAIN_WORD)))
        except pytest.fail.Exception:
            continue
        assert PLAIN_WORD not in said


ADDRESSES = (
    *("https://kim:{}@host/x", "htps:/kim:{}@host/x", "https:kim:{}@host/x", "https//kim:{}@host/x"),
    *("kim:{}@host/x", "//kim:{}@host/x", "kim:{}@host:x", "http;//kim:{}@host", "https://host/x?code={}"),
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_shows_its_password(tmp_path: Path, address: str) -> None:
    """Whatever is wrong with its scheme: neither where a key refuses it, nor in the policy that is printed."""
    text = address.format("Zq5-wR8tB3nL")
    printed = load({"RS_API_URL": text}, repository=tmp_path, gates=GATES)
    said = [problems(tmp_path, f"[api]\ntries = '{text}'"), as_toml(printed), json.dumps(as_document(printed))]
    assert all("host" in one for one in said)
    assert not pieces("".join(said)) & pieces("Zq5-wR8tB3nL")


def test_a_condition_about_a_secret_is_printed_without_it(tmp_path: Path) -> None:
    """By the name of the field; another condition is printed."""
    conditions = ('{ path = "$.auth.token", equals = "correcthorse" }', '{ path = "$.status", equals = "okay" }')
    text = f'[[dependencies]]\nname = "a"\nurl = "https://a"\njson = [{", ".join(conditions)}]'
    (tmp_path / "release-sentinel.toml").write_text(text, encoding="utf-8")
    loaded = load({}, repository=tmp_path, gates=GATES)
    for printed in (as_toml(loaded), json.dumps(as_document(loaded))):
        assert "correcthorse" not in printed
        assert "okay" in printed


def test_a_condition_about_a_secret_is_known(tmp_path: Path) -> None:
    """What it expects is masked wherever it is shown."""
    condition = '{ path = "$.auth.token", equals = "Zq5-wR8tB3nL" }'
    text = f'[[dependencies]]\nname = "a"\nurl = "https://a"\njson = [{condition}]'
    (tmp_path / "release-sentinel.toml").write_text(text, encoding="utf-8")
    redactor = Redactor()
    learn(redactor, load({}, repository=tmp_path, gates=GATES).policy, {})
    assert redactor.scrub("got Zq5-wR8tB3nL") == "got ***"


@pytest.mark.parametrize(
    "condition",
    [
        'path = "$.auth.token", equals = "Zq5-wR8tB3nL"',
        'equals = "Zq5-wR8tB3nL", path = "$.x.api_key"',
        'path = "$.token"\nequals = "Zq5-wR8tB3nL"',
    ],
)
def test_a_condition_about_a_secret_is_known_from_a_text(condition: str) -> None:
    """Also of a policy that is not valid, and of another environment."""
    redactor = Redactor()
    learn_text(redactor, f"[[env.stage.dependencies]]\njson = [{{ {condition} }}]\nnonsense", {})
    assert redactor.scrub("is Zq5-wR8tB3nL") == "is ***"
    redactor = Redactor()
    learn_text(redactor, 'path = "$.state", equals = "Zq5-wR8tB3nL"', {})
    assert redactor.scrub("is Zq5-wR8tB3nL") == "is Zq5-wR8tB3nL"


@pytest.mark.parametrize("pattern", ["Zq5-wR8tB3nL(", "(?P=Zq5wR8tB3nL)", "(?P<Zq5-wR8tB3nL>x)", "[z-Zq5wR8tB3nL]"])
def test_a_refused_placeholder_is_not_quoted(tmp_path: Path, pattern: str) -> None:
    """It may be the secret itself; the reason does not quote it either."""
    said = problems(tmp_path, f'[required]\nplaceholders = ["{pattern}"]')
    assert "required.placeholders[0] is invalid (not shown), expected a regular expression (" in said
    assert not pieces(said) & (pieces("Zq5-wR8tB3nL") | pieces("Zq5wR8tB3nL"))


KEYS = {
    "a token as a key": f"{TOKEN} = 1",
    "a token as a table": f"[{TOKEN}]\nx = 1",
    "a token as an environment": f"[env.{TOKEN}]\n[env.dev]\n[env.stage]\n[env.prod]",
    "an environment that is no table": f"[env]\n{TOKEN} = 1",
    "a header as a key": (
        f'[[dependencies]]\nname = "a"\nurl = "https://a"\nheaders = {{ "Authorization: Bearer {TOKEN}" = "" }}'
    ),
    "a gate that is none": f'enable = ["{TOKEN}"]',
    "a waiver's environment": (
        f'[[waivers]]\ngate = "disk"\nenv = "{TOKEN}"\nreason = "x"\nowner = "y"\nexpires = 2030-01-01'
    ),
    "a name twice": f'[[tcp]]\nname = "{TOKEN}"\nhost = "a"\nport = 1\n[[tcp]]\nname = "{TOKEN}"\nhost = "a"\nport = 2',
    "a URL as a key": f'"https://kim:{TOKEN}@host/" = 1',
}


@pytest.mark.parametrize("text", KEYS.values(), ids=KEYS)
def test_no_name_quotes_a_token(tmp_path: Path, text: str) -> None:
    """A value that stands where a key or a name belongs."""
    assert pieces(problems(tmp_path, text)) & pieces(TOKEN) == set()


@pytest.mark.parametrize("variable", [variable.name for variable in VARIABLES])
def test_no_variable_quotes_a_token(tmp_path: Path, variable: str) -> None:
    """A secret that was given to the wrong variable."""
    try:
        said = problems(tmp_path, "", **{variable: TOKEN})
    except pytest.fail.Exception:  # a name that may be anything
        return
    assert variable in said
    assert pieces(said) & pieces(TOKEN) == set()


@pytest.mark.parametrize("key", ["kim:hunter2@host", "kim:dev@host", "password=hunter2", "curl -u kim:hunter2 host"])
def test_no_key_shows_its_credential(tmp_path: Path, key: str) -> None:
    """A command or an address that stands where a key belongs, also with a short or plain password."""
    assert "(not shown) is not a key" in problems(tmp_path, f'"{key}" = 1')


LOOK_ALIKES = {
    "[disk]\ncrit = 'full'": "disk.crit is 'full'",
    "[git]\ntag_mode = 'maybe'": "git.tag_mode is 'maybe'",
    "disks = 'services/api2/package.json'": "disks is 'services/api2/package.json'",
    "[memory]\nwarn = 'https://example.com/v1/health'": "memory.warn is 'https://example.com/v1/health'",
    "enable = ['chnagelog']": "'chnagelog', which is not a built-in gate; did you mean changelog?",
    "[nonsense_key_2]": "nonsense_key_2 is not a key",
}


@pytest.mark.parametrize(("text", "said"), LOOK_ALIKES.items())
def test_an_ordinary_value_is_quoted(tmp_path: Path, text: str, said: str) -> None:
    """A typing error is found by what was typed."""
    assert said in problems(tmp_path, text)


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_a_run_with_a_policy_that_is_not_valid(sentinel: Sentinel, way: str) -> None:
    """Neither terminal nor reports quote it."""
    tables = f'[notify]\nurls = "slack://T1JJ3T3L2/A1BRTD4JD"\n[api]\nheaders = "Bearer {TOKEN}"\n'
    sentinel.repo.commit("release-sentinel.toml", f'deploy_token = "{TOKEN}"\n{tables}')
    log = sentinel.reports / "debug.log"
    done = (sentinel if way == "release-sentinel" else sentinel.pytest)(f"--debug={log}", RS_DISK_CRIT=TOKEN)
    assert done.code == 1
    assert "notify.urls is invalid (not shown)" in done.out
    shown = done.out + done.junit + str(done.verdict) + log.read_text(encoding="utf-8")
    assert pieces(shown) & (pieces(TOKEN) | pieces("T1JJ3T3L2/A1BRTD4JD")) == set()


LISTS = {
    "list": "tokens = ['{}', '{}']",
    "list on lines": 'tokens = [  # don\'t print\n  "{}",\n  "{}",  # ]\n]',
    "a bracket in a string": "tokens = ['a]b', '{}', '{}']",
    "dotted": "acme.queue.tokens = ['{}', '{}']",
    "inline table": "creds = {{ passwords = ['{}', '{}'] }}",
    "list of lists": "tokens = [['{}'], [['{}']]]",
    "list of tables": "tokens = [{{ for = 'a', value = '{}' }}, {{ value = '{}' }}]",
    "mapping": "tokens = {{ a = '{}', 'b' = '{}' }}",
    "table": "[acme.queue.tokens]\na = '{}'\nb = ['{}']\n[acme.x]\nurl = 'x'",
    "tables": "[[env.dev.acme.queue.tokens]]\nvalue = '{}'\n[[env.dev.acme.queue.tokens]]\nvalue = '{}'",
    "long strings": "tokens = [\"\"\"{}\"\"\", '''{}''']",
    "escapes": 'tokens = ["\\u007a{}", "{}"]',
    "secrets of a pack": "[acme.queue]\nsecrets = ['{}', '{}']",
    "not valid": "nonsense\ntokens = ['{}', '{}'",
}


@pytest.mark.parametrize("form", LISTS.values(), ids=LISTS)
def test_a_list_or_table_whose_key_says_secret_holds_secrets(form: str) -> None:
    """Also of a pack that is not installed, of another environment, and of a policy that is not valid."""
    redactor, values = Redactor(), ("Zq5-wR8tB3nL", "Kd7+vM2xP9sC")
    learn_text(redactor, form.format(*values), {})
    assert [value for value in values if value in redactor.scrub(f"is {value}")] == []


@pytest.mark.parametrize(
    "text",
    [
        "required = { secrets = ['{}'] }",
        "queues = ['{}']",
        "token_count = ['{}']",
        "tokens = [{ url = '{}' }]",
        "tokens = []\nqueues = ['{}']",
        "[acme.tokens]\n[acme.queue]\nname = '{}'",
        "queues = ['x']  # tokens = ['x']\nname = '{}'",
    ],
)
def test_other_lists_and_tables_are_not_secret(text: str) -> None:
    """Names of variables, what a name only describes, and what stands behind a secret."""
    redactor, value = Redactor(), "RS_QX7_WR8TB3NL"
    learn_text(redactor, text.replace("{}", value), {})
    assert redactor.scrub(value) == value
