"""What a host answers, read strictly: whatever is missing, cut off or odd is unseen, and never zero.

The host hands over the files of its kernel as they are. They are judged by the same readers as those of this machine:
laid out below a folder of their own, which stands for the host's root.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.lines import foreign
from release_sentinel.observe import Unseen, host, names, processes, units
from release_sentinel.observe.hosts.question import Question
from release_sentinel.observe.processes import Process, Table
from release_sentinel.observe.units import Unit

Units = Mapping[str, Unit]
Seen = TypeVar("Seen", bound=Struct)
_BEGIN = re.compile(r"rs1 (?P<nonce>[0-9a-f]{16}) begin (?P<system>.*)")
_DISK = re.compile(r"([0-9]+) ok ([0-9]+|-) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([w-]) (/.*)")
_NO_DISK = re.compile(r"([0-9]+) no (.*)")
_FILE = re.compile(
    r"(/[^:]*(?::[^:]+)*?/"
    r"(?:meminfo|arcstats|mountinfo|fstab|cgroup|free_hugepages|resv_hugepages|memory\.[a-z_.]+)):(.*)"
)
_PROCESS = re.compile(r"([0-9]+) \((.*)\) ([A-Za-z]) ([0-9]+)", re.DOTALL)
_HEADER = re.compile(r"==> /(?:proc/([0-9]+)/cmdline|dev/null) <==")
_OWNER = re.compile(r"/proc/([0-9]+) ([0-9]+) (\S+)")
_SSHD = re.compile(r"sshd(-session|-auth)?: ")  # a title by which sshd calls the processes of one connection
_LISTENER = "[listener]"
_FSTAB = "/etc/fstab"
_MOUNTS = "proc/self/mountinfo"
_DEAD = {"Z", "X", "x"}
_OWN_REMEDY = "see what the shell of the account prints there, and try `sh -s` by hand"


class Answer(Struct, frozen=True):
    """What one host said: each part as the local observers of this machine would have it."""

    disks: Mapping[str, host.Disk | Unseen]
    memory: host.Memory | Unseen
    processes: Table | Unseen
    units: Units | Unseen
    user_units: Units | Unseen


def begins(line: str, nonce: str) -> bool:
    """Return whether the answer begins with this line."""
    found = _BEGIN.fullmatch(line)
    return found is not None and found["nonce"] == nonce


def ends(line: str, nonce: str) -> bool:
    """Return whether the answer ends with this line."""
    return line == f"rs1 {nonce} end"


def read(text: str, question: Question, nonce: str) -> Answer | Unseen:
    """Return what a host has answered; `Unseen` if it did not, or is not of a kind that can be asked."""
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if begins(line, nonce)]
    if not starts:
        said = next((line for line in lines if line.strip()), "")
        what = f"it answers {foreign(repr(said), 100)}" if said else "it answers nothing"
        return Unseen(f"it does not run the probe: {what}", _OWN_REMEDY)
    if len(starts) > 1 or not (found := _BEGIN.fullmatch(lines[starts[0]])):
        return Unseen("its answer is there twice", _OWN_REMEDY)
    if found["system"] != "Linux":
        system = foreign(found["system"], 100)
        if not system:
            why = "it does not say of which system it is, and only Linux hosts can be asked"
            return Unseen(why, "see whether `uname` runs there: the account may start no more processes")
        return Unseen(f"it is {system}, and only Linux hosts can be asked", "ask such a host by Prometheus instead")
    finish = [number for number, line in enumerate(lines) if ends(line, nonce)]
    if not finish:
        return Unseen("its answer breaks off", "run the gate again")
    return _Reader(lines[starts[0] + 1 : finish[0]], question).read()


class _Reader:
    def __init__(self, lines: list[str], question: Question) -> None:
        self._question = question
        self._done = "done" in lines
        self._marked: dict[str, list[str]] = {}  # what each line says after its first word
        for mark, _, rest in (line.partition(" ") for line in lines):
            self._marked.setdefault(mark, []).append(rest)
        self._unread = self._of("unread")

    def read(self) -> Answer:
        """Return the answer; the files are laid out for as long as it is read."""
        with tempfile.TemporaryDirectory(prefix="release-sentinel-host-") as folder:
            root = Path(folder)
            self._lay_out(root)
            disks = dict(self._disks(root))
            memory = _as_there(self._memory(root), root)
            table = self._processes(root)
        asked = self._question
        return Answer(disks, memory, table, self._units("s", asked.units), self._units("u", asked.user_units))

    def _of(self, mark: str) -> list[str]:
        return self._marked.get(mark, [])

    def _lay_out(self, root: Path) -> None:
        """Write the files of the host's kernel below `root`; process 1 stands for the probe in its control groups."""
        texts: dict[str, list[str]] = {}
        for line in self._of("f"):
            if match := _FILE.fullmatch(line):
                texts.setdefault(match[1], []).append(match[2])
        for name, found in texts.items():
            place = PurePosixPath("/proc/self/cgroup" if name == "/proc/1/cgroup" else name)
            if ".." in place.parts:
                continue
            file = root.joinpath(*place.parts[1:])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join([*found, ""]), encoding="utf-8", errors="surrogateescape")
        (root / "proc/self").mkdir(parents=True, exist_ok=True)

    def _incomplete(self) -> Unseen | None:
        if lacks := ", ".join(self._of("lacks")):
            return Unseen(f"it lacks programs that the probe needs: {lacks}", "install them there, or busybox")
        return (
            None
            if self._done
            else Unseen("it did not answer in time, or with a part only", "raise `timeout` of this entry of `hosts`")
        )

    def _disks(self, root: Path) -> Iterator[tuple[str, host.Disk | Unseen]]:
        seen, refused = {}, {}
        for line in self._of("disk"):
            if match := _DISK.fullmatch(line):
                seen[int(match[1])] = match
            elif match := _NO_DISK.fullmatch(line):
                refused[int(match[1])] = match[2]
        for number, path in enumerate(self._question.disks):
            if lacking := self._of("lacks") and self._incomplete():
                yield path, lacking
            elif number in seen:
                yield path, _as_there(self._disk(root, path, seen[number]), root)
            elif number in refused:
                yield path, Unseen(f"{path} cannot be inspected: {foreign(refused[number], 300)}")
            else:
                yield path, Unseen(f"{path} did not answer in time: is its mount dead?", "see `mount` and the server")

    def _disk(self, root: Path, path: str, row: re.Match[str]) -> host.Disk | Unseen:
        if incomplete := self._incomplete():
            return incomplete
        if not (root / _MOUNTS).exists():
            return Unseen(f"{path}: /{_MOUNTS} is not there", "see whether /proc is mounted on the host")
        size, blocks, free, available, inodes, free_inodes = map(int, row.groups()[2:8])
        number = int(row[2]) if row[2].isdecimal() else None
        used = size * (blocks - free)
        seen = host.Disk(path, row[10], "unknown", used, size * available, inodes - free_inodes, free_inodes)
        found = host.on_mount(root, seen, number)
        if found is seen and row[9] != "w":  # as in a chroot, whose own mount is not in its table
            return Unseen(f"{path} may be read-only: /{_MOUNTS} does not say how it is mounted", "see `mount` there")
        return found

    def _memory(self, root: Path) -> host.Memory | Unseen:
        if not self._question.memory:
            return Unseen("it was not asked")
        if incomplete := self._incomplete():
            return incomplete
        if unread := [name for name in self._unread if name != _FSTAB]:
            return Unseen(f"{unread[0]} cannot be read there", "let the account read it")
        if not (root / "proc/meminfo").exists():
            return Unseen("/proc/meminfo is not there", "see whether /proc is mounted on the host")
        return host.memory(root)

    def _processes(self, root: Path) -> Table | Unseen:
        if not self._question.processes:
            return Unseen("it was not asked")
        if incomplete := self._incomplete():
            return incomplete
        try:
            (own,) = self._of("i")
            pid, parent = map(int, own.split(" "))
        except ValueError:
            return Unseen("its processes cannot be listed", _OWN_REMEDY)
        rows = {int(match[1]): match for line in self._of("p") if (match := _PROCESS.fullmatch(line))}
        commands = self._commands()
        if pid not in rows or pid not in commands:
            return Unseen("its processes cannot be listed: /proc does not show the probe itself", "see /proc there")
        parents = {one: int(match[4]) for one, match in rows.items()}
        leave_out = _own(pid, parent, parents, commands)
        paths = dict(line.split(" ", 1) for line in self._of("x") if " " in line)
        owners = {int(match[1]): (match[3], match[2]) for line in self._of("o") if (match := _OWNER.fullmatch(line))}
        if self._question.owners and pid not in owners:
            return Unseen("the owners of its processes cannot be listed", "install `stat` there (coreutils)")
        found = []
        for number, match in rows.items():
            command = commands.get(number)
            kernel_thread = not command and 2 in {number, parents[number]}
            if number in leave_out or match[3] in _DEAD or kernel_thread:
                continue
            exe = paths.get(str(number), "").removesuffix(" (deleted)")
            found.append(_process(number, match[2], exe, command, owners.get(number, ())))
        hidden = "" if self._of("h") == [""] else f"/proc hides the processes of other users{_hidepid(root)}"
        odd = bool(self._of("q"))
        hidden = hidden or ("some of its processes have names that cannot be read" if odd else "")
        container = self._of("n")[:1] not in ([], [""], [processes.FIRST_NAMESPACE])
        return Table(tuple(found), hidden, container)

    def _commands(self) -> dict[int, list[str]]:
        """Return the command lines by process."""
        found: dict[int, list[str]] = {}
        number = -1
        for line in self._of("c"):
            if match := _HEADER.fullmatch(line):
                number = int(match[1] or -1)
                found[number] = []
            elif number in found:
                found[number].append(line)
        texts = {one: "\n".join(lines).rstrip("\n") for one, lines in found.items()}
        return {one: text.removesuffix("\1").split("\1") if text else [] for one, text in texts.items()}

    def _units(self, letter: str, asked: tuple[str, ...]) -> Units | Unseen:
        if not asked:
            return Unseen("it was not asked")
        lines = self._of(letter)
        if not lines or not (end := re.fullmatch(r"=([0-9]+)", lines[-1])):
            return Unseen("systemctl did not answer in time", "see whether systemd and its bus hang")
        text = "\n".join(lines[:-1])
        started = re.findall(r"^(?:Unit|Triggers|Id)=(\S+)", text, re.MULTILINE)
        found = units.read(text, [*units.with_usual(asked), *started])
        if any(name not in found for name in asked) and (end[1] != "0" or not found):
            said = foreign("; ".join(line for line in lines[:-1] if line and "=" not in line))
            return Unseen(f"systemctl cannot ask systemd: {said or f'it ended with code {end[1]}'}", _OWN_REMEDY)
        return found


def _process(number: int, kernel: str, exe: str, command: list[str] | None, owner: tuple[str, ...]) -> Process:
    may_be_cut = len(kernel.encode(errors="surrogateescape")) >= names.KERNEL_NAME
    concealed = may_be_cut and not command and not exe
    known = names.names(kernel, exe, command or [], windows=False)
    return Process(number, frozenset(known), owner, " ".join(command or []), kernel if concealed else "")


def _own(pid: int, parent: int, parents: Mapping[int, int], commands: Mapping[int, list[str]]) -> set[int]:
    """Return the probe's processes, and those of its connection: the shells and servers between it and a daemon."""
    own = {pid}
    while more := {one for one, above in parents.items() if above in own} - own:
        own |= more
    above, in_sshd = parent, False
    while above > 1 and above in parents and above not in own:
        title = " ".join(commands.get(above, []))
        of_connection = _SSHD.match(title) is not None and _LISTENER not in title
        if not of_connection and (in_sshd or _LISTENER in title or parents[above] <= 1):
            break  # a daemon, which is there without us
        own.add(above)
        above, in_sshd = parents[above], in_sshd or of_connection
    return own


def _hidepid(root: Path) -> str:
    """Return how /proc is mounted, if that says what it hides."""
    try:
        text = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(r"^\S+ \S+ \S+ \S+ /proc .*\b(hidepid=\w+)", text, re.MULTILINE)
    return f" (it is mounted with {found[1]})" if found else ""


def _as_there(seen: Seen, root: Path) -> Seen:
    """Return an observation whose words name the host's files, and not where they are laid out."""
    here = str(root)
    if isinstance(seen, Unseen):
        return replace(seen, why=seen.why.replace(here, ""), remedy=seen.remedy.replace(here, ""))
    if isinstance(seen, host.Memory):
        others = tuple(replace(one, scope=one.scope.replace(here, "")) for one in seen.others)
        return replace(seen, scope=seen.scope.replace(here, ""), others=others)
    return seen
