"""What the environment says for a name: itself, or in a file that it names, as containers mount secrets."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_MOST = 1 << 20  # bytes of a file that holds one value


@dataclass(frozen=True)
class Value:
    """The value of one name. `text` is None where there is none; `problem` says why it cannot be had."""

    text: str | None = field(default=None, repr=False)  # may be a secret
    file: str = ""  # that it was read from
    problem: str = ""
    exposed: bool = False  # anybody on this machine may read the file


def look_up(name: str, environ: Mapping[str, str] | None = None) -> Value:
    """Return the value of `NAME`, or what is in the file that `NAME_FILE` names, without the newline at its end."""
    environ = os.environ if environ is None else environ
    text, file = environ.get(name), environ.get(f"{name}_FILE", "").strip()
    if not file:
        return Value(text)
    if text is not None and text.strip():
        return Value(problem=f"{name} and {name}_FILE are both set: keep one of them")
    try:
        found = Path(file).stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would hold the run
            return Value(file=file, problem=f"{name}_FILE names {file!r}, which is no file")
        with Path(file).open("rb") as opened:
            content = opened.read(_MOST + 1).decode()
    except (OSError, ValueError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeError) else getattr(error, "strerror", None) or str(error)
        return Value(file=file, problem=f"{name}_FILE names {file!r}, which cannot be read: {why}")
    if len(content) > _MOST:
        return Value(file=file, problem=f"{name}_FILE names {file!r}, which is longer than 1 MiB: no value is")
    content = content.removesuffix("\n").removesuffix("\r")
    return Value(content, file, exposed=os.name != "nt" and bool(found.st_mode & stat.S_IROTH))
