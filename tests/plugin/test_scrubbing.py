"""Secrets in a gate run: those that a gate registers, and names that can be shown."""

import pytest

from tests.conftest import SECRET, Sentinel

FETCHED = "f3tch3d-by-the-gate"
REGISTERS = f"""
import os, subprocess

@pytest.fixture(scope="session")
def token(redact):
    value = "s3ss1on-" + "token"
    redact(value)
    return value

@pytest.mark.policy
def test_own(gate, token):
    wrapped = gate.secret("{FETCHED[:10]}" + "{FETCHED[10:]}")
    print(wrapped.reveal(), token)
    os.write(1, wrapped.reveal().encode())
    subprocess.run(["echo", wrapped.reveal(), token])
    gate.require(CheckResult(CRIT, f"{{wrapped}} is {{wrapped.reveal()}} and {{token}}"))
"""


@pytest.mark.parametrize("capture", ["-s", "--capture=fd"])
def test_what_a_gate_registers_is_masked(sentinel: Sentinel, capture: str) -> None:
    """In reports and on the terminal, also where a process that the gate has started prints it."""
    sentinel.gate(REGISTERS)
    run = sentinel(capture, "-rA", "--showlocals")
    assert "[POLICY] own: *** is *** and ***" in run.block
    assert FETCHED not in run.out + run.junit + str(run.verdict)
    assert "s3ss1on-token" not in run.out + run.junit + str(run.verdict)


def test_masked_parameters_are_still_told_apart(sentinel: Sentinel) -> None:
    """Gates whose names differ in a secret alone are not taken for one."""
    sentinel.gate(
        """
        import os
        TOKEN = os.environ["RS_DEPLOY_TOKEN"]
        @pytest.mark.policy
        @pytest.mark.parametrize("value", [TOKEN, TOKEN.encode().hex(), "plain"])
        def test_own(value): assert ("***" in os.environ["PYTEST_CURRENT_TEST"]) == (value != "plain")
        """
    )
    run = sentinel("-v")
    assert run.code == 0, run.out
    assert SECRET not in run.out
    assert {"own[***]", "own[***-2]", "own[plain]"} < set(run.statuses)


def test_ordinary_output_stays_as_it_is(sentinel: Sentinel) -> None:
    """A run that shows no secret shows no mask."""
    assert "***" not in sentinel("-v", "-rA").out


@pytest.mark.parametrize("program", ["release-sentinel", "pytest"])
@pytest.mark.parametrize("conftest", ["raise RuntimeError(os.environ['SHOP_KEY'])", "print(os.environ['SHOP_KEY'])"])
def test_secrets_of_the_policy_file_are_known_early(sentinel: Sentinel, program: str, conftest: str) -> None:
    """A conftest that is loaded before anything is judged shows none of them either."""
    sentinel.repo.write("release-sentinel.toml", '[required]\nsecrets = ["SHOP_KEY"]\n')
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    sentinel.repo.commit("gate_tests/conftest.py", f"import os\n{conftest}")
    run = (sentinel if program == "release-sentinel" else sentinel.pytest)("-s", SHOP_KEY=FETCHED)
    assert "***" in run.out
    assert FETCHED not in run.out + run.junit + str(run.verdict)


LATE = """
import os, pytest
TOKEN = os.environ["RS_DEPLOY_TOKEN"]

def pytest_configure(config):
    config.pluginmanager.register(Late(), "late")
    config.cache.set(f"own/{TOKEN}", {TOKEN: ["x", TOKEN]})

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "test_late":
            item._nodeid = f"{item.nodeid}[{TOKEN}]"
        if item.name == "test_early":
            item.name = f"test_early[{TOKEN}]"

class Late:
    def pytest_runtest_logreport(self, report):
        report.sections.append(("late", TOKEN))

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    report.sections.append(("early", TOKEN))

def pytest_sessionfinish(session):
    session.config.cache.set("own/late", TOKEN)

def pytest_terminal_summary(terminalreporter):
    for piece in (TOKEN[:5], TOKEN[5:9], TOKEN[9:], "\\n"):
        terminalreporter.write(piece)
"""


@pytest.mark.parametrize("program", ["release-sentinel", "pytest"])
def test_what_plugins_add_late_is_scrubbed(sentinel: Sentinel, program: str) -> None:
    """Sections of reports, ids of tests, values in pytest's cache, and text that is written in pieces."""
    sentinel.gate(
        """
        import os
        @pytest.mark.policy
        def test_late(): assert not "late"
        @pytest.mark.policy
        def test_early():
            for letter in os.environ["RS_DEPLOY_TOKEN"]:
                print(letter, end="", flush=True)
            assert not "early"
        """
    )
    sentinel.repo.commit("gate_tests/conftest.py", LATE)
    run = (sentinel if program == "release-sentinel" else sentinel.pytest)("-s", "-rA", "-v", "--tb=long")
    files = [file for file in (*sentinel.repo.path.rglob("*"), *sentinel.reports.rglob("*")) if file.is_file()]
    seen = {str(file): file.read_text(errors="replace") for file in files if ".git" not in file.parts}
    seen |= {"the terminal": run.out, "the names of files": "\n".join(map(str, files))}
    pieces = [SECRET[start : start + 8] for start in range(len(SECRET) - 7)]

    assert run.code == 1
    assert any("lastfailed" in name for name in seen)
    assert any("own/late" in name for name in seen)
    assert [name for name, text in seen.items() if any(piece in text for piece in pieces)] == []
