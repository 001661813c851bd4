"""Durations as people write them: `90`, `90s`, `15m`, `2h`, `7d`, fractions too; `none` is 0."""

import re

LONGEST = 7 * 86_400.0  # seconds
PATTERN = r"none|[0-9]{1,7}(?:\.[0-9]{1,6})?[smhd]?"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse(text: str) -> float:
    """Return the seconds that a duration means; raises `ValueError`."""
    if text == "none":
        return 0.0
    match = re.fullmatch(r"([0-9]{1,7}(?:\.[0-9]{1,6})?)([smhd]?)", text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"{text!r} is not a duration such as 90, 90s, 15m, 2h or none")
    return seconds
