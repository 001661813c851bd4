"""Other uses of pytest behave as if we were not there, and other plugins do not bend the verdict."""

import sys
from pathlib import Path

import pytest

from tests.conftest import RELEASE, Run, Sentinel, run

PLAIN = (sys.executable, "-m", "pytest")


def plain(*arguments: str, cwd: Path, **env: str) -> Run:
    """Run pytest with the plugins that are installed, ours among them."""
    return run(*PLAIN, *arguments, cwd=cwd, env={"PYTHONNOUSERSITE": "1", **env})  # from a start of its own


def test_pytest_tells_its_version(tmp_path: Path) -> None:
    """`pytest --version` prints pytest's version and exits 0."""
    done = plain("--version", cwd=tmp_path)
    assert (done.code, done.out.split()[0]) == (0, "pytest")


def test_an_ordinary_suite_may_have_an_env_option(tmp_path: Path) -> None:
    """A suite with an --env and markers of its own runs as before, byte code included."""
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--env', default='x')\n")
    (tmp_path / "test_it.py").write_text("def test_it(request): assert request.config.getoption('--env') == 'qa'\n")
    done = plain("-p", "no:randomly", "--env", "qa", cwd=tmp_path, PYTHONDONTWRITEBYTECODE="")
    assert done.code == 0, done.out
    assert "release-sentinel =" not in done.out
    assert (tmp_path / "__pycache__").is_dir()


def test_an_ordinary_run_loads_nothing_of_the_gate(tmp_path: Path) -> None:
    """Outside a gate run only the door is imported: no hooks, no GitPython, no psutil, no requests."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    ours = {name for name in sys.modules if name.startswith('release_sentinel')}\n"
        "    assert 'release_sentinel.plugin' in ours\n"
        "    assert not ours & {'release_sentinel.plugin.hooks', 'release_sentinel.gates'}\n"
        "    assert not {'git', 'psutil', 'requests', 'semver'} & set(sys.modules)\n"
    )
    only_ours = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    assert plain("-p", "release_sentinel.plugin", cwd=tmp_path, **only_ours).code == 0


def test_an_env_option_of_someone_else_is_told(sentinel: Sentinel) -> None:
    """In a gate run another plugin's --env is a clash with a clear message."""
    sentinel.repo.commit("other.py", "def pytest_addoption(parser): parser.addoption('--env')\n")
    done = sentinel.pytest("-p", "other", PYTHONPATH=".", PYTEST_PLUGINS="other")
    assert done.code not in {0, 2}
    assert "--env" in done.out


def test_the_entry_point_opens_the_gate(sentinel: Sentinel) -> None:
    """With plugins autoloaded, as users have them, `pytest gate_tests` needs no -p and no conftest."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    env = {**sentinel.settings, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
    done = plain("gate_tests", *RELEASE, cwd=sentinel.repo.path, **env)
    assert done.code == 0, done.out
    assert done.block[0] == "SAFE (exit 0): v1.0.0 may go to prod"


PLUGINS = {
    "xdist": ("-p", "xdist", "-n", "2"),
    "xdist loadfile": ("-p", "xdist", "-n", "2", "--dist", "loadfile"),
    "randomly": (
        "-p",
        "randomly",
    ),
    "timeout": ("-p", "pytest_timeout", "--timeout", "30"),
    "cov": ("-p", "pytest_cov", "--cov=app"),
    "json-report": ("-p", "pytest_jsonreport", "--json-report"),
}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_keeps_the_verdict_true(sentinel: Sentinel, plugin: str) -> None:
    """With each of these plugins a SAFE run is SAFE, a policy failure 1, and a critical one 2."""
    options = PLUGINS[plugin]
    assert sentinel(*options).code == 0
    assert sentinel(*options, RS_REQUIRED_PROCESS="no-such-agent").code == 2
    sentinel.repo.write("notes.txt")
    failed = sentinel(*options)
    assert failed.code == 1
    assert failed.statuses["api"] is None


def test_a_gate_that_passed_only_on_a_rerun_is_a_warning(sentinel: Sentinel, tmp_path: Path) -> None:
    """pytest-rerunfailures may run a gate again; a pass that needed it is a WARN that says so."""
    mark = tmp_path / "seen"
    sentinel.gate(
        f"""
        import pathlib
        @pytest.mark.critical
        def test_own():
            seen = pathlib.Path({str(mark)!r})
            first, _ = not seen.exists(), seen.touch()
            assert not first, "not yet"
        """
    )
    done = sentinel("-p", "pytest_rerunfailures", "--reruns", "2")
    assert done.code == 0, done.out
    assert done.statuses["own"] == "WARN"
    assert any("[WARN] own: passed only on run 2" in line for line in done.block)


def test_a_gate_that_fails_on_every_rerun_fails(sentinel: Sentinel) -> None:
    """Reruns do not wear a failure down."""
    sentinel.repo.write("notes.txt")
    assert sentinel("-p", "pytest_rerunfailures", "--reruns", "1").code == 1


def test_coverage_that_fails_the_session_is_not_safe(sentinel: Sentinel) -> None:
    """A plugin that fails the session for its own reasons makes the run INCOMPLETE."""
    done = sentinel("-p", "pytest_cov", "--cov=app", "--cov-fail-under=100")
    assert done.code == 1
    assert done.verdict["verdict"] == "INCOMPLETE"
