"""The probe runs in every POSIX shell and userland, and its answer is read strictly: what is missing is unseen."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, host
from release_sentinel.observe.hosts import Answer, Question, Way, read, script, settings_folder
from release_sentinel.observe.processes import Table
from tests.observe.hosts.parts import BUSYBOX, answer, applets, printed, reach, stub, why

ALL = Question(disks=("/", "/proc"), memory=True, processes=True, owners=True, commands=True, seconds=8)
SHELLS = {
    name: words
    for name, words in {
        "dash": ("dash",),
        "bash": ("bash", "--posix"),
        "bash as it is": ("bash",),
        "busybox": ("busybox", "sh"),
        "zsh as sh": ("zsh", "--emulate", "sh"),
        "ksh": ("ksh",),
        "mksh": ("mksh",),
        "yash": ("yash",),
    }.items()
    if shutil.which(words[0])
}


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that the probe has not started."""
    with subprocess.Popen(["sleep", "600.5"]) as process:
        yield process.pid
        process.kill()


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell(shell: str, sleeper: int, tmp_path: Path) -> None:
    """The answer is that of this machine."""
    environ = stub(tmp_path / "bin", f"exec {' '.join(SHELLS[shell])} -s")
    seen = answer(reach(environ, ALL))
    own = host.disk("/")
    assert isinstance(own, host.Disk)
    disk = seen.disks["/"]
    assert isinstance(disk, host.Disk), disk
    assert (disk.mount, disk.file_system) == (own.mount, own.file_system)
    assert disk.used + disk.available == pytest.approx(own.used + own.available, rel=0.01)
    assert isinstance(seen.memory, host.Memory), seen.memory
    assert seen.memory.limit > 1 << 20
    assert isinstance(seen.processes, Table), seen.processes
    there = next(one for one in seen.processes.processes if one.pid == sleeper)
    assert (there.names, there.command) == (frozenset({"sleep"}), "sleep 600.5")
    assert str(os.getuid()) in there.user


@pytest.mark.skipif(BUSYBOX is None, reason="busybox is not installed")
def test_a_userland_of_busybox_alone(tmp_path: Path) -> None:
    """As in Alpine: no program of GNU's is at hand."""
    path = applets(tmp_path / "applets")
    text, nonce = script(ALL)
    text = text.replace("PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n", "")
    seen = read(printed(text, str(BUSYBOX), "sh", "-s", env={"PATH": path}), ALL, nonce)
    assert isinstance(seen, Answer), seen
    for part in (seen.disks["/"], seen.memory, seen.processes):
        assert not isinstance(part, Unseen), part


def test_without_programs_nothing_is_zero(tmp_path: Path) -> None:
    """A host without stat, sed and the like is not one without processes and full memory."""
    (tmp_path / "empty").mkdir()
    text, nonce = script(ALL)
    text = text.replace(
        "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", f"PATH='{tmp_path}/empty'"
    )
    seen = read(printed(text.replace("$(uname -s)", "Linux")), ALL, nonce)
    assert isinstance(seen, Answer), seen
    for part in (seen.disks["/"], seen.memory, seen.processes):
        assert isinstance(part, Unseen)
        assert "lacks programs that the probe needs: cat, head, ls, readlink, sed, sleep, stat, tr" in part.why


HOSTILE = [
    "a'; touch {}/pwned; '",
    "$(touch {}/pwned)",
    "`touch {}/pwned`",
    "-rf",
    "--help",
    "a b",
    'q"u\\n',
    "ä\\",
    "*",
    "~",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_names(name: str, tmp_path: Path) -> None:
    """Nothing of the policy is a word of the shell, or an option."""
    folder = tmp_path / name.format(tmp_path).replace("/", "_")
    folder.mkdir()
    question = Question(disks=(str(folder), name.format(tmp_path)), units=(name.format(tmp_path),), seconds=5)
    seen = answer(reach(stub(tmp_path / "bin", "exec sh -s"), question))
    assert isinstance(seen.disks[str(folder)], host.Disk), seen
    assert isinstance(seen.disks[name.format(tmp_path)], Unseen)
    assert not (tmp_path / "pwned").exists()


@pytest.fixture(scope="module")
def lines() -> tuple[list[str], str]:
    """A good answer, and the word by which it is known."""
    question = Question(disks=("/",), memory=True, processes=True, owners=True, seconds=8)
    text, nonce = script(question)
    return printed(text).rstrip("\n").split("\n"), nonce


ONE = Question(disks=("/",), memory=True, processes=True, owners=True, seconds=8)


def test_every_cut_is_seen(lines: tuple[list[str], str]) -> None:
    """Wherever the answer breaks off, it is not one."""
    text, nonce = "\n".join(lines[0]), lines[1]
    assert isinstance(read(text, ONE, nonce), Answer)
    step = max(1, len(text) // 150)
    for end in range(0, len(text), step):
        assert isinstance(read(text[:end], ONE, nonce), Unseen), text[:end][-200:]


MISSING = {
    r"disk 0 ": "disk",
    r"f /proc/self/mountinfo:": "disk",
    r"done": "all",
    r"f /proc/meminfo:": "memory",
    r"i \d+": "processes",
    r"p ": "processes",
    r"c ": "processes",
    r"o ": "processes",
    r"h$": "hidden",
}


@pytest.mark.parametrize("missing", MISSING)
def test_a_missing_part_is_unseen(lines: tuple[list[str], str], missing: str) -> None:
    """It is never zero, and the other parts stay as they are."""
    kept = "\n".join(line for line in lines[0] if not re.match(missing, line))
    seen = read(kept, ONE, lines[1])
    assert isinstance(seen, Answer)
    parts = {"disk": seen.disks["/"], "memory": seen.memory, "processes": seen.processes}
    if MISSING[missing] == "hidden":
        assert isinstance(seen.processes, Table)
        assert "hides the processes of other users" in seen.processes.hidden
        return
    for name, part in parts.items():
        assert isinstance(part, Unseen) is (MISSING[missing] in {name, "all"}), name


def test_a_disk_that_may_be_read_only(lines: tuple[list[str], str]) -> None:
    """Whose mount the table does not have, as in a chroot: what can be written to is not read-only."""
    other = "f /proc/self/mountinfo:1 0 0:5 / /elsewhere rw - ext4 /dev/x rw"
    rest = [line for line in lines[0] if not line.startswith("f /proc/self/mountinfo:")]
    for writable in ("w", "-"):
        changed = [re.sub(r"^(disk 0 ok) \S+ (.*) [w-] /$", rf"\1 - \2 {writable} /", line) for line in rest]
        seen = read("\n".join([*changed[:-2], other, *changed[-2:]]), ONE, lines[1])
        assert isinstance(seen, Answer)
        assert isinstance(seen.disks["/"], Unseen) is (writable == "-")


ODD = [
    ("disk 0 ok 24 4096 x 1 1 1 1 /", "disk"),
    ("disk 0 ok 24 4096 -5 1 1 1 1 /", "disk"),
    ("disk 0 ok", "disk"),
    ("f /proc/meminfo:MemTotal: many kB", "memory"),
]


@pytest.mark.parametrize(("line", "part"), ODD)
def test_an_odd_line_is_unseen(lines: tuple[list[str], str], line: str, part: str) -> None:
    """What is not like the probe's own lines says nothing."""
    start = " ".join(line.split(" ")[:2]) if part == "disk" else "f /proc/meminfo:MemTotal"
    changed = "\n".join(line if one.startswith(start) else one for one in lines[0])
    seen = read(changed, ONE, lines[1])
    assert isinstance(seen, Answer)
    assert isinstance(seen.disks["/"] if part == "disk" else seen.memory, Unseen)


def test_a_process_with_a_name_of_two_lines(lines: tuple[list[str], str]) -> None:
    """It may be any process, so nothing that is not seen is absent."""
    seen = read("\n".join([*lines[0][:-1], "q 99 (evil", lines[0][-1]]), ONE, lines[1])
    assert isinstance(seen, Answer)
    assert isinstance(seen.processes, Table)
    assert "names that cannot be read" in seen.processes.hidden


def test_a_path_that_leads_to_a_name_of_two_lines(tmp_path: Path) -> None:
    """It could say anything about another disk."""
    evil = tmp_path / "a\ndisk 1 ok - 4096 9 9 9 9 9 w"
    evil.mkdir()
    (tmp_path / "link").symlink_to(evil)
    question = Question(disks=(str(tmp_path / "link"), "/nowhere/at/all"), seconds=5)
    seen = answer(reach(stub(tmp_path / "bin", "exec sh -s"), question))
    assert all(isinstance(disk, Unseen) for disk in seen.disks.values())


def test_a_function_of_the_account_answers_nothing(tmp_path: Path) -> None:
    """As bash exports them to every bash."""
    body = "stat() { echo 1 1 1 1 1 1; }; export -f stat; exec bash -s"
    environ = stub(tmp_path / "bin", f"exec bash -c {shlex.quote(body)}")
    seen = answer(reach(environ, Question(disks=("/",), seconds=5))).disks["/"]
    assert isinstance(seen, host.Disk)
    assert seen.used > 1 << 20


def test_an_answer_to_another_question(lines: tuple[list[str], str]) -> None:
    """A recorded answer is not this one's; one that is there twice is none."""
    assert isinstance(read("\n".join(lines[0]), ONE, "0" * 16), Unseen)
    assert isinstance(read("\n".join([*lines[0], *lines[0]]), ONE, lines[1]), Unseen)


def test_paths_stay_within(lines: tuple[list[str], str], tmp_path: Path) -> None:
    """A host that names files elsewhere writes none here."""
    evil = f"f /../../../../..{tmp_path}/memory.max:1"
    seen = read("\n".join([*lines[0][:-2], evil, *lines[0][-2:]]), ONE, lines[1])
    assert isinstance(seen, Answer)
    assert not (tmp_path / "memory.max").exists()


def test_an_answer_that_is_too_long(tmp_path: Path) -> None:
    """Said, and not tried again."""
    body = "sh -s | while IFS= read -r line; do echo \"$line\"; done; head -c 2000000 /dev/zero | tr '\\000' x"
    (tmp_path / "bin").mkdir()
    endless = 'for file; do head -c 1200000 /dev/zero | tr "\\000" x; done'
    stub(tmp_path / "bin", endless, "readlink")
    reached = reach(stub(tmp_path / "bin", body), Question(disks=("/",), processes=True, seconds=5), tries=2)
    assert "it prints more than 1 MiB (" in why(reached)
    assert reached.tries == 1


@pytest.mark.parametrize("system", ["FreeBSD", "Darwin", "SunOS", ""])
def test_other_systems(system: str, tmp_path: Path) -> None:
    """Said, and not guessed."""
    environ = stub(tmp_path / "bin", f"echo {system}", "uname")
    environ = {**stub(tmp_path / "bin", "exec sh -s"), "PATH": environ["PATH"]}
    assert "only Linux hosts can be asked" in why(reach(environ, ALL))


def test_noise_before_the_answer(tmp_path: Path) -> None:
    """Of login files and banners; also a lot of it, and in another encoding."""
    noise = "echo Welcome; printf '\\377\\376 rs1 begin\\n'; head -c 300000 /dev/zero; echo; exec sh -s"
    answer(reach(stub(tmp_path / "bin", noise), ALL))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "echo 'This account is currently not available.'; exit 1",
            "it answers 'This account is currently not available.'",
        ),
        ("exit 0", "docker ended without a word"),
        ("echo 'no such container: shop' >&2; exit 1", "no such container: shop"),
        ("head -c 3000000 /dev/zero | tr '\\000' x; exec sh -s", "more than 1 MiB before the probe"),
        ("printf '##vso[x]\\033[2J' >&2; exit 3", "# #vso[x]\\x1b[2J (try `docker exec --interactive shop true` here)"),
        ("sleep 30", "no answer within"),
    ],
)
def test_what_does_not_answer(body: str, words: str, tmp_path: Path) -> None:
    """One sentence, in the words that there are."""
    question = Question(memory=True, seconds=0.5 if "sleep 30" in body else 5)
    assert words in why(reach(stub(tmp_path / "bin", body), question))


def test_a_client_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    said = why(reach({"PATH": str(tmp_path), "HOME": str(tmp_path)}, ALL))
    assert said.startswith("docker is not there: install it where the gate runs")


WAYS = {
    "docker": ("exec --interactive shop sh -s", {}),
    "podman": ("exec --interactive shop sh -s", {}),
    "kubectl": (
        "--context=blue --namespace=prod exec --stdin --container=web shop -- sh -s",
        {"namespace": "prod", "context": "blue", "container": "web"},
    ),
}


@pytest.mark.parametrize("kind", WAYS)
def test_how_containers_are_reached(kind: str, tmp_path: Path) -> None:
    """The words of each program; no variable of the gate's own gets there."""
    from release_sentinel.observe.hosts import Reach

    words, more = WAYS[kind]
    body = f"""echo "$@" >'{tmp_path}/words'; env >'{tmp_path}/env'; exec sh -s"""
    environ = {
        **stub(tmp_path / "bin", body, kind),
        "RS_DEPLOY_TOKEN": "s3cret",
        "GH_TOKEN": "s3cret",
        "DOCKER_HOST": "x",
    }
    answer(reach(environ, ALL, Reach(kind, "shop", **more)))  # type: ignore[arg-type]  # a row of the table
    assert (tmp_path / "words").read_text().strip() == words
    more_names = {**environ, "KUBE_TOKEN": "x", "KUBECONFIG": "x"}
    with settings_folder() as place:
        way = Way(Reach(kind, "shop"), place, more_names, withheld=["KUBE_TOKEN"])  # type: ignore[arg-type]  # a row of the table
        assert "KUBE_TOKEN" not in way.environ
        assert ("KUBECONFIG" in way.environ) is (kind == "kubectl")
    assert "s3cret" not in (tmp_path / "env").read_text()


def test_a_hung_mount_hangs_nothing_else(tmp_path: Path) -> None:
    """Three hung disks do not add up, and the rest is judged; nothing runs on afterwards."""
    slow = f'case "$*" in *slow*) exec sleep 61.5 ;; esac; exec {shutil.which("stat")} "$@"'
    (tmp_path / "bin").mkdir()
    stub(tmp_path / "bin", slow, "stat")
    for name in ("slow1", "slow2", "slow3"):
        (tmp_path / name).mkdir()
    disks = (str(tmp_path / "slow1"), "/", str(tmp_path / "slow2"), str(tmp_path / "slow3"))
    question = Question(disks=disks, memory=True, processes=True, seconds=3)
    seen = answer(reach(stub(tmp_path / "bin", "exec sh -s"), question))
    for disk in disks:
        assert isinstance(seen.disks[disk], Unseen) is ("slow" in disk)
    assert not isinstance(seen.memory, Unseen)
    assert isinstance(seen.processes, Table)
