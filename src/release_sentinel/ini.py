"""What a repository's gates need of its own pytest settings: where modules are, and how coroutines are run."""

from collections.abc import Iterator, Mapping
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


# How coroutines are run: gates that are coroutines cannot run without it.
_KEPT = ("asyncio_mode", "asyncio_default_fixture_loop_scope", "asyncio_default_test_loop_scope", "anyio_mode")


def python_path(options: Mapping[str, Any], top: Path) -> list[Path]:
    """Return the folders that the settings of the repository at `top` name as `pythonpath`."""
    named = options.get("pythonpath", [])
    try:
        return [top / name for name in (split(named) if isinstance(named, str) else map(str, named))]
    except (ValueError, TypeError):
        return []


def kept(options: Mapping[str, Any]) -> list[str]:
    """Return those settings of pytest's plugins that gates need, as `NAME=VALUE`."""
    return [f"{name}={value}" for name in _KEPT if isinstance(value := options.get(name), str)]


def options(top: Path) -> dict[str, Any]:
    """Return what the repository's own settings of pytest say; nothing where they cannot be read."""
    return next(_options(top), {})


def _options(top: Path) -> Iterator[dict[str, Any]]:
    """Yield the settings of each file that is about pytest."""
    for name, section in _FILES.items():
        if not (top / name).exists():
            continue
        from iniconfig import ParseError  # noqa: PLC0415 - late: the gate's child starts sooner

        try:
            yield _of_ini(top / name, section) if section else _of_pyproject(top / name)
        except (ParseError, OSError, ValueError, LookupError, TypeError, AttributeError):
            continue


def _of_ini(path: Path, section: str) -> dict[str, str]:
    from iniconfig import IniConfig  # noqa: PLC0415 - as above

    return dict(IniConfig(path, regular.read_text(path, regular.MIB))[section].items())


def _of_pyproject(path: Path) -> dict[str, Any]:
    from release_sentinel import strict_toml  # noqa: PLC0415 - as above

    return dict(strict_toml.loads(regular.read_text(path, regular.MIB))["tool"]["pytest"]["ini_options"])
