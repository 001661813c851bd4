"""The options of a gate run, one record each: argparse, pytest, the reports and the manual are made from these."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class ReportFile(NamedTuple):
    """A report that an option asks for: how the file's name ends, what writes it, and how a finished one begins.

    `writer` is a module and a function below `reports`, loaded when the report is written. `begins` is a regular
    expression, by which a later run knows the report of an earlier one: it does not make the work tree dirty. One that
    `links` needs to know the page of the commit on its forge.
    """

    suffix: str
    writer: str
    begins: str
    links: bool = False


class Report(NamedTuple):
    """A report file that a run was asked for: the option that asks, and its place."""

    flag: str
    path: Path


class Option(NamedTuple):
    """One option: how it is written, what it takes, and what goes with it."""

    flag: str
    help: str
    metavar: str = ""  # of its value; blank: it takes none
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    seconds: bool = False  # its value is a number of seconds above 0
    duration: bool = False  # its value is a DURATION
    folder: bool = False  # its value is a folder that is there
    file: bool = False  # its value is a file that is there
    reads: bool = False  # its value is a file that the run reads, so that no report may take its place
    repeatable: bool = False
    report: ReportFile | None = None
    whole: bool = False  # refused beside --gate-partial and --gate-preview: it hands on what only a whole run proves
    beside: str = ""  # the option that it says more about
    delivers: bool = False  # takes place after the verdict, and needs time of its own
    own: bool = True  # pytest or one of its plugins declares the others
    sets: str = ""  # the key of the policy in whose place its value stands, or to whose list it adds

    @property
    def dest(self) -> str:
        """The name of its value."""
        return self.flag.strip("-").replace("-", "_")

    @property
    def flags(self) -> tuple[str, ...]:
        """Every spelling."""
        return (self.flag, *self.aliases)

    def add_to(self, add: Callable[..., Any], *, without: str = "") -> None:
        """Declare the option by `add`, the method of a parser of argparse's or of pytest's, `without` one spelling.

        The parser only has to know it, for its help and to leave it alone: its value is read by `Invocation`.
        """
        flags = [flag for flag in self.flags if flag != without]
        if not self.metavar:
            add(*flags, action="store_true", help=self.help)
        else:
            add(*flags, action="append" if self.repeatable else "store", metavar=self.metavar, help=self.help)


JSON_REPORT = "--json-report"  # of pytest-json-report
_JSON_HEAD = r"\s*\{\s*"

OPTIONS = (
    Option("--env", "the environment to release to, as the policy names it: dev, stage, prod", "ENV"),
    Option("--version", "the version to release, such as v1.2.3", "VERSION", aliases=("--release-version",)),
    Option(
        "--gate-repo",
        "the repository to release; default: the one that holds the working directory",
        "PATH",
        folder=True,
    ),
    Option("--gate-policy", "the policy file; default: the repository's own, if it has one", "FILE", reads=True),
    Option(
        "--gate-deadline",
        "one bound on the whole run (default: the policy's, 300); what is not judged by then is UNKNOWN",
        "SECONDS",
        seconds=True,
        sets="deadline",
    ),
    Option("--gate-all", "evaluate critical gates even when a policy gate failed"),
    Option("--gate-strict", "a WARN fails its gate"),
    Option("--gate-partial", "accept a chosen subset of the gates (-k, -m, paths); the verdict says PARTIAL"),
    Option(
        "--gate-preview",
        "judge what can be judged before a merge: a branch or a pull request; the verdict says PREVIEW",
    ),
    Option("--gate-branch", "the branch that is built, where no CI variable says so; the remote has to agree", "NAME"),
    Option(
        "--gate-wait",
        "evaluate the critical stage again until it is healthy as a whole, or the time is up (15m; none)",
        "DURATION",
        duration=True,
        sets="rounds.wait",
    ),
    Option(
        "--gate-hold", "from then on it has to stay healthy that long", "DURATION", duration=True, sets="rounds.hold"
    ),
    Option(
        "--gate-interval",
        "the time between two evaluations (default: 15s)",
        "DURATION",
        duration=True,
        sets="rounds.interval",
    ),
    Option(
        "--gate-baseline",
        "an earlier verdict file: the rules under `compare` in the policy compare what is measured with it",
        "FILE.json",
        reads=True,
    ),
    Option("--gate-watch", "judge the critical gates alone, after a deployment; the verdict says WATCH"),
    Option(
        "--gate-tag-mode",
        "whether the version's tag has to be free, to exist, to exist here before it is pushed, or what the build says "
        "(default)",
        "MODE",
        choices=("auto", "new", "existing", "local"),
        sets="git.tag_mode",
    ),
    Option(
        "--junitxml",
        "JUnit XML for CI: a case for each gate, and one that fails unless the run is SAFE",
        "FILE.xml",
        aliases=("--junit-xml",),
        report=ReportFile(".xml", "junit.junit", r'<\?xml version="1\.0" [^>]*>\s*<testsuites name="release-sentinel '),
        own=False,
    ),
    Option(
        "--gate-verdict",
        "write the verdict as JSON, for machines and for `release-sentinel verify`",
        "FILE.json",
        report=ReportFile(
            ".json", "files.verdict_json", _JSON_HEAD + r'"schema_version": \d+,\s*"tool": "release-sentinel '
        ),
    ),
    Option(
        "--gate-summary",
        "write the verdict as Markdown, for people",
        "FILE.md",
        report=ReportFile(".md", "files.summary", "<!-- a report of release-sentinel -->"),
    ),
    Option(
        "--gate-html",
        "write the verdict as a page to look at: one file, without scripts or requests",
        "FILE.html",
        report=ReportFile(".html", "html.html", "<!DOCTYPE html>\n<!-- a report of release-sentinel -->", links=True),
    ),
    Option(
        "--gate-metrics",
        "write the verdict as metrics, for the textfile collector of node_exporter or a Pushgateway",
        "FILE.prom",
        report=ReportFile(".prom", "metrics.metrics", "# HELP release_sentinel_safe "),
    ),
    Option(
        "--gate-sarif",
        "write what blocks or warns as SARIF, for views of code scanning",
        "FILE.sarif",
        report=ReportFile(
            ".sarif",
            "sarif.sarif",
            _JSON_HEAD
            + r'"\$schema": "[^"]*",\s*"version": "2\.1\.0",\s*"runs": \[\s*\{\s*"tool": \{\s*"driver": \{\s*'
            r'"name": "release-sentinel"',
        ),
    ),
    Option(
        "--gate-attestation",
        "write the verdict as an in-toto statement about the commit, to be signed",
        "FILE.json",
        report=ReportFile(
            ".json",
            "attestation.attestation",
            _JSON_HEAD + r'"_type": "https://in-toto\.io/Statement/v1",\s*"predicate": \{\s*"configuration": \[\s*\{\s*'
            r'"annotations": \{[^{}]*\},\s*("digest": \{[^{}]*\},\s*)?"name": "release-sentinel"',
        ),
        whole=True,
    ),
    Option(
        JSON_REPORT,
        "pytest-json-report's document, with the verdict under `release`",
        report=ReportFile(
            ".json", "files.json_report", r'\{"exitcode": \d+, "release": \{|\{"created": [\d.]+, "duration": '
        ),
        own=False,
    ),
    Option("--gate-tag", "once SAFE, tag the commit that was judged", whole=True, delivers=True),
    Option("--gate-push", "push that tag", beside="--gate-tag"),
    Option("--gate-sign", "sign that tag", beside="--gate-tag"),
    Option(
        "--gate-release",
        "once SAFE, release the pushed tag on GitHub, GitLab, Gitea or Forgejo",
        whole=True,
        delivers=True,
    ),
    Option(
        "--gate-notes",
        "what changes, for the notes of that release, instead of the changelog's section",
        "FILE.md",
        file=True,
        reads=True,
        beside="--gate-release",
    ),
    Option(
        "--gate-notify",
        "send the verdict to an Apprise URL; repeatable (other users do not see RS_NOTIFY_URLS)",
        "URL",
        repeatable=True,
        sets="notify.urls",
    ),
)
BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}


def table(*, reports: bool) -> str:
    """Return the options as a Markdown table of the manual: those that ask for a report, or the others."""
    options = [option for option in OPTIONS if bool(option.report) == reports]
    rows = [f"| `{' '.join(filter(None, (option.flag, option.metavar)))}` | {option.help} |" for option in options]
    return "\n".join(["| option | does |", "|---|---|", *rows])
