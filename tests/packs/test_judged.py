"""Gate packs in real runs: their gates are owed and judged as the built-in ones, and reach no others."""

import json
import marshal
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

from release_sentinel.commands import explain
from release_sentinel.config.load import load
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import GATES as BUILT_IN
from release_sentinel.packs.asked import AskedPacks
from release_sentinel.plugin import compat
from release_sentinel.settings import settle
from tests.conftest import CLI, RELEASE, Run, Sentinel, make_repo, run
from tests.forked import SITE
from tests.packs.made import example, forget, install, let_install
from tests.packs.test_find import CHECKS, GATES, START

POLICY = 'packs = { acme = ">=2,<3" }\n'
IDS = ["acme.owner-named", "acme.queue-drained"]
OTHER = ["other.owner-named", "other.queue-drained"]
OFF = "".join(f"{gate} = 'x'\n" for gate in ("process", "api", "configuration", "tag", "branch"))


@pytest.fixture
def packed(sentinel: Sentinel, tmp_path: Path) -> Sentinel:
    """A release that the policy of its repository wants judged by the pack acme, and that it passes."""
    sentinel.settings[SITE] = str(tmp_path / "site")
    sentinel.repo.commit("queue.txt", "job\n")
    ask(sentinel)
    return sentinel


def ask(sentinel: Sentinel, more: str = "", before: str = POLICY) -> None:
    """Write and commit the policy."""
    sentinel.repo.commit("release-sentinel.toml", f"{before}{more}")


def site(sentinel: Sentinel) -> Path:
    """Return the folder where packs are installed."""
    return Path(sentinel.settings[SITE])


def results(done: Run) -> dict[str, str]:
    """Return the outcome of each gate of packs."""
    return {gate["id"]: gate["outcome"] for gate in done.verdict["gates"] if "." in gate["id"]}


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_the_gates_of_a_pack_are_judged(packed: Sentinel, way: str) -> None:
    """With both commands, by name in every report, and nothing is left in the tree or beside the pack."""
    install(site(packed))
    attestation = packed.reports / "attestation.json"
    done = (packed if way == "release-sentinel" else packed.pytest)(f"--gate-attestation={attestation}")
    assert done.code == 0, done.out
    assert results(done) == dict.fromkeys(IDS, "passed")
    assert 'name="acme.queue-drained"' in done.junit
    assert "note: gate pack acme 2.1.0, from acme-gates" in done.out
    [pack] = done.verdict["packs"]
    assert (pack["name"], pack["version"], pack["distribution"]) == ("acme", "2.1.0", "acme-gates")
    stated = json.loads(attestation.read_text())["predicate"]["configuration"]
    assert {"name": "acme-gates", "digest": {"dirHash": pack["digest"]}, "annotations": {"version": "2.1.0"}} in stated
    assert packed.repo.git("status", "--porcelain") == ""
    assert not list(site(packed).rglob("__pycache__"))


def test_a_pack_that_is_not_asked_for_does_nothing(packed: Sentinel) -> None:
    """It is not imported, whatever is in it."""
    install(site(packed), {START: "raise RuntimeError", "acme_gates/gates/conftest.py": "raise RuntimeError"})
    ask(packed, before="")
    done = packed()
    assert done.code == 0, done.out
    assert (results(done), done.verdict["packs"]) == ({}, [])


def test_a_pack_that_is_missing_makes_the_run_incomplete(packed: Sentinel) -> None:
    """The other gates are judged, and the line that installs it is shown."""
    done = packed()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert "the gate pack acme is not installed, expected >=2,<3: pip install 'acme>=2,<3'" in done.out
    assert done.statuses["disk"] == "OK"


TEXT = example()[GATES]
FIXTURE = "\n\n@pytest.fixture(autouse=True)\ndef f"
# The name of a pack, what is in the file of its gates, and what the run says of it.
INCOMPLETE: dict[str, tuple[str, str]] = {
    "no_test": (TEXT.replace("test_queue_", "_queue_"), "no_test.queue-drained: it was not collected"),
    "more_tests": (
        f"{TEXT}\n\n@pytest.mark.policy\ndef test_more(policy): assert policy\n",
        "test_more is not among the gates that the pack more_tests lists",
    ),
    "looks_like_one": (f"{TEXT}\n\n@pytest.mark.policy\ndef tset_more(gate): ...\n", "test_queue.py::tset_more: "),
    "other_marker": (
        TEXT.replace("mark.policy", "mark.critical"),
        "test_owner_named is marked critical, and the pack other_marker lists it as policy",
    ),
    "both": (TEXT.replace("@pytest.mark.policy", "@pytest.mark.policy\n@pytest.mark.critical"), "both.owner-named"),
    "unmarked": (
        TEXT.replace("@pytest.mark.policy\n", ""),
        "pack:unmarked/test_queue.py::test_owner_named carries no marker",
    ),
    "nothing": (
        TEXT.replace("gate.require(check_owner(policy.settings(QueueSettings)))", "pass"),
        "nothing.owner-named: it judges nothing",
    ),
    "skipped": (
        TEXT.replace("@pytest.mark.policy", "@pytest.mark.skip\n@pytest.mark.policy"),
        "skipped.owner-named: it was skipped",
    ),
    "no_import": ("import no_such\n", "pack:no_import/test_queue.py could not be collected: "),
    "own_fixture": (
        f"{TEXT}\n\n@pytest.fixture\ndef gate():\n    from unittest.mock import Mock\n    return Mock()\n",
        "own_fixture.queue-drained: it judges nothing",
    ),
    "replaces": (
        f"import release_sentinel.checks.tcp as tcp\ntcp.check_tcp = print\n{TEXT}",
        "the gate pack replaces has replaced release_sentinel.checks.tcp.check_tcp",
    ),
    "patches": (
        f"{TEXT}{FIXTURE}(monkeypatch): monkeypatch.setattr('release_sentinel.plugin.gate.Gate.measure', print)\n",
        "the gate pack patches has replaced release_sentinel.plugin.gate.Gate.measure",
    ),
    "plugins": (f"pytest_plugins = ['no_such']\n{TEXT}", "sets pytest_plugins, which is for a whole run: define "),
    "reaches": (
        f"import nothing_gates.queue as other\nother.CRIT = other.OK\n{TEXT}",
        "the gate pack reaches has replaced nothing_gates.queue.CRIT",
    ),
    "plugin": (
        f"{TEXT}{FIXTURE}(request): request.config.pluginmanager.register(QueueSettings())\n",
        "the gate pack plugin has registered the plugin ",
    ),
}


def test_a_pack_whose_gates_are_not_as_it_says_makes_the_run_incomplete(tmp_path: Path) -> None:
    """Each gate that it lists has a result, and there are no others; of each kind one in the same run."""
    repo, verdict = make_repo(tmp_path / "shop"), tmp_path / "verdict.json"
    repo.commit("queue.txt", "job\n")
    for name, (text, _) in INCOMPLETE.items():
        install(tmp_path / "site", {f"{name}_gates/gates/test_queue.py": text.replace("acme", name)}, pack=name)
    packs = "\n".join(f"{name} = '>=2'" for name in INCOMPLETE)
    repo.commit(
        "release-sentinel.toml", f"[packs]\n{packs}\n[disk]\ncrit = 100\n[memory]\ncrit = 100\n[disable]\n{OFF}"
    )
    done = run(
        *(*CLI, *RELEASE, "--gate-all", f"--gate-verdict={verdict}"),
        cwd=repo.path,
        env={SITE: str(tmp_path / "site"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert done.code == 1, done.out
    told = json.loads(verdict.read_text())
    said = "; ".join([*told["problems"], *(f"{one['gate']}: {one['why']}" for one in told["missing"])])
    assert [name for name, (_, words) in INCOMPLETE.items() if words not in said] == []
    judged = {
        gate["id"]: gate["outcome"] for gate in told["gates"]
    }  # what is wrong with one says nothing of the others
    assert judged["more_tests.owner-named"] == judged["no_test.owner-named"] == "passed"
    assert len(told["packs"]) == len(INCOMPLETE)


def test_settings_are_read_from_the_table_of_the_pack(packed: Sentinel) -> None:
    """Also from the part for an environment; a gate that fails is the pack's, with its remedy."""
    install(site(packed))
    ask(packed, "[acme.queue]\nowner = 'me'\n[env.prod.acme.queue]\ncrit = 1\n[env.dev]\n[env.stage]\n")
    done = packed()
    assert done.code == 2, done.out
    assert "[CRITICAL] acme.queue-drained: 1 jobs wait" in done.out


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("crti = 1", "p.toml:3: acme.queue.crti is not a key of [acme.queue]; did you mean crit?"),
        ("crit = 'x'", "p.toml:3: acme.queue.crit is 'x', expected a number at least 0"),
        ("crit = -1", "p.toml:3: acme.queue.crit is -1, expected a number at least 0"),
        ("warn = 9\ncrit = 1", "p.toml:3: acme.queue.warn is 9, expected at most acme.queue.crit, which is 1"),
        ("[acme.queues]", "p.toml:3: acme.queues is not a key of [acme]; did you mean queue?"),
        ("[env.prod.acme.queue]\ncrit = -1", "p.toml:4: env.prod.acme.queue.crit is -1, expected a number at least 0"),
        (
            "[disable]\n'acme.x' = 'x'",
            "p.toml:4: disable.acme.x names 'acme.x', which is not a built-in gate, and not one of a pack",
        ),
        ("[env.prod]\npacks = {}", "p.toml:4: env.prod.packs is set, expected outside of [env]: it holds for"),
    ],
)
def test_settings_that_are_not_valid_are_told_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, words: str
) -> None:
    """As those of the built-in gates."""
    let_install(monkeypatch, install(tmp_path / "site"))
    (tmp_path / "p.toml").write_text(f"{POLICY}[acme.queue]\n{table}\n[env.dev]\n[env.stage]\n")
    with pytest.raises(InvalidPolicyError) as error:
        load({}, file=tmp_path / "p.toml", env="prod", gates=BUILT_IN, packs=AskedPacks())
    forget()
    assert any(problem.startswith(words) for problem in error.value.problems), error.value.problems


BASE = f"{POLICY}locked = ['packs', 'acme.queue.file']\nstricter_only = ['acme.queue.crit']\n"


@pytest.mark.parametrize(
    ("above", "words"),
    [
        ("packs = { acme = '>=1' }", "p.toml:2: packs differs from base.toml:1: locked by base.toml:2"),
        ("acme.queue.file = 'x'", "p.toml:2: acme.queue.file differs from the default: locked by base.toml:2"),
        (
            "disable = { 'acme.queue-drained' = 'x' }",
            "p.toml:2: disable.acme.queue-drained excuses the gate acme.queue-",
        ),
        (
            "locked = ['acme.queue.files']",
            "p.toml:2: locked names 'acme.queue.files', which is not a key of the policy",
        ),
        (
            "acme.queue.crit = 101",
            "p.toml:2: acme.queue.crit is 101, expected at most 100, as the default has: stricter",
        ),
        ("acme.queue.crit = 99", ""),
        ("acme.queue.owner = 'me'", ""),
    ],
)
def test_a_base_locks_packs_and_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: str, words: str
) -> None:
    """No layer above asks for another version, changes a setting, or switches a gate off."""
    let_install(monkeypatch, install(tmp_path / "site"))
    problems = problems_of(tmp_path, above)
    forget()
    assert [problem[: len(words)] for problem in problems] == ([words] if words else [])


def test_locks_of_a_pack_that_is_missing_are_not_wrong(tmp_path: Path) -> None:
    """What its keys are is not known; the run is INCOMPLETE for want of it."""
    assert problems_of(tmp_path, "acme.queue.owner = 'me'") == ()


def problems_of(folder: Path, above: str) -> tuple[str, ...]:
    """Return what is wrong with a policy above that base."""
    (folder / "base.toml").write_text(BASE)
    (folder / "p.toml").write_text(f"extends = ['base.toml']\n{above}\n")
    try:
        load({}, file=folder / "p.toml", repository=folder, gates=BUILT_IN, packs=AskedPacks())
    except InvalidPolicyError as error:
        return error.problems
    return ()


def test_gates_of_a_pack_are_switched_off_waived_and_advised_by_their_ids(packed: Sentinel) -> None:
    """And the report says so."""
    install(site(packed))
    install(site(packed), pack="other")
    waiver = 'gate = "acme.owner-named"\nenv = "prod"\nreason = "x"\nowner = "me"\nexpires = 2099-01-01\n'
    advised = "[advise]\n'other.owner-named' = 2099-01-01\n[other.queue]\nowner = ''\n"
    off = "[acme.queue]\nowner = ''\n[disable]\n'acme.queue-drained' = 'no queue'\n"
    ask(packed, f"{advised}{off}[[waivers]]\n{waiver}", before='packs = { acme = ">=2", other = ">=2" }\n')
    done = packed()
    assert done.code == 0, done.out
    outcomes = {"acme.owner-named": "waived", "other.owner-named": "advised", "other.queue-drained": "passed"}
    assert results(done) == outcomes
    assert {"gate": "acme.queue-drained", "reason": "no queue"} in done.verdict["disabled"]


def test_a_part_of_the_gates_is_chosen_by_id(packed: Sentinel) -> None:
    """As built-in ones."""
    install(site(packed))
    done = packed("--gate-partial", "-k", "acme.queue-drained")
    assert (done.code, results(done)) == (0, {"acme.queue-drained": "passed"}), done.out


def test_each_round_asks_the_gates_of_a_pack_anew(packed: Sentinel) -> None:
    """The queue is drained while the run waits."""
    drains = "    queue = folder / settings.file\n    lines = queue.read_text().split()\n"
    files = {
        CHECKS: example()[CHECKS].replace(
            "    try:\n", f"{drains}    queue.write_text('\\n'.join(lines[1:]))\n    try:\n"
        )
    }
    install(site(packed), files)
    packed.repo.commit(".gitignore", "other.txt\n")
    packed.repo.write("other.txt", "a\nb\nc\n")
    ask(packed, "[acme.queue]\nfile = 'other.txt'\ncrit = 1\nwarn = 1\n")
    done = packed("--gate-wait=60s", "--gate-interval=0.01s")
    assert done.code == 0, done.out
    assert done.verdict["rounds"]["failures"] == {"acme.queue-drained": 2}


CONFTEST = """
import pytest

@pytest.fixture
def policy(): raise RuntimeError("of the repository")

@pytest.fixture(autouse=True)
def everywhere(request):
    assert "_gates" not in request.node.path.parts[-3]
    return True
"""


HOOKS = """
def pytest_collection_modifyitems(items): items[:] = [one for one in items if "::test_q" not in one.nodeid]

def pytest_itemcollected(item):  # does not reach them
    if item.name == "test_owner_named": item.add_marker("skip")

def pytest_ignore_collect(collection_path): return True if "other_gates" in str(collection_path) else None
"""


@pytest.mark.sweep
def test_a_repository_s_conftest_does_not_reach_the_gates_of_a_pack(packed: Sentinel) -> None:
    """Neither by a fixture of the same name nor by one that applies to every test; what its hooks leave out is owed."""
    packed.settings[SITE] = str(packed.repo.path / ".venv" / "lib" / "site-packages")  # where its conftest reaches
    packed.repo.commit(".gitignore", ".venv\n")
    packed.repo.write(".venv/pyvenv.cfg", "")
    install(site(packed))
    install(site(packed), pack="other")
    ask(packed, before='packs = { acme = ">=2,<3", other = ">=2" }\n')
    packed.gate("@pytest.mark.policy\ndef test_own(everywhere): assert everywhere")
    packed.repo.commit("conftest.py", CONFTEST)
    done = packed()
    assert (done.code, results(done)) == (0, dict.fromkeys([*IDS, *OTHER], "passed")), done.out
    packed.repo.commit("conftest.py", f"{CONFTEST}{HOOKS}")
    done = packed()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    missing = {one["gate"] for one in done.verdict["missing"]}
    assert {IDS[1], *OTHER} <= missing
    assert IDS[0] not in missing


ABOVE = """
from types import SimpleNamespace

import pytest

pytest_plugins = ["shop_plugin"]

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if item.name == "test_owner_named": item.funcargs["policy"] = SimpleNamespace(settings=lambda kind: kind(owner="x"))
    return (yield)
"""
# Each hook has another gate as its victim: `clean-tree`, `acme.owner-named`, `acme.queue-drained`, and so on.
PLUGIN = """
from pathlib import Path

import pytest
from release_sentinel.testing import observed

def pytest_generate_tests(metafunc):
    given = {"repository": observed.repository(), "folder": Path(__file__).parent / "empty", "word": "given"}
    for name in given.keys() & set(metafunc.fixturenames):
        metafunc.parametrize(name, [given[name]], ids=[pytest.HIDDEN_PARAM])

@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef, request):
    if fixturedef.argname == "branch":
        fixturedef.cached_result = ("main", fixturedef.cache_key(request), None)
        return "main"

@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector, name):
    if name == "test_memory":
        return pytest.Function.from_parent(collector, name=name, callobj=lambda: None)

class Registered:
    def pytest_runtest_setup(self, item):
        item.user_properties.append(("reached", item.name))
        if item.name == "test_process": pytest.skip("of no use here")

def pytest_configure(config):
    config.pluginmanager.register(Registered())
"""
OWN = """
import pytest

@pytest.mark.policy
def test_own(word, branch, request):
    assert (word, branch) == ("given", "feature")
    assert ("reached", "test_own") in request.node.user_properties
"""


def test_hooks_of_a_repository_reach_its_own_gates_alone(packed: Sentinel) -> None:
    """Those of a conftest above the packs, and of a plugin that it names: each would have hidden a failure."""
    packed.settings[SITE] = str(packed.repo.path / ".venv" / "lib" / "site-packages")
    packed.repo.commit(".gitignore", ".venv\n")
    packed.repo.write(".venv/pyvenv.cfg", "")
    install(site(packed))
    ask(packed, "[acme.queue]\nowner = ''\ncrit = 1\n")
    packed.repo.commit("conftest.py", ABOVE)
    packed.repo.commit("shop_plugin.py", PLUGIN)
    packed.gate(OWN)
    packed.repo.git("checkout", "-qb", "feature")
    packed.repo.write("dirty.txt", "")
    done = packed("--gate-all", RS_REQUIRED_PROCESS="no-such-process", RS_MEMORY_CRIT="0.001", RS_MEMORY_WARN="0.001")
    failed = {gate["id"] for gate in done.verdict["gates"] if gate["outcome"] == "failed"}
    assert {"clean-tree", "branch", "memory", "process", *IDS} <= failed, done.out
    assert "own" not in failed, done.out
    assert done.verdict["problems"] == [], done.out


REPLACES = """
import acme_gates.queue
import release_sentinel.checks.system
from release_sentinel import OK, CheckResult

acme_gates.queue.check_queue = lambda *_: CheckResult(OK, "no jobs wait")


def pytest_runtest_logfinish():
    acme_gates.queue.CRIT = OK
    release_sentinel.checks.system.check_memory = print
"""


def test_what_a_conftest_replaces_in_a_pack_makes_the_run_incomplete(packed: Sentinel) -> None:
    """At import or by a hook; what a gate replaces for itself alone, and puts back, does not."""
    install(site(packed))
    packed.repo.commit("gate_tests/conftest.py", REPLACES)
    own = "def test_own(monkeypatch):\n    assert not monkeypatch.setattr('acme_gates.queue.check_owner', len)"
    packed.gate(f"import pytest\n@pytest.mark.policy\n{own}\n")
    done = packed()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert [problem.partition(" was replaced: ")[0] for problem in done.verdict["problems"]] == [
        "acme_gates.queue.check_queue of the gate pack acme",
        "release_sentinel.checks.system.check_memory",
        "acme_gates.queue.CRIT of the gate pack acme",
    ]


@pytest.mark.sweep
def test_files_and_gates_of_one_name_are_told_apart(packed: Sentinel) -> None:
    """Those of the repository, of two packs, and the built-in ones; what they assert counts."""
    install(site(packed))
    asserts = "import pytest\n@pytest.mark.policy\ndef test_owner_named(): assert len('x') == 1\n"
    asserts += "@pytest.mark.critical\nclass TestQueue:\n    def test_queue_drained(self): assert not len('')\n"
    other = {"other_gates/gates/test_version.py": asserts, "other_gates/gates/test_queue.py": None}
    install(site(packed), {**other, "other_gates/gates/__init__.py": ""}, pack="other")
    packed.gate(
        "@pytest.mark.policy\ndef test_queue_drained(gate): gate.require(CheckResult(OK, 'x'))", "test_queue.py"
    )
    ask(packed, before='packs = { acme = ">=2,<3", other = ">=2" }\n')
    done = packed()
    assert done.code == 0, done.out
    assert {*done.statuses} >= {*IDS, *OTHER, "queue-drained", "version"}


@pytest.mark.sweep
def test_a_folder_of_the_repository_may_have_the_name_of_a_pack(packed: Sentinel) -> None:
    """With files and gates of the same names: all are judged, each by its own."""
    install(site(packed))
    own = "import pytest\n@pytest.mark.critical\ndef test_queue_drained(): assert not len('x')\n"
    packed.repo.commit("acme/test_queue.py", own)
    done = packed("acme")
    assert done.code == 2, done.out
    assert results(done) == dict.fromkeys(IDS, "passed")
    assert {gate["id"]: gate["outcome"] for gate in done.verdict["gates"]}["queue-drained"] == "failed"
    packed.repo.commit("acme/test_queue.py", own.replace("not len('x')", "len('x') == 1"))
    assert packed("acme").code == 0


def test_a_repository_s_gate_cannot_pass_for_one_of_a_pack(packed: Sentinel) -> None:
    """Its id is taken, or the pack's own gate is missing."""
    install(site(packed), {GATES: example()[GATES].replace("test_queue_", "_queue_")})
    for name in ("test_acme.py", "test_other.py"):
        packed.gate("@pytest.mark.critical\ndef test_queue_drained(): assert 1 < 2", name)
    done = packed()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert "no result from gate acme.queue-drained" in " ".join(done.verdict["problems"])


@pytest.mark.parametrize("is_there", [True, False], ids=["installed", "missing"])
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_the_judged_repository_does_not_take_the_place_of_a_pack(packed: Sentinel, way: str, *, is_there: bool) -> None:
    """Neither its metadata nor its package, whatever PYTHONPATH and `pythonpath` say."""
    for folder in (packed.repo.path, packed.repo.path / "vendor" / "site-packages"):
        install(folder, {START: "raise RuntimeError"})
    packed.repo.commit("pytest.ini", "[pytest]\npythonpath = vendor/site-packages\n")
    if is_there:
        install(site(packed), version="2.2")
    done = (packed if way == "release-sentinel" else packed.pytest)(PYTHONPATH=str(packed.repo.path))
    if is_there:
        assert (done.code, results(done)) == (0, dict.fromkeys(IDS, "passed")), done.out
        assert done.verdict["packs"][0]["version"] == "2.2"
    else:
        assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
        assert "the gate pack acme is not installed" in done.out


def test_byte_code_of_gates_is_not_trusted(packed: Sentinel) -> None:
    """Neither Python's nor pytest's, although both say that they are of the source: each module is read from that."""
    install(site(packed))
    code = marshal.dumps(compile("raise RuntimeError('of the byte code')", "other.py", "exec"))
    for file in (GATES, CHECKS):
        source = site(packed) / file
        digest, stat = source_hash(source.read_bytes()), source.stat()
        times = b"".join(int(number).to_bytes(4, "little") for number in (0, stat.st_mtime, stat.st_size))
        hashed = pytest.version_tuple >= (9, 2)  # pytest's own byte code has the time of its source before that
        cache = Path(cache_from_source(str(source)))
        cache.parent.mkdir()
        cache.write_bytes(MAGIC_NUMBER + b"\3\0\0\0" + digest + code)
        of_pytest = cache.with_name(f"{source.stem}{compat._GATE_TAIL}{rewrite.PYC_TAIL}")
        of_pytest.write_bytes(MAGIC_NUMBER + (b"\3\0\0\0" + digest if hashed else times) + code)
    done = packed()
    assert (done.code, results(done)) == (0, dict.fromkeys(IDS, "passed")), done.out


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("acme.queue-draind", "; did you mean acme.queue-drained? The gates are: acme.owner-named, acme.queue-drained"),
        ("acme.zzz", ". The gates are: acme.owner-named, acme.queue-drained"),
        ("acne", "; did you mean acme? The gates are: environment, "),
        ("acne.queue-drained", "; did you mean acme.queue-drained? The gates are: environment, "),
        ("nonsense", ". The gates are: environment, "),
    ],
)
def test_a_misspelt_gate_of_a_pack_is_told_by_its_nearest_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str, hint: str
) -> None:
    """Of the pack that the word begins with, or else of the packs of the policy."""
    let_install(monkeypatch, install(tmp_path / "site"))
    (tmp_path / "p.toml").write_text(POLICY)
    settings = settle({}, tmp_path, file=tmp_path / "p.toml")
    with pytest.raises(SystemExit):
        explain.main([word], settings)
    forget()
    assert f"there is no gate '{word}'{hint}" in capsys.readouterr().err


def test_a_pack_is_explained_and_in_policy_and_schema(packed: Sentinel) -> None:
    """By its gate's id, and by its own name as the table for its README."""
    install(site(packed))

    def said(*words: str) -> str:
        done = run(*CLI, *words, cwd=packed.repo.path, env=packed.settings)
        assert done.code == 0, done.out
        return done.out

    assert "acme.queue-drained  (critical gate)\n\nFew jobs wait in the queue.\n\nWhy: " in said("explain", IDS[1])
    assert "| `acme.owner-named` | policy | The queue has an owner. |" in said("explain", "acme")
    assert '[acme.queue]\nfile = "queue.txt"  # default' in said("policy")
    tables = json.loads(said("schema"))
    assert "crit" in tables["properties"]["acme"]["properties"]["queue"]["properties"]
    assert "acme" in tables["$defs"]["part"]["properties"]
