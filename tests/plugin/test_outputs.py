"""What other options write: never over the files of the repository, and never taken for changes of it."""

from argparse import Namespace
from pathlib import Path

import pytest

from release_sentinel.plugin.outputs import outputs
from tests.conftest import CLI, PYTEST, RELEASE, Run, Sentinel, each, run

# Stands for plugins that need not be installed: each option writes its file at the end, pytest-html a folder besides.
ACME = """
from pathlib import Path
NAMES = {"--html": "htmlpath", "--report-log": "report_log", "--acme-output": "acme_output", "--md": "mdpath"}

def pytest_addoption(parser):
    for flag, dest in NAMES.items():
        parser.addoption(flag, dest=dest)
    parser.addoption("--acme-report-template")
    parser.addoption("--acme-input")

def pytest_configure(config):
    for dest in NAMES.values():
        if name := getattr(config.option, dest):
            Path(name).write_text("written")
    if config.option.htmlpath:
        Path("assets").mkdir(exist_ok=True)
        Path("assets/style.css").write_text("written")
"""
GATE = "@pytest.mark.policy\ndef test_own(tmp_path): assert tmp_path.is_dir()\n"
PLUGINS = ("-p", "acme", "-p", "pytest_cov", "--cov=src")
TEXT = "ours\n"
FILES = {  # of the repository, and the options that would write each
    "package.json": ("--cov-report=json:package.json",),
    "pom.xml": ("--cov-report=xml:pom.xml",),
    "notes/lcov.txt": ("--cov-report=lcov:notes/lcov.txt",),
    "CHANGES.md": ("--cov-report=markdown:CHANGES.md",),
    "docs/index.html": ("--cov-report=html:docs",),
    "src/app.py": ("--cov-report=annotate:src",),
    "page.html": ("--html=page.html",),
    "assets/style.css": ("--html=page.html",),
    "events.txt": ("--report-log", "events.txt"),
    "data/x": ("--acme-output=data",),
    "README.md": ("--md", "README.md"),
    "temp/x": ("--basetemp=temp",),
    "cache/x": ("-o", "cache_dir=cache"),
    "empty.py": ("--log-file=empty.py",),
}


def judge(sentinel: Sentinel, *options: str, plain: bool, **environ: str) -> Run:
    """Run the gate with these options, and with the plugins above in reach."""
    (sentinel.reports / "plugins").mkdir(exist_ok=True)
    (sentinel.reports / "plugins" / "acme.py").write_text(ACME, encoding="utf-8")
    environ = {"PYTHONPATH": str(sentinel.reports / "plugins"), **sentinel.settings, **environ}
    command = (*PYTEST, "gate_tests") if plain else CLI
    sentinel.repo.git("push", "--quiet", "origin", "main")
    return run(*command, *RELEASE, *options, cwd=sentinel.repo.path, env=environ)


@pytest.fixture
def shop(sentinel: Sentinel) -> Sentinel:
    """A repository with those files, and a gate that uses a temporary folder."""
    for name in FILES:
        sentinel.repo.write(name, "" if name == "empty.py" else TEXT)
    sentinel.gate(GATE)
    return sentinel


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_no_option_writes_over_files_of_the_repository(shop: Sentinel, *, plain: bool) -> None:
    """Each is named, before anything is written; Git sees no difference."""
    options = [word for words in FILES.values() for word in words]
    done = judge(shop, *PLUGINS, *options, plain=plain, COVERAGE_FILE="app.py")
    assert done.code not in {0, 2}
    assert shop.repo.git("status", "--porcelain", "--ignored") == ""
    places = {name if Path(name).name != "x" else str(Path(name).parent) for name in FILES} | {"app.py"}
    places = places - {"docs/index.html", "src/app.py"} | {"docs", "src"}
    missed = [name for name in places if f"{shop.repo.path / name} cannot be written: it " not in done.out]
    assert missed == [], done.out


DEBUGGED = "[run]\ndebug_file = notes/debug.txt\n"


@pytest.mark.sweep
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_coverage_writes_nothing_over_files_beside_the_sources(sentinel: Sentinel, *, plain: bool) -> None:
    """Neither annotated copies nor its debug output, by its settings or a variable; beside them it may."""
    for name, text in {"src/app.py": "x = 1\n", "src/app.py,cover": TEXT, "notes/debug.txt": TEXT}.items():
        sentinel.repo.commit(name, text)
    sentinel.repo.commit("debugged", DEBUGGED)
    sentinel.gate("import sys\nsys.path.insert(0, 'src')\nimport app\n" + GATE)
    annotate = "--cov-report=annotate"
    for option, named, environ in (
        (annotate, "src/app.py,cover", {}),
        ("--cov-config=debugged", "notes/debug.txt", {}),
        ("--cov-report=", "notes/debug.txt", {"COVERAGE_DEBUG_FILE": "notes/debug.txt"}),
    ):
        done = judge(sentinel, *PLUGINS, option, plain=plain, **environ)
        assert done.code not in {0, 2}
        assert f"{named} cannot be written: it is tracked by Git" in done.out
        assert sentinel.repo.git("status", "--porcelain", "--ignored") == ""
    assert judge(sentinel, annotate, "-p", "pytest_cov", plain=plain).code == 0  # nothing is measured
    environ = {"COVERAGE_DEBUG_FILE": "debug.log", "COVERAGE_DEBUG": "config"}
    assert judge(sentinel, *PLUGINS, f"{annotate}:annotated", plain=plain, **environ).code == 0
    assert {"annotated", "debug.log"} <= {path.name for path in sentinel.repo.path.iterdir()}
    sentinel.repo.git("rm", "--quiet", "src/app.py,cover")
    sentinel.repo.git("commit", "--quiet", "--message", "no copy")
    sentinel.repo.git("clean", "--quiet", "--force", "-dx")
    assert judge(sentinel, *PLUGINS, annotate, plain=plain, COVERAGE_DEBUG_FILE="stderr").code == 0
    assert (sentinel.repo.path / "src/app.py,cover").is_file()


@pytest.mark.sweep
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_run_that_covers_too_little_says_so(sentinel: Sentinel, *, plain: bool) -> None:
    """pytest-cov fails the run beside its tests, and no gate did."""
    sentinel.repo.commit("src/app.py", "x = 1\n")
    sentinel.gate(GATE)
    under = judge(sentinel, *PLUGINS, "--cov-fail-under=90", plain=plain)
    assert under.code == 1
    assert "exit code 1, which no gate explains (--cov-fail-under=90? add --no-cov)" in under.out
    assert judge(sentinel, *PLUGINS, "--cov-fail-under=90", "--no-cov", plain=plain).code == 0


@each("kind", ["summary", "addopts", "git", "index"])
def test_nothing_else_does(shop: Sentinel, kind: str, *, plain: bool) -> None:
    """A variable of CI, the ini file of a repository, and what is Git's own."""
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "README.md"} if kind == "summary" else {}
    options: tuple[str, ...] = {"git": ("--basetemp=.git",), "index": ("--log-file=.git/index",)}.get(kind, ())
    if kind == "addopts":
        shop.repo.commit("own.ini", "[pytest]\naddopts = --junitxml=pom.xml\n")
        options = ("-c", "own.ini", "--rootdir=.")
    done = judge(shop, *options, plain=plain, **environ)
    assert done.code not in {0, 2}
    assert "cannot be written: it is " in done.out
    assert shop.repo.git("status", "--porcelain", "--ignored") == ""


@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_what_the_run_writes_is_no_change(sentinel: Sentinel, *, plain: bool) -> None:
    """Its log, caches, coverage, temporary folder and other reports, also those that an earlier run has left."""
    for name in ("src/app.py", "README.md", "data/in.txt", ".coveragerc"):
        sentinel.repo.commit(name, "" if name.startswith(".") else "x = 1\n")
    sentinel.gate(GATE)
    sentinel.repo.write("summary.txt")
    sentinel.repo.write("measured.host.1.XAbc")
    sentinel.repo.write(".hypothesis/examples/x")
    written = ("-o", "log_file=run.log", "-o", "cache_dir=.cache", "--basetemp=temp", "--html=page.html", "--md=m.txt")
    more = ("--report-log=events.txt", "--acme-output=out.txt", "--cov-report=json:cov.json", "--cov-report=xml")
    read = ("--cov-config=.coveragerc", "--ignore=data", "--acme-report-template=README.md", "--acme-input=README.md")
    environ = {"COVERAGE_FILE": "measured", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.txt"}
    for _ in range(2):
        done = judge(sentinel, *PLUGINS, *written, *more, *read, plain=plain, **environ)
        assert done.code == 0, done.out
    left = {"run.log", "page.html", "assets", "m.txt", "events.txt", "out.txt", "cov.json", "coverage.xml", "measured"}
    assert left <= {path.name for path in sentinel.repo.path.iterdir()}


def test_a_change_beside_it_is_seen(sentinel: Sentinel) -> None:
    """A folder that a plugin may write into hides no change of the files that Git has in it."""
    sentinel.repo.commit("assets/app.css", TEXT)
    sentinel.gate(GATE)
    sentinel.repo.write("assets/app.css", "changed\n")
    sentinel.repo.write("run.log.old")
    done = judge(sentinel, "-p", "acme", "--html=page.html", "--log-file=run.log", plain=True)
    assert done.code == 1
    assert "M assets/app.css" in done.out
    assert "?? run.log.old" in done.out


@pytest.mark.parametrize(
    ("dest", "counts"),
    [
        *((name, True) for name in ("allure_report_dir", "output", "tap_outdir", "excelpath", "mtr_db_out")),
        *((name, True) for name in ("md_report_output", "benchmark_json", "csv_path", "ctrf", "acme_results_dir")),
        *((name, False) for name in ("rootdir", "inifilename", "confcutdir", "cov_config", "ignore", "report_title")),
        *(
            (name, False)
            for name in ("variables", "metadata_from_json_file", "cov_source", "json_report_omit", "keyword")
        ),
        *(
            (name, False)
            for name in ("xmlpath", "gate_verdict", "expected_output", "json_report_file", "timeout", "css")
        ),
    ],
)
def test_the_name_of_an_option_tells_whether_it_writes(
    request: pytest.FixtureRequest, dest: str, *, counts: bool
) -> None:
    """As a text, a path or a list; reports of our own have a check of their own."""
    for value in ("x.txt", Path("x.txt"), ["x.txt"]):
        found = outputs(request.config, Namespace(**{dest: value}), {})
        assert (request.config.invocation_params.dir / "x.txt" in found) == counts
