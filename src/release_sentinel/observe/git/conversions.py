"""Edits that a clone's own settings hide: conversions and file modes that the commit knows nothing of.

`git status` compares what a file would be once it is added. What the commit's own `.gitattributes` convert is no
change; what `core.autocrlf`, `core.fileMode` or `.git/info/attributes` of one clone say hides changes. They count on
Windows, where Git's defaults convert every line.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from release_sentinel.observe import Unseen, mounts, temporary
from release_sentinel.observe.git.folder import folders, text_of
from release_sentinel.observe.git.process import ask
from release_sentinel.observe.git.records import CONVERTED, Change
from release_sentinel.observe.git.settings import settings
from release_sentinel.sentences import sentence

# They hold neither permissions nor links: Git's probe is right to switch both off there.
_WITHOUT_MODES = {"9p", "cifs", "drvfs", "exfat", "fuseblk", "hgfs", "msdos", "ntfs", "ntfs3", "prl_fs", "smb3"} | {
    "smbfs",
    "vboxsf",
    "vfat",
}
_AS_IT_IS = ("-c", "core.autocrlf=false", "-c", "core.eol=lf")
_LINES = {"core.autocrlf": {"true", "input"}, "core.eol": {"crlf"}}
_CONVERTS = re.compile(r"[\s-](?:text|crlf|eol|ident|filter|working-tree-encoding|binary)\b")
_OFF = {"false", "no", "off", "0"}


class Hiding(Struct, frozen=True):
    """What hides edits in a clone: `options` for Git stop it; `lines` and `attributes` need a second look."""

    options: tuple[str, ...] = ()
    lines: bool = False
    attributes: bool = False


def hiding(top: Path) -> Hiding:
    """Return what hides edits in the clone at `top`."""
    if sys.platform == "win32":
        return Hiding()
    said = [(key.lower(), value.lower()) for key, value in settings(top, os.environ)]
    off = {key for key, value in said if key in {"core.filemode", "core.symlinks"} and value in _OFF}
    options = [word for key in sorted(off) if _keeps_modes(top) for word in ("-c", f"{key}=true")]
    _, shared = folders(top)
    own = [line for line in text_of(shared / "info/attributes").split("\n") if not line.lstrip().startswith("#")]
    return Hiding(
        tuple(options),
        lines=any(value in _LINES.get(key, ()) for key, value in said),
        attributes=any(map(_CONVERTS.search, own)),
    )


def _keeps_modes(top: Path) -> bool:
    found = mounts.find(Path("/"), str(top.resolve()), None)
    return found is None or found.file_system not in _WITHOUT_MODES


def hidden(top: Path, paths: Sequence[str], changed: Sequence[str], timeout: float) -> tuple[Change, ...] | Unseen:
    """Return the tracked files whose content the clone's settings hide, without those that are `changed` anyway.

    Every file is read again: Git has noted that they are unchanged. `paths` are Git's pathspecs.
    """
    by = hiding(top)
    if not (by.lines or by.attributes):
        return ()
    own, shared = folders(top)
    with temporary.folder() as place:
        folder = place.path
        index = folder / "index"
        try:
            shutil.copyfile(own / "index", index)
            os.utime(index, (1, 1))  # older than every file: Git then trusts no note of a file's size and time
            more = {"GIT_INDEX_FILE": str(index)}
            if by.attributes:
                more |= _without_attributes(folder, top, own, shared, timeout)
            elif split := list(own.glob("sharedindex.*")):
                for part in split:
                    shutil.copyfile(part, folder / part.name)
        except OSError as error:
            return Unseen(f"the index of {top} cannot be read: {sentence(error)}")
        words = ("status", "--porcelain=v2", "-z", "--untracked-files=no", "--ignore-submodules=all", "--no-renames")
        options = ("-c", "core.fsmonitor=false", "-c", "core.attributesFile=", *_AS_IT_IS, *by.options)
        listing = ask(top, *options, *words, "--", *paths, timeout=timeout, more=more)
    if isinstance(listing, Unseen):
        return listing
    known = set(changed)
    found = (entry.split(" ", 8) for entry in listing.split("\0") if entry.startswith("1 "))
    return tuple(Change(CONVERTED, fields[-1]) for fields in found if fields[1][1:] != "." and fields[-1] not in known)


def _without_attributes(folder: Path, top: Path, own: Path, shared: Path, timeout: float) -> dict[str, str]:
    """Make a Git folder that has the clone's commit, objects and filters, and no attributes of its own."""
    folder.joinpath("refs").mkdir()
    folder.joinpath("info").mkdir()
    commit = ask(top, "rev-parse", "HEAD", timeout=timeout)
    folder.joinpath("HEAD").write_text("" if isinstance(commit, Unseen) else commit, encoding="utf-8")
    for name in ("info/sparse-checkout", *(part.name for part in own.glob("sharedindex.*"))):
        if (own / name).is_file():
            shutil.copyfile(own / name, folder / name)
    shutil.copyfile(shared / "config", folder / "config")
    return {
        "GIT_DIR": str(folder),
        "GIT_WORK_TREE": str(top),
        "GIT_OBJECT_DIRECTORY": str(shared / "objects"),
    }
