"""What a host is asked, as one script of POSIX sh."""

import secrets
import shlex
from functools import cache
from importlib.resources import files

from msgspec import Struct

from release_sentinel.observe.units import PROPERTIES, with_usual

_SHORT, _WHOLE = 2048, 16384  # bytes of each command line: names need the beginning, patterns the whole
_SHARE = 0.7  # of the time, for disks and units, which may hang; the rest is for what follows them


class Question(Struct, frozen=True):
    """What to observe of one host, within `seconds`.

    `units` are whole names, of the system's manager and of the user's own. `commands` asks for whole command lines,
    `owners` for the owners of processes.
    """

    disks: tuple[str, ...] = ()
    memory: bool = False
    processes: bool = False
    commands: bool = False
    owners: bool = False
    units: tuple[str, ...] = ()
    user_units: tuple[str, ...] = ()
    seconds: float = 10.0


def script(question: Question) -> tuple[str, str]:
    """Return the script, and the word by which its answer is known among whatever else the host prints."""
    nonce = secrets.token_hex(8)
    lines = [f"printf 'rs1 {nonce} begin %s\\n' \"$(uname -s)\"", "lacking", "tasks="]
    begun = [f"disk {number} {shlex.quote(path)}" for number, path in enumerate(question.disks)]
    for letter, option, names in (("s", "", question.units), ("u", "--user", question.user_units)):
        if names:
            words = " ".join(map(shlex.quote, with_usual(names)))
            begun.append(f"units {letter} '{option}' {PROPERTIES.replace(' ', ',')} {words}")
    lines += [f'({one}) & tasks="$tasks $!"' for one in begun]
    first = max(1, int(question.seconds * _SHARE))
    lines += [f"within {first} $tasks"] if begun else []
    size, owners = (_WHOLE if question.commands else _SHORT), "yes" if question.owners else ""
    rest = ["lines /proc/self/mountinfo /etc/fstab"] if question.disks or question.processes or question.memory else []
    rest += ["memory"] if question.memory else []
    rest += [f"processes {size} '{owners}'"] if question.processes else []
    if rest:
        lines += [f"({'; '.join(rest)}; printf 'done\\n') &", f"within {max(1, int(question.seconds) - first)} $!"]
    return "\n".join([_static(), *lines, f"printf 'rs1 {nonce} end\\n'", "exit 0", "}", ""]), nonce


@cache
def _static() -> str:
    return (files("release_sentinel.observe.hosts") / "probe.sh").read_text(encoding="ascii")
