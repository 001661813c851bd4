"""`init` writes about ten lines of policy that fit the repository as it is: they pass at once, by the next version."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from release_sentinel import gates
from release_sentinel.cli import main
from release_sentinel.commands import init, starter
from release_sentinel.commands.init import SYSTEMS, contents
from release_sentinel.commands.starter import KINDS, Wishes, guess, start
from release_sentinel.config.load import load
from release_sentinel.config.schema import schema
from release_sentinel.config.targets import DiskLimits, ProcessRule
from release_sentinel.errors import SentinelError
from tests.conftest import CLI, Repo, make_repo, run

CHANGES = "# Changelog\n\n## [Unreleased]\n\n## [{}] - 2026-01-02\n\n- Something.\n"


def python(repo: Repo) -> None:
    """A library: manifest and changelog are ready for the next version."""
    repo.write("CHANGELOG.md", CHANGES.format("1.3.0"))
    repo.commit("pyproject.toml", '[project]\nname = "shop"\nversion = "1.3.0"\n')
    repo.git("tag", "v1.2.9")
    repo.git("tag", "v1.10.0-rc.1")


def node(repo: Repo) -> None:
    """A service, with a lock file; its tags have no prefix."""
    repo.write("Dockerfile", "FROM node:22\n")
    lock = {
        "name": "shop",
        "version": "2.0.1",
        "lockfileVersion": 3,
        "packages": {"": {"name": "shop", "version": "2.0.1"}},
    }
    repo.write("package-lock.json", json.dumps(lock))
    repo.commit("package.json", '{"name": "shop", "version": "2.0.1"}')
    repo.git("tag", "2.0.0")


def monorepo(repo: Repo) -> None:
    """Two components with releases of their own."""
    repo.write("services/shop/pyproject.toml", '[project]\nname = "shop"\nversion = "1.1.0"\n')
    repo.write("services/shop/CHANGELOG.md", CHANGES.format("1.1.0"))
    repo.commit("services/blog/package.json", '{"name": "blog", "version": "4.0.0"}')
    for tag in ("shop-v1.0.0", "blog-v4.0.0", "blog-v3.0.0"):
        repo.git("tag", tag)


def site(repo: Repo) -> None:
    """A static site, on a branch called trunk, without tags."""
    repo.git("branch", "--move", "trunk")
    repo.commit("mkdocs.yml", "site_name: Shop\n")


def rust(repo: Repo) -> None:
    """A crate with its lock file."""
    repo.write("Cargo.lock", 'version = 4\n\n[[package]]\nname = "shop"\nversion = "0.4.0"\n')
    repo.commit("Cargo.toml", '[package]\nname = "shop"\nversion = "0.4.0"\n')


def go(repo: Repo) -> None:
    """A module, whose version is in its tags alone."""
    repo.write("CHANGELOG.md", "# Changelog\n\nSee the releases.\n")
    repo.commit("go.mod", "module example.com/shop\n")
    repo.git("tag", "v0.9.0")


def plain(repo: Repo) -> None:
    """No manifest and no tag."""
    repo.commit("README.md", "# Shop\n")


def stale(repo: Repo) -> None:
    """Manifests that nobody keeps up, beside the tags."""
    repo.write("docs.txt")
    repo.write("package.json", '{"name": "tools", "version": "0.0.0"}')
    repo.commit("pyproject.toml", '[project]\nname = "shop"\nversion = "1.0"\n')
    repo.git("tag", "v3.1.4")
    repo.git("tag", "$(touch-pwned)9.9.9")


Make = Callable[[Repo], None]
# What is written for each: kind, prefix, branch, next version, files, changelog.
FOUND: dict[Make, tuple[str, str, str, str, list[str], str]] = {
    python: ("library", "v", "main", "1.3.0", ["pyproject.toml"], "CHANGELOG.md"),
    node: ("service", "", "main", "2.0.1", ["package.json", "package-lock.json"], ""),
    site: ("site", "v", "trunk", "0.1.0", [], ""),
    rust: ("library", "v", "main", "0.4.0", ["Cargo.toml", "Cargo.lock"], ""),
    go: ("library", "v", "main", "0.9.1", [], ""),
    plain: ("library", "v", "main", "0.1.0", [], ""),
    stale: ("library", "v", "main", "3.1.5", [], ""),
    monorepo: ("monorepo", "shop-v", "main", "1.1.0", ["services/shop/pyproject.toml"], "services/shop/CHANGELOG.md"),
}
every_repository = pytest.mark.parametrize("make", FOUND, ids=lambda make: make.__name__)


def made(make: Make, folder: Path) -> Repo:
    """Return a repository of one of these forms, with one commit more."""
    repo = make_repo(folder / "shop")
    repo.commit("app.txt")
    make(repo)
    return repo


def component(make: object) -> str:
    """Return the component that is asked for."""
    return "services/shop" if make is monorepo else ""


@every_repository
def test_the_policy_fits_the_repository(tmp_path: Path, make: Make) -> None:
    """About ten lines, each with what is there; the reasons are the kind's."""
    repo = made(make, tmp_path)
    kind, prefix, branch, version, files, changelog = FOUND[make]
    assert guess(repo.path) == kind
    found = start(repo.path, Wishes(component=component(make)))
    assert (found.kind, found.prefix, found.version) == (kind, prefix, version)
    assert 7 <= len(found.text.splitlines()) <= 10
    (file := repo.path / found.file).write_text(found.text, encoding="utf-8")
    policy = load({}, repository=repo.path, file=file, env="prod", gates=gates.GATES).policy
    assert policy.git.branches == (branch,)
    assert policy.version.prefix == prefix
    assert list(policy.version.files) == files
    assert policy.version.changelog == changelog
    assert policy.required.secrets == ()
    assert {"process", "api"} == set(policy.disable)
    assert found.command == f"release-sentinel --env prod --version {prefix}{version}" + (
        f" --gate-policy {found.file}" if make is monorepo else ""
    )


@pytest.mark.sweep
@pytest.mark.parametrize("make", [python, node, monorepo, site], ids=lambda make: make.__name__)
def test_it_passes_at_once(tmp_path: Path, make: Make) -> None:
    """`init`, commit, and the command that `init` names: SAFE, for each kind."""
    repo = made(make, tmp_path)
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "origin.git")], check=True)
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    words = ["--component", "services/shop"] if make is monorepo else []
    done = run(*CLI, "init", "github", "--gate-repo", str(repo.path), *words, cwd=tmp_path)
    assert done.code == 0, done.out
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", "Judge releases")
    repo.git("push", "--quiet", "--tags", "origin", "HEAD")
    (command,) = re.findall(r"and run: release-sentinel (.*)", done.out)
    limits = dict.fromkeys(("RS_DISK_WARN", "RS_DISK_CRIT", "RS_MEMORY_WARN", "RS_MEMORY_CRIT"), "100")
    judged = run(*CLI, *command.split(), cwd=repo.path, env={**limits, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert judged.code == 0, judged.out
    assert "SAFE (exit 0)" in judged.out


def test_what_the_next_version_needs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest that says the released version, and a changelog without a section for the next one."""
    repo = made(python, tmp_path)
    repo.git("tag", "v1.3.0")
    assert main(("init", "--gate-repo", str(repo.path))) == 0
    said = capsys.readouterr().out
    assert "policy: before v1.3.1, raise the version in pyproject.toml\n" in said
    assert "policy: before v1.3.1, write the section `## 1.3.1` in CHANGELOG.md\n" in said
    assert said.endswith("and run: release-sentinel --env prod --version v1.3.1\n")


def test_manifests_that_are_left_out_are_named(tmp_path: Path) -> None:
    """With what they say."""
    assert start(made(stale, tmp_path).path).notes == (
        "not in version.files: pyproject.toml, which says 1.0",
        "not in version.files: package.json, which says 0.0.0",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_named_is_in_the_policy(tmp_path: Path, kind: str) -> None:
    """Whatever the kind; what a service does not name yet is switched off, and the reason says what to write."""
    repo = made(monorepo, tmp_path)
    part = "services/blog" if kind == "monorepo" else ""
    named = start(repo.path, Wishes(kind, part, "shop", "https://shop.example.com/health", ("A_TOKEN", "B_TOKEN")))
    (file := tmp_path / "named.toml").write_text(named.text, encoding="utf-8")
    policy = load({}, file=file, env="prod", gates=gates.GATES).policy
    assert (policy.process, policy.api.url) == ("shop", "https://shop.example.com/health")
    assert policy.required.secrets == ("A_TOKEN", "B_TOKEN")
    assert not policy.disable
    text = start(repo.path, Wishes(kind, part)).text
    assert ("instead of this line" in text) == (kind in {"service", "monorepo"})


def test_hosts_take_the_release_instead_of_this_machine(tmp_path: Path) -> None:
    """What has to run is asked of them; without a process they still have disks and memory."""
    repo = made(monorepo, tmp_path)
    for process in ("nginx", ""):
        named = start(repo.path, Wishes("service", process=process, hosts=("deploy@web1", "web2")))
        (file := tmp_path / "named.toml").write_text(named.text, encoding="utf-8")
        policy = load({}, file=file, env="prod", gates=gates.GATES).policy
        assert policy.skip_local_host
        assert [one.label for one in policy.targets(DiskLimits)] == ["web1:/", "web2:/"]
        assert [one.name for one in policy.targets(ProcessRule)] == [process] * 2 * bool(process)
        assert "process" not in policy.disable


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        (
            Wishes("monorepo"),
            "name one by --component PATH (there are services/blog, services/shop)",
        ),
        (Wishes(), "this looks like a monorepo, which has a policy for each component: name one by --component PATH"),
        (Wishes("service", hosts=("-oProxyCommand=x",)), "this would not be a valid policy: "),
        (Wishes(component="services/none"), "--component 'services/none' is not a folder below"),
        (Wishes(component="services/../services"), "is not a folder below"),
        (Wishes(component="/etc"), "is not a folder below"),
        (Wishes(component="my shop"), "--component 'my shop' cannot be used, because it becomes part of pipelines"),
        (
            Wishes("service", secrets=("ghp_" + "Zq5wR8tB3nL7" * 3,)),
            "a secret is named by its variable, not by its value",
        ),
        (Wishes("service", secrets=("A B",)), "this would not be a valid policy: release-sentinel.toml:"),
    ],
)
def test_what_cannot_become_a_policy_is_refused(tmp_path: Path, wishes: Wishes, why: str) -> None:
    """Before anything is written."""
    with pytest.raises(SentinelError, match=re.escape(why)):
        start(made(monorepo, tmp_path).path, wishes)


def test_the_remote_s_default_branch_counts(tmp_path: Path) -> None:
    """Not the one that happens to be checked out."""
    repo = made(plain, tmp_path)
    subprocess.run(["git", "clone", "--quiet", str(repo.path), str(tmp_path / "clone")], check=True)
    clone = Repo(tmp_path / "clone")
    clone.git("switch", "--quiet", "--create", "topic")
    assert 'git.branches = ["main"]' in start(clone.path).text


def test_outside_of_a_repository(tmp_path: Path) -> None:
    """A folder that has no Git yet gets a policy, too."""
    assert 'git.branches = ["main"]' in start(tmp_path).text


def test_editors_find_the_schema(tmp_path: Path) -> None:
    """By a path from the policy, wherever that is; it is the one that `release-sentinel schema` prints."""
    repo = made(monorepo, tmp_path)
    for part in ("", "services/shop"):
        found = start(repo.path, Wishes("" if part else "library", part))
        path = re.match(r"#:schema (\./\S+)\n", found.text)
        assert path
        file = (repo.path / found.file).parent / path[1]
        assert file.resolve() == repo.path / starter.SCHEMA
    assert json.loads(starter.schema_text()) == schema()


def test_a_terminal_is_asked_for_the_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is released, and what it needs; a blank answer is what the repository looks like."""
    repo = made(monorepo, tmp_path)
    answers = iter(["app", "", "services/shop", "", "shop", "", "PYPI_TOKEN, A_TOKEN"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    assert main(("init", "--gate-repo", str(repo.path))) == 0
    text = (repo.path / "services/shop/release.toml").read_text(encoding="utf-8")
    assert 'process = "shop"\n' in text
    assert 'required.secrets = ["PYPI_TOKEN", "A_TOKEN"]\n' in text
    assert "There are services/blog, services/shop." in capsys.readouterr().out


def test_a_terminal_is_asked_for_what_options_leave_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without a process and a URL, and what takes it; a URL is asked for until it is one."""
    asked: list[str] = []
    answers = iter(["web1, deploy@web2", "", "shop", "https://shop.example.com/health"])

    def answer(question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("builtins.input", answer)
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    assert main(("init", "--kind", "service", "--gate-repo", str(tmp_path))) == 0
    assert len(asked) == 4
    text = (tmp_path / "release-sentinel.toml").read_text()
    assert 'api.url = "https://shop.example.com/health"' in text
    assert 'ssh = ["web1", "deploy@web2"]' in text
    assert main(("init", "--kind", "service", "--process", "shop", "--gate-repo", str(tmp_path), "--force")) == 0
    assert len(asked) == 4


def test_an_interrupt_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at a question."""

    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    with pytest.raises(SystemExit) as ended:
        main(("init", "--gate-repo", str(tmp_path)))
    assert ended.value.code == 130
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("system", SYSTEMS)
def test_pipelines_follow_the_policy(tmp_path: Path, system: str) -> None:
    """Tags by its prefix, its file, its secrets; what the policy does not need is in no pipeline."""
    repo = made(monorepo, tmp_path)
    shop = start(repo.path, Wishes(component="services/shop", secrets=("A_TOKEN", "B_TOKEN")))
    others = {shop.file, starter.SCHEMA, "gate_tests/test_example.py"}
    pipeline = "\n".join(text for name, text in contents(system, start=shop).items() if name not in others)
    assert not re.search(r"<(if|secret|secrets|prefix|tags|tag rule|options|wheel|install)[ :>]", pipeline)
    assert re.search(r'"?--gate-policy"?\s+(- )?services/shop/release.toml', pipeline)
    if system not in init._MANIFESTS:
        assert "A_TOKEN" in pipeline
        assert "B_TOKEN" in pipeline
        assert "RS_" not in pipeline
        library = contents(system, start=start(repo.path, Wishes("library")))
        pipeline = "\n".join(text for name, text in library.items() if name not in {*others, "release-sentinel.toml"})
        assert not re.search(r"RS_[A-Z]|A_TOKEN", pipeline)


def test_pipelines_start_by_the_tags_of_the_prefix(tmp_path: Path) -> None:
    """With a name, `v`, or none."""
    for make, tags, rule in (
        (monorepo, "shop-v*", "$CI_COMMIT_TAG =~ /^shop-v/"),
        (python, "v*", "$CI_COMMIT_TAG"),
        (node, "[0-9]*", "$CI_COMMIT_TAG"),
    ):
        repo = made(make, tmp_path / make.__name__)
        found = start(repo.path, Wishes(component=component(make)))
        name = f".github/workflows/release-gate{'-shop' if make is monorepo else ''}.yml"
        workflow = yaml.load(contents("github", start=found)[name], yaml.BaseLoader)  # noqa: S506 - text only
        assert workflow["on"]["push"]["tags"] == [tags]
        job = yaml.safe_load(contents("gitlab", start=found)[".gitlab-ci.yml"])["release-gate"]
        assert job["rules"][0]["if"] == rule
        azure = yaml.safe_load(contents("azure", start=found)["azure-pipelines.yml"])
        assert azure["trigger"]["tags"]["include"] == [tags.replace("[0-9]", "")]
