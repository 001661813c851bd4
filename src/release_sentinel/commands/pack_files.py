"""`release-sentinel init pack`: writes a gate pack, a package with one gate, its settings, its tests and a pipeline."""

import re
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from release_sentinel.commands import install
from release_sentinel.commands.install import Source
from release_sentinel.commands.paths import path
from release_sentinel.config.packs import is_free
from release_sentinel.errors import SentinelError
from release_sentinel.lines import visible
from release_sentinel.observe.installed import origin
from release_sentinel.parser import Once, command, print_help
from release_sentinel.sentences import sentence
from release_sentinel.settings import Settings

_TEMPLATES = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    ".gitignore": "gitignore.in",
    "src/<package>/__init__.py": "init.py.in",
    "src/<package>/queue.py": "queue.py.in",
    "src/<package>/gates/test_queue.py": "test_queue.py.in",
    "tests/test_<package>.py": "test_pack.py.in",
}
_PIPELINES = {"github": (".github/workflows/test.yml", "github.yml.in"), "gitlab": (".gitlab-ci.yml", "gitlab.yml.in")}


def main(words: list[str], _settings: Settings) -> int:
    """Write the package, or print its files."""
    parser = command(
        "init pack",
        "Write a gate pack: a package with one gate, its settings, its tests and a pipeline. Other repositories "
        "install it, and ask for its gates in their policies by `packs`.",
    )
    add = parser.add_argument
    add("name", metavar="NAME", help="the pack's name, such as acme: it begins the ids of its gates")
    add("--folder", type=path, action=Once, metavar="PATH", help="where to write it; default: ./NAME-gates")
    add("--ci", choices=tuple(_PIPELINES), default="github", help="the system that runs its tests; default: github")
    add("--install", metavar="SPEC", help=f"where its pipeline installs this program from: {install.FORMS}")
    add("--print", action="store_true", help="print the files instead of writing them")
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known = parser.parse_args(words)
    if not re.fullmatch(r"[a-z]([a-z0-9_]{0,40}[a-z0-9])?", known.name):
        parser.error(f"NAME {known.name!r} is not a name such as acme: lower case, digits and _")
    if not is_free(known.name):
        parser.error(f"NAME {known.name} is a key of the policy: choose another one")
    found = install.of_origin(origin()) if known.install is None else install.parse(known.install)
    source = found if isinstance(found, Source) else Source(missing=found)
    wanted = contents(known.name, known.ci, source)
    if known.print:
        for name, text in wanted.items():
            print(f"# --- {name}\n{text}")
        return 0
    folder: Path = known.folder or Path.cwd() / _distribution(known.name)
    _write(folder, wanted)
    print(f"written: {visible(str(folder))}, {len(wanted)} files")
    if source.missing:
        print(f"install: the pipeline fails, because {source.missing}: see --install")
    print("next, in that folder: git init, and")
    print(f"{visible(sys.executable)} -m pip install -e '.[test]' && {visible(sys.executable)} -m pytest")
    return 0


def contents(name: str, system: str, source: Source) -> dict[str, str]:
    """Return the files of a pack by their path in it."""
    pipeline, template = _PIPELINES[system]
    marks = {"<name>": name, "<package>": f"{name}_gates", "<distribution>": _distribution(name)}
    folder = files("release_sentinel") / "templates" / "pack"

    def filled(text: str) -> str:
        for mark, value in marks.items():
            text = text.replace(mark, value)
        return re.sub(r"<install: (.+?)>", lambda found: source.shell(found[1]), text)

    found = {**_TEMPLATES, pipeline: template}
    return {filled(name): filled((folder / one).read_text(encoding="utf-8")) for name, one in found.items()}


def _distribution(name: str) -> str:
    return f"{name.replace('_', '-')}-gates"


def _write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write every file into a folder that is new or empty."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise SentinelError(f"{folder} is not empty; nothing was written: name another --folder, or --print")
        for name, text in wanted.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SentinelError(f"{folder} cannot be written: {sentence(error)}") from error
