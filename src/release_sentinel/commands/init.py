"""`release-sentinel init`: writes the files that a repository needs, and replaces none without --force."""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.commands import hook_file, install, pack_files, starter
from release_sentinel.commands.install import Source
from release_sentinel.commands.paths import add_repository, filled, repository
from release_sentinel.commands.starter import KINDS, Start, Wishes
from release_sentinel.config.file import has_policy
from release_sentinel.config.model import Policy
from release_sentinel.config.unread import OWN, SHARED
from release_sentinel.deliver.kubernetes import chart
from release_sentinel.deliver.kubernetes.manifest import JobSpec, manifest
from release_sentinel.deliver.kubernetes.yaml import dump
from release_sentinel.errors import SentinelError
from release_sentinel.lines import visible
from release_sentinel.observe.git.process import GitOutput, run
from release_sentinel.observe.installed import origin
from release_sentinel.parser import Parser
from release_sentinel.sentences import sentence
from release_sentinel.settings import Settings

_ALWAYS = {f"{GATE_FOLDER}/test_example.py": "test_example.py.in"}
_FOLDER = "deploy/release-gate"
_IMAGE = {f"{_FOLDER}/Containerfile": "Containerfile"}
_TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "github": {".github/workflows/release-gate.yml": "github.yml"},
    "gitlab": {".gitlab-ci.yml": "gitlab.yml"},
    "jenkins": {"Jenkinsfile": "Jenkinsfile"},
    "azure": {"azure-pipelines.yml": "azure-pipelines.yml"},
    "kubernetes": _IMAGE,
    "argocd": _IMAGE,
    "helm": {**_IMAGE, **{f"{chart.FOLDER}/{name}": name for name in (chart.CHART, chart.VALUES)}},
}
SYSTEMS = tuple(_TEMPLATES)
SUBCOMMANDS = {"hook": hook_file.main, "pack": pack_files.main}
_EXAMPLE = JobSpec(
    "prod",
    "v1.0.0",
    "registry.example.com/release-gate:1",
    secrets=("release-gate",),
    repository="https://git.example.com/shop.git",
    ref="v1.0.0",
)
_JOB_HEAD = """\
# An example. A Job is about one release: print each one's own by
# {command} --repository URL --ref {version}
# and `kubectl apply` it; `release-sentinel kubernetes wait JOB` then exits with the gate's code.
"""
_ARGOCD_HEAD = """\
# Argo CD runs this Job before each sync, and syncs only if it completes. Name your image, repository, version and
# Secret here, or print it by {command} --argocd
"""


def _headed(head: str, job: JobSpec) -> str:
    """Return the manifest of a Job below the command that prints one."""
    options = shlex.join(("--env", job.env, "--version", job.version, *job.arguments))
    command = f"release-sentinel kubernetes job {options} --image IMAGE --secret release-gate"
    return head.format(command=command, version=job.version) + dump(manifest(job))


# Each of a system whose pipeline is a Job: the file, and its text for a Job as the example is.
_MANIFESTS: Mapping[str, tuple[str, Callable[[JobSpec], str]]] = {
    "kubernetes": (f"{_FOLDER}/job.yaml", lambda job: _headed(_JOB_HEAD, job)),
    "argocd": (f"{_FOLDER}/presync.yaml", lambda job: _headed(_ARGOCD_HEAD, replace(job, hook="argocd"))),
    "helm": (f"{chart.FOLDER}/{chart.TEMPLATE}", lambda job: chart.template(job.arguments)),
}
_BY_COMPONENT = ("release-gate.yml", "job.yaml", "presync.yaml")
_NO_SOURCE = Source(missing="no source is named")


def main(words: list[str], _settings: Settings) -> int:
    """Write the files, or print them."""
    if words[:1] and words[0] in SUBCOMMANDS:
        return SUBCOMMANDS[words[0]](words[1:], _settings)
    known = _parsed(words)
    top = repository(known)
    on_terminal = not known.print and sys.stdin.isatty() and sys.stdout.isatty()
    wishes = Wishes(
        known.kind or "", known.component, known.process, known.api, tuple(known.secret), _words(known.hosts)
    )
    if on_terminal and not _kept(top, known.system, wishes):
        wishes = _asked_wishes(top, wishes)
    kept = _kept(top, known.system, wishes)
    start = starter.start(top, wishes, kept)
    source = _source(known.install, known.vendor, ask=on_terminal) if known.system else None
    wanted: dict[str, str | bytes] = {**contents(known.system, source or _NO_SOURCE, start)}
    for name in _not_wanted(top, start, is_kept=kept is not None, force=known.force):
        del wanted[name]
    advice = chart.fit(top, known.chart, wanted, spare=not known.print) if known.system == "helm" else []
    if source and source.wheel:
        wanted[source.path] = source.wheel.content
    if known.print:
        for name, text in wanted.items():
            shown = f"# ({len(text)} bytes)\n" if isinstance(text, bytes) or name == starter.SCHEMA else text
            print(f"# --- {name}\n{shown}")
        return 0
    if start.file in wanted and start.file == OWN and not os.path.lexists(top / OWN) and has_policy(top):
        raise SentinelError(f"{SHARED} has a policy already, and two would stop every run; --print shows this one")
    _write(top, wanted, force=known.force)
    for line in (*(f"written: {top / name}" for name in wanted), *advice):
        print(visible(line))
    if source is not None:
        _report(source, top)
    _report_policy(start, wishes, is_kept=kept is not None)
    return 0


def _report_policy(start: Start, wishes: Wishes, *, is_kept: bool) -> None:
    """Say which policy there is, and what follows."""
    how = "" if wishes.kind or wishes.component else ", as it looks; --kind names another"
    what = "kept as it is; only the pipeline was written" if is_kept else f"of the kind {start.kind}{how}"
    for note in (what, *start.notes):
        print(f"policy: {visible(note)}")
    print(f"next: read them, commit, push, and run: {start.command}")


def _kept(top: Path, system: str | None, wishes: Wishes) -> Policy | None:
    """Return the policy that exists, if only a pipeline is wanted; None if a policy has to be written."""
    return starter.existing(top, wishes.component) if system and not wishes.tell_of_policy else None


def _not_wanted(top: Path, start: Start, *, is_kept: bool, force: bool) -> tuple[str, ...]:
    """Return the files beside the pipeline that stay as they are: of a kept policy all, else the gates that exist."""
    if is_kept:
        return (*_ALWAYS, start.file, starter.SCHEMA)
    return tuple(_ALWAYS) if (top / GATE_FOLDER).is_dir() and not force else ()


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="release-sentinel init",
        description="Write what a repository needs: a policy file, a gate of its own, and a pipeline for one system. "
        "On a terminal it asks what no option says. `release-sentinel init hook` writes a Git hook instead, `init pack "
        "NAME` a package with gates for many repositories.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("system", nargs="?", choices=SYSTEMS, metavar="CI", help=f"one of {', '.join(SYSTEMS)}; default: no pipeline")
    add_repository(parser)
    add("--kind", choices=KINDS, metavar="KIND", help=f"what is released: {', '.join(KINDS)}; default: as it looks")
    add(
        "--component",
        type=filled,
        metavar="PATH",
        help="the folder of a monorepo's component, whose policy is written",
    )
    add(
        "--hosts",
        type=filled,
        metavar="NAMES",
        help="the machines that take the release, by ssh, such as web1,web2",
    )
    add(
        "--process",
        type=filled,
        metavar="NAME",
        help="a process that has to run: on these hosts, else on this machine",
    )
    add("--api", type=filled, metavar="URL", help="a service that has to answer")
    add(
        "--secret",
        action="append",
        default=[],
        type=filled,
        metavar="NAME",
        help="a variable with a secret that a release needs",
    )
    _add_pipeline(parser)
    add(
        "--force",
        action="store_true",
        help="replace files that exist; without it nothing is written if one does; a policy stays if a CI is named",
    )
    add("--print", action="store_true", help="print the files instead of writing them")
    return _checked(parser, parser.parse_args(words))


def _add_pipeline(parser: Parser) -> None:
    add = parser.add_argument
    add(
        "--install",
        metavar="SPEC",
        help=f"where the pipeline installs this program from: {install.FORMS}; a branch or tag is pinned to its "
        "commit; default: where this program was installed from",
    )
    add(
        "--vendor",
        nargs="?",
        const="",
        metavar="WHEEL",
        help="put a wheel into the repository, with its SHA-256 in the pipeline; default: that of this installation",
    )
    add(
        "--chart",
        metavar="PATH",
        help="with `helm`: the folder of the chart in the repository; default: the one that has a Chart.yaml, or chart",
    )


def _checked(parser: Parser, known: argparse.Namespace) -> argparse.Namespace:
    """Return the options; a usage error where they do not fit each other."""
    for name in ("component", "hosts", "process", "api"):
        setattr(known, name, getattr(known, name) or "")  # argparse would put a blank default through `filled`
    if known.system is None and known.vendor in SYSTEMS:  # `init --vendor github`
        known.system, known.vendor = known.vendor, ""
    if "://" in (known.vendor or ""):
        parser.error("--vendor takes the path of a wheel; --install takes a URL")
    if known.install is not None and known.vendor is not None:
        parser.error("--install and --vendor exclude each other")
    if known.system is None and (known.install, known.vendor) != (None, None):
        parser.error("--install and --vendor are about a pipeline: name its system")
    if known.component and known.kind not in {None, "monorepo"}:
        parser.error(f"--component is for --kind monorepo, not for {known.kind}")
    if refused := _refused(known.api):
        parser.error(f"--api {refused}")
    if known.chart is not None and known.system != "helm":
        parser.error("--chart is for `init helm`")
    return known


def contents(system: str | None, source: Source = _NO_SOURCE, start: Start = starter.EXAMPLE) -> dict[str, str]:
    """Return the files for one system by their path in the repository; None: those that each repository needs."""
    folder = files("release_sentinel") / "templates"
    named = {**_ALWAYS, **(_TEMPLATES[system] if system else {})}
    found = {start.file: start.text, starter.SCHEMA: starter.schema_text()}
    for name, template in named.items():
        text = (folder / template).read_text(encoding="utf-8")
        found[_own(name, start)] = _filled(text, source, start)
    if system and system in _MANIFESTS:
        name, text_for = _MANIFESTS[system]
        version = f"{start.prefix}{_EXAMPLE.version.removeprefix('v')}"
        policy = ("--gate-policy", start.file) if start.component else ()
        found[_own(name, start)] = text_for(replace(_EXAMPLE, version=version, ref=version, arguments=policy))
    return found


def _own(name: str, start: Start) -> str:
    """Return where a file is written: a workflow or a Job for each component; elsewhere one file is for all."""
    path = Path(name)
    if not start.component or path.name not in _BY_COMPONENT:
        return name
    return path.with_stem(f"{path.stem}-{Path(start.component).name}").as_posix()


def _filled(template: str, source: Source, start: Start) -> str:
    """Return a template with what it leaves open filled in.

    `<install: PIP>` becomes the command that installs this program, and `<install: PIP in FOLDER>` that for a wheel in
    a folder of an image. A line `<if git: TEXT>`, `<if wheel: TEXT>`, `<if secrets: TEXT>` or `<if forge: TEXT>` stays
    where pip needs Git, where `<wheel>` is a path, where the release needs secrets, and where gates ask the forge.
    A line `<secret: TEXT>` is repeated for each, with `NAME` and `ID` for its name.
    """
    holds = {
        "git": source.needs_git,
        "wheel": bool(source.wheel),
        "secrets": bool(start.secrets),
        "forge": start.asks_forge,
    }
    text = re.sub(r"(?m)^<if (\w+): (.*)>\n", lambda line: f"{line[2]}\n" if holds[line[1]] else "", template)
    text = re.sub(r"(?m)^<secret: (.*)>\n", lambda line: _for_each(line[1], start.secrets), text)
    for mark, value in {
        "<wheel>": source.path,
        "<secrets>": ", ".join(start.secrets),
        "<prefix>": start.prefix,
        "<tags>": start.tags,
        "<tag rule>": f" =~ /^{start.prefix.replace('/', chr(92) + '/')}/" if start.is_named else "",
        "<options>": start.options,
    }.items():
        text = text.replace(mark, value)
    return re.sub(r"<install: (.+?)(?: in (\S+))?>", lambda found: source.shell(found[1], found[2] or ""), text)


def _for_each(line: str, names: tuple[str, ...]) -> str:
    return "".join(re.sub(r"\bNAME\b", name, re.sub(r"\bID\b", credential_id(name), line)) + "\n" for name in names)


def credential_id(name: str) -> str:
    """Return what a secret is called where names are in lower case: `rs-deploy-token`."""
    return name.lower().replace("_", "-")


def _asked_wishes(top: Path, wishes: Wishes) -> Wishes:
    """Ask for what no option says; a blank answer takes the value in brackets."""
    kind = "monorepo" if wishes.component else wishes.kind
    likely = "" if kind else starter.guess(top)
    if likely:
        print(f"What is released here? One of {', '.join(KINDS)}.")
    while kind not in KINDS:
        kind = _answer(f"kind [{likely}]: ") or likely
    component, process, api, secrets = wishes.component, wishes.process, wishes.api, wishes.secrets
    hosts = wishes.hosts
    if kind == "monorepo" and not component:
        there = starter.components(top)
        print(f"Which component? There are {', '.join(there[:20])}." if there else "Which component?")
        component = _answer(f"folder{f' [{there[0]}]' if there else ''}: ") or next(iter(there), "")
    if kind in {"service", "monorepo"} and not (process or api):
        hosts = hosts or _words(_answer("hosts that take the release, by ssh (blank: the machine that judges): "))
        where = "these hosts" if hosts else "the machine that judges"
        process = _answer(f"a process that has to run on {where} (blank: none): ")
        while refused := _refused(api := _answer("a URL that has to answer (blank: none): ")):
            print(f"that {refused}")
    if likely and not secrets:
        secrets = _words(_answer("names of variables with secrets that the release needs (blank: none): "))
    return Wishes(kind, component, process, api, secrets, hosts)


def _words(names: str) -> tuple[str, ...]:
    """Return names that commas or blanks separate."""
    return tuple(filter(None, re.split(r"[ ,]+", names)))


def _refused(api: str) -> str:
    """Return why a URL cannot be written into a policy; a blank if it can, or if it is blank."""
    if install.has_credential(api):
        return "has a credential in it, which would be in the repository"
    return "" if not api or re.match(r"https?://[^/?#]", api) else "is not a URL such as https://api.example.com/health"


def _source(spec: str | None, vendor: str | None, *, ask: bool) -> Source:
    """Return where the pipeline installs this program from: as asked, as recorded, or as a terminal answers."""
    if vendor is not None:
        return install.vendored(vendor)
    if spec is not None:
        return install.parse(spec)
    known = install.of_origin(origin())
    if isinstance(known, Source):
        return known
    asked = _asked(known) if ask else None
    return asked or Source(missing=known)


def _asked(why: str) -> Source | None:
    """Ask where pipelines install this program from, until an answer can be used; a blank one names no source."""
    print(f"Where does the pipeline install release-sentinel from? {why[:1].upper()}{why[1:]}.")
    print(f"Answer {install.FORMS}, or `vendor`: the wheel of this installation goes into the repository.")
    while answer := _answer("install from (blank: later): "):
        try:
            return install.vendored("") if answer == "vendor" else install.parse(answer)
        except SentinelError as error:
            print(visible(str(error)))
    return None


def _answer(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""
    except KeyboardInterrupt:
        print("\nnothing was written")
        raise SystemExit(130) from None


def _report(source: Source, top: Path) -> None:
    """Say where the pipeline installs this program from."""
    if source.missing:
        print(f"install: the pipeline fails, because {source.missing}")
        print("    -> run this again with --force and --install SPEC, or with --vendor; --help names the forms of SPEC")
        return
    print(f"install: {source}" + (f" ({source.note})" if source.note else ""))
    seen = run(top, "check-ignore", "--quiet", "--", source.path) if source.wheel else None
    if isinstance(seen, GitOutput) and not seen.code:
        print(f"install: Git ignores {source.path}: commit it by git add --force {source.path}")


def _write(top: Path, wanted: Mapping[str, str | bytes], *, force: bool) -> None:
    """Write every file, or none if one of them exists with another content."""
    there = [name for name, text in wanted.items() if os.path.lexists(top / name) and not _says(top / name, text)]
    there = [name for name in there if name != starter.SCHEMA]  # which is never edited, only of an older version
    if there and not force:
        raise SentinelError(
            f"in {top} there is already {', '.join(there)}; nothing was written: --force replaces, --print shows"
        )
    for name, text in wanted.items():
        try:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(text.encode() if isinstance(text, str) else text)
        except OSError as error:
            raise SentinelError(f"{top / name} cannot be written: {sentence(error)}") from error


def _says(path: Path, text: str | bytes) -> bool:
    try:
        return path.read_bytes() == (text.encode() if isinstance(text, str) else text)
    except OSError:
        return False
