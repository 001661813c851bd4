"""Code of a pack runs behind guards wherever it is imported: it ends no process, and what it prints is scrubbed."""

import json
import os
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from release_sentinel.cli import main
from release_sentinel.config.model import PackRule
from release_sentinel.invocation import parse
from release_sentinel.observe.bounded import until
from release_sentinel.packs import find, guards, record
from release_sentinel.packs.asked import AskedPacks
from release_sentinel.packs.needs import PackError
from release_sentinel.redaction import Redactor
from release_sentinel.redaction.standard import scrub_standard_streams
from release_sentinel.settings import settings_of
from tests.conftest import CLI, RELEASE, SECRET, Repo, Run, Sentinel, run
from tests.forked import SITE
from tests.packs.made import example, forget, install, let_install
from tests.packs.test_find import CHECKS, START
from tests.test_architecture import MODULES

IN_THREAD = f"""import os, threading
def end():
    try: os._exit(0)
    except SystemExit: pass
one = threading.Thread(target=end)
one.start(); one.join()
{example()[START]}"""
IN_SETTINGS = f"""{example()[START]}
import os
from msgspec import Struct
class Late(Struct, frozen=True):
    def __post_init__(self): os._exit(0)
pack = Pack("acme", pack.gates, {{"late": Late}})
"""
POLICY = 'packs = { acme = ">=2" }\n'
# What a pack does at its import, and what is said of it: each would end the process, or keep it for ever.
ENDINGS = {
    "os._exit": ("import os; os._exit(0)", r"it called os\._exit\(0\)"),
    "os._exit, a failure": ("import os; os._exit(3)", r"it called os\._exit\(3\)"),
    "os._exit, swallowed": (
        "import os\ntry: os._exit(0)\nexcept BaseException: pass\n" + example()[START],
        r"it called os\._exit\(0\)",
    ),
    "os._exit in a thread": (IN_THREAD, r"it called os\._exit\(0\)"),
    "sys.exit": ("import sys; sys.exit(0)", r"SystemExit: sys\.exit\(0\)"),
    "exit": ("import builtins; raise SystemExit", r"SystemExit: sys\.exit\(None\)"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "pytest.exit": ("import pytest; pytest.exit('done', returncode=0)", "Exit: done"),
    "a generator's end": ("raise GeneratorExit", "GeneratorExit"),
    "a hang": ("import time; time.sleep(600)", r"acme_gates was not imported within 0\.2 s"),
    "an exit in its settings": (IN_SETTINGS, r"it called os\._exit\(0\)"),
}


@pytest.fixture
def shop(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where packs are installed, and a working directory with a policy that asks for one."""
    let_install(monkeypatch, tmp_path / "site")
    monkeypatch.setattr(record, "LOAD_SECONDS", 0.2)
    monkeypatch.setenv("RS_DEPLOY_TOKEN", SECRET)
    repo.commit("release-sentinel.toml", POLICY)
    monkeypatch.chdir(repo.path)
    yield tmp_path / "site"
    forget()


def asked() -> int:
    """Load the packs of a policy as a gate run does."""
    invocation, redactor = parse(RELEASE, os.environ, Path.cwd()), Redactor()
    settings_of(invocation, os.environ, redactor)
    restore = scrub_standard_streams(redactor)
    try:
        settings = settings_of(invocation, os.environ, redactor, packs := AskedPacks())
        sys.stderr.write("\n".join((*settings.problems, *packs.problems)))
    finally:
        restore()
    return int(bool(settings.problems or packs.problems))


def command(*words: str) -> int:
    """Run a command, also one that its parser ends."""
    try:
        return main(words)
    except SystemExit as ended:
        return int(ended.code or 0)


IMPORTERS: dict[str, Callable[[], int]] = {
    "a gate run": asked,
    "policy": lambda: command("policy"),
    "policy --json": lambda: command("policy", "--json"),
    "schema": lambda: command("schema"),
    "explain, a pack": lambda: command("explain", "acme"),
    "explain, a gate": lambda: command("explain", "acme.owner-named"),
}


@pytest.mark.sweep
@pytest.mark.parametrize("importer", IMPORTERS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_no_pack_ends_what_imports_it(
    shop: Path, capfd: pytest.CaptureFixture[str], ending: str, importer: str
) -> None:
    """The pack is named, with what it did; `os._exit` is what it was."""
    before, (source, words) = os._exit, ENDINGS[ending]
    install(shop, {START: source})
    code = IMPORTERS[importer]()
    assert os._exit is before
    out, err = capfd.readouterr()
    if importer == "schema":  # of the policy's own keys
        assert json.loads(out)["title"]
    else:
        assert code == 1
    assert re.search(f"the gate pack acme is broken: .*{words}", out + err), out + err


BEGIN = "import base64, logging, os, subprocess, sys, threading, warnings\nvalue = os.environ['RS_DEPLOY_TOKEN']\n"
# What a pack does at its import to print `value`; it says `seen` besides.
WAYS = {
    "print": "print('seen', value)",
    "base64": "print('seen', base64.b64encode(value.encode()).decode())",
    "hexadecimal": "print('seen', value.encode().hex())",
    "standard error": "print('seen', value, file=sys.stderr)",
    "the original stream": "sys.__stdout__.write(f'seen {value}\\n'); sys.__stdout__.flush()",
    "bytes": "sys.stdout.buffer.write(f'seen {value}\\n'.encode()); sys.stdout.buffer.flush()",
    "half a line": "print('seen', value, end='')",
    "a beginning": f"print('seen', value[:{len(SECRET) // 2}], end='', flush=True); print(value[{len(SECRET) // 2}:])",
    "a descriptor": "os.write(1, f'seen {value}\\n'.encode())",
    "a descriptor of errors": "os.write(2, f'seen {value}'.encode())",
    "a file on a descriptor": "open(1, 'w', closefd=False).write(f'seen {value}\\n')",
    "a child": "subprocess.run(['sh', '-c', 'echo seen $RS_DEPLOY_TOKEN'])",
    "a child's errors": "subprocess.run(['sh', '-c', 'echo seen $RS_DEPLOY_TOKEN >&2'])",
    "a fork": "if not os.fork(): os.write(1, f'seen {value}'.encode()); os._exit(0)\nos.wait()",
    "a thread": "one = threading.Thread(target=print, args=('seen', value)); one.start(); one.join()",
    "a log": "log = logging.Logger('acme'); log.addHandler(logging.StreamHandler()); log.warning('seen %s', value)",
    "a warning": "sys.stderr.write(warnings.formatwarning(f'seen {value}', UserWarning, __file__, 1))",
    "another stream": "sys.stdout = open(os.dup(1), 'w')\nprint('seen', value, flush=True)\nsys.stdout.close()",
    "an error": "raise RuntimeError(f'seen {value}')",
}
SEEN = re.compile("|".join([re.escape(SECRET), b64encode(SECRET.encode()).decode().rstrip("="), SECRET.encode().hex()]))


@pytest.mark.sweep
@pytest.mark.parametrize("importer", IMPORTERS)
@pytest.mark.parametrize("way", WAYS)
def test_no_pack_shows_a_secret(shop: Path, capfd: pytest.CaptureFixture[str], way: str, importer: str) -> None:
    """What it prints is shown, but for that, and not on standard output: another program may read a command's."""
    install(shop, {START: f"{BEGIN}{WAYS[way]}\n{example()[START]}"})
    IMPORTERS[importer]()
    out, err = capfd.readouterr()
    assert "seen" in out + err
    assert SEEN.search(out + err) is None
    if "--json" in importer or importer == "schema":
        assert way == "an error" or json.loads(out)


@pytest.mark.sweep
@pytest.mark.parametrize("way", ["print", "a descriptor", "a child"])
def test_what_settings_print_is_scrubbed(shop: Path, capfd: pytest.CaptureFixture[str], way: str) -> None:
    """Code of a pack also runs while its table is read."""
    source = example()[CHECKS].replace(
        "    file: str", f"    def __post_init__(self) -> None: {WAYS[way]}\n\n    file: str"
    )
    install(shop, {CHECKS: f"{BEGIN}{source}"})
    Path("release-sentinel.toml").write_text(f"{POLICY}[acme.queue]\nowner = 'me'\n")
    assert command("policy") == 0
    out, err = capfd.readouterr()
    assert "seen" in err
    assert SEEN.search(out + err) is None


SETTINGS = {
    "sys.exit": ("sys.exit(0)", "have settings that cannot be read: SystemExit: 0"),
    "os._exit": ("os._exit(0)", "have settings that cannot be read: SystemExit: 0"),
    "an interrupt": ("raise KeyboardInterrupt", "have settings that cannot be read: KeyboardInterrupt"),
    "a hang": ("time.sleep(600)", "gate packs were not loaded in time"),
}


@pytest.mark.sweep
@pytest.mark.parametrize("importer", ["a gate run", "policy"])
@pytest.mark.parametrize("ending", SETTINGS)
def test_no_settings_end_what_reads_them(
    shop: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ending: str, importer: str
) -> None:
    """The table of a pack is read by code of its own."""
    monkeypatch.setattr(guards, "SECONDS", 1.0)
    source, words = SETTINGS[ending]
    judge = f"    def __post_init__(self) -> None:\n        if self.owner == 'me': {source}\n\n    file: str"
    install(shop, {CHECKS: f"import os, sys, time\n{example()[CHECKS].replace('    file: str', judge)}"})
    Path("release-sentinel.toml").write_text(f"{POLICY}[acme.queue]\nowner = 'me'\n")
    assert IMPORTERS[importer]() == 1
    assert words in "".join(capfd.readouterr())


def test_much_output_is_cut_between_lines(shop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And not in a secret."""
    install(
        shop,
        {START: f"{BEGIN}os.write(1, f'seen {{value}}\\n{{\"x\" * 65530}}{{value}}\\n'.encode())\n{example()[START]}"},
    )
    assert command("policy") == 0
    err = capfd.readouterr().err
    assert err == "seen ***\n(the rest of what gate packs print as they are loaded is left out)\n"


def test_a_load_takes_no_longer_than_the_run_has(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline of a run bounds a pack, too."""
    monkeypatch.setattr(record, "LOAD_SECONDS", 30.0)
    install(shop, {START: "import time; time.sleep(600)"})
    with pytest.raises(PackError, match=r"^is broken: acme_gates was not imported within 0\.[0-4]\d* s$"):
        until(0.4, lambda: find.load("acme", PackRule(">=2")))()


@pytest.fixture
def packed(sentinel: Sentinel, tmp_path: Path) -> Sentinel:
    """A release that the policy of its repository wants judged by the pack acme, and that it passes."""
    sentinel.settings[SITE] = str(tmp_path / "site")
    sentinel.repo.commit("queue.txt", "job\n")
    sentinel.repo.commit("release-sentinel.toml", POLICY)
    return sentinel


RUNS: dict[str, Callable[..., Run]] = {
    "pytest": lambda packed, *options: packed.pytest(*options),
    "pytest -n 2": lambda packed, *options: packed.pytest("-p", "xdist", "-n", "2", *options),
    "release-sentinel": lambda packed, *options: packed(*options),
}
KEPT = "import atexit\nkept = os._exit\natexit.register(lambda: kept(0))\n"


@pytest.mark.parametrize("way", RUNS)
def test_a_run_shows_no_secret_that_a_pack_prints_and_ends_with_its_own_code(packed: Sentinel, way: str) -> None:
    """Whatever the pack keeps from its import: its gate fails, and the exit code is that of the verdict."""
    prints = "\n".join(text for name, text in WAYS.items() if name not in {"an error", "another stream"})
    install(Path(packed.settings[SITE]), {START: f"{BEGIN}{prints}\n{KEPT}{example()[START]}"})
    packed.repo.commit("queue.txt", "job\n" * 200)
    done = RUNS[way](packed, "-s")
    assert (done.code, done.verdict["verdict"]) == (2, "CRITICAL"), done.out
    assert "seen ***" in done.out
    assert SEEN.search(done.out) is None


@pytest.mark.parametrize("way", RUNS)
def test_a_run_names_the_pack_that_would_end_it(packed: Sentinel, way: str) -> None:
    """The other gates are judged."""
    install(Path(packed.settings[SITE]), {START: ENDINGS["os._exit"][0]})
    done = RUNS[way](packed)
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert "the gate pack acme is broken: acme_gates:pack: it called os._exit(0), which ends the process" in done.out
    assert done.statuses["disk"] == "OK"


@pytest.mark.parametrize("way", RUNS)
def test_a_run_within_its_deadline_names_the_pack_that_hangs(packed: Sentinel, way: str) -> None:
    """It waits for no pack beyond that."""
    install(Path(packed.settings[SITE]), {START: ENDINGS["a hang"][0]})
    done = RUNS[way](packed, "--gate-deadline=1")
    assert done.code == 1, done.out
    assert re.search(r"the gate pack acme is broken: acme_gates was not imported within 0\.\d+ s", done.out), done.out


def test_a_killed_run_names_the_pack_that_it_was_loading(packed: Sentinel) -> None:
    """Nothing in the process can hold a signal that ends it."""
    install(Path(packed.settings[SITE]), {START: "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"})
    done = packed()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert "was ended by SIGKILL without a finished verdict, while it loaded the gate pack acme" in done.out
    [problem] = done.verdict["problems"]
    assert problem.endswith("while it loaded the gate pack acme")


@pytest.mark.parametrize("words", [["policy"], ["policy", "--env", "nowhere"]], ids=" ".join)
def test_a_command_ends_with_its_own_code(packed: Sentinel, words: list[str]) -> None:
    """No code that a pack has left behind has the last word, or keeps the process."""
    left = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=False).start()\n"
    install(Path(packed.settings[SITE]), {START: f"import os\n{KEPT.replace('(0)', '(7)')}{left}{example()[START]}"})
    done = run(*CLI, *words, cwd=packed.repo.path, env=packed.settings, timeout=60)
    assert done.code == len(words) // 2, done.out
    assert "environment" in done.out


def test_the_importers_are_known() -> None:
    """Each way to the code of a pack is tested here: a new one is added to `IMPORTERS`, behind the guards."""
    texts = {name: file.read_text(encoding="utf-8") for name, file in MODULES.items()}
    loading = r"packs\.find import .*\bload\b|packs import .*\bfind\b"
    assert {name for name, text in texts.items() if re.search(loading, text)} == {"packs.asked", "commands.explain"}
    assert {name for name, text in texts.items() if "AskedPacks(" in text} == {"cli", "plugin.session", "settings"}
