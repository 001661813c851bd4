"""What the environment, or a file that it names, holds for the names that a release requires."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from release_sentinel.config.variables import look_up
from release_sentinel.redaction import Secret


class Mounted(Struct, frozen=True):
    """A name whose value is, or should be, in a file. `problem` says why it cannot be used; blank: it can."""

    file: str
    problem: str = ""
    exposed: bool = False  # any user of this machine may read the file


def settings(
    names: Iterable[str], environ: Mapping[str, str] | None = None, *, instead: Mapping[str, str] | None = None
) -> dict[str, str | None]:
    """Return the value of each of `names`; without one, what `instead` has, or None."""
    found = {name: look_up(name, environ).text for name in names}
    return {name: (instead or {}).get(name) if text is None else text for name, text in found.items()}


def secrets(names: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, Secret | None]:
    """Return the value of each of `names`, wrapped so that nothing shows it; None without a value."""
    return {name: None if value is None else Secret(value) for name, value in settings(names, environ).items()}


def mounted(names: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, Mounted]:
    """Return those of `names` whose value comes from a file, or cannot be used."""
    found = {name: look_up(name, environ) for name in names}
    return {
        name: Mounted(value.file, value.problem, value.exposed)
        for name, value in found.items()
        if value.file or value.problem
    }
