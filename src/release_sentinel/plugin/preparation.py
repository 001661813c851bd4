"""What has to hold before gates run; what does not is a problem of the run, or no gate is run."""

import argparse
from collections.abc import Iterator

import pytest

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.plugin import completeness, declared, folders, guard
from release_sentinel.plugin.session import GateSession


def prepare(session: GateSession) -> None:
    """Prepare pytest for a gate run. Raises `pytest.UsageError` where the command line is wrong."""
    option = session.config.option
    if mode := completeness.listing(option):
        session.early_end = f"{mode} runs no gate"
    if not session.rewritten:
        raise pytest.UsageError(
            "a conftest alone loads the gate too late to read --version: add `-p release_sentinel.plugin`, "
            "and no PYTEST_DISABLE_PLUGIN_AUTOLOAD or `-p no:…`; or run release-sentinel"
        )
    if option.help or option.version:  # pytest stopped reading the command line there
        return
    if session.invocation.problems:
        raise pytest.UsageError("; ".join(map(session.redactor.scrub, session.invocation.problems)))
    if missing := session.invocation.missing:
        raise pytest.UsageError(f"{', '.join(missing)} missing: a gate run needs --env ENV --version VERSION")
    session.problems += session.conftests.left_out(session.config, session.invocation.words, session.gate_folders)
    option.xmlpath = None  # ours to write: pytest's could be greener than the exit code
    option.continue_on_collection_errors = True  # a broken file must not hide what the other gates have to say
    session.notes += _one_process(option)
    if session.plan.is_wanted and getattr(option, "maxfail", None):
        raise pytest.UsageError("-x and --maxfail end the stage early, and rounds need it whole: leave them out")
    for why, problems in _refusals(session):
        session.refuse(why)
        session.problems += problems
    session.problems += [*session.settings.packs.problems, *_unread_folders(session)]
    session.notes += [*_notes(session), *session.conftests.notes(session.invocation.repository)]


def _one_process(option: argparse.Namespace) -> Iterator[str]:
    """Switch off what runs gates elsewhere or again, with a note each: stages have an order, a release one verdict."""
    if getattr(option, "looponfail", False):
        raise pytest.UsageError("--looponfail never ends: a release gate runs once")
    if getattr(option, "dist", "no") != "no" or getattr(option, "tx", None) or getattr(option, "numprocesses", None):
        option.dist, option.tx, option.numprocesses, option.distload = "no", [], None, False
        yield "note: gates run in one process, in the order of their stages; -n and --dist are ignored"
    if (getattr(option, "count", None) or 1) != 1:
        option.count = 1
        yield "note: each gate runs once; --count is ignored"
    if getattr(option, "forked", False):
        option.forked = False
        yield "note: gates run in one process; --forked is ignored"


def _refusals(session: GateSession) -> Iterator[tuple[str, list[str]]]:
    """Yield why no gate is run, each time with what is wrong, a sentence each."""
    if session.settings.problems:
        problems = [f"the policy is not valid: {problem}" for problem in session.settings.problems]
        yield "without a valid policy no gate is run", problems
    if session.unknown_hosts:
        yield "without its hosts no gate is run", session.unknown_hosts
    if not session.parent and (problem := guard.problem()):
        yield "without the guard of --version no gate is run", [problem]
    if session.baseline_problem:
        yield "without its baseline nothing can be compared", [session.baseline_problem]
    if session.watch and not session.plan.hold:
        words = "--gate-watch has no time for which the deployment has to stay healthy"
        add = "add one by --gate-hold 10m, RS_HOLD, or `hold` under `rounds` in the policy"
        yield "without a time to hold nothing is watched", [f"{words}: {add}"]
    if session.watch and session.invocation.env not in session.policy.environments:
        expected = ", ".join(session.policy.environments)
        problems = [f"--env is {session.invocation.env!r}, expected one of {expected}"]
        yield "without its environment no gate is run", problems
    if session.preview and (build := session.build) and build.tag:
        words = f"{build.provider} builds tag {build.tag}, and --gate-preview judges what is not merged yet"
        yield "a build of a tag has no preview", [f"{words}: leave the option out"]


def _notes(session: GateSession) -> Iterator[str]:
    """Yield what the reader of a verdict has to know of what was judged."""
    for pack in session.packs:
        yield f"note: gate pack {pack.name} {pack.version}, from {pack.distribution}"
    if session.policy.skip_local_host:
        yield f"note: this machine is not judged, only `hosts`: {session.policy.skip_local_host}"
    elif session.environ.get("KUBERNETES_SERVICE_HOST"):
        yield "note: inside a pod, disk, memory and process judge this pod, and no other host"


def _unread_folders(session: GateSession) -> Iterator[str]:
    """Yield what keeps pytest from reading gates: folders that are misplaced or misnamed, files of one name."""
    yield from folders.misplaced(session.invocation.repository)
    for place in folders.places(session.invocation.directory):
        for folder in filter(declared.has_marked_gates, folders.similar(place.parent)):
            yield f"{folder.name} is not read: rename it to {GATE_FOLDER}"
    own = [folder for folder in session.gate_folders if folder.is_dir() and not folders.holds(folder / "test_.py")]
    for first, second in folders.of_one_name(dict.fromkeys(folder.resolve() for folder in own)):
        yield f"{first} and {second} would be one module to Python: rename one of them"
