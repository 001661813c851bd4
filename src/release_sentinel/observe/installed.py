"""This program as it is installed: where pip took it from (PEP 610), and the wheel that it was installed from."""

import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from base64 import urlsafe_b64encode
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from release_sentinel import strict_json
from release_sentinel.lines import split
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import OBJECT
from release_sentinel.sentences import sentence

NAME = "release-sentinel"
_DIST = NAME.replace("-", "_")
WHEEL_NAME = re.compile(rf"{_DIST}-[A-Za-z0-9_.!+]+(-[0-9][A-Za-z0-9_]*)?-py[a-z0-9.]+-none-any\.whl")
# What installers add to the metadata of a wheel.
_ADDED = re.compile(r"INSTALLER|REQUESTED|RECORD(\..*)?|direct_url\.json|uv_\w+\.json")
_TAG = "py3-none-any"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a ZIP file can tell: the same files make the same wheel
_BUILD_SECONDS = 300


class Origin(Struct, frozen=True):
    """Where the installed distribution was taken from; a field that is not recorded is blank."""

    version: str = ""
    url: str = ""
    commit: str = ""  # of a Git repository
    sha256: str = ""  # of an archive
    is_git: bool = False
    editable: bool = False

    @property
    def folder(self) -> Path | None:
        """The folder of the source, where it was installed from one."""
        parts = urlsplit(self.url)
        is_folder = parts.scheme == "file" and not self.is_git and not self.sha256
        path = Path(unquote(parts.path))
        return path if is_folder and path.is_dir() else None


@lru_cache(maxsize=1)
def origin() -> Origin:
    """Return what is recorded of the distribution that this program was installed from."""
    installed = _installed()
    return read_origin(installed) if installed else Origin()


def read_origin(installed: Distribution) -> Origin:
    """Return what `direct_url.json` records; it is absent where an index was asked."""
    try:
        said = strict_json.loads(installed.read_text("direct_url.json") or "{}")
        url = str(said.get("url", ""))
        vcs, archive = said.get("vcs_info", {}), said.get("archive_info", {})
        digest = archive.get("hashes", {}).get("sha256", "") or archive.get("hash", "").partition("sha256=")[2]
        is_git = vcs.get("vcs") == "git"
        return Origin(
            installed.version,
            url,
            commit=vcs.get("commit_id", "") if is_git and re.fullmatch(OBJECT, vcs.get("commit_id", "")) else "",
            sha256=digest if re.fullmatch("[0-9a-f]{64}", digest) else "",
            is_git=is_git,
            editable=bool(said.get("dir_info", {}).get("editable")),
        )
    except (AttributeError, OSError, TypeError, ValueError):  # not as PEP 610 has it
        return Origin(installed.version)


def tree_digest(top: Path = Path(__file__).parents[1]) -> str:
    """Return the digest of a package's files: `dirHash` of in-toto's digest sets, which is Go's `h1`, in hex."""
    files = sorted(path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    lines = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(top).as_posix()}\n" for path in files)
    return hashlib.sha256("".join(sorted(lines, key=lambda line: line[66:])).encode()).hexdigest()


class Wheel(Struct, frozen=True):
    """A wheel of this program: the name of its file, and what is in it."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Its digest, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def read_wheel(path: Path) -> Wheel | Unseen:
    """Read a wheel of this program from a file."""
    if not WHEEL_NAME.fullmatch(path.name):
        return Unseen(
            f"{path} is not named as a wheel of {NAME} is",
            f"name one such as {_DIST}-1.0.0-py3-none-any.whl, or no file: then the installed version becomes a wheel",
        )
    try:
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            metadata = next((name for name in archive.namelist() if name.endswith(".dist-info/METADATA")), "")
            named = re.search(r"(?mi)^name:[ \t]*(\S+)", archive.read(metadata).decode()) if metadata else None
            broken = archive.testzip()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        return Unseen(f"{path} cannot be read as a wheel: {sentence(error)}", "build it again")
    if broken or not named or re.sub("[-_.]+", "-", named[1]).lower() != NAME:
        return Unseen(f"{path} is not a wheel of {NAME}", "build it again")
    return Wheel(path.name, content)


def own_wheel() -> Wheel | Unseen:
    """Return the wheel of what is installed: of the same files, or for an editable installation built anew."""
    installed = _installed()
    if installed is None:
        return Unseen(f"{NAME} is not installed as a distribution here", "name a wheel: --vendor PATH")
    where = read_origin(installed)
    return _built(where) if where.editable else repacked(installed)


def repacked(installed: Distribution) -> Wheel | Unseen:
    """Return the wheel that a distribution was installed from: the files of its RECORD, without what pip added."""
    again = "install it again, or name a wheel: --vendor PATH"
    contents = recorded(installed)
    if isinstance(contents, str):
        return Unseen(contents, again)
    folder = next((name.partition("/")[0] for name in contents if name.endswith(".dist-info/WHEEL")), "")
    if not folder:
        return Unseen(f"the installation of {NAME} records no wheel", again)
    tags = re.findall(r"(?m)^Tag: (\S+)$", contents[f"{folder}/WHEEL"].decode())
    name = f"{folder.removesuffix('.dist-info')}-{_TAG}.whl"
    if tags != [_TAG] or not WHEEL_NAME.fullmatch(name):
        return Unseen(f"the installed wheel is not one for every platform: {', '.join(tags)}", again)
    rows = [f"{path},{_hashed(content)},{len(content)}\n" for path, content in sorted(contents.items())]
    record = f"{folder}/RECORD"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        metadata_last = sorted(contents.items(), key=lambda item: (item[0].startswith(folder), item[0]))
        for path, content in (*metadata_last, (record, "".join([*rows, f"{record},,\n"]).encode())):
            entry = zipfile.ZipInfo(path, _EARLIEST)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            archive.writestr(entry, content)
    return Wheel(name, packed.getvalue())


def recorded(installed: Distribution) -> dict[str, bytes] | str:
    """Return the files that a distribution was installed with, by their names in its RECORD; or what is wrong.

    What an installer adds is left out.
    """
    contents: dict[str, bytes] = {}
    # `installed.files` leaves out what is not there (Python 3.12 and later), and a wheel without it would be made.
    for name, digest, *_ in csv.reader(split(installed.read_text("RECORD") or "")):
        if _is_added(PurePosixPath(name)):
            continue
        try:
            content = Path(str(installed.locate_file(name))).read_bytes()
        except OSError as error:
            return f"the installed file {name} cannot be read: {sentence(error)}"
        if _hashed(content) != digest:
            return f"the installed file {name} differs from what was installed"
        contents[name] = content
    return contents


def _installed() -> Distribution | None:
    try:
        return distribution(NAME)
    except PackageNotFoundError:
        return None


def _is_added(file: PurePosixPath) -> bool:
    """Return whether an installer made this file: byte code, a script (outside of the library), a record of its own."""
    outside = ".." in file.parts or file.is_absolute()
    return outside or "__pycache__" in file.parts or bool(file.parent.suffix and _ADDED.fullmatch(file.name))


def _hashed(content: bytes) -> str:
    """Return a digest as RECORD has it."""
    return f"sha256={urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()}"


def _built(where: Origin) -> Wheel | Unseen:
    if where.folder is None:
        return Unseen(f"the source of this editable installation is not at {where.url}", "name a wheel: --vendor PATH")
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-") as folder:
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", folder]
        command = [sys.executable, "-m", "pip", "wheel", *options, str(where.folder)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=_BUILD_SECONDS, errors="replace")
            said, failed = done.stderr, done.returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            said, failed = sentence(error), 1
        wheels = list(Path(folder).glob("*.whl"))
        if failed or len(wheels) != 1:
            last = next((line for line in reversed(split(said)) if line.strip()), "pip said nothing")
            return Unseen(f"pip cannot build a wheel of {where.folder}: {last}", "build one and name it: --vendor PATH")
        return read_wheel(wheels[0])
