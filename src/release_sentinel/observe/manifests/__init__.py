"""The version in a project's own files.

A file that is there and cannot be read or understood is `Unseen`; none is skipped for that. Nothing of a project is
run or imported to find its version.
"""

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import ask
from release_sentinel.observe.manifests import cargo, dotnet, formats, gradle, maven, npm, others, python
from release_sentinel.observe.manifests.files import MOST_FILES, AbsentError, Spelling, Tool, Tree, UnclearError, Value

__all__ = ["Found", "FromTags", "Manifest", "Spelling", "find", "is_manifest", "read"]


class Manifest(Struct, frozen=True):
    """One place that holds the version: a file at the repository's top or below, and a key in it."""

    name: str  # as the policy names it: `package.json`, `app.yaml#release.version`
    version: str
    spelling: Spelling = Spelling.EXACT
    file: str = ""  # that has the version, if the named one refers to it

    def __str__(self) -> str:
        return f"{self.name} (by {self.file})" if self.file else self.name


class FromTags(Struct, frozen=True):
    """A manifest that leaves the version to Git's tags, by a tool."""

    name: str
    tool: str


Found = Manifest | FromTags | Unseen
_Reader = Callable[[Tree, str], Iterable[Value | Tool]]


class _Kind(Struct, frozen=True):
    pattern: str  # of the file's name
    read: _Reader
    spelling: Spelling = Spelling.EXACT
    key: str = ""  # that names the usual place, too


def _by_usual_key(tree: Tree, path: str) -> list[Value]:
    return [Value(formats.by_key(tree, path, Path(path).name, ""))]


# The files that are looked for if the policy names none, in this order.
_KINDS = (
    _Kind("pyproject.toml", python.pyproject, Spelling.PYTHON),
    _Kind("setup.cfg", python.setup_cfg, Spelling.PYTHON, "metadata.version"),
    _Kind("setup.py", python.setup_py, Spelling.PYTHON),
    _Kind("package.json", npm.package),
    _Kind("Cargo.toml", cargo.cargo),
    _Kind("Chart.yaml", _by_usual_key),
    _Kind("composer.json", others.composer),
    _Kind("pom.xml", maven.pom, key="version"),
    _Kind("gradle.properties", _by_usual_key),
    _Kind("build.gradle", gradle.build),
    _Kind("build.gradle.kts", gradle.build),
    _Kind("Directory.Build.props", dotnet.project),
    *(_Kind(pattern, dotnet.project) for pattern in ("*.csproj", "*.fsproj", "*.vbproj")),
    _Kind("mix.exs", others.mix),
    _Kind("pubspec.yaml", _by_usual_key, Spelling.DART),
    _Kind("*.gemspec", others.gemspec, Spelling.RUBY),
    _Kind("*.podspec", others.gemspec),
    _Kind("VERSION", _by_usual_key),
    _Kind("version.txt", _by_usual_key),
)
# Those that a tool writes, and in which the project has an entry of its own; looked for where Git tracks them.
_LOCKS = (
    _Kind("package-lock.json", npm.lock),
    _Kind("npm-shrinkwrap.json", npm.lock),
    _Kind("Cargo.lock", cargo.lock),
    _Kind("uv.lock", python.uv_lock, Spelling.PYTHON),
)
_OTHER = (_Kind("*.py", _by_usual_key, Spelling.PYTHON), _Kind("*", _by_usual_key))


def find(top: Path) -> list[Found]:
    """Return what the well-known manifests at `top` say; those that are understood and have no version are left out."""
    tree = Tree(top)
    found: list[Found] = []
    there = sorted(path.name for path in top.iterdir() if not path.is_dir())
    locks = [name for name in there if any(name == kind.pattern for kind in _LOCKS)]
    tracked = ask(top, "-c", "core.fsmonitor=false", "ls-files", "-z", "--", *locks) if locks else ""
    if isinstance(tracked, str):
        there = [name for name in there if name not in locks or name in tracked.split("\0")]
    for kind in (*_KINDS, *_LOCKS):
        for name in (name for name in there if fnmatchcase(name, kind.pattern)):
            said = _look(tree, name)
            # Setuptools takes a version from pyproject.toml or setup.cfg first: what setup.py computes does not count.
            settled = name == "setup.py" and any(one.name in {"pyproject.toml", "setup.cfg"} for one in _seen(found))
            if not isinstance(said, AbsentError) and not (settled and isinstance(said, UnclearError)):
                found += (one for one in _as_found(said) if one not in found)
    return found


def is_manifest(name: str) -> bool:
    """Return whether a file of this name is one that is looked for."""
    return any(fnmatchcase(name, kind.pattern) for kind in _KINDS)


def _seen(found: Iterable[Found]) -> Iterator[Manifest | FromTags]:
    yield from (one for one in found if not isinstance(one, Unseen))


def read(top: Path, name: str) -> list[Found]:
    """Return what `name` says: `PATH`, `PATH#DOTTED.KEY` or `PATH#PATTERN`, below `top`.

    A pattern has one group, which is the version; it may match at several places. A path may be a glob of tracked
    files, of which those without a version are left out.
    """
    path, mark, key = name.partition("#")
    tree = Tree(top)
    if not set("*?[") & set(path) or tree.has(path):
        return _as_found(_look(tree, name))
    paths = _glob(top, path)
    if isinstance(paths, Unseen):
        return [paths]
    said = [_look(tree, f"{one}{mark}{key}") for one in paths]
    found = [one for each in said if not isinstance(each, AbsentError) for one in _as_found(each)]
    return found or [Unseen(f"no file that {path} names has a version", "correct the glob in version.files")]


def _glob(top: Path, path: str) -> list[str] | Unseen:
    answer = ask(top, "-c", "core.fsmonitor=false", "ls-files", "-z", "--", f":(top,glob){path}")
    if isinstance(answer, Unseen):
        return answer
    paths = [one for one in answer.split("\0") if one]
    if not 0 < len(paths) <= MOST_FILES:
        many = f"{len(paths)} tracked files match {path}, expected at most {MOST_FILES}"
        return Unseen(many if paths else f"no tracked file matches {path}", "correct the glob in version.files")
    return paths


def _look(tree: Tree, name: str) -> list[Manifest | FromTags] | UnclearError:
    path, _, key = name.partition("#")
    file = Path(path).name
    kind = next(kind for kind in (*_KINDS, *_LOCKS, *_OTHER) if fnmatchcase(file, kind.pattern))
    try:
        if "(" in key:
            said: Iterable[Value | Tool] = [Value(text) for text in formats.by_pattern(tree, path, key)]
        elif file == "Cargo.toml" and key == "package.version":
            said = [cargo.package(tree, path)]
        elif key and key != kind.key:
            said = [Value(formats.by_key(tree, path, file, key))]
        else:
            said = kind.read(tree, path)
        return [_named(one, name, kind.spelling) for one in said]
    except UnclearError as error:
        return error
    except RecursionError:
        return UnclearError(f"{path} cannot be parsed: it is nested too deep")


def _named(said: Value | Tool, name: str, spelling: Spelling) -> Manifest | FromTags:
    if isinstance(said, Tool):
        return FromTags(name, said.name)
    shown = f"{name}#{said.key}" if said.key else name
    file = "" if said.file == name.partition("#")[0] else said.file
    return Manifest(shown, said.text.strip(), spelling, file)


def _as_found(said: list[Manifest | FromTags] | UnclearError) -> list[Found]:
    return [Unseen(said.why, said.remedy)] if isinstance(said, UnclearError) else [*said]
