"""`release-sentinel dashboard`: what to look at the metrics of `--gate-metrics` with, and what to be told by."""

import argparse
import json
import re
from importlib.resources import files

from release_sentinel.commands.grafana import dashboard
from release_sentinel.parser import Parser
from release_sentinel.settings import Settings

_DAYS = 7


def main(words: list[str], _settings: Settings) -> int:
    """Print the dashboard, or the alert rules."""
    parser = Parser(
        prog="release-sentinel dashboard",
        description="Print a Grafana dashboard over the metrics of --gate-metrics, to be imported; or alert rules.",
        allow_abbrev=False,
    )
    parser.add_argument("--alerts", action="store_true", help="print alert rules for Prometheus instead")
    parser.add_argument(
        "--days",
        type=_days,
        metavar="N",
        help=f"with --alerts: after how many days without a run to say so; default: {_DAYS}",
    )
    known = parser.parse_args(words)
    if known.days and not known.alerts:
        parser.error("--days says more about --alerts: add that")
    print(alerts(known.days or _DAYS) if known.alerts else json.dumps(dashboard(), indent=2))
    return 0


def alerts(days: int) -> str:
    """Return the alert rules, by which a gate that has not run for so many days is told."""
    template = files("release_sentinel").joinpath("templates/alerts.yml").read_text(encoding="utf-8")
    return template.rstrip("\n").replace("<days>", f"{days}").replace("<more days>", f"{days + 7}")


def _days(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of days, from 1 to 999")
    return int(text)
