"""A temporary folder, and processes that work for it: both are gone when this process is, however it ended."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

# Waits until its input ends, which is when the process that writes to it is gone. Each line is a process group that is
# to end with it, or takes one back by a dash.
_WATCH = """
exec 3<&0
(
    trap "" HUP INT TERM
    groups=" "
    while read -r line; do
        case $line in
        -*) groups="${groups%% "${line#-}" *} ${groups#* "${line#-}" }" ;;
        *) groups="$groups$line " ;;
        esac
    done <&3
    for group in $groups; do kill -9 "-$group"; done
    rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
) >/dev/null 2>&1 &
"""


class Temporary:
    """A temporary folder at `path`, and the process groups that end with it."""

    def __init__(self, path: Path, told: IO[bytes] | None) -> None:
        self.path = path
        self._told = told

    def begun(self, group: int) -> None:
        """Let a process group end when this process does."""
        self._tell(f"{group}\n")

    def ended(self, group: int) -> None:
        """Take a process group back, whose number may soon be another's."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        with suppress(OSError, ValueError):  # the watch is gone
            if self._told:
                self._told.write(line.encode())


@contextmanager
def folder(prefix: str = "release-sentinel-") -> Iterator[Temporary]:
    """Make a temporary folder, which is removed at the end, also if this process is killed before."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as path:
        watch = None
        with suppress(OSError):  # there is no shell
            # Of a session of its own, and without a parent: what ends this process does not end the watch.
            command = ["sh", "-c", _WATCH, "sh", path]
            watch = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True)
            watch.wait()
        told = watch.stdin if watch else None
        try:
            yield Temporary(Path(path), told)
        finally:
            with suppress(OSError):
                if told:
                    told.close()
