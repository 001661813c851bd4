"""What a repository's own pytest settings say that its gates need, too: where its modules are imported from."""

import tomllib
from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path
from shlex import split

# Where pytest looks, in its order, and the section of an ini file.
_FILES = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}


def python_path(top: Path) -> list[Path]:
    """Return the folders that the repository at `top` names as `pythonpath`; none where it cannot be read."""
    return [top / name for name in next(_named(top), [])]


def _named(top: Path) -> Iterator[list[str]]:
    """Yield what each of the repository's files of settings says, of those that speak of pytest."""
    for name, section in _FILES.items():
        if name == "tox.ini":
            yield from _of_pyproject(top / "pyproject.toml")
        parser = ConfigParser(interpolation=None)
        try:
            parser.read(top / name, encoding="utf-8")
            if parser.has_section(section):
                yield split(parser.get(section, "pythonpath", fallback=""))
        except (Error, OSError, ValueError):
            continue


def _of_pyproject(path: Path) -> Iterator[list[str]]:
    try:
        options = tomllib.loads(path.read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
        named = options.get("pythonpath", [])
        yield split(named) if isinstance(named, str) else [str(name) for name in named]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return
