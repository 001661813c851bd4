"""The kinds of value that a policy holds: what each may be, for people (a description) and for machines (constraints).

A field of the model is annotated with its kind; the policy file, the `RS_*` variables, the printed policy and the JSON
Schema all follow from that.
"""

import re
import warnings
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, get_args

from msgspec import Meta, Struct

from release_sentinel import durations
from release_sentinel.config.marks import Custom, Header, Hidden, HintError, SecretAddress, SecretFile
from release_sentinel.sentences import sentence

# Without these gates it is unknown what is released where: they can be neither switched off nor waived.
INDISPENSABLE = ("environment", "repository", "version")
NOTES = ("changes", "verdict", "link", "version", "env", "commit", "date")  # what the notes of a release may take
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS = get_args(Day)
_LINE = r"^\S(.*\S)?$(?!\n)"  # one line, and no blank at either end
LONGEST_PATTERN = 10_000  # characters of a regular expression
_LONGEST_WORD = 100  # characters of a name that is compared with others
_FIRST, _LAST = 1970, 9899  # years
_DATE = r"(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2})-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_MOMENT = rf"{_DATE}[Tt ]{_CLOCK}(:[0-5][0-9](\.[0-9]{{1,6}})?)?"
_OFFSET = r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_WEEKLY = rf"(({'|'.join(DAYS)}) )?{_CLOCK}(:00)?"
_DURATION = rf"^({durations.PATTERN})$(?!\n)"
# Begins with no dash, which ssh would take for an option.
_DESTINATION = r"[A-Za-z0-9_.\[:@~][^\s'\"`$\\;&|<>()*?!{}#]*"
_WORD = r"[A-Za-z0-9_.@][A-Za-z0-9_.@:/=+-]*"
Moment = TypeVar("Moment", bound=date)


class WeekTime(Struct, frozen=True):
    """A time of day, on one day of the week or (blank) on any."""

    day: str
    time: time

    def __str__(self) -> str:
        return f"{self.day} {self.time:%H:%M}".strip()


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `; did you mean WORD?` for the one of `words` that is nearest to a word, or a blank."""
    if len(word) > _LONGEST_WORD:  # two long texts are compared in quadratic time
        return ""
    plain = {known.lower().replace("-", "_"): known for known in words if len(known) <= _LONGEST_WORD}
    near = get_close_matches(word.lower().replace("-", "_"), plain, n=1)
    return f"; did you mean {plain[near[0]]}?" if near else ""


def _whole(pattern: str, value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ValueError
    return value


def _spare(value: object) -> str:
    gate = _whole(_LINE, value)
    if gate.partition("[")[0] in INDISPENSABLE:
        raise ValueError
    return gate


def _regex(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    if len(value) > LONGEST_PATTERN:
        raise HintError(f" of at most {LONGEST_PATTERN} characters")
    try:
        with warnings.catch_warnings():  # a pattern whose meaning may change, such as `[[a]`
            warnings.simplefilter("ignore")
            re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise HintError(f" ({sentence(error)})") from None
    return value


def _versions(value: object) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - late: few policies have packs

    if not isinstance(value, str) or not value.strip():
        raise ValueError
    try:
        SpecifierSet(value)
    except InvalidSpecifier:
        raise ValueError from None
    return value


def _notes(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - one kind of error for all wrong values
    for name in re.findall(r"\{([A-Za-z_]*)\}", value):
        if name not in NOTES:
            raise HintError(f"; there is no {{{name}}}{nearest(name, NOTES)}")
    return value


def is_destination(text: str) -> bool:
    """Return whether a text can be given to ssh as a destination."""
    return re.fullmatch(_DESTINATION, text) is not None


def _destinations(value: object) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words:
        raise ValueError
    return tuple(_whole(_DESTINATION, word) for word in words)


def _duration(value: object) -> float:
    if isinstance(value, str):
        return durations.parse(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= durations.LONGEST:
        raise ValueError
    return float(value)


def _interval(value: object) -> float:
    seconds = _duration(value)
    if not seconds:
        raise ValueError
    return seconds


def _seconds_or_text(number: Mapping[str, Any], text: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a duration, with what more holds for either form."""
    seconds = {"type": "number", "maximum": durations.LONGEST, **number}
    return {"anyOf": [seconds, {"type": "string", "pattern": _DURATION, **text}]}


class Change(Struct, frozen=True):
    """By how much a number may change: by a number, or by a share of its base."""

    amount: float
    is_share: bool = False

    def allows(self, base: float, now: float) -> bool:
        """Return whether the growth from `base` to `now` is at most this; from 0 on, no share allows any.

        As it is written in decimal, and not as a binary fraction comes near it: from 1 to 1.1 is 10%.
        """
        from fractions import Fraction  # noqa: PLC0415 - late: few policies compare anything

        first, last, amount = (Fraction(repr(float(number))) for number in (base, now, self.amount))
        return last - first <= (amount / 100 * abs(first) if self.is_share else amount)

    def __str__(self) -> str:
        return f"{self.amount:g}%" if self.is_share else f"{self.amount:g}"


def _change(value: object) -> Change | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?%", value):
        return Change(float(value[:-1]), is_share=True)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError
    return Change(float(value))


def _zone(value: object) -> str:
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415 - late: few policies have freezes

    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - one kind of error for all wrong values
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        known = sorted(available_timezones())
        hint = nearest(value, known) if known else "; this machine has no time zones: pip install tzdata"
        raise HintError(hint) from None
    return value


def _expiry(value: object) -> date | datetime:
    if isinstance(value, str):
        if re.fullmatch(_DATE, value):
            return date.fromisoformat(value)
        return datetime.fromisoformat(_whole(_MOMENT + _OFFSET, value).upper())
    if isinstance(value, datetime) and value.tzinfo is None:
        raise HintError("; this one has no offset")
    if not isinstance(value, date):
        raise ValueError  # noqa: TRY004 - the value is wrong, whatever its type
    return _near(value)


def _last_day(value: object) -> date:
    day = _expiry(value)
    if isinstance(day, datetime):
        raise HintError("; a day has no time")
    return day


def _near(moment: Moment) -> Moment:
    """Return a date that is not at an end of the calendar: there, times in other zones cannot be computed."""
    if not _FIRST <= moment.year <= _LAST:
        raise HintError(f"; its year has to be from {_FIRST} to {_LAST}")
    return moment


def _edge(value: object) -> datetime | WeekTime:
    if isinstance(value, time) and not value.second and not value.microsecond:
        return WeekTime("", value)
    if isinstance(value, datetime):
        return _near(value)
    if isinstance(value, str) and re.fullmatch(_WEEKLY, value):
        day, _, clock = value.rpartition(" ")
        return WeekTime(day, time.fromisoformat(clock))
    return datetime.fromisoformat(_whole(f"{_MOMENT}{_OFFSET}?", value).upper())


Line = Annotated[str, Meta(pattern=_LINE, description="a text of one line, without blanks at its ends")]
Text = Annotated[str, Meta(pattern=r"\S", description="a text that is not blank")]
MaybeLine = Annotated[str, Meta(pattern=rf"^$|{_LINE}", description="a text of one line, or an empty one")]
KeyFile = Annotated[
    str,
    Meta(pattern=rf"^$|{_LINE}", description="the path of a file, or an empty text"),
    Hidden(),
    SecretFile(),
]
VariableName = Annotated[
    str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)", description="the name of an environment variable"), Hidden()
]
VariableGlob = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_*?\[][A-Za-z0-9_*?\[\]!-]*$(?!\n)", description="the name of an environment variable; a glob"
    ),
    Hidden(),
]
VariableGlobs = Annotated[tuple[VariableGlob, ...], Meta(description="names of environment variables; globs")]
GateId = Annotated[str, Meta(pattern=_LINE, description="the id of a gate")]
SpareGateId = Annotated[
    str,
    Meta(description=f"the id of a gate, except {', '.join(INDISPENSABLE)}, which are indispensable"),
    Custom(_spare, {"type": "string", "pattern": _LINE, "not": {"pattern": rf"^({'|'.join(INDISPENSABLE)})(\[|$)"}}),
]
ENVIRONMENTS = 100  # at most: each is validated by itself
Environments = Annotated[tuple[Line, ...], Meta(min_length=1, max_length=ENVIRONMENTS, description="a list of names")]
Names = Annotated[tuple[Line, ...], Meta(min_length=1, description="a list of names")]
Lines = Annotated[tuple[Line, ...], Meta(description="a list of names")]
GateGlobs = Annotated[tuple[GateId, ...], Meta(description="a list of gate ids; `*` stands for anything")]
KeyGlobs = Annotated[tuple[Line, ...], Meta(description="a list of keys such as disk.crit; `*` stands for anything")]
PolicyFiles = Annotated[tuple[Line, ...], Meta(description="a list of paths, or of package:file")]
WaiverDays = Annotated[int, Meta(ge=0, le=3650, description="a number of days, from 0 to 3650")]
LastDay = Annotated[
    date,
    Meta(description="the last day, such as 2026-12-31"),
    Custom(_last_day, {"type": "string", "format": "date", "pattern": f"^{_DATE}$"}),
]
GateIds = Annotated[tuple[GateId, ...], Meta(description="a list of gate ids")]
PerCent = Annotated[float, Meta(ge=0, le=100, description="per cent, from 0 to 100")]
Seconds = Annotated[float, Meta(ge=0.1, le=600, description="seconds, from 0.1 to 600")]
GateSeconds = Annotated[float, Meta(ge=0.1, le=3600, description="seconds, from 0.1 to 3600")]
Duration = Annotated[
    float,
    Meta(description="seconds, or a duration such as 15m; 0 or none for none"),
    Custom(_duration, _seconds_or_text({"minimum": 0}, {})),
]
Interval = Annotated[
    float,
    Meta(description="seconds, or a duration such as 15s, above 0"),
    Custom(_interval, _seconds_or_text({"exclusiveMinimum": 0}, {"not": {"const": "none"}})),
]
Failures = Annotated[int, Meta(ge=1, le=100, description="a whole number from 1 to 100")]
RunSeconds = Annotated[float, Meta(ge=0.1, le=86400, description="seconds, from 0.1 to 86400")]
Tries = Annotated[int, Meta(ge=1, le=20, description="a whole number from 1 to 20")]
HttpStatus = Annotated[int, Meta(ge=100, le=599, description="an HTTP status code")]
HttpStatuses = Annotated[tuple[HttpStatus, ...], Meta(min_length=1, description="HTTP status codes")]
Regex = Annotated[
    str,
    Meta(description="a regular expression"),
    Custom(_regex, {"type": "string", "minLength": 1, "maxLength": LONGEST_PATTERN}),
]
MaybeRegex = Annotated[
    str,
    Meta(description="a regular expression, or an empty text"),
    Custom(lambda value: _regex(value) if value != "" else "", {"type": "string", "maxLength": LONGEST_PATTERN}),
]
HiddenRegex = Annotated[Regex, Hidden()]
HeaderValue = Annotated[
    str,
    Meta(
        pattern=r"^([^\r\n\0$]|\$(?!\{)|\$\{[A-Za-z_][A-Za-z0-9_]*\})*$(?!\n)",
        description="one line of text and ${NAMES}",
    ),
    Hidden(),
    Header(),
]
MaybeReference = Annotated[
    str,
    Meta(
        pattern=r"^$|^\$\{[A-Za-z_][A-Za-z0-9_]*\}$(?!\n)",
        description="a reference to an environment variable, such as ${NAME}, or an empty text",
    ),
    Hidden(),
    Header(),
]
MaybeApi = Annotated[
    str,
    Meta(pattern=r"^$|^https?://[^\s@?#]+$(?!\n)", description="a URL without credentials, or an empty text"),
    Hidden(),
]
ForgeKind = Annotated[
    Literal["", "github", "gitlab", "gitea"],
    Meta(description="github, gitlab, gitea (Forgejo too), or an empty text for the one that CI or the remote names"),
]
NotesTemplate = Annotated[
    str,
    Meta(description=f"a text, also of several lines, with {', '.join(f'{{{one}}}' for one in NOTES)}"),
    Custom(_notes, {"type": "string"}),
]
Headers = Mapping[Line, HeaderValue]
PACK_NAME = r"[a-z]([a-z0-9_]*[a-z0-9])?"
PackName = Annotated[
    str, Meta(pattern=rf"^{PACK_NAME}$(?!\n)", description="the name of a gate pack: lower case, digits and _")
]
MaybeDistribution = Annotated[
    str,
    Meta(
        pattern=r"^$(?!\n)|^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$(?!\n)",
        description="the name of a distribution as pip knows it, or an empty one",
    ),
]
PackVersions = Annotated[
    str,
    Meta(description="version specifiers of PEP 440, such as >=2,<3"),
    Custom(_versions, {"type": "string", "pattern": r"^\s*(~=|===?|!=|<=|>=|<|>)"}),
]
Destinations = Annotated[
    tuple[str, ...],
    Meta(description="an OpenSSH destination such as deploy@web1, or a list of them"),
    Custom(
        _destinations,
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{_DESTINATION}$"},
                {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": f"^{_DESTINATION}$"}},
            ]
        },
    ),
]
MaybeWord = Annotated[
    str,
    Meta(
        pattern=rf"^$|^{_WORD}$(?!\n)",
        description="a name without blanks that does not begin with a dash, or an empty text",
    ),
]
HostsAtOnce = Annotated[int, Meta(ge=1, le=100, description="a whole number from 1 to 100")]
UnitName = Annotated[
    str,
    Meta(
        pattern=r"^(-\.(mount|slice)|[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]*)$(?!\n)",
        max_length=247,  # with `.service` 255, systemd's longest
        description="the name of a systemd unit, such as nginx.service",
    ),
]
Address = Annotated[str, Meta(pattern=r"^[^\s/@]+$(?!\n)", description="a host's name or address")]
Port = Annotated[int, Meta(ge=1, le=65535, description="a port from 1 to 65535")]
MaybePort = Annotated[int, Meta(ge=0, le=65535, description="a port from 1 to 65535, or 0 for the usual one")]
StartTls = Annotated[
    Literal["", "smtp", "imap", "ldap", "postgres"],
    Meta(description="smtp, imap, ldap, postgres, or an empty text for a port that speaks TLS at once"),
]
Method = Annotated[str, Meta(pattern=r"^[A-Z]+$(?!\n)", description="an HTTP method such as GET")]
Bytes = Annotated[int, Meta(ge=0, description="a number of bytes")]
Count = Annotated[int, Meta(ge=0, description="a whole number")]
Redirects = Annotated[int, Meta(ge=0, le=20, description="a whole number from 0 to 20")]
MaybeSeconds = Annotated[float, Meta(ge=0, le=86400, description="seconds, from 0 to 86400")]
Approvals = Annotated[int, Meta(ge=0, le=20, description="a whole number from 0 to 20")]
Days = Annotated[float, Meta(ge=0, le=3650, description="a number of days")]
Samples = Annotated[int, Meta(ge=1, le=100, description="a whole number from 1 to 100")]
AtOnce = Annotated[int, Meta(ge=1, le=1000, description="a whole number from 1 to 1000")]
MaybeChange = Annotated[
    Change | None,
    Meta(description='a number, or a share of the base such as "10%"'),
    Custom(
        _change,
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?%$"}]},
    ),
]
Zone = Annotated[
    str,
    Meta(description="an IANA time zone, such as Europe/Berlin"),
    Custom(_zone, {"type": "string", "pattern": _LINE, "examples": ["Europe/Berlin", "UTC"]}),
]
Expiry = Annotated[
    date | datetime,
    Meta(description="a date such as 2026-12-31, or a time with its offset such as 2026-12-31T18:00:00+01:00"),
    Custom(
        _expiry,
        {
            "type": "string",
            "anyOf": [{"format": "date", "pattern": f"^{_DATE}$"}, {"pattern": f"^{_MOMENT}{_OFFSET}$"}],
        },
    ),
]
Edge = Annotated[
    datetime | WeekTime,
    Meta(description="a time of day such as 16:00, also with its day such as fri 16:00, or a date with a time"),
    Custom(_edge, {"type": "string", "pattern": f"^({_WEEKLY}|{_MOMENT}{_OFFSET}?)$"}),
]
NotifyUrl = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z][\w+.-]*://\S+$(?!\n)", description="an Apprise URL, such as slack://…"),
    Hidden(),
    SecretAddress(),
]
NotifyUrls = Annotated[tuple[NotifyUrl, ...], Meta(description="Apprise URLs, such as slack://…")]
Occasion = Literal["failure", "recovery", "always"]
TagMode = Literal["auto", "new", "existing", "local"]
