"""What the files in a `.git` folder say without asking Git: where HEAD is. Nothing is ever raised.

Every process reads it before it shows anything; to ask Git would cost each a process.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from release_sentinel import regular
from release_sentinel.observe.git.process import OBJECT

_MOST = regular.MIB  # bytes of a file
_PACKED = 16 * regular.MIB  # bytes of the file of a large repository's refs
_HEADS = "refs/heads/"


def folders(top: Path) -> tuple[Path, Path]:
    """Return the Git folder of the work tree at `top`, and the one that it shares with other work trees of a clone."""
    own = Path(os.path.abspath(top / ".git"))  # noqa: PTH100 - Path.resolve raises in a loop of links
    if pointer := re.fullmatch(r"gitdir: (.+)\n*", text_of(own)):  # a linked work tree, or a submodule
        own = top / pointer[1]
    shared = text_of(own / "commondir").strip()
    return own, own / shared if shared else own


def head(top: Path) -> tuple[str, str]:
    """Return the commit and the branch that HEAD of the work tree at `top` is at; what is not known is blank."""
    own, shared = folders(top)
    said = text_of(own / "HEAD").strip()
    ref = said.removeprefix("ref: ")
    if ref == said:
        return (said, "") if re.fullmatch(OBJECT, said) else ("", "")
    branch = ref.removeprefix(_HEADS) if ref.startswith(_HEADS) else ""
    commit = text_of(shared / ref).strip() or _packed(text_of(shared / "packed-refs", _PACKED), ref)
    return (commit if re.fullmatch(OBJECT, commit) else ""), branch


def _packed(refs: str, ref: str) -> str:
    found = re.search(rf"^({OBJECT}) {re.escape(ref)}$", refs, re.MULTILINE)
    return found[1] if found else ""


def text_of(file: Path, most: int = _MOST) -> str:
    """Return the text of a file; nothing where it cannot be read, or is longer than `most` bytes."""
    with suppress(OSError, ValueError):
        return regular.read(file, most).decode(errors="surrogateescape")
    return ""
