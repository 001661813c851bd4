"""`release-sentinel dashboard`: a Grafana dashboard over the metrics of `--gate-metrics`, or alert rules."""

import argparse
import json
import re
from importlib.resources import files

from release_sentinel.commands.grafana import dashboard
from release_sentinel.parser import command, print_help
from release_sentinel.settings import Settings

_DAYS = 7


def main(words: list[str], _settings: Settings) -> int:
    """Print the dashboard, or the alert rules."""
    parser = command(
        "dashboard", "Print a Grafana dashboard over the metrics of --gate-metrics, to be imported; or alert rules."
    )
    parser.add_argument("--alerts", action="store_true", help="print alert rules for Prometheus instead")
    parser.add_argument(
        "--days",
        type=_days,
        metavar="N",
        help=f"with --alerts: how many days without a run are too many; default: {_DAYS}",
    )
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known = parser.parse_args(words)
    if known.days and not known.alerts:
        parser.error("--days is for the alert rules: add --alerts")
    print(alerts(known.days or _DAYS) if known.alerts else json.dumps(dashboard(), indent=2))
    return 0


def alerts(days: int) -> str:
    """Return the alert rules; one of them fires when a gate has not run for `days` days."""
    template = files("release_sentinel").joinpath("templates/alerts.yml").read_text(encoding="utf-8")
    return template.rstrip("\n").replace("<days>", f"{days}").replace("<more days>", f"{days + 7}")


def _days(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of days, from 1 to 999")
    return int(text)
