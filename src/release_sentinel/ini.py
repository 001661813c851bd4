"""Where a repository's modules are imported from, by its own pytest settings: its gates need them, too."""

from collections.abc import Iterator
from pathlib import Path
from shlex import split
from typing import Any

from release_sentinel import regular

# Where pytest looks, in its order, and the section of an ini file.
_FILES = {
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "pyproject.toml": "",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}


def python_path(top: Path) -> list[Path]:
    """Return the folders that the repository at `top` names as `pythonpath`; none where it cannot be read."""
    return [top / name for name in next(_named(top), [])]


def _named(top: Path) -> Iterator[list[str]]:
    """Yield the `pythonpath` of each settings file that is about pytest."""
    for name, section in _FILES.items():
        if not (top / name).exists():
            continue
        from iniconfig import ParseError  # noqa: PLC0415 - late: the gate's child starts sooner

        try:
            options: dict[str, Any] = _of_ini(top / name, section) if section else _of_pyproject(top / name)
            named = options.get("pythonpath", [])
            yield split(named) if isinstance(named, str) else [str(folder) for folder in named]
        except (ParseError, OSError, ValueError, LookupError, TypeError, AttributeError):
            continue


def _of_ini(path: Path, section: str) -> dict[str, str]:
    from iniconfig import IniConfig  # noqa: PLC0415 - as above

    return dict(IniConfig(path, regular.read_text(path, regular.MIB))[section].items())


def _of_pyproject(path: Path) -> dict[str, Any]:
    from release_sentinel import strict_toml  # noqa: PLC0415 - as above

    return dict(strict_toml.loads(regular.read_text(path, regular.MIB))["tool"]["pytest"]["ini_options"])
