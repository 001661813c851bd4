"""`release-sentinel watch`: whether a deployment stays healthy, for the step after it."""

import os

from release_sentinel import durations
from release_sentinel.arguments import expanded
from release_sentinel.commands.gate import run_gates
from release_sentinel.parser import Once, command, print_help
from release_sentinel.sentences import sentence
from release_sentinel.settings import Settings

DESCRIPTION = (
    "After a deployment: evaluate the critical gates until they are healthy, and then for as long as --for says. "
    "Exit 0: healthy, 2: not, 1: the command is wrong. All other options are those of a gate run."
)
# The options of a gate run that this command sets, and from which of its own.
_SETS = {
    "--gate-watch": "",
    "--gate-hold": ", from --for",
    "--gate-wait": ", from --wait",
    "--gate-interval": ", from --interval",
    "--gate-baseline": ", from --baseline",
}


def main(words: list[str], _settings: Settings) -> int:
    """Run only the critical gates, in rounds."""
    parser = command("watch", DESCRIPTION)
    add = parser.add_argument
    add("--env", required=True, action=Once, help="the environment that was deployed to")
    add("--version", required=True, action=Once, help="the version that was deployed")
    add(
        "--for",
        dest="hold",
        required=True,
        action=Once,
        metavar="DURATION",
        help="how long it has to stay healthy: 10m",
    )
    add("--wait", default="", action=Once, metavar="DURATION", help="how long it may take to become healthy")
    add(
        "--interval", default="", action=Once, metavar="DURATION", help="the time between two evaluations; default: 15s"
    )
    add("--baseline", default="", action=Once, metavar="FILE", help="an earlier verdict file to compare with")
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known, others = parser.parse_known_args(words)
    for name, text in (("--for", known.hold), ("--wait", known.wait), ("--interval", known.interval)):
        try:
            seconds = durations.parse(text) if text else 1.0
        except ValueError as error:
            parser.error(f"argument {name}: {sentence(error)}")
        if not seconds and name != "--wait":
            parser.error(f"argument {name}: {text!r} is not a time such as 10m")
    for flag in (word.partition("=")[0] for word in expanded(others)):
        if flag in _SETS:
            parser.error(f"`watch` sets {flag} itself{_SETS[flag]}: leave it out")
    chosen = {flag: getattr(known, flag.removeprefix("--gate-"), "") for flag in _SETS}
    given = [word for flag, value in chosen.items() if value for word in (flag, value)]
    return run_gates(["--env", known.env, "--version", known.version, "--gate-watch", *given, *others], os.environ)
