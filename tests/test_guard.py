"""The guard of `--version VERSION`: what it rewrites, in which programs, and that a wheel installs it.

pytest 9 answers a lone `--version` before any plugin is loaded, prints its version and exits 0: no gate has run.
"""

import ast
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import release_sentinel_guard
from release_sentinel.plugin import compat
from tests.conftest import RELEASE, Repo, Run, run

CLONE = Path(__file__).parents[1]
SOURCE = CLONE / "src"
REWRITTEN = ["gate_tests", "--env", "prod", "--release-version=v1.0.0"]


def guarded(argv: list[str], *interpreter: str) -> list[str]:
    """Return `sys.argv` as the guard leaves it; `interpreter` are the words by which Python was started."""
    argv = list(argv)
    try:
        release_sentinel_guard.protect(argv, [*(interpreter or ("python",)), *(argv if argv[0] != "-m" else argv[1:])])
    finally:
        atexit.unregister(release_sentinel_guard._end)  # this process is not the one that it protects
    return argv


PYTESTS = [
    "pytest",
    "/venv/bin/pytest",
    "py.test",
    "/usr/bin/pytest-3",
    "/usr/bin/pytest-3.12",
    "/usr/bin/pytest3",
    "Scripts/pytest.exe",
    "Scripts/PyTest.EXE",
    "Scripts/pytest-script.py",
    "/venv/lib/python3.11/site-packages/pytest",
    "/venv/lib/python3.11/site-packages/pytest/__main__.py",
]


@pytest.mark.parametrize("program", PYTESTS)
def test_pytest_under_each_of_its_names(program: str) -> None:
    """The script that an installer writes, a distribution's, and the package as a script."""
    assert guarded([program, "gate_tests", *RELEASE]) == [program, *REWRITTEN]


@pytest.mark.parametrize(
    "interpreter",
    [("python", "-m", "pytest"), ("python", "-mpytest"), ("python", "-Im", "pytest"), ("py", "-X", "dev", "-Impytest")],
    ids=" ".join,
)
def test_pytest_as_a_module(interpreter: tuple[str, ...]) -> None:
    """At its start Python has `-m` in `sys.argv[0]`; only `sys.orig_argv` has the module's name."""
    assert guarded(["-m", "gate_tests", *RELEASE], *interpreter) == ["-m", *REWRITTEN]


@pytest.mark.parametrize("program", [["coverage", "run", "--branch"], ["-m"], ["/usr/bin/pdb3"]], ids=" ".join)
def test_pytest_within_another_program(program: list[str]) -> None:
    """`coverage run -m pytest`, `python -m cProfile -m pytest` and the like run pytest with the words that follow."""
    argv = [*program, "-m", "pytest", "gate_tests", *RELEASE]
    assert guarded(argv, "python", "-m", "cProfile") == [*program, "-m", "pytest", *REWRITTEN]


@pytest.mark.parametrize(
    "argv",
    [
        ["pip", "install", "pytest", "--version", "1.0"],
        ["deploy.py", "gate_tests", *RELEASE],
        ["release-sentinel", *RELEASE],
        ["/usr/lib/python3/pip/__main__.py", "--env", "prod", "--version", "v1.0.0"],
        ["my-pytest", "gate_tests", *RELEASE],
        ["pytest-xdist-server", "gate_tests", *RELEASE],
        ["-c", "gate_tests", *RELEASE],
        ["tool", "-m", "pytester", "--version", "v1.0.0"],
        ["tool", "--version"],
        ["", "--version"],
    ],
    ids=" ".join,
)
def test_any_other_program_is_left_alone(argv: list[str]) -> None:
    """Its `--version` is its own."""
    assert guarded(argv) == argv


@pytest.mark.parametrize("words", [["--version"], ["-V"], ["-q", "--version"], ["--version", "tests"], ["tests", "-V"]])
def test_a_question_to_pytest_is_left_alone(words: list[str]) -> None:
    """What is no gate run gets pytest's version."""
    assert guarded(["pytest", *words]) == ["pytest", *words]


def test_a_lone_question_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pytest --version`, which editors call, does not wait for the rules of a gate run."""
    monkeypatch.setattr(release_sentinel_guard, "__file__", "/nowhere/guard.py")
    assert guarded(["pytest", "--version"]) == ["pytest", "--version"]


def _imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name.split(".")[0] for node in nodes for name in _modules(node)}


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    return (
        [alias.name for alias in node.names] if isinstance(node, ast.Import) else ["." * node.level + str(node.module)]
    )


@pytest.mark.parametrize(
    ("file", "more"),
    [("release_sentinel_guard.py", {"release_sentinel"}), ("release_sentinel/arguments.py", set())],
)
def test_the_guard_needs_the_standard_library_alone(file: str, more: set[str]) -> None:
    """It runs before anything else is loaded, and loads the rules of a gate run without the package around them.

    The package is loaded for a gate run that asks for reports.
    """
    assert _imports(SOURCE / file) <= sys.stdlib_module_names | more


def test_the_guard_costs_other_programs_nothing() -> None:
    """What it imports at once is loaded in every Python already."""
    program = (
        f"import os, sys; sys.path.insert(0, {str(SOURCE)!r}); before = set(sys.modules); "
        "import release_sentinel_guard; print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['release_sentinel_guard']"


def built(kind: str, folder: Path) -> Path:
    """Return a wheel of this checkout: the one to ship, or the one that an editable install unpacks."""
    backend = f"import hatchling.build, sys; hatchling.build.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", backend, str(folder)], cwd=CLONE, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def write_script(file: Path, python: Path, source: str) -> None:
    """Write a program that `python` runs, as installers do where its path has blanks, which a `#!` line cannot hold."""
    start = f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
    file.write_text(start + source, encoding="utf-8")
    file.chmod(0o755)


class Environment:
    """A fresh environment with the package installed, and what it depends on borrowed from this one."""

    def __init__(self, folder: Path, wheel: Path, *, system_site_packages: bool = False) -> None:
        venv.create(folder, with_pip=False, system_site_packages=system_site_packages)
        self.python = folder / "bin" / "python"
        self.pytest = folder / "bin" / "pytest"
        self.site = next((folder / "lib").glob("python*/site-packages"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)
        # A plain path: the .pth files in there, and with them an editable install of this checkout, are not followed.
        (self.site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
        (entry,) = entry_points(group="console_scripts", name="pytest")
        main = f"import sys\nfrom {entry.module} import {entry.attr}\nsys.exit({entry.attr}())\n"
        write_script(self.pytest, self.python, main)

    def seen(self, command: str, *words: str, folder: Path) -> list[str]:
        """Return the arguments that pytest is given by a command, told by a stand-in for it in `folder`."""
        (package := folder / "pytest").mkdir()
        tell = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
        for file in ("__init__.py", "__main__.py"):
            (package / file).write_text(tell if file == "__main__.py" else "", encoding="utf-8")
        (script := folder / "bin" / "pytest").parent.mkdir()
        write_script(script, self.python, tell)
        program = {"pytest": [script]}.get(command, [self.python, *command.split()[1:]])
        (here := folder / "elsewhere").mkdir()  # modules of the working directory would not stand in for pytest
        done = run(*map(str, program), *words, cwd=here, env={"PYTHONPATH": str(folder)})
        return list(json.loads(next(line for line in done.out.splitlines() if line.startswith("["))))


@pytest.fixture(scope="module", params=["wheel", "editable", "wheel, with access to system packages"])
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment for each way to install."""
    kind, _, access = request.param.partition(",")
    wheel = built(kind, tmp_path_factory.mktemp("dist"))
    return Environment(tmp_path_factory.mktemp("fresh"), wheel, system_site_packages=bool(access))


@pytest.mark.sweep
@pytest.mark.parametrize("command", ["pytest", "python -m pytest", "python -mpytest"])
def test_an_installed_guard_is_at_work(environment: Environment, tmp_path: Path, command: str) -> None:
    """A script and a module, from a wheel and from a checkout: pytest is not asked for its version."""
    assert environment.seen(command, "gate_tests", *RELEASE, folder=tmp_path) == REWRITTEN


def test_an_installed_guard_leaves_pytest_alone(environment: Environment, tmp_path: Path) -> None:
    """What is no gate run reaches pytest as it is typed."""
    assert environment.seen("pytest", "tests", "-q", "--version", folder=tmp_path) == ["tests", "-q", "--version"]


DAMAGED = {  # what is left of an installation, whose .pth file Python still reads
    "no guard": "release_sentinel_guard.py",
    "no package": "release_sentinel",
    "nothing else": "release_sentinel*[!h]",
    "a guard that breaks": "",
}


@pytest.fixture(scope="module", params=DAMAGED)
def damaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which the package was half removed."""
    found = Environment(tmp_path_factory.mktemp("fresh"), built("wheel", tmp_path_factory.mktemp("dist")))
    for entry in found.site.glob(DAMAGED[request.param]) if DAMAGED[request.param] else ():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    if not DAMAGED[request.param]:
        (found.site / "release_sentinel_guard.py").write_text("raise RuntimeError('broken')\n", encoding="utf-8")
    return found


UNGUARDED = [
    ("gate_tests", *RELEASE),
    ("gate_tests", "--env", "prod", "--version"),
    ("--version", "v1.0.0"),
    ("--env=prod", "--version", "next"),
    ("gate_tests", "-V"),
]


@pytest.mark.sweep
@pytest.mark.parametrize("words", UNGUARDED, ids=" ".join)
@pytest.mark.parametrize("command", ["pytest", "python -m pytest", "python -Impytest", "coverage run -m pytest"])
def test_a_damaged_installation_ends_no_gate_run_with_0(
    damaged: Environment, tmp_path: Path, command: str, words: tuple[str, ...]
) -> None:
    """There pytest would print its version, and nothing would have been judged."""
    program = [damaged.python, *command.split()[1:]] if command.startswith("python") else [damaged.pytest]
    if command.startswith("coverage"):
        program = [damaged.python, "-m", *command.split()]
    done = run(*map(str, program), *words, cwd=tmp_path, env={"PYTHONNOUSERSITE": "1"})
    assert done.code == 4
    assert "release-sentinel: INCOMPLETE (exit 4): its installation is damaged (" in done.out


@pytest.mark.sweep
@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("-q", "--version"),
        ("-V",),
        ("gate_tests", "-v", "--co"),
        ("--env", "x", "-v"),
        ("--version=1",),
    ],
    ids=" ".join,
)
def test_a_damaged_installation_leaves_other_programs_alone(
    damaged: Environment, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Any other use of pytest, and any other Python, starts without a word of ours."""
    done = run(str(damaged.pytest), *words, cwd=tmp_path)
    assert "release-sentinel" not in done.out
    if compat.answers_version():  # an older one fails to load the plugin that its entry point names
        assert bool(re.match(r"pytest \d", done.out)) == (words[-1] in {"--version", "-V"})
    done = run(str(damaged.python), "-c", "print('fine')", "pytest", "gate_tests", *RELEASE, cwd=tmp_path)
    assert (done.code, done.out) == (0, "fine\n")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel."""
    return Environment(tmp_path_factory.mktemp("fresh"), built("wheel", tmp_path_factory.mktemp("dist")))


@pytest.fixture
def unguarded(tmp_path: Path, installed: Environment) -> Path:
    """A folder that holds the package as `pip install --target` puts it there: Python reads no .pth file of it."""
    (folder := tmp_path / "target").mkdir()
    for entry in installed.site.glob("release_sentinel*"):
        (folder / entry.name).symlink_to(entry)
    return folder


GATE = "import pytest\n@pytest.mark.policy\ndef test_own(): assert True\n"


@pytest.fixture
def shop(repo: Repo, settings: dict[str, str]) -> Repo:
    """A repository with a gate of its own."""
    del settings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    settings["PYTEST_ADDOPTS"] = "-p no:cacheprovider"
    repo.commit("gate_tests/test_own.py", GATE)
    return repo


def judged(program: Path | str, *words: str, shop: Repo, settings: dict[str, str], **environ: str) -> tuple[Run, str]:
    """Run a command with a verdict file; return what it printed, and the verdict that it left."""
    verdict = shop.path.parent / "verdict.json"
    done = run(str(program), *words, f"--gate-verdict={verdict}", cwd=shop.path, env={**settings, **environ})
    return done, json.loads(verdict.read_text(encoding="utf-8"))["verdict"] if verdict.exists() else ""


def test_pytest_judges(installed: Environment, shop: Repo, settings: dict[str, str]) -> None:
    """`pytest gate_tests --env prod --version v1.0.0` is a gate run, and nothing warns of what the guard has loaded."""
    words = ("-W", "error", "gate_tests", *RELEASE)
    done, verdict = judged(installed.pytest, *words, shop=shop, settings=settings)
    assert (done.code, verdict) == (0, "SAFE"), done.out
    assert "Warning" not in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gate_tests", "--env", "prod", "--version"), "--version has no value, --junitxml=../gates.xml follows"),
        (("--env", "prod", "--version"), "--version has no value, --junitxml=../gates.xml follows"),
        (("gate_tests", *RELEASE, "--version", "v2"), "--version is given 2 times (--version --version)"),
        (("gate_tests", "--env", "prod", "-V"), "-V prints pytest's version"),
    ],
    ids=["no value", "no value and no path", "twice", "-V"],
)
def test_what_cannot_be_meant_is_refused(
    installed: Environment, shop: Repo, settings: dict[str, str], words: tuple[str, ...], message: str
) -> None:
    """A command line that pytest 9 would answer with its version ends in our words, a code, and INCOMPLETE reports."""
    done = run(str(installed.pytest), *words, "--junitxml=../gates.xml", cwd=shop.path, env=settings)
    assert done.code == 4
    assert message in done.out
    assert "INCOMPLETE" in (shop.path.parent / "gates.xml").read_text(encoding="utf-8")


def test_a_gate_run_without_the_plugin_is_an_error(
    installed: Environment, shop: Repo, settings: dict[str, str]
) -> None:
    """Where the plugin is switched off, the guard still keeps pytest from printing its version."""
    words = ("-p", "no:release_sentinel.plugin", "gate_tests", "--version", "v1.0.0")
    done = run(str(installed.pytest), *words, cwd=shop.path, env=settings)
    assert done.code == 4
    assert "unrecognized arguments: --release-version=v1.0.0" in done.out


def test_a_missing_guard_is_told(unguarded: Path, shop: Repo, settings: dict[str, str]) -> None:
    """A gate run that needs the guard and misses it is INCOMPLETE: the next `--version` would be a false SAFE."""
    command = (sys.executable, "-S", "-m", "pytest", "gate_tests", "--env", "prod", "--release-version=v1.0.0")
    path = os.pathsep.join([str(unguarded), sysconfig.get_path("purelib")])
    done, verdict = judged(*command, shop=shop, settings=settings, PYTHONPATH=path)
    expected = (1, "INCOMPLETE") if compat.answers_version() else (0, "SAFE")
    assert (done.code, verdict) == expected, done.out
    assert ("did not read release_sentinel_guard.pth at its start" in done.out) == compat.answers_version()


def test_release_sentinel_needs_no_guard(unguarded: Path, shop: Repo, settings: dict[str, str]) -> None:
    """`release-sentinel` does not ask pytest for `--version`."""
    path = os.pathsep.join([str(unguarded), sysconfig.get_path("purelib")])
    command = (sys.executable, "-m", "release_sentinel", *RELEASE)
    bare = {"PYTHONPATH": path, "PYTHONNOUSERSITE": "1"}
    done, verdict = judged(*command, shop=shop, settings=settings, **bare)
    assert (done.code, verdict) == (0, "SAFE"), done.out


SILENT = {  # how pytest ends before it has loaded a plugin
    "PYTEST_ADDOPTS that is not closed": ((), {"PYTEST_ADDOPTS": "-k 'x"}, {}),
    "an ini file that is not closed": ((), {}, {"pytest.ini": "[pytest]\naddopts = -k 'x\n"}),
    "an ini file that cannot be parsed": ((), {}, {"pytest.ini": "[pytest\n"}),
    "a pyproject.toml that cannot be parsed": ((), {}, {"pyproject.toml": "[tool.pytest\n"}),
    "an ini file that is not there": (("-c", "none.ini"), {}, {}),
    "a root that is not there": (("--rootdir", "none"), {}, {}),
    "a plugin that is not there": (("-p", "no_such_plugin"), {}, {}),
    "a plugin without a name": (("-p",), {}, {}),
    "a plugin that ends the process": (("-p", "ends"), {}, {"ends.py": "raise SystemExit(0)\n"}),
    "without the gate's own plugin": (("-p", "no:release_sentinel.plugin"), {}, {}),
    "without a plugin of pytest's": (("-p", "no:main"), {}, {}),
    "no plugin at all": ((), {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, {}),
}


@pytest.mark.sweep
@pytest.mark.parametrize("kind", SILENT)
def test_no_older_report_outlives_a_pytest_that_fails_early(
    repo: Repo, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SAFE of an earlier run says INCOMPLETE, in each report, and the exit code is never 0."""
    options, environ, files = SILENT[kind]
    reports = [f"--junitxml={tmp_path / 'gates.xml'}", f"--gate-verdict={tmp_path / 'verdict.json'}"]
    reports.append(f"--gate-summary={tmp_path / 'summary.md'}")
    for report in reports:
        Path(report.partition("=")[2]).write_text("SAFE", encoding="utf-8")
    for name, text in files.items():
        repo.write(name, text)
    monkeypatch.setenv("PYTHONPATH", str(repo.path))
    command = [sys.executable, "-m", "pytest", "gate_tests", *reports, *RELEASE, *options]
    done = subprocess.run(
        command, cwd=repo.path, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert done.stderr.endswith("release-sentinel: INCOMPLETE (exit 4): pytest ended before it loaded the gate\n")
    verdict = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["verdict"] == "INCOMPLETE"
    assert 'errors="1"' in (tmp_path / "gates.xml").read_text(encoding="utf-8")
    assert "INCOMPLETE" in (tmp_path / "summary.md").read_text(encoding="utf-8")
