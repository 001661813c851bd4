"""The environment variables that set the policy, and how any variable is read: directly, or from a file that it names.

The field that a variable sets defines the values that it may have.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path
from typing import Any

from msgspec import Struct

from release_sentinel.config.model import Policy
from release_sentinel.config.read import BIGGEST, UNREADABLE, Reading, allowed, bare, item_kind, kind_at, seen
from release_sentinel.redaction import is_plain
from release_sentinel.sentences import sentence

_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class Variable(Struct, frozen=True):
    """An environment variable that sets one field of the policy."""

    name: str
    path: str
    meaning: str
    blank: str = ""  # the word for an empty text, where that is a value: a variable that is blank is unset

    @property
    def key(self) -> tuple[str, ...]:
        """The path of the field."""
        return tuple(self.path.split("."))


VARIABLES = (
    Variable("RS_REQUIRED_PROCESS", "process", "the process that has to run (gate `process`)"),
    Variable("RS_API_URL", "api.url", "the dependency that has to answer (gate `api`)"),
    Variable("RS_API_STATUSES", "api.statuses", "HTTP statuses that count as healthy"),
    Variable("RS_API_TIMEOUT", "api.timeout", "seconds for one try"),
    Variable("RS_API_TRIES", "api.tries", "tries, the first one included"),
    Variable("RS_API_DEADLINE", "api.deadline", "seconds for all tries together"),
    Variable("RS_GATE_SECONDS", "gate_seconds", "seconds that one gate may take"),
    Variable("RS_WAIT", "rounds.wait", "how long the critical stage may take to become healthy: `15m`, `none`"),
    Variable("RS_HOLD", "rounds.hold", "how long it has to stay healthy from then on: `10m`, `none`"),
    Variable("RS_INTERVAL", "rounds.interval", "the time between two evaluations"),
    Variable("RS_DEADLINE", "deadline", "seconds that the whole run may take"),
    Variable("RS_ENVIRONMENTS", "environments", "names that `--env` may have"),
    Variable("RS_ENABLE", "enable", "opt-in gates to run, by id"),
    Variable("RS_REQUIRED_GATES", "required_gates", "gates of your own that must have a result, by id"),
    Variable("RS_BRANCHES", "git.branches", "branches that releases come from; globs"),
    Variable("RS_REMOTE", "git.remote", "the Git remote that is asked for tags"),
    Variable("RS_TAG_MODE", "git.tag_mode", "whether the tag has to exist"),
    Variable("RS_SIGNERS", "git.signers", "who may sign (gate `signature`)"),
    Variable("RS_VERSION_FILES", "version.files", "manifests that hold the version (gate `version-files`)"),
    Variable("RS_CHANGELOG", "version.changelog", "the changelog (gate `changelog`)"),
    Variable("RS_VERSION_PREFIX", "version.prefix", "the prefix of the SemVer number; `none` for no prefix", "none"),
    Variable("RS_PRERELEASES", "version.prereleases", "whether pre-releases such as v1.0.0-rc.1 may go out"),
    Variable("RS_NOTIFY_URLS", "notify.urls", "who is notified of the verdict; secrets, never shown"),
    Variable("RS_NOTIFY_ON", "notify.on", "when: `failure`, `recovery`, `always`"),
    Variable("RS_DISK_PATH", "disk.path", "the path whose file system is judged"),
    Variable("RS_DISK_WARN", "disk.warn", "disk use that warns, in per cent"),
    Variable("RS_DISK_CRIT", "disk.crit", "disk use that fails, in per cent"),
    Variable("RS_MEMORY_WARN", "memory.warn", "memory use that warns, in per cent"),
    Variable("RS_MEMORY_CRIT", "memory.crit", "memory use that fails, in per cent"),
)
BASE = "RS_POLICY_BASE"  # a policy file below all others; `release_sentinel.config.bases` reads it

_LONG_PREFIX = re.compile(r"(release[\W_]*)?sentinel[\W_]*", re.IGNORECASE)  # in place of `RS_`
_POLICY_FILE = {f"RS{gate}POLICY{file}" for gate in ("", "GATE") for file in ("", "FILE")}
_LONGEST = 100  # characters of a name that is compared
_MOST = 1 << 20  # bytes of a file that holds one value


class Value(Struct, frozen=True):
    """The value of one name. `text` is None without a value; `problem` says why it cannot be used."""

    text: str | None = None  # may be a secret
    file: str = ""  # that it was read from; blank where there is a problem
    problem: str = ""
    exposed: bool = False  # every user of this machine may read the file
    found: tuple[str, ...] = ()  # every text given for the name, usable or not

    def __repr__(self) -> str:
        return f"Value(problem={self.problem!r})"  # the texts may be secrets


def look_up(name: str, environ: Mapping[str, str] | None = None) -> Value:
    """Return the value of `NAME`, or what is in the file that `NAME_FILE` names, without the newline at its end."""
    environ = os.environ if environ is None else environ
    text, file = environ.get(name), environ.get(f"{name}_FILE", "").strip()
    given = () if text is None else (text,)
    if not file:
        return Value(text, found=given)
    value = _mounted(f"{name}_FILE", file)
    if text is not None and text.strip():
        problem = f"{name} and {name}_FILE are both set: keep one of them"
        return Value(problem=problem, found=(*given, *value.found))
    return value


def without_file(name: str) -> str:
    """Return NAME for NAME_FILE, and any other name as it is."""
    return name.removesuffix("_FILE")


def _mounted(variable: str, file: str) -> Value:
    """Return the value that a file holds, as containers mount secrets. What `variable` says may be the value itself."""
    wanted = f"{variable} has to be the path of a file that holds the value"
    given = () if is_plain(file) else (file,)  # else it may be the value itself
    try:
        mode = Path(file).stat().st_mode
        if not stat.S_ISREG(mode):  # reading a pipe would hang the run
            return Value(problem=f"{wanted}, and what it names is not a regular file", found=given)
        with Path(file).open("rb") as opened:
            content = opened.read(_MOST + 1)
    except (OSError, ValueError) as error:
        return Value(problem=f"{wanted}, and what it names cannot be read: {sentence(error)}", found=given)
    text = content[:_MOST].decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")
    if len(content) > _MOST:
        return Value(problem=f"{wanted}, and that file is longer than 1 MiB", found=(text,))
    if any("\ud800" <= character <= "\udfff" for character in text):
        return Value(problem=f"{wanted}, and that file cannot be read: it is not UTF-8", found=(text,))
    return Value(text, file, exposed=os.name != "nt" and bool(mode & stat.S_IROTH), found=(text,))


def read(environ: Mapping[str, str]) -> tuple[dict[Variable, Any], list[str]]:
    """Return the values of the variables, as in a policy file, and a sentence for each that is not valid."""
    values, problems = {}, []
    for variable in VARIABLES:
        found = look_up(variable.name, environ)
        if found.problem:
            problems.append(found.problem)
        text = (found.text or "").strip()
        if not text:  # CI systems pass undefined variables on as blanks
            continue
        kind = kind_at(Policy, variable.key)
        value = "" if text.lower() == variable.blank else _plain(kind, text)
        result, wrong = Reading().read(kind, value)
        if value == [] or result is UNREADABLE or wrong:
            commas = ", with commas between them" if item_kind(kind) else ""
            problems.append(f"{variable.name} is {seen(text, kind)}, expected {allowed(kind)}{commas}")
        else:
            values[variable] = value
    return values, problems


def misspelt(environ: Mapping[str, str], policy: Policy, *, file_is_named: bool = False) -> Iterator[str]:
    """Yield a sentence for each variable whose name is close to one of ours.

    `file_is_named` is whether an option names the policy file; a variable does not.
    """
    known = {BASE, *(variable.name for variable in VARIABLES)} | {*policy.required.settings, *policy.required.secrets}
    letters = {_letters(name): name for name in sorted(known)}
    letters |= {f"{plain}FILE": f"{name}_FILE" for plain, name in letters.items()}
    for name in sorted(environ):
        if {name, name.removesuffix("_FILE")} & known or len(name) > _LONGEST:
            continue
        ours = _with_prefix(name)
        near = letters.get(_letters(ours), "")
        if not near and ours.startswith("RS_"):
            near = next(iter(get_close_matches(ours, known, n=1, cutoff=0.85)), "")
        if _letters(ours) in _POLICY_FILE and not near and not file_is_named:
            yield f"{name} is not a setting, and is not read; name the policy file with --gate-policy"
        elif near and (name.startswith(("RS_", "RELEASE_SENTINEL_")) or near not in environ):
            yield f"{name} is not a setting, and is not read; did you mean {near}?"


def misspelt_base(environ: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each variable that was meant as RS_POLICY_BASE: a base must not be lost to a slip."""
    for name in environ:
        ours = _with_prefix(name).upper()
        if ours.startswith("RS_") and name not in {BASE, f"{BASE}_FILE"} and len(name) <= _LONGEST:
            letters = sorted(_letters(ours)) == sorted(_letters(BASE))
            if letters or get_close_matches(ours, [BASE], n=1, cutoff=0.9):
                yield f"{name} is not a setting; did you mean {BASE}?"


def _with_prefix(name: str) -> str:
    """Return a name with our prefix in place of a longer one."""
    longer = _LONG_PREFIX.match(name)
    return f"RS_{name[longer.end() :]}" if longer else name


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).upper()


def in_policy(policy: Policy, names: Iterable[str]) -> dict[str, str]:
    """Return, of the variables with these names, what the policy file says instead."""
    found = {}
    for variable in VARIABLES:
        value, default = (attrgetter(variable.path)(record) for record in (policy, Policy()))
        if variable.name in names and value != default:
            found[variable.name] = (
                ",".join(map(str, value)) if isinstance(value, tuple) else str(value) or variable.blank
            )
    return found


def _plain(kind: Any, text: str) -> Any:
    """Return the value that a text means; the text itself if it is not of that kind."""
    base, _ = bare(kind)
    if item := item_kind(kind):
        words = [word.strip() for word in text.split(",")]
        return [_plain(item, word) for word in words if word or bare(item)[0] is not str]
    if base is bool:
        return _FLAGS.get(text.lower(), text)
    if base is int and text.isascii() and text.isdigit() and len(text) <= len(str(BIGGEST)):
        return int(text)
    if base is float:
        try:
            return float(text)
        except ValueError:
            return text
    return text
