"""The policy file in real runs: what it asks for, what it switches off, what it excuses, and when it cannot be read."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from release_sentinel.config.load import load
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import GATES
from tests.conftest import Sentinel, each

POLICY = "release-sentinel.toml"
TOMORROW = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"


def waiver(gate: str, expires: str = TOMORROW, env: str = "prod") -> str:
    """Return a waiver as the policy file has it."""
    told = f'gate = "{gate}"\nenv = "{env}"\nreason = "known"\nowner = "Kim"\nexpires = {expires}\n'
    return f"[[waivers]]\n{told}"


def test_a_policy_that_cannot_be_meant_stops_the_run(sentinel: Sentinel) -> None:
    """No gate runs, every mistake is told, and the reports say INCOMPLETE with the same words."""
    sentinel.repo.commit(POLICY, "deadlin = 5\n[disk]\ncrit = 'full'\n")
    done = sentinel()
    problems = [
        f"the policy is not valid: {POLICY}:1: deadlin is not a key of the policy; did you mean deadline?",
        f"the policy is not valid: {POLICY}:3: disk.crit is 'full', expected per cent, from 0 to 100",
    ]
    assert (done.code, done.verdict["verdict"], done.verdict["gates"]) == (1, "INCOMPLETE", [])
    assert done.verdict["problems"][:2] == problems
    assert [f"[INCOMPLETE] {problem}" for problem in problems] == done.block[1:3]
    assert "deadlin is not a key of the policy" in done.junit


def test_the_part_for_the_environment_counts(sentinel: Sentinel) -> None:
    """A file named on the command line counts instead of the repository's own, with its part for `--env`."""
    sentinel.repo.commit(POLICY, "broken")
    file = sentinel.reports / "acme.toml"
    file.write_text("[env.dev]\n[env.stage]\n[env.prod]\ngit.branches = ['release/*']\n", encoding="utf-8")
    done = sentinel(f"--gate-policy={file}")
    assert done.code == 1
    assert (
        "[POLICY] branch: Releases blocked from branch: main (according to HEAD); releases come from release/*"
        in done.block
    )


def test_gates_that_are_switched_off_required_and_asked_for(sentinel: Sentinel) -> None:
    """One does not run and is told with its reason, one is missed, one opt-in gate runs."""
    text = "required_gates = ['queue']\nenable = ['freeze']\n[disable]\nprocess = 'no agent here'\n"
    sentinel.repo.commit(POLICY, text)
    done = sentinel()
    assert done.code == 1
    assert "process" not in done.statuses
    assert done.statuses["freeze"] == "OK"
    assert done.verdict["disabled"] == [{"gate": "process", "reason": "no agent here"}]
    assert done.verdict["missing"] == [{"gate": "queue", "why": "the policy requires it, and there is no such gate"}]
    assert "switched off by the policy: process (no agent here)" in done.block
    sentinel.gate("@pytest.mark.critical\ndef test_queue():\n    assert True\n")
    assert sentinel().code == 0


def test_an_advised_gate_holds_no_release_until_its_day(sentinel: Sentinel) -> None:
    """A gate of each stage fails, one breaks: the run is SAFE, shows them, and tells what is advised no longer."""
    sentinel.gate("@pytest.mark.critical\ndef test_queue():\n    raise KeyError\n")
    sentinel.repo.commit(POLICY, f"advise = {{ clean-tree = {TOMORROW}, queue = {TOMORROW}, tag = 2020-01-01 }}\n")
    sentinel.repo.write("stray.txt")
    done = sentinel("-x")
    found = {gate["id"]: (gate["outcome"], gate["advised"]) for gate in done.verdict["gates"]}
    assert (done.code, found["clean-tree"], found["queue"]) == (0, *[("advised", TOMORROW)] * 2)
    assert any(line.startswith("[ADVISED] clean-tree: Git working tree is dirty") for line in done.block)
    assert done.verdict["warnings"] == ["tag was advised until 2020-01-01, and counts now: remove it from advise"]


def test_a_waived_policy_gate_lets_the_critical_stage_begin(sentinel: Sentinel) -> None:
    """The gate shows its true result, passes, also under `-x`, and the run is SAFE."""
    sentinel.repo.commit(POLICY, waiver("clean-tree") + waiver("tag") + waiver("nonsense"))
    sentinel.repo.write("stray.txt")
    done = sentinel("-x")
    gate = next(gate for gate in done.verdict["gates"] if gate["id"] == "clean-tree")
    assert (done.code, gate["outcome"], gate["status"], gate["waiver"]["owner"]) == (0, "waived", "CRIT", "Kim")
    assert done.statuses["api"] == "OK"
    assert any(line.startswith("[WAIVED] clean-tree: Git working tree is dirty") for line in done.block)
    assert "11 gates: 10 passed, 1 waived" in done.block
    told = f"in prod (until {TOMORROW}, by Kim: known)"
    assert done.verdict["warnings"] == [
        f"the waiver for tag {told} is not used: the gate passes; remove it",
        f"the waiver for nonsense {told} excuses nothing: there is no such gate",
    ]
    assert {f"[WARN] {warning}" for warning in done.verdict["warnings"]} <= set(done.block)


def test_waivers_that_do_not_hold(sentinel: Sentinel) -> None:
    """One that has expired excuses nothing and is told; nor does one for another environment, or for a broken gate."""
    text = waiver("clean-tree", "2020-01-01") + waiver("configuration", env="dev") + waiver("own")
    sentinel.repo.commit(POLICY, text)
    sentinel.gate("@pytest.mark.policy\ndef test_own():\n    raise KeyError('x')\n")
    sentinel.repo.write("stray.txt")
    done = sentinel(RS_DEPLOY_TOKEN="")
    assert (done.code, done.verdict["verdict"]) == (1, "BLOCKED")
    failed = {gate["id"] for gate in done.verdict["gates"] if gate["outcome"] == "failed"}
    assert failed == {"clean-tree", "configuration", "own"}
    first, second = done.verdict["warnings"]
    assert first.endswith("has expired, and excuses nothing: remove it, or renew it with a reason")
    assert second.endswith("excuses nothing: the gate broke, and a waiver excuses only judgements")


def test_a_freeze_blocks(sentinel: Sentinel) -> None:
    """A window that holds now is told with its reason and its end."""
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = (now + timedelta(hours=hours) for hours in (-1, 1))
    text = f'[[freezes]]\nreason = "the sale"\nzone = "UTC"\nfrom = {start.isoformat()}\nto = {end.isoformat()}\n'
    sentinel.repo.commit(POLICY, text)
    done = sentinel()
    assert done.code == 1
    (line,) = [line for line in done.block if line.startswith("[POLICY] freeze")]
    assert line.startswith("[POLICY] freeze: Releases are frozen: the sale; it ends ")
    assert f"({end:%Y-%m-%d %H:%M} UTC)" in line


def test_a_secret_in_a_file_is_read_and_never_shown(sentinel: Sentinel) -> None:
    """The gate passes with it, warns where anyone may read it, and a gate that shows it is scrubbed."""
    token = sentinel.reports / "token"
    token.write_text("f1le-s3cret-value\n", encoding="utf-8")
    token.chmod(0o444)
    sentinel.gate(f"@pytest.mark.policy\ndef test_own():\n    assert open({str(token)!r}).read() == 'x'\n")
    done = sentinel("-vv", RS_DEPLOY_TOKEN="", RS_DEPLOY_TOKEN_FILE=str(token))
    assert done.statuses["configuration"] == "WARN"
    assert "f1le-s3cret-value" not in done.out + done.junit + str(done.verdict)
    assert "***" in done.out


def test_a_secret_that_only_the_file_names_is_never_shown(sentinel: Sentinel) -> None:
    """Neither in a report nor where a gate writes to the terminal itself: the parent knows the policy, too."""
    sentinel.repo.commit(POLICY, "[required]\nsecrets = ['RS_DEPLOY_TOKEN', 'REGISTRY_PASSWORD']\n")
    shout = "os.system('echo shown: $REGISTRY_PASSWORD'); assert os.environ['REGISTRY_PASSWORD'] == ''"
    sentinel.gate(f"import os\n@pytest.mark.policy\ndef test_own():\n    {shout}\n")
    done = sentinel("-s", REGISTRY_PASSWORD="pl4in-p4ssword")
    assert done.code == 1
    assert "shown: ***" in done.out
    assert "pl4in-p4ssword" not in done.out + done.junit + str(done.verdict)


EDGES = {
    "a waiver at the end": "[[waivers]]\ngate = 'disk'\nenv = 'prod'\nreason = 'x'\nowner = 'x'\nexpires = {}\n",
    "a freeze at the end": "[[freezes]]\nreason = 'x'\nzone = 'Asia/Kolkata'\nfrom = 2026-01-01T00:00:00\nto = {}\n",
    "a freeze at the beginning": "[[freezes]]\nreason = 'x'\nzone = 'UTC'\nfrom = {}\nto = 2026-01-01T00:00:00\n",
}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("year", ["0001", "1969", "9900", "9999"])
def test_a_date_at_an_end_of_the_calendar_is_refused(tmp_path: Path, edge: str, year: str) -> None:
    """As a date of TOML and as a text, by the file's reader and by the schema's pattern."""
    offset = "Z" if "waiver" in edge else ""
    for quote in ("", "'"):
        moment = f"{quote}{year}-12-31T23:59:00{offset}{quote}"
        (tmp_path / "release-sentinel.toml").write_text(EDGES[edge].format(moment), encoding="utf-8")
        with pytest.raises(InvalidPolicyError) as refusal:
            load({}, repository=tmp_path, gates=GATES)
        assert f"is {year}-12-31T23:59:00" in refusal.value.problems[0].replace("'", "")


def test_the_first_and_the_last_date_are_judged(sentinel: Sentinel) -> None:
    """A waiver and a freeze of the furthest years that are taken end no run with an error."""
    text = EDGES["a waiver at the end"].format("9899-12-31") + EDGES["a freeze at the beginning"].format(
        "1970-01-01T00:00:00"
    )
    sentinel.repo.commit(
        "release-sentinel.toml",
        text + "[[freezes]]\nreason = 'y'\nzone = 'UTC'\nfrom = 9899-01-01T00:00:00\nto = 9899-12-31T23:59:00\n",
    )
    done = sentinel()
    assert done.code == 0, done.out


OTHER = "[project]\nname = 'shop'\n"
TABLE = "[tool.release-sentinel]\ndeadline = 60\n"
NOT_ON_DISK = {  # files of the commit, and the one that the work tree lacks
    "the policy": ({POLICY: "deadline = 60\n"}, POLICY),
    "the policy, beside a pyproject.toml": ({POLICY: "deadline = 60\n", "pyproject.toml": OTHER}, POLICY),
    "a pyproject.toml with the policy": ({"pyproject.toml": TABLE}, "pyproject.toml"),
    "a second policy": ({POLICY: "deadline = 60\n", "pyproject.toml": TABLE}, POLICY),
}


@each("kind", NOT_ON_DISK)
def test_a_policy_of_the_commit_that_is_not_on_disk_is_missed(sentinel: Sentinel, kind: str, *, plain: bool) -> None:
    """By a sparse checkout, which Git's status does not speak of, from a folder below the top, too."""
    files, lacked = NOT_ON_DISK[kind]
    for name, text in files.items():
        sentinel.repo.commit(name, text)
    sentinel.gate("@pytest.mark.policy\ndef test_own(): assert True\n")
    sentinel.repo.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{lacked}")
    judge = sentinel.pytest if plain else partial(sentinel, cwd=sentinel.repo.path / "gate_tests")
    done = judge()
    assert (done.code, done.verdict["verdict"], done.statuses["clean-tree"]) == (1, "INCOMPLETE", "OK"), done.out
    says = (
        f"the commit has {lacked}, and the work tree lacks it (is this a sparse checkout?): a policy in it is not read"
    )
    assert f"[INCOMPLETE] {says}" in done.block
    (sentinel.reports / "acme.toml").write_text("", encoding="utf-8")
    done = judge(f"--gate-policy={sentinel.reports / 'acme.toml'}")
    assert f"[INCOMPLETE] {says.replace('a policy in it is', 'its base policies are')}" in done.block


def test_a_policy_that_is_deleted_is_missed(sentinel: Sentinel) -> None:
    """Even where the gate of the work tree is waived by another policy, or says so itself."""
    sentinel.repo.commit(POLICY, "deadline = 60\n")
    (sentinel.repo.path / POLICY).unlink()
    done = sentinel()
    assert (done.code, done.statuses["clean-tree"]) == (1, "CRIT")
    assert any(line.startswith(f"[INCOMPLETE] the commit has {POLICY}") for line in done.block)


@pytest.mark.sweep
@pytest.mark.parametrize("plain", [False, True], ids=["release-sentinel", "pytest"])
def test_a_sparse_checkout_with_its_policy_is_judged(sentinel: Sentinel, *, plain: bool) -> None:
    """What else the commit has is not owed, and a pyproject.toml is not where the policy has its own file."""
    for name, text in {POLICY: "deadline = 60\n", "pyproject.toml": OTHER, "docs/pyproject.toml": TABLE}.items():
        sentinel.repo.commit(name, text)
    sentinel.repo.git("sparse-checkout", "set", "--no-cone", "/*", "!/pyproject.toml", "!/docs/")
    judge = sentinel.pytest if plain else sentinel
    assert judge().code == 0
    (sentinel.reports / "acme.toml").write_text("", encoding="utf-8")
    assert judge(f"--gate-policy={sentinel.reports / 'acme.toml'}").code == 0


@pytest.mark.sweep
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_untracked_files_that_may_be_there(sentinel: Sentinel, way: str) -> None:
    """The policy's globs allow untracked files, also when the tag is made; no rule outside of the commit does."""
    sentinel.repo.commit(POLICY, "git.untracked_allowed = ['*.log']\n")
    sentinel.repo.git("push", "--quiet", "origin", "main")
    sentinel.repo.write("build/a.log")
    judge = sentinel if way == "release-sentinel" else sentinel.pytest
    done = judge("--gate-tag")
    assert (done.code, "tagged: v1.0.0" in done.out) == (0, True), done.out
    sentinel.repo.write(".git/info/exclude", "evil.py\n")
    sentinel.repo.write("evil.py")
    done = judge()
    assert done.code == 1
    assert "1 path differs from the commit (?? evil.py)" in done.out


@pytest.mark.sweep
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_files_that_hold_the_version(sentinel: Sentinel, way: str) -> None:
    """A key, a pattern and a glob are read in a real run; one member of a workspace with another version blocks it."""
    files = ["pyproject.toml", "CMakeLists.txt#VERSION ([0-9.]+)", "crates/*/Cargo.toml"]
    repo = sentinel.repo
    repo.write("pyproject.toml", "[project]\ndynamic = ['version']\n[tool.hatch.version]\npath = 'app.py'\n")
    repo.write("app.py", "__version__ = '1.0.0'\n")
    repo.write("CMakeLists.txt", "project(shop VERSION 1.0.0)\n")
    repo.write("Cargo.toml", "[workspace.package]\nversion = '1.0.0'\n")
    repo.write("crates/a/Cargo.toml", "[package]\nversion.workspace = true\n")
    repo.commit(POLICY, f"version.files = {files}\n")
    repo.git("push", "--quiet", "origin", "main")
    judge = sentinel if way == "release-sentinel" else sentinel.pytest
    assert judge().statuses["version-files"] == "OK"
    repo.commit("crates/b/Cargo.toml", "[package]\nversion = '0.9.0'\n")
    repo.git("push", "--quiet", "origin", "main")
    done = judge()
    assert done.code == 1
    assert "[POLICY] version-files: crates/b/Cargo.toml says '0.9.0', expected '1.0.0'" in done.block


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_versions_without_a_prefix(sentinel: Sentinel, way: str) -> None:
    """A variable says so by a word; a blank one is unset, and the remedy names the word."""
    judge = sentinel if way == "release-sentinel" else sentinel.pytest
    release = ("--env", "prod", "--version", "1.0.0")
    assert judge(release=release, RS_VERSION_PREFIX="none").code == 0
    done = judge(release=release, RS_VERSION_PREFIX="")
    assert done.code == 1
    assert "RS_VERSION_PREFIX=none" in done.out


OFF = "[disable]\nprocess = 'a static site'\napi = 'a static site'\n"


def test_what_is_switched_off_demands_nothing(sentinel: Sentinel) -> None:
    """A library needs neither process nor URL, by both ways of running; what its policy names is demanded."""
    del sentinel.settings["RS_REQUIRED_PROCESS"], sentinel.settings["RS_API_URL"]
    sentinel.repo.commit(POLICY, OFF)
    for run in (sentinel, sentinel.pytest):
        done = run()
        assert (done.code, done.statuses["configuration"]) == (0, "OK"), done.out
    sentinel.repo.commit(POLICY, f"required.settings = ['RS_API_URL']\n{OFF}")
    done = sentinel()
    assert (done.code, done.statuses["configuration"]) == (1, "CRIT"), done.out


def test_a_gate_that_judges_still_demands_its_setting(sentinel: Sentinel) -> None:
    """The look-alike: only one of the two is switched off."""
    sentinel.repo.commit(POLICY, "[disable]\nprocess = 'a static site'\n")
    del sentinel.settings["RS_REQUIRED_PROCESS"], sentinel.settings["RS_API_URL"]
    done = sentinel()
    assert done.code == 1
    assert "[POLICY] configuration: Missing required env var: RS_API_URL" in done.block
    assert "or switch `api` off under [disable] in the policy" in " ".join(done.block)


@pytest.mark.parametrize("plain", [False, True], ids=["command", "pytest"])
def test_a_url_of_the_policy_blocks_like_one_of_the_environment(sentinel: Sentinel, *, plain: bool) -> None:
    """The gate `configuration` says so, whether the variable is required or not; nothing is asked."""
    sentinel.repo.commit("release-sentinel.toml", "required.settings = []\napi.url = 'localhost:8080/health'\n")
    run = (sentinel.pytest if plain else sentinel)(RS_API_URL="")
    assert run.code == 1, run.out
    (gate,) = [gate for gate in run.verdict["gates"] if gate["id"] == "configuration"]
    assert gate["reason"] == "api.url is not a URL such as https://example.com ('localhost:8080/health')"
    assert run.statuses["api"] is None


def test_each_url_of_the_policy_is_judged_by_configuration(sentinel: Sentinel) -> None:
    """The other gates are judged all the same; what may hold a secret is not shown."""
    texts = (
        'dependencies]]\nname = "pay"\nurl = "localhost:8080/health"\n',
        'prometheus]]\nname = "errors"\nurl = "kim:pa55word@prom"\nquery = "up"\nop = "<"\nvalue = 1\n',
    )
    sentinel.repo.commit("release-sentinel.toml", "".join(f"[[{text}" for text in texts))
    done = sentinel()
    assert (done.code, done.statuses["tag"]) == (1, "OK")
    (gate,) = [gate for gate in done.verdict["gates"] if gate["id"] == "configuration"]
    assert gate["reason"] == (
        "dependencies[pay].url is not a URL such as https://example.com ('localhost:8080/health'); "
        "prometheus[errors].url is not a URL such as https://example.com"
    )
    assert "pa55word" not in done.out


def test_a_url_that_no_gate_asks_blocks_nothing(sentinel: Sentinel) -> None:
    """Where `api` is switched off, its address does not matter."""
    text = "required.settings = []\napi.url = 'localhost:8080/health'\ndisable.api = 'no API'\n"
    sentinel.repo.commit("release-sentinel.toml", text)
    assert sentinel(RS_API_URL="").code == 0
