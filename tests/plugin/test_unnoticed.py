"""No gate is SAFE by what fails or is left undone where none of its code looks: each is red, by name, and says why."""

import textwrap
from collections.abc import Mapping

import pytest

from tests.conftest import Run, Sentinel, each

PLAIN = pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
HEAD = """
import asyncio, subprocess, sys, threading, types, unittest, warnings
from concurrent.futures import ThreadPoolExecutor
import pytest
from release_sentinel import CRIT, OK, CheckResult

pytestmark = pytest.mark.policy
async def healthy(): return False
async def fails(): raise OSError("no route")
async def pages(): yield 1
def ready(): return False
def hosts(): yield "web1"
def check(host): assert host != "web2", f"{host} is down"
class Queue:
    def is_short(self): return False
"""


def judged(sentinel: Sentinel, sources: Mapping[str, str], *, plain: bool, head: str = HEAD, graces: str = "") -> Run:
    """Run a gate for each source, `test_own_0` and so on, with all warnings ignored."""
    bodies = [source.replace("test_own", f"test_own_{number}") for number, source in enumerate(sources.values())]
    sentinel.gate(head + "\n".join(map(textwrap.dedent, bodies)))
    sentinel.repo.commit("pytest.ini", "[pytest]\nfilterwarnings =\n    ignore\n")
    return (sentinel.pytest if plain else sentinel)("-W", "ignore", GRACES=graces)


def said_of(run: Run, gate: str) -> list[str]:
    """Return the lines of the verdict that name a gate."""
    return [line for line in run.block if gate in line.split(": ")[0].replace(",", " ").split()]


def assert_red(run: Run, expected: Mapping[str, tuple[str, str]]) -> None:
    """Each gate is held back, with its words."""
    assert run.code == 1, run.out
    for number, (name, (_, words)) in enumerate(expected.items()):
        lines = said_of(run, f"own-{number}")
        assert any(words in line for line in lines), (name, lines, run.out)


BREAKS = "could not be determined: the gate broke: UnnoticedError: "
UNAWAITED = {
    "asserted": ("def test_own(): assert healthy()", "`assert healthy()` in line "),
    "asserted not to be None": (
        "def test_own(): assert healthy() is not None",
        f"{BREAKS}coroutine healthy was never awaited, so that nothing of it ran: await it",
    ),
    "called": ("def test_own():\n    assert True\n    healthy()", f"{BREAKS}coroutine healthy was never awaited"),
    "called, and warnings ignored by the gate": (
        "def test_own():\n    assert True\n    warnings.simplefilter('ignore')\n    healthy()",
        "coroutine healthy was never awaited",
    ),
    "called, and warnings caught": (
        "def test_own():\n    assert True\n    with warnings.catch_warnings(record=True): healthy()",
        "coroutine healthy was never awaited",
    ),
    "asked": (
        "def test_own(gate):\n    assert True\n    if not healthy(): pytest.fail('no')",
        "coroutine healthy was never awaited",
    ),
    "in a fixture": (
        "@pytest.fixture\ndef early_0(): healthy()\ndef test_own(early_0): assert True",
        "the gate broke in its setup: UnnoticedError: coroutine healthy was never awaited",
    ),
    "in a thread": (
        "def test_own():\n    assert True\n    one = threading.Thread(target=healthy)\n    one.start(); one.join()",
        "coroutine healthy was never awaited",
    ),
    "in a coroutine": (
        ("def test_own():\n    async def main():\n        assert True\n        healthy()\n    asyncio.run(main())"),
        "coroutine healthy was never awaited",
    ),
    "a test case": (
        "class TestA(unittest.TestCase):\n    async def test_own(self): assert False",
        "was never awaited",
    ),
}


@PLAIN
def test_a_coroutine_that_is_never_awaited_breaks_its_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """Python only warns of it; nothing of it has run."""
    run = judged(sentinel, {name: source for name, (source, _) in UNAWAITED.items()}, plain=plain)
    assert_red(run, UNAWAITED)


ALWAYS = {
    "a coroutine": ("one = healthy()\n    assert one\n    one.close()", "a coroutine: await it"),
    "an async generator": ("assert pages()", "an async generator: iterate over it with `async for`"),
    "a generator": ("assert hosts()", "an iterator: write all(...)"),
    "a generator expression": ("assert (host == 'web2' for host in hosts())", "an iterator: write all(...)"),
    "a map": ("assert map(check, hosts())", "an iterator: write all(...)"),
    "a function": ("assert ready", "a function: call it"),
    "a function, and a message": ("assert ready, 'not ready'", "a function: call it"),
    "a function of a module": ("assert subprocess.run", "a function: call it"),
    "a function of its own": ("def one(): return False\n    assert one", "a function: call it"),
    "a method": ("assert Queue().is_short", "a function: call it"),
    "a method, and a local name": ("queue = Queue()\n    assert queue.is_short", "a function: call it"),
    "a built-in function": ("assert sys.getrefcount", "a function: call it"),
    "a class": ("assert Queue", "a class: make an instance of it"),
    "a lambda": ("assert lambda: False", "a function: call it"),
    "a list of comparisons": ("assert [host == 'web2' for host in hosts()]", "a list of truths"),
    "a text": ("assert '1 == 2'", "a text: write the condition without quotation marks"),
    "a formatted text": ("assert f'{1 == 2}', 'no'", "a text"),
    "a list": ("assert [1 == 2]", "a list, whatever is in it"),
    "a dict": ("assert {'web1': 1 == 2}", "a dict, whatever is in it"),
    "a condition and a message": ("one = 2\n    assert one == 1 or 'one is wrong'", "true by what `or` adds"),
    "a task": (
        "async def main():\n        assert asyncio.ensure_future(asyncio.sleep(0))\n    asyncio.run(main())",
        "a task: await it",
    ),
    "a future": ("with ThreadPoolExecutor() as pool: assert pool.submit(ready)", "a future: await it"),
    "a process that failed": ("assert subprocess.run(['false'])", "a process, whatever its exit code"),
    "a process that runs": (
        "with subprocess.Popen(['false']) as one: assert one",
        "a process, whatever its exit code",
    ),
}


@PLAIN
def test_an_assert_that_always_holds_breaks_its_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """On what is true whatever it stands for: something is not called, not awaited, or not asked for its result."""
    bodies = {name: f"def test_own():\n    assert 1 == 1\n    {body}" for name, (body, _) in ALWAYS.items()}
    run = judged(sentinel, bodies, plain=plain)
    assert_red(run, {name: (bodies[name], words) for name, (_, words) in ALWAYS.items()})


CASE = "class TestA{0}(unittest.TestCase):\n    {1}"
TESTCASES = {
    "returns": ("def test_own(self):\n        assert True\n        return False", "it returned bool"),
    "yields": ("def test_own(self):\n        assert True\n        yield", "it returned generator"),
    "ignores warnings": (
        "def test_own(self):\n        assert True\n        warnings.simplefilter('ignore')\n        return 0",
        "it returned int",
    ),
    "an async generator": (
        "async def test_own(self):\n        assert True\n        yield",
        "it returned async_generator",
    ),
    "a failed subtest": (
        "def test_own(self):\n        assert True\n        with self.subTest(i=1): assert False, 'no mail'",
        "no mail",
    ),
    "a failed subtest by self.fail": (
        "def test_own(self):\n        assert True\n        with self.subTest(i=1): self.fail('no mail')",
        "no mail",
    ),
    "a failed assertEqual": ("def test_own(self):\n        assert True\n        self.assertEqual(1, 2)", "1 != 2"),
    "expects to fail": ("@unittest.expectedFailure\n    def test_own(self): assert False", "it was skipped: xfail"),
    "expects to fail, and does not": (
        "@unittest.expectedFailure\n    def test_own(self): assert True",
        "nexpected success",
    ),
    "skips": ("def test_own(self):\n        assert True\n        self.skipTest('not now')", "it was skipped: not now"),
    "is skipped": ("@unittest.skip('not now')\n    def test_own(self): assert True", "it was skipped: not now"),
    "raises SkipTest in setUp": (
        "def setUp(self): raise unittest.SkipTest('not now')\n    def test_own(self): assert True",
        "it was skipped: not now",
    ),
    "fails in tearDown": (
        "def tearDown(self): raise OSError('no route')\n    def test_own(self): assert True",
        "no route",
    ),
    "fails in a clean-up": (
        "def test_own(self):\n        assert True\n        self.addCleanup(lambda: 1 / 0)",
        "division by zero",
    ),
    "asserts in setUp alone": (
        "def setUp(self): assert True\n    def test_own(self): self.assertTrue(True)",
        "its own function judges nothing",
    ),
    "judges nothing": ("def test_own(self): self.assertTrue(True)", "it judges nothing"),
    "skips a subtest": (
        "def test_own(self):\n        assert True\n        with self.subTest(i=1): self.skipTest('not now')",
        "it was skipped: not now",
    ),
    "runs something else": (
        "def run(self, result=None): assert True\n    def test_own(self): assert False",
        "its own function judges nothing",
    ),
}


@PLAIN
def test_a_test_case_without_a_judgement_that_held_is_not_safe(sentinel: Sentinel, *, plain: bool) -> None:
    """What unittest only warns of, expects or skips."""
    bodies = {name: CASE.format(number, body) for number, (name, (body, _)) in enumerate(TESTCASES.items())}
    run = judged(sentinel, bodies, plain=plain)
    assert_red(run, {name: (bodies[name], words) for name, (_, words) in TESTCASES.items()})


SUBTESTS = {
    "fails": ("def test_own(subtests):\n    assert True\n    with subtests.test(): assert False, 'no mail'", "no mail"),
    "skips": (
        "def test_own(subtests):\n    assert True\n    with subtests.test(): pytest.skip('not now')",
        "it was skipped: not now",
    ),
    "expects to fail": (
        "def test_own(subtests):\n    assert True\n    with subtests.test(): pytest.xfail('not now')",
        "it was skipped: xfail not now",
    ),
}


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has no subtests of its own")
@PLAIN
def test_a_subtest_counts_for_its_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """The test that goes on after it is reported as passed."""
    assert_red(judged(sentinel, {name: source for name, (source, _) in SUBTESTS.items()}, plain=plain), SUBTESTS)


FUNCTIONS = {
    "returns": ("def test_own():\n    assert True\n    return False", "returned"),
    "returns, and ignores warnings": (
        "def test_own():\n    assert True\n    warnings.simplefilter('ignore')\n    return False",
        "returned",
    ),
    "is a coroutine function": ("async def test_own(): assert True", "async def functions are not natively supported"),
    "is an async generator": ("async def test_own():\n    assert True\n    yield", "async def"),
    "takes a coroutine for a fixture": (
        "@pytest.fixture\nasync def queue(): return 1\ndef test_own(queue): assert queue is not None",
        "requested an async fixture 'queue'",
    ),
    "takes an async generator for a fixture": (
        "@pytest.fixture\nasync def mail(): yield 1\ndef test_own(mail): assert mail is not None",
        "requested an async fixture 'mail'",
    ),
}


@PLAIN
def test_a_function_that_is_not_run_as_its_author_thinks(sentinel: Sentinel, *, plain: bool) -> None:
    """Pytest fails some, and warns of others."""
    sources = {name: source for name, (source, _) in FUNCTIONS.items()}
    assert_red(judged(sentinel, sources, plain=plain), FUNCTIONS)


@PLAIN
def test_a_generator_is_no_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """Pytest collects it, and never runs its body."""
    sentinel.gate("@pytest.mark.policy\ndef test_own():\n    assert True\n    yield\n")
    run = (sentinel.pytest if plain else sentinel)()
    assert run.code == 1, run.out
    assert any("test_own" in line or "own" in line for line in run.block[1:]), run.out


BESIDE = {
    "a fixture": "@pytest.fixture(autouse=True)\ndef ready(): assert True\ndef test_own(): pass",
    "a fixture that requires": (
        "@pytest.fixture\ndef ready_1(gate): gate.require(CheckResult(OK, 'fine'))\ndef test_own(ready_1): pass"
    ),
    "after the gate": "@pytest.fixture\ndef ready_2():\n    yield\n    assert True\ndef test_own(ready_2): pass",
    "setup_method": (
        "class TestA:\n    def setup_method(self): assert True\n    def teardown_method(self): assert True\n"
        "    def test_own(self): pass"
    ),
}


@PLAIN
def test_what_a_fixture_judges_is_no_judgement_of_the_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """The function of the gate has to judge: it may be empty, or may not have run."""
    run = judged(sentinel, BESIDE, plain=plain)
    assert run.code == 1
    line = next(line for line in run.block if "own-0" in line)
    assert line == (
        "[INCOMPLETE] no result from gates own-0, own-1, own-2, own-3: its own function judges nothing: it needs "
        "gate.require(...) or an assert there (what fixtures, set-up functions and plugins judge does not count; "
        "did something else run in its place?)"
    )


@pytest.mark.sweep
@PLAIN
def test_asserts_of_other_code_count_once_they_are_registered(sentinel: Sentinel, *, plain: bool) -> None:
    """Pytest sees those of gate files and conftests by itself; the message says what to do about others."""
    sentinel.repo.commit("shop/smoke.py", "def check(answer): assert answer == 'ok'\n")
    source = (
        "import sys\nsys.path.insert(0, {path!r})\n{before}\nfrom shop.smoke import check\n"
        "@pytest.mark.policy\ndef test_own(): check({answer!r})\n"
    )
    register = "pytest.register_assert_rewrite('shop')"
    for before, answer, words in (
        ("", "ok", register.partition("(")[0]),
        (register, "ok", ""),
        (register, "no", "own"),
    ):
        sentinel.gate(source.format(path=str(sentinel.repo.path), before=before, answer=answer))
        run = (sentinel.pytest if plain else sentinel)()
        assert run.code == bool(words), run.out
        assert any(words in line for line in run.block[1:]), run.out


INSTEAD = {
    "pytest_pyfunc_call": "def pytest_pyfunc_call(pyfuncitem):\n    assert pyfuncitem\n    return True\n",
    "item.obj": "def pytest_runtest_setup(item):\n    assert item\n    item.obj = lambda: None\n",
    "item.runtest": "def pytest_runtest_setup(item):\n    assert item\n    item.runtest = lambda: None\n",
    "a fixture": "@pytest.fixture(autouse=True)\ndef a(request):\n    assert True\n    request.node.runtest = print\n",
    "protocol": "def pytest_runtest_protocol(item):\n    assert item\n    return True\n",
    "protocol with reports": (
        "def pytest_runtest_protocol(item):\n    for when in ('setup', 'call', 'teardown'):\n"
        "        call = pytest.CallInfo.from_call(lambda: None, when)\n"
        "        report = item.ihook.pytest_runtest_makereport(item=item, call=call)\n"
        "        item.ihook.pytest_runtest_logreport(report=report)\n    return True\n"
    ),
}


@each("place", INSTEAD)
def test_a_gate_in_whose_place_something_else_runs(sentinel: Sentinel, place: str, *, plain: bool) -> None:
    """A conftest that takes over, and asserts, does not judge for the gate."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert False\n")
    sentinel.repo.commit("gate_tests/conftest.py", "import pytest\n" + INSTEAD[place])
    run = (sentinel.pytest if plain else sentinel)()
    assert (run.code, run.verdict["verdict"]) == (1, "INCOMPLETE"), run.out
    assert any(line.startswith("[INCOMPLETE] no result from gate") and "own" in line for line in run.block), run.out


SWALLOWED = {
    "pytest_pyfunc_call": "def pytest_pyfunc_call(pyfuncitem):",
    "pytest_runtest_call": "def pytest_runtest_call(item):",
}
SWALLOWS = """
import pytest
@pytest.hookimpl(wrapper=True)
{}
    try:
        return (yield)
    except Exception:
        return True
"""
RETRIES = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except AssertionError:
        pyfuncitem.obj()
        return True
"""


@each("hook", SWALLOWED)
def test_a_failure_that_a_hook_swallows_is_a_failure(sentinel: Sentinel, hook: str, *, plain: bool) -> None:
    """Pytest reports that the gate has passed; a hook that runs it again until it passes may do so."""
    run = sentinel.pytest if plain else sentinel
    sentinel.gate("@pytest.mark.policy\ndef test_own():\n    assert True\n    assert 0, 'the queue is full'\n")
    sentinel.repo.commit("gate_tests/conftest.py", SWALLOWS.format(SWALLOWED[hook]))
    done = run()
    assert done.code == 1, done.out
    words = "it failed, and a hook or plugin kept that from pytest: AssertionError: the queue is full"
    assert any(words in line for line in said_of(done, "own")), done.out
    sentinel.gate("TRIES = []\n@pytest.mark.policy\ndef test_own():\n    TRIES.append(1)\n    assert len(TRIES) == 2\n")
    sentinel.repo.commit("gate_tests/conftest.py", RETRIES)
    done = run()
    assert done.code == 0, done.out


LOST = {
    "a future of submit": (
        "with ThreadPoolExecutor() as pool: pool.submit(check, 'web2')",
        "exception in a future whose result() was not asked for: AssertionError: web2 is down",
    ),
    "the futures of map": ("with ThreadPoolExecutor() as pool: pool.map(check, ['web1', 'web2'])", "web2 is down"),
    "a task that fails": (
        (
            "async def main():\n        asyncio.create_task(fails())\n        await asyncio.sleep(0.01)\n"
            "    asyncio.run(main())"
        ),
        "asyncio: Task exception was never retrieved: OSError: no route",
    ),
    "a task that fails, without a log": (
        (
            "import logging; logging.disable()\n    async def main():\n        asyncio.create_task(fails())\n"
            "        await asyncio.sleep(0.01)\n    asyncio.run(main())\n    logging.disable(0)"
        ),
        "asyncio: Task exception was never retrieved: OSError: no route",
    ),
    "a task that does not end": (
        (
            "loop = asyncio.new_event_loop()\n    async def main(): asyncio.ensure_future(asyncio.sleep(60))\n"
            "    loop.run_until_complete(main())\n    loop.close()\n    del loop, main\n    import gc; gc.collect()"
        ),
        "asyncio: Task was destroyed but it is pending!",
    ),
    "a callback": (
        (
            "async def main():\n        asyncio.get_running_loop().call_soon(check, 'web2')\n"
            "        await asyncio.sleep(0.01)\n    asyncio.run(main())"
        ),
        "asyncio: Exception in callback check(",
    ),
    "the callback of a future": (
        (
            "def later(future): check('web2')\n    with ThreadPoolExecutor() as pool:\n"
            "        pool.submit(str).add_done_callback(later)"
        ),
        "concurrent.futures: exception calling callback for <Future",
    ),
    "a thread of C": (
        (
            "import _thread, time\n    began = len(threading.enumerate())\n"
            "    _thread.start_new_thread(check, ('web2',))\n    time.sleep(0.1)"
        ),
        "AssertionError: web2 is down",
    ),
    "an exit in a thread": (
        "one = threading.Thread(target=sys.exit, args=(1,))\n    one.start(); one.join()",
        "SystemExit: 1",
    ),
    "a thread, and warnings ignored": (
        (
            "warnings.simplefilter('ignore')\n    one = threading.Thread(target=check, args=('web2',))\n"
            "    one.start(); one.join()"
        ),
        "exception in thread",
    ),
    "__del__, and warnings ignored": (
        (
            "warnings.simplefilter('ignore')\n    class Lock:\n"
            "        def __del__(self): raise OSError('not released')\n    Lock()"
        ),
        "OSError: not released",
    ),
}


@PLAIN
def test_a_failure_whose_result_nobody_takes_breaks_its_gate(sentinel: Sentinel, *, plain: bool) -> None:
    """Python keeps or logs it."""
    bodies = {name: f"def test_own():\n    assert True\n    {body}" for name, (body, _) in LOST.items()}
    run = judged(sentinel, bodies, plain=plain)
    assert_red(run, {name: (bodies[name], words) for name, (_, words) in LOST.items()})


LATE = {
    "a thread, while another gate runs": (
        """
        go = threading.Event()
        def later():
            go.wait()
            raise OSError("no route")
        def test_own():
            assert True
            threading.Thread(target=later, name="later").start()
        def test_zero():
            go.set()
            next(one for one in threading.enumerate() if one.name == "later").join()
            assert True
        """,
        "gate own did not wait for its thread: exception in thread later: OSError: no route",
    ),
    "a thread, after the last gate": (
        """
        import time
        def later():
            time.sleep(1)
            raise OSError("no route")
        @pytest.mark.critical
        def test_own():
            assert True
            threading.Thread(target=later, name="later").start()
        """,
        "gate own did not wait for its thread: exception in thread later: OSError: no route",
    ),
    "a cycle of garbage": (
        """
        class Lock:
            def __init__(self): self.itself = self
            def __del__(self): raise OSError("not released")
        def test_own():
            assert True
            Lock()
        """,
        "OSError: not released",
    ),
    "a coroutine that is kept": (
        "KEPT = []\ndef test_own():\n    assert True\n    KEPT.append(healthy())",
        "coroutine healthy was never awaited",
    ),
    "a coroutine in a cycle": (
        "def test_own():\n    assert True\n    one = []\n    one += [one, healthy()]",
        "coroutine healthy was never awaited",
    ),
    "a coroutine of the file": (
        "STATE = healthy()\ndef test_own(): assert STATE is not None",
        "coroutine healthy was never awaited",
    ),
    "a coroutine that the file drops": (
        "healthy()\ndef test_own(): assert True",
        "coroutine 'healthy' was never awaited",
    ),
    "a future that is kept": (
        (
            "POOL, ALL = ThreadPoolExecutor(), []\n"
            "def test_own():\n    assert True\n    ALL.append(POOL.submit(check, 'web2'))"
        ),
        "web2 is down",
    ),
}


@each("kind", LATE)
def test_a_failure_that_comes_after_its_gate_holds_the_release_back(
    sentinel: Sentinel, kind: str, *, plain: bool
) -> None:
    """In a later gate, or at the end of the run: before the verdict is reached."""
    source, words = LATE[kind]
    head = HEAD.replace("pytestmark = pytest.mark.policy", "") if "mark.critical" in source else HEAD
    run = judged(sentinel, {}, plain=plain, head=head + textwrap.dedent(source))
    assert (run.code, run.verdict["verdict"]) != (0, "SAFE"), run.out
    assert any(words in line for line in run.block[1:]), run.out
    if kind.startswith("a thread"):
        assert (run.code, run.verdict["verdict"]) == (1, "INCOMPLETE")


LEFT = {
    "a call in an executor": (
        "POOL = ThreadPoolExecutor(2)",
        "[POOL.submit(slow, host) for host in ('web1', 'web2')]",
        "did not wait for its future: exception in a future whose result() was not asked for: AssertionError: web2",
    ),
    "a call in an executor of its own": (
        "",
        "pool = ThreadPoolExecutor(2)\n    pool.submit(slow, 'web2')\n    pool.shutdown(wait=False)",
        "did not wait for its future: exception in a future whose result() was not asked for: AssertionError: web2",
    ),
    "a call that is waited for too briefly": (
        "",
        (
            "pool = ThreadPoolExecutor(2)\n    wait([pool.submit(slow, 'web2')], timeout=0.1)\n"
            "    pool.shutdown(wait=False)"
        ),
        "did not wait for its future: exception in a future whose result() was not asked for: AssertionError: web2",
    ),
    "a call in another process": (
        "PROCESSES = ProcessPoolExecutor(1)",
        "PROCESSES.submit(slow, 'web2')",
        "did not wait for its future: exception in a future whose result() was not asked for: AssertionError: web2",
    ),
    "a call that is withdrawn": (
        "",
        (
            "pool = ThreadPoolExecutor(1)\n    pool.submit(slow, 'web1'); pool.submit(check, 'web2')\n"
            "    pool.shutdown(wait=False, cancel_futures=True)"
        ),
        "shut an executor down before check had run in it: ask for its result() first",
    ),
    "a call that is withdrawn, and kept": (
        "KEPT = []",
        (
            "with ThreadPoolExecutor(1) as pool:\n"
            "        KEPT.extend(pool.submit(slow, host) for host in ('web1', 'web2'))\n"
            "        pool.shutdown(cancel_futures=True)"
        ),
        "shut an executor down before slow had run in it: ask for its result() first",
    ),
    "a call that never ends": (
        "FOREVER = ThreadPoolExecutor(1)",
        "FOREVER.submit(threading.Event().wait, 60)",
        "did not wait for Event.wait in an executor, which has not ended: ask for its result()",
    ),
    "a process": (
        "",
        "multiprocessing.Process(target=time.sleep, args=(60,), name='p-1').start()",
        "did not wait for its process p-1, which still runs: join it",
    ),
    "a task": (
        "TASKS = set()",
        (
            "async def main():\n        TASKS.add(asyncio.create_task(fails()))\n        await asyncio.wait(TASKS)\n"
            "    asyncio.run(main())"
        ),
        "asyncio: Task exception was never retrieved: OSError: no route",
    ),
    "an asyncio future": (
        "FUTURES = []",
        (
            "async def main():\n        FUTURES.append(asyncio.get_running_loop().create_future())\n"
            "        FUTURES[0].set_exception(OSError('no way'))\n    asyncio.run(main())"
        ),
        "asyncio: Future exception was never retrieved: OSError: no way",
    ),
    "a task that is stuck": (
        "STUCK = []\nLOOP = asyncio.new_event_loop()",
        (
            "async def main():\n        STUCK.append(asyncio.create_task(asyncio.sleep(60)))\n"
            "        await asyncio.wait(STUCK, timeout=0.01)\n    LOOP.run_until_complete(main())"
        ),
        "asyncio: Task of sleep has not ended, and nothing runs it any more: await it",
    ),
}
LEFT_HEAD = """
import multiprocessing, time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
def slow(host):
    time.sleep(0.5)
    check(host)
"""


@PLAIN
def test_what_a_gate_leaves_behind_holds_the_release_back(sentinel: Sentinel, *, plain: bool) -> None:
    """All of it gets a few seconds to end, and what it says counts."""
    sources = {
        name: f"{before}\ndef test_own():\n    assert True\n    {body}" for name, (before, body, _) in LEFT.items()
    }
    run = judged(sentinel, sources, plain=plain, head=HEAD + LEFT_HEAD, graces="plugin.unfinished:_GRACE=2")
    assert (run.code, run.verdict["verdict"]) == (1, "INCOMPLETE"), run.out
    for number, (name, (_, _, words)) in enumerate(LEFT.items()):
        by = "" if words.startswith("asyncio") else f"gate own-{number} "
        assert any(f"{by}{words}" in line for line in run.block), (name, run.out)


FINISHED = """
IDLE, SERVER = ProcessPoolExecutor(1), multiprocessing.Manager()
POOL, KEPT = ThreadPoolExecutor(1), []
def test_own_calls():
    POOL.submit(slow, "web1")
    assert IDLE.submit(int, 1).result() == 1
    shared = SERVER.list([1])
    with multiprocessing.Pool(1) as workers: assert workers.map(int, shared) == [1]
def test_own_first_answer():
    with ThreadPoolExecutor(1) as pool:
        found = [pool.submit(time.sleep, number / 10) for number in range(3)]
        done, late = wait(found, return_when=FIRST_COMPLETED)
        assert [one.result() for one in done] == [None]
        for one in late: one.cancel()
def test_own_withdrawn():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(slow, "web1")
        late = pool.submit(check, "web2")
        pool.shutdown(cancel_futures=True)
    with pytest.raises(BaseException): late.result()
    assert late.cancelled()
def test_own_processes():
    multiprocessing.Process(target=time.sleep, args=(0.1,)).start()
    multiprocessing.Process(target=time.sleep, args=(60,), daemon=True).start()
    assert True
def test_own_task():
    async def main():
        KEPT.append(asyncio.create_task(fails()))
        KEPT.append(asyncio.create_task(asyncio.sleep(0)))
        await asyncio.wait(KEPT)
        assert isinstance(KEPT[0].exception(), OSError)
    asyncio.run(main())
def test_own_loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    KEPT.append(asyncio.run_coroutine_threadsafe(asyncio.sleep(60), loop))
    assert True
"""


@PLAIN
def test_what_ends_or_only_serves_is_safe(sentinel: Sentinel, *, plain: bool) -> None:
    """Calls that end well, pools that wait for work, what a gate does not need any more, and daemons."""
    run = judged(sentinel, {}, plain=plain, head=HEAD + LEFT_HEAD + FINISHED)
    assert run.code == 0, run.out


GOOD = """
import contextlib, gc
def later(): pass
LAST = ThreadPoolExecutor()
class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): assert True
    async def test_own_async(self):
        assert True
        with self.subTest(i=1): assert True
        await asyncio.create_task(asyncio.sleep(0))
class TestCase(unittest.TestCase):
    def setUp(self): assert True
    def test_own_case(self):
        with self.subTest(i=1): assert True
@pytest.fixture
def prepared():
    assert True
    return "text"
@pytest.fixture
def judge(gate): return lambda: gate.require(CheckResult(OK, "fine"))
def test_own_fixture(prepared): assert prepared
def test_own_helper(judge): judge()
def test_own_closed():
    one = healthy()
    one.close()
    assert True
def test_own_thread():
    threading.Thread(target=later, daemon=True).start()
    threading.Timer(0.1, later).start()
    assert True
def test_own_iterated():
    for name in hosts(): assert name
    assert all(host for host in hosts())
    assert list(map(str, hosts()))
    async def main(): return [page async for page in pages()]
    assert asyncio.run(main())
def test_own_futures():
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(str, [1])) == ["1"]
        failed = pool.submit(check, "web2")
        assert "down" in str(failed.exception())
        with pytest.raises(AssertionError): pool.submit(check, "web2").result()
    LAST.submit(later)
def test_own_caught():
    async def main():
        with contextlib.suppress(OSError): await asyncio.create_task(fails())
        found = await asyncio.gather(fails(), return_exceptions=True)
        with pytest.raises(AssertionError): await asyncio.to_thread(check, "web2")
        beating = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        return found
    assert asyncio.run(main())
def test_own_callback():
    handler = {"x": later}.get("x")
    assert handler is not None
    assert getattr(subprocess, "run", None)
    assert callable(handler)
    assert handler
    assert types, "must be there"
    assert ThreadPoolExecutor
    dumps = getattr(subprocess, "run", None)
    assert dumps
    assert Queue().__class__ is Queue
    assert [host for host in hosts() if host == "web1"]
    assert [*hosts()]
    assert True
    assert 1
def test_own_warnings():
    with pytest.warns(UserWarning): warnings.warn("old")
    with pytest.warns(RuntimeWarning): warnings.warn("old", RuntimeWarning)
    assert subprocess.run(["true"]).returncode == 0
"""


@PLAIN
def test_what_only_resembles_it_is_safe(sentinel: Sentinel, *, plain: bool) -> None:
    """Tasks and futures that are asked, threads that end well, closed coroutines, fixtures beside judging gates."""
    run = judged(sentinel, {}, plain=plain, head=HEAD + GOOD)
    assert run.code == 0, run.out
    assert len([gate for gate in run.statuses if gate.startswith("own-")]) == 11


ASYNC_GATE = """
import asyncio
pytestmark = [pytest.mark.policy, pytest.mark.anyio, pytest.mark.asyncio]
@pytest.fixture
def anyio_backend(): return "asyncio"
class TestA:
    async def test_own_0(self): assert await asyncio.sleep(0, GOOD)
async def test_own_1(): assert await asyncio.sleep(0, True)
"""
ASYNC_BAD = """
async def fails(): raise OSError("no route")
async def test_own_2(): await asyncio.sleep(0)
async def test_own_3():
    assert True
    asyncio.ensure_future(fails())
    await asyncio.sleep(0.01)
async def test_own_4(): assert fails
"""


@pytest.mark.parametrize("plugin", ["anyio.pytest_plugin", "pytest_asyncio.plugin"])
def test_an_async_gate_is_judged_with_a_plugin_that_runs_it(sentinel: Sentinel, plugin: str) -> None:
    """Its own asserts count, and those of the plugin do not."""
    pytest.importorskip(plugin.partition(".")[0])
    sentinel.gate(f"GOOD = True\n{ASYNC_GATE}")
    run = sentinel("-p", plugin)
    assert run.code == 0, run.out
    sentinel.gate(f"GOOD = False\n{ASYNC_GATE}{ASYNC_BAD}")
    run = sentinel("-p", plugin)
    words = ["assert False", "", "judges nothing", "OSError: no route", "always holds"]
    assert (run.code, run.statuses["own-1"]) == (1, "OK"), run.out
    for number, expected in enumerate(words):
        assert not expected or any(expected in line for line in said_of(run, f"own-{number}")), (number, run.out)
