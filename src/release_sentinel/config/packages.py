"""A file of an installed package, found by what its installer recorded: nothing of the package is imported.

Only the folders where this Python installs packages are looked at, never the working directory or PYTHONPATH, and the
file has to be as it was installed: no folder of a repository can stand in for a package.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import release_sentinel_guard
from release_sentinel import regular
from release_sentinel.lines import split

_NAMED = re.compile(r"([A-Za-z_]\w+(?:\.\w+)*):([^\s:/\\][^:\\]*)", re.ASCII)  # two letters: `C:` is a drive
_MOST = 16 * regular.MIB  # bytes of a RECORD


class PackageError(ValueError):
    """There is no such file, or it differs from what was installed; the message says what to do."""


def named(text: str) -> tuple[str, str] | None:
    """Return the package and the file that `package:file` names; None for anything else."""
    match = _NAMED.fullmatch(text)
    return (match[1], match[2]) if match else None


def find(package: str, file: str) -> Path:
    """Return the file of a package, `acme.gates` and `policies/all.toml`; raises `PackageError`."""
    folder = package.replace(".", "/")
    wanted = f"{folder}/{file}"
    if not all(part.strip(". ") for part in wanted.split("/")):
        raise PackageError(f"{file} is not the path of a file in the package")
    rows = list(_rows(f"{folder}/"))
    owners = [(record, digest) for record, name, digest in rows if name == wanted]
    install = f"pip install {package.partition('.')[0].replace('_', '-')}"
    if not owners and rows:
        raise PackageError(f"the installed package {package} has no file {file}: install the version that has it")
    if not owners:
        raise PackageError(
            f"there is no installed package {package}: {install} (a folder of the repository, and an editable "
            "installation, do not count)"
        )
    if len(owners) > 1:
        both = " and ".join(str(record.parent) for record, _ in owners)
        raise PackageError(f"{wanted} is a file of {both}: uninstall all but one of them")
    record, digest = owners[0]
    path = record.parent.parent / wanted
    if _digest(regular.read(path, regular.MIB)) != digest:
        raise PackageError(f"{path} differs from what was installed: {install} --force-reinstall")
    return path


def _rows(start: str) -> Iterator[tuple[Path, str, str]]:
    """Yield each installed file whose name begins with `start`: the RECORD that lists it, its name, its digest."""
    import csv  # noqa: PLC0415 - late: few policies have bases

    for record in (record for folder in folders() for record in sorted(folder.glob("*.dist-info/RECORD"))):
        text = regular.read_text(record, _MOST, errors="replace")
        for name, *rest in filter(None, csv.reader(split(text))) if start in text else ():
            if name.startswith(start):
                yield record, name, rest[0] if rest else ""


def folders() -> list[Path]:
    """Return where this Python installs packages."""
    return [Path(folder) for folder in release_sentinel_guard.site_folders()]


def _digest(content: bytes) -> str:
    """Return a digest as RECORD has it."""
    return f"sha256={urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()}"
