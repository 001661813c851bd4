"""What the environment holds for the names that a release requires."""

import os
from collections.abc import Iterable, Mapping

from release_sentinel.redaction import Secret


def settings(names: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """Return the value of each of `names`; None where there is none."""
    environ = os.environ if environ is None else environ
    return {name: environ.get(name) for name in names}


def secrets(names: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, Secret | None]:
    """Return the value of each of `names`, wrapped so that nothing shows it; None where there is none."""
    return {name: None if value is None else Secret(value) for name, value in settings(names, environ).items()}
