"""The policy files below the repository's own: those that `extends` names, and RS_POLICY_BASE below all of them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from posixpath import normpath

from msgspec import Struct

from release_sentinel.config import file as policy_file
from release_sentinel.config import packages
from release_sentinel.config.file import Source
from release_sentinel.config.read import seen
from release_sentinel.config.variables import BASE, look_up, misspelt_base
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.sentences import sentence

DEEPEST = 8  # files, each of which extends the next
MOST = 32  # files of one policy


class _Reference(Struct, frozen=True):
    """Where a base is named: the place for messages, and the file that names it."""

    place: str
    by: Source | None = None


class _Bases:
    """Finds the bases of some files, each once, those below first."""

    def __init__(self, repository: Path | None) -> None:
        self._repository = repository
        self.found: list[Source] = []
        self.problems: list[str] = []
        self.texts: list[str] = []  # of files that cannot be read as policies
        self._known: dict[str, Source] = {}

    def add_below(self, source: Source, chain: tuple[Source, ...] = ()) -> None:
        """Add the bases that a file names, and theirs."""
        chain = (*chain, source)
        for number, text in enumerate(source.extends):
            self.add(
                text, _Reference(f"{source.where(('extends', number))}: extends names {seen(text)}", source), chain
            )

    def add(self, text: str, reference: _Reference, chain: tuple[Source, ...] = ()) -> None:
        """Add the base of this name, and those below it."""
        try:
            path, name = self._place(text, reference)
            key = os.path.realpath(path)
            circle = [source.name for source in chain if source.key == key]
            if circle:
                names = " -> ".join([*(source.name for source in chain), circle[0]])
                raise packages.PackageError(
                    f"the files extend one another in a circle, {names}: remove one of the names"
                )
            if key in self._known:
                return
            if len(chain) > DEEPEST or len(self._known) >= MOST:
                raise packages.PackageError(
                    f"one too many, expected at most {DEEPEST} files above one another, and {MOST} in all"
                )
            source = policy_file.read(path, name)
        except InvalidPolicyError as error:
            self.problems += [f"{reference.place}: {problem}" for problem in error.problems]
            self.texts.append(error.text)
        except (OSError, ValueError) as error:
            self.problems.append(f"{reference.place}: {sentence(error)}")
        else:
            self._known[key] = source
            self.add_below(source, chain)
            self.found.append(source)

    def _place(self, text: str, reference: _Reference) -> tuple[Path, str]:
        """Return the path of a base and its name in messages."""
        inside = packages.named(text)
        if reference.by and reference.by.package and not inside:
            package, _, beside = reference.by.name.partition(":")
            inside = package, normpath(f"{os.path.dirname(beside)}/{text}".lstrip("/"))  # noqa: PTH120 - of any system
        if inside:
            return packages.find(*inside), ":".join(inside)
        folder = reference.by.path.parent if reference.by and reference.by.path else Path()
        path = folder / text
        top = self._repository
        is_inside = top is not None and Path(os.path.normpath(path)).is_relative_to(top)
        return path, os.path.relpath(path, top) if is_inside else os.path.normpath(path)


def below(*sources: Source, environ: Mapping[str, str], repository: Path | None = None) -> list[Source]:
    """Return the bases of the policy files `sources`, deepest first; RS_POLICY_BASE is below all of them.

    Raises `InvalidPolicyError` where one is missing, cannot be read, or extends itself.
    """
    bases = _Bases(repository)
    bases.problems += misspelt_base(environ)
    _add_variable(bases, environ, repository)
    for source in sources:
        bases.add_below(source)
    if bases.problems:
        texts = [*bases.texts, *(source.text for source in (*bases.found, *sources))]
        raise InvalidPolicyError(bases.problems, "\n".join(texts))
    return bases.found


def missing_base(demanded: Sequence[tuple[str, str]], files: Sequence[str]) -> str:
    """Return the name of the first of some bases that a run was not judged by, below all else; blank if there is none.

    `demanded` are names and digests, `files` the digests of the policy files of the run, in the order of the layers.
    The order counts: a base that stands above another file is bound by the locks of that file.
    """
    there = [*files[: len(demanded)], *[""] * len(demanded)]
    return next((name for (name, sha256), file in zip(demanded, there, strict=False) if file != sha256), "")


def left_out(environ: Mapping[str, str], repository: Path, files: Sequence[str]) -> str:
    """Return why a run by these policy files, by their digests, is not one that RS_POLICY_BASE allows; or a blank."""
    try:
        found = below(environ=environ, repository=repository)
    except InvalidPolicyError as error:
        return str(error)
    lost = missing_base([(base.name, base.sha256) for base in found], files)
    return f"the gate run was not judged by {lost}, which {BASE} names" if lost else ""


def _add_variable(bases: _Bases, environ: Mapping[str, str], repository: Path | None) -> None:
    """Add the base that RS_POLICY_BASE names. Who can change the repository must not be able to change it."""
    value = look_up(BASE, environ)
    text = (value.text or "").strip()
    is_file = packages.named(text) is None
    if value.problem:
        bases.problems.append(value.problem)
    elif not text:
        if value.text is not None:
            bases.problems.append(f"{BASE} is blank, expected package:file or an absolute path, or no such variable")
    elif is_file and not Path(text).is_absolute():
        bases.problems.append(f"{BASE} is {seen(text)}, expected package:file or an absolute path")
    elif is_file and repository and _is_inside(text, repository):
        bases.problems.append(f"{BASE} is {text}, a file of the repository, which could change it: move it elsewhere")
    else:
        bases.add(text, _Reference(f"{BASE} is {text}"))


def _is_inside(text: str, repository: Path) -> bool:
    top = repository.resolve()
    return any(Path(path).is_relative_to(top) for path in (os.path.normpath(text), os.path.realpath(text)))
