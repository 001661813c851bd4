"""Makes gate packs for tests, as an installer leaves them: files, metadata, and a RECORD of both."""

import csv
import io
import sys
import textwrap
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.config import packages

EXAMPLE = Path(__file__).parent / "acme" / "src"


def example(name: str = "acme") -> dict[str, str]:
    """Return the files of the example pack, by their names in a wheel, of a pack that has another name."""
    files = {path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("*.py")}
    return {file.replace("acme", name): files[file].replace("acme", name) for file in sorted(files)}


def install(
    site: Path,
    files: Mapping[str, str | None] = {},
    *,
    pack: str = "acme",
    name: str = "",
    version: str = "2.1.0",
    entry_points: str = "",
    direct_url: str = "",
    record: bool = True,
    requires: tuple[str, ...] = (),
) -> Path:
    """Install the example pack into a folder, with other `files` in place of its own; None leaves one out."""
    name = name or f"{pack}-gates"
    entry_points = entry_points or f"[release_sentinel.gates]\n{pack} = {pack}_gates:pack\n"
    needed = "".join(f"Requires-Dist: {one}\n" for one in requires)
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    whole = {
        **example(pack),
        **{file: text and textwrap.dedent(text) for file, text in files.items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    written = {file: text for file, text in whole.items() if text is not None}
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    for file, text in written.items():
        write(site / file, text)
        digest = urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
        table.writerow((file, f"sha256={digest}", len(text.encode())))
    table.writerow((f"{info}/RECORD", "", ""))
    if record:
        write(site / info / "RECORD", rows.getvalue())
    if direct_url:
        write(site / info / "direct_url.json", direct_url)
    return site


def depend(site: Path, file: str, text: str, name: str = "acme-common", **more: Any) -> Path:
    """Install a distribution of one module, which brings no pack; its version is 1.0."""
    files = {**dict.fromkeys(example(), None), file: text}
    return install(site, files, name=name, version="1.0", entry_points="[other]\n", **more)


def let_install(monkeypatch: pytest.MonkeyPatch, site: Path) -> None:
    """Let a folder be the one where this Python installs packages."""
    monkeypatch.setattr(packages, "folders", lambda: [site])
    monkeypatch.syspath_prepend(site)


def forget() -> None:
    """Let the packs of a test be imported anew."""
    for name in [name for name in sys.modules if name.partition(".")[0].endswith("_gates")]:
        del sys.modules[name]


def write(path: Path, text: str) -> None:
    """Write a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
