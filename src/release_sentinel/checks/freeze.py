"""Are releases frozen now?"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from release_sentinel.checks.result import CRIT, OK, CheckResult
from release_sentinel.config.kinds import DAYS, WeekTime
from release_sentinel.config.model import Freeze
from release_sentinel.observe import clock

_WEEK = timedelta(days=7)
_FAR = timedelta(days=366)  # a longer freeze, of consecutive windows, counts as endless


def check_freeze(windows: Sequence[Freeze], *, observe: Callable[[], datetime] = clock.now) -> CheckResult:
    """Now is outside every freeze window of the policy.

    Why: a release on a Friday evening, or in the week of the sale, breaks when no one is there to fix it.
    Unknown: never; the windows and the clock are there.
    Remedy: wait until the window ends, or waive the gate with a reason and a date.
    """
    now = observe()
    held = list(_holding(windows, now))
    if not held:
        count = f"{len(windows)} freeze window{'' if len(windows) == 1 else 's'}"
        return CheckResult(
            OK, f"now ({_formatted(now, UTC)}) is outside of {count}" if windows else "there is no freeze window"
        )
    window, end = max(held, key=lambda one: one[1])
    last = _last_end(windows, end)
    zone = ZoneInfo(window.zone)
    until = (
        f"it ends {_formatted(last, zone)} ({_formatted(last, UTC)})"
        if last - now < _FAR
        else "it does not end within a year"
    )
    more = [f"{one.reason}: until {_formatted(stop, ZoneInfo(one.zone))}" for one, stop in held]
    return CheckResult(
        CRIT,
        f"Releases are frozen: {window.reason}; {until}",
        "wait until then, or waive the gate with a reason and a date",
        tuple(more) if len(more) > 1 else (),
    )


def _last_end(windows: Sequence[Freeze], end: datetime) -> datetime:
    """Return when the freeze that `end` belongs to is over: the next window may begin where one ends."""
    limit = end + _FAR
    while end < limit and (held := list(_holding(windows, end))):
        end = max(stop for _, stop in held)
    return end


def _holding(windows: Sequence[Freeze], now: datetime) -> Iterator[tuple[Freeze, datetime]]:
    """Yield each window that holds at `now`, with the moment at which it ends, in UTC."""
    for window in windows:
        ends = [end for start, end in _spans(window, now) if start <= now < end]
        if ends:
            yield window, max(ends)


def _spans(window: Freeze, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the start and end, in UTC, of each occurrence of a window that may hold at `now`."""
    zone = ZoneInfo(window.zone)
    begin, to = window.from_, window.to
    if isinstance(begin, datetime) and isinstance(to, datetime):
        yield _moment(begin, zone, latest=False), _moment(to, zone, latest=True)
    elif isinstance(begin, WeekTime) and isinstance(to, WeekTime):
        today = now.astimezone(zone).date()
        for back in range(-1, _WEEK.days + 1):
            day = today - timedelta(days=back)
            if _begins_on(window, begin, day):
                start = datetime.combine(day, begin.time)
                end = datetime.combine(_end_day(day, begin, to), to.time)
                yield _moment(start, zone, latest=False), _moment(end, zone, latest=True)


def _begins_on(window: Freeze, begin: WeekTime, day: date) -> bool:
    name = DAYS[day.weekday()]
    return begin.day == name if begin.day else name in window.days if window.days else True


def _end_day(day: date, begin: WeekTime, to: WeekTime) -> date:
    """Return the day on which a window that begins on `day` ends: the first one on which it can."""
    if not to.day:
        return day if to.time > begin.time else day + timedelta(days=1)
    ahead = (DAYS.index(to.day) - day.weekday()) % _WEEK.days
    return day + timedelta(days=ahead if ahead or to.time > begin.time else _WEEK.days)


def _moment(local: datetime, zone: ZoneInfo, *, latest: bool) -> datetime:
    """Return a local time in UTC. A time that occurs twice is the first of the two, or the last if `latest`.

    A time that is skipped when summer time begins is the moment of the change.
    """
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if latest else first
    early, late = second, first  # both are wrong, one on each side of the change
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        before = middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset()
        early, late = (middle, late) if before else (early, middle)
    return late.replace(microsecond=0)


def _formatted(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    if zone is UTC:
        return f"{local:%Y-%m-%d %H:%M} UTC"
    offset = f"{local:%z}"
    return f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:]} {zone}"
