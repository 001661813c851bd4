"""The command line cannot lie: what is missing, blank, doubled or swallowed ends in a message and a non-zero exit."""

import pytest

from tests.conftest import PYTEST, RELEASE, Sentinel, run

MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "no environment": (("--version", "v1.0.0"), "--env missing: a gate run needs"),
    "no version": (("--env", "prod"), "--version missing: a gate run needs"),
    "neither": ((), "--env, --version missing: a gate run needs"),
    "blank version": (("--env", "prod", "--version", ""), "--version is '' (an unset variable?)"),
    "blank environment": (("--env", "", "--version", "v1.0.0"), "--env is '' (an unset variable?)"),
    "version unset before an option": (("--env", "prod", "--version", "--junitxml=x.xml"), "--version has no value"),
    "version last": (("--env", "prod", "--version"), "--version has no value"),
    "environment swallows the version": (("--env", "--version", "v1.0.0"), "expected one argument"),
    "version twice": ((*RELEASE, "--version", "v2.0.0"), "--version is given 2 times"),
    "version in both spellings": ((*RELEASE, "--release-version=v2.0.0"), "--version is given 2 times"),
    "environment twice": ((*RELEASE, "--env", "dev"), "--env is given 2 times (--env --env)"),
    "abbreviated": (("--env", "prod", "--vers", "v1.0.0"), "unrecognized arguments: --vers"),
    "pytest's own": (("--env", "prod", "-V"), "-V prints pytest's version"),
    "unknown option": ((*RELEASE, "--gate-everything"), "unrecognized arguments: --gate-everything"),
    "no seconds": ((*RELEASE, "--gate-deadline", "soon"), "'soon' is not a number of seconds above 0"),
    "report without a name": ((*RELEASE, "--junitxml", "gate_tests"), "--junitxml is 'gate_tests', expected the name"),
    "verdict of another kind": ((*RELEASE, "--gate-verdict=v.xml"), "expected the name of a file that ends in .json"),
    "attestation of a subset": (
        (*RELEASE, "--gate-partial", "--gate-attestation=a.json"),
        "--gate-attestation and --gate-partial: a chosen subset of the gates proves nothing",
    ),
    "tag of a subset": ((*RELEASE, "--gate-partial", "--gate-tag"), "--gate-tag and --gate-partial: a chosen subset"),
    "push without a tag": ((*RELEASE, "--gate-push"), "--gate-push says how --gate-tag works: add --gate-tag"),
    "one file for two reports": (
        (*RELEASE, "--gate-verdict=v.json", "--gate-attestation=v.json"),
        "--gate-verdict and --gate-attestation both name",
    ),
    "plain asserts": (
        (*RELEASE, "--assert=plain"),
        "--assert=plain and -p no:assertion make every assert of a gate hold: leave them out",
    ),
    "our hooks switched off": ((*RELEASE, "-p", "no:release-sentinel"), "would switch the gate off"),
    "looponfail": ((*RELEASE, "-p", "xdist.looponfail", "--looponfail"), "--looponfail"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_by_pytest(sentinel: Sentinel, mistake: str) -> None:
    """`pytest gate_tests` with a mistaken command line never exits 0, and says what is wrong."""
    arguments, words = MISTAKES[mistake]
    done = run(*PYTEST, "gate_tests", *arguments, cwd=sentinel.repo.path, env=sentinel.settings)
    assert done.code not in {0, 2}
    assert words in done.out, done.out


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_joined_version_is_one(sentinel: Sentinel, *, plain: bool) -> None:
    """`--version=v1.0.0` is as good as two words."""
    done = (sentinel.pytest if plain else sentinel)(release=("--env=prod", "--version=v1.0.0"))
    assert (done.code, done.verdict["version"]) == (0, "v1.0.0"), done.out


@pytest.mark.parametrize("mistake", sorted(set(MISTAKES) - {"looponfail", "one file for two reports"}))
def test_a_mistake_is_told_by_release_sentinel(sentinel: Sentinel, mistake: str) -> None:
    """`release-sentinel` exits 1 on the same mistakes: 2 would read CRITICAL."""
    arguments, _ = MISTAKES[mistake]
    done = sentinel(release=arguments)
    assert done.code == 1
    assert "error" in done.out.lower()


def test_a_release_in_addopts_is_doubled(sentinel: Sentinel) -> None:
    """A release that PYTEST_ADDOPTS names beside the command line's own is an error."""
    done = sentinel.pytest(PYTEST_ADDOPTS="--env dev --version v9.9.9")
    assert done.code == 4
    assert "is given 2 times" in done.out


def test_a_release_in_addopts_alone_is_a_gate_run(sentinel: Sentinel) -> None:
    """A release that only PYTEST_ADDOPTS names is judged like any other."""
    done = sentinel.pytest(release=(), PYTEST_ADDOPTS="--env dev --version v1.0.0")
    assert done.code == 0
    assert done.verdict["env"] == "dev"


@pytest.mark.parametrize(
    "options",
    [("-c", "other.ini"), ("-o", "addopts="), ("--rootdir", ".."), ("--noconftest",), ("-p", "no:cacheprovider")],
    ids=" ".join,
)
def test_the_configuration_does_not_matter(sentinel: Sentinel, options: tuple[str, ...]) -> None:
    """Another ini file, root or no conftest: the gates run all the same, and a failing one fails."""
    sentinel.repo.commit("other.ini", "[pytest]\naddopts = -q\n")
    assert sentinel.pytest(*options).code == 0
    sentinel.repo.write("notes.txt")
    assert sentinel.pytest(*options).code == 1


@pytest.mark.parametrize("ini", ["addopts = -k nothing", "addopts = --collect-only", "python_files = other_*.py"])
def test_a_shadowing_ini_cannot_make_a_release_safe(sentinel: Sentinel, ini: str) -> None:
    """What a pytest.ini of the repository leaves out is missed; `release-sentinel` does not read it at all."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    sentinel.repo.commit("pytest.ini", f"[pytest]\n{ini}\n")
    assert sentinel.pytest().code == 1
    assert sentinel().code == 0


def test_help_beside_a_gate_run_is_no_verdict(sentinel: Sentinel) -> None:
    """`--help` prints help; beside a gate run it exits non-zero, because nothing was judged."""
    done = sentinel.pytest("--help")
    assert done.code == 1
    assert "--gate-deadline" in done.out
    assert "--help runs no gate" in done.out


def test_a_path_that_is_not_there_is_no_verdict(sentinel: Sentinel) -> None:
    """A mistyped folder is an error, and leaves red reports."""
    done = sentinel("gate_tets")
    assert done.code == 1
    assert "file or directory not found: gate_tets" in done.out
    assert done.verdict["verdict"] == "INCOMPLETE"


def test_a_plugin_that_is_not_loaded_early_is_refused(sentinel: Sentinel) -> None:
    """Where only a conftest loads the gate, pytest reads `--version` itself: the run fails, it does not print 8.4."""
    sentinel.repo.commit("conftest.py", "from release_sentinel.plugin import pytest_addoption\n")
    command = (*PYTEST[:3], "gate_tests", *RELEASE)
    done = run(*command, cwd=sentinel.repo.path, env=sentinel.settings)
    assert done.code == 4
    assert "add `-p release_sentinel.plugin`" in done.out


@pytest.mark.sweep
def test_optimised_byte_code_is_harmless(sentinel: Sentinel) -> None:
    """PYTHONOPTIMIZE strips asserts out of helpers: `release-sentinel` runs without it, plain pytest refuses."""
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True")
    assert sentinel(PYTHONOPTIMIZE="1").code == 0
    done = sentinel.pytest(PYTHONOPTIMIZE="1")
    assert done.code == 4, done.out
    assert "python -O" in done.out
