"""Where pipelines install this program from: pinned, without a secret, never by a name that anyone may register."""

import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace
from pytest_httpserver import HTTPServer

from release_sentinel.cli import main
from release_sentinel.commands import init, install
from release_sentinel.commands.init import SYSTEMS, contents
from release_sentinel.commands.install import Source, of_origin, parse
from release_sentinel.errors import SentinelError
from release_sentinel.observe import Unseen
from release_sentinel.observe.installed import Origin, Wheel, read_origin, read_wheel, repacked
from tests.conftest import Repo
from tests.forge import Forge
from tests.guides import PAGES, ROOT

COMMIT, DIGEST = "c0ffee" * 6 + "c0de", "ab" * 32
GIT = f"release-sentinel @ git+https://git.example.com/ops/release-sentinel.git@{COMMIT}"
ARCHIVE = f"https://files.example.com/release_sentinel-1.2.0-py3-none-any.whl#sha256={DIGEST}"
WHEEL = Wheel("release_sentinel-1.2.0-py3-none-any.whl", b"a wheel")
SOURCES = {
    "git": parse(GIT),
    "ssh": parse(f"git+ssh://git@git.example.com/ops/release-sentinel.git@{COMMIT}"),
    "index": parse("--index-url https://pypi.example.com/simple release-sentinel[notify]==1.2.0"),
    "archive": parse(ARCHIVE),
    "wheel": Source(wheel=WHEEL),
    "unknown": Source(missing="no source is named"),
}
# What is given to pip, `*` for the program and the folder of the wheel.
LINES = {
    "git": f'"{GIT}"',
    "ssh": f'"release-sentinel @ git+ssh://git@git.example.com/ops/release-sentinel.git@{COMMIT}"',
    "index": '--index-url "https://pypi.example.com/simple" "release-sentinel[notify]==1.2.0"',
    "archive": f'"release-sentinel @ {ARCHIVE}"',
}


def script(system: str, source: Source) -> str:
    """Return the shell script of a system's file that installs, as its own reader sees it."""
    written = contents(system, source)
    if system == "jenkins":
        text = written["Jenkinsfile"]
        return str(re.findall(r"sh '([^'\n\\]*)'", text)[-1])
    if system in init._MANIFESTS:
        text = written["deploy/release-gate/Containerfile"]
        return str(re.findall(r"(?m)^RUN (.*(?:pip install|exit 1).*)$", text)[-1])
    document = yaml.safe_load(next(text for name, text in written.items() if name.endswith(".yml")))
    steps: list[str] = _steps(system, document)
    return next(step for step in steps if "pip install" in step or "exit 1" in step)


def _steps(system: str, document: Any) -> list[Any]:
    if system == "gitlab":
        return [*document["release-gate"]["before_script"]]
    if system == "azure":
        return [step.get("bash", "") for step in document["jobs"][0]["steps"]]
    return [step.get("run", "") for step in document["jobs"]["gate"]["steps"]]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_template_installs_from_its_source(system: str, kind: str) -> None:
    """One line, which the system's reader hands to a shell as it is; nothing is left to be filled in."""
    source = SOURCES[kind]
    line = script(system, source).strip()
    assert subprocess.run(["bash", "-n", "-c", line], check=False).returncode == 0
    if kind in LINES:
        assert re.fullmatch(r"\S+( -m pip)? install --quiet " + re.escape(LINES[kind]), line.replace('/pip" ', "/pip "))
    elif kind == "wheel":
        digest, path, installed = re.fullmatch(  # type: ignore[union-attr]  # fails where it does not match
            r'echo "(\w{64})  (\S+)" \| sha256sum -c - && .* install --quiet "(\S+)"', line
        ).groups()
        assert (digest, path) == (WHEEL.sha256, installed)
        assert path == (f"/wheel/{WHEEL.name}" if system in init._MANIFESTS else f"./.release-sentinel/{WHEEL.name}")
    for text in contents(system, source).values():
        assert not re.search(r"<(install|if|wheel)\b", text)


@pytest.mark.parametrize("system", SYSTEMS)
def test_without_a_source_the_line_fails_with_the_reason(system: str) -> None:
    """Also where the shell does not stop at an error by itself."""
    line = script(system, SOURCES["unknown"])
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("release-sentinel is not installed: no source is named. Replace this line")


@pytest.mark.parametrize(("content", "code"), [(b"a wheel", 0), (b"another", 1), (None, 1)])
def test_a_wheel_that_was_changed_is_not_installed(tmp_path: Path, content: bytes | None, code: int) -> None:
    """Its digest is in the pipeline."""
    (tmp_path / ".release-sentinel").mkdir()
    if content is not None:
        (tmp_path / SOURCES["wheel"].path).write_bytes(content)
    line = SOURCES["wheel"].shell("echo installed by")
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == bool(code)
    assert ("installed by" in done.stdout) == (code == 0)


def test_an_image_gets_what_pip_needs() -> None:
    """Git where pip asks it, the wheel where there is one, and nothing else."""
    files = {kind: contents("helm", source)["deploy/release-gate/Containerfile"] for kind, source in SOURCES.items()}
    build = {kind: text.partition("\nFROM python:3.12-slim\n")[0] for kind, text in files.items()}
    assert {kind for kind, text in build.items() if "install --yes --no-install-recommends git" in text} == {
        "git",
        "ssh",
    }
    copied = {kind: re.findall(r"COPY (.*)", text) for kind, text in build.items()}
    assert {kind: found for kind, found in copied.items() if found} == {
        "wheel": [f'[".release-sentinel/{WHEEL.name}", "/wheel/"]']
    }


BARE = re.compile(
    r"pip3?\"?\s+install\b[^\n`&|]*?(?<![\w/.-])['\"]?release-sentinel(?:\[[\w,-]*\])?(?!\S*==| @ |[\w-]|\.git)"
)


def test_no_page_installs_by_name_alone() -> None:
    """Neither templates, guides, README, workflows nor messages: a name on an index belongs to who registers it."""
    bare = (
        "pip install release-sentinel",
        "pip install 'release-sentinel[notify]'",
        'bin/pip" install -q release-sentinel',
    )
    assert all(map(BARE.search, bare))
    assert not any(map(BARE.search, (f'pip install "{GIT}"', "pip install release-sentinel==1.2")))
    sources = [*(ROOT / "src").rglob("*"), *(ROOT / ".github").rglob("*"), *PAGES]
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in sources
        if "__pycache__" not in path.parts and path.suffix and path.is_file()
    }
    texts |= {Path(name): text for system in SYSTEMS for name, text in contents(system).items()}
    assert {str(path): BARE.findall(text) for path, text in texts.items() if BARE.search(text)} == {}


@pytest.mark.parametrize(
    ("recorded", "seen"),
    [
        (None, "it is not recorded which index"),
        ({"url": "file:///home/ada/rs", "dir_info": {"editable": True}}, "from a path of one machine"),
        (
            {"url": "file:///home/ada/a.whl", "archive_info": {"hashes": {"sha256": DIGEST}}},
            "from a path of one machine",
        ),
        (
            {"url": "https://git.example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"@ git+https://git.example.com/x.git@{COMMIT}",
        ),
        (
            {"url": "ssh://git@git.example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            f"@ git+ssh://git@git.example.com/x.git@{COMMIT}",
        ),
        (
            {"url": "https://kim:${TOKEN}@git.example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
            "cannot be written",
        ),
        ({"url": "https://git.example.com/x.git", "vcs_info": {"vcs": "git", "commit_id": "main"}}, "names no commit"),
        ({"url": "https://hg.example.com/x", "vcs_info": {"vcs": "hg", "commit_id": COMMIT}}, "names no commit"),
        (
            {"url": "https://f.example.com/a.whl", "archive_info": {"hash": f"sha256={DIGEST}"}},
            f"@ https://f.example.com/a.whl#sha256={DIGEST}",
        ),
        ({"url": "https://f.example.com/a.whl", "archive_info": {}}, "names no commit and no digest"),
        ({"url": 5, "vcs_info": []}, "it is not recorded"),
        ([], "it is not recorded"),
    ],
    ids=[
        "index",
        "editable",
        "local wheel",
        "git",
        "ssh",
        "credential",
        "branch",
        "hg",
        "archive",
        "no digest",
        "odd",
        "list",
    ],
)
def test_what_pip_recorded_decides(tmp_path: Path, recorded: Any, seen: str) -> None:
    """`direct_url.json`, PEP 610."""
    folder = tmp_path / "release_sentinel-1.2.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: release-sentinel\nVersion: 1.2.0\n")
    if recorded is not None:
        (folder / "direct_url.json").write_text(json.dumps(recorded))
    found = of_origin(read_origin(Distribution.at(folder)))
    assert seen in (found.requirement if isinstance(found, Source) else found)


SECRET = "ghp_Zq5wR8tB3nL7kQ2x"
CREDENTIAL = "has a credential in it"
REFUSED = {
    f"git+https://kim:{SECRET}@git.example.com/x.git@{COMMIT}": CREDENTIAL,
    f"git+https://{SECRET}@git.example.com/x.git@{COMMIT}": CREDENTIAL,
    f"git+ssh://git:{SECRET}@git.example.com/x.git@{COMMIT}": CREDENTIAL,
    f"--index-url https://kim:{SECRET}@pypi.example.com/simple release-sentinel==1": CREDENTIAL,
    f"--index-url https://p.example release-sentinel @ git+https://{SECRET}@h.example/x.git@{COMMIT}": CREDENTIAL,
    f"https://kim:{SECRET}@h.example/{WHEEL.name}": CREDENTIAL,
    f"git+https://git.example.com/x.git@{COMMIT}?token={SECRET}": "has characters that no such name has",
    "": "is blank",
    "release-sentinel": "names no commit, no version and no wheel",
    "release-sentinel>=1": "has characters",
    "release-sentinel==1.*": "has characters",
    "release-sentinel==1 --pre": "names no commit",
    "--extra-index-url https://pypi.example.com/simple release-sentinel==1": "is of no known form",
    "--index-url https://a.example --index-url https://b.example release-sentinel==1": "is of no known form",
    "--index-url http://pypi.example.com/simple release-sentinel==1": "names an index that is not an https URL",
    "-r requirements.txt": "is of no known form",
    "requests==2": "is of no known form",
    "git+https://git.example.com/x.git": "is not a Git URL with a commit",
    "git+file:///home/ada/x.git@main": "is not a Git URL with a commit",
    "https://git.example.com/x.git@main": "is not a Git URL with a commit",
    "https://files.example.com/x.whl": "is not a Git URL with a commit",
    f"git+https://git.example.com/x.git@{COMMIT} --index-url https://b.example": "is not a Git URL with a commit",
    "git+https://git.example.com/x.git@c0ffee12": "is not a whole commit",
    "git@git.example.com:x.git": "is of no known form",
    'release-sentinel==1"; touch pwned; "': "has characters",
    "release-sentinel==1'": "has characters",
    "release-sentinel==$(touch pwned)": "has characters",
    "release-sentinel==`touch pwned`": "has characters",
    "release-sentinel==1\nrequests": "has characters",
    "release-sentinel==1\\": "has characters",
    "release-sentinel==${{ secrets.X }}": "has characters",
    "/nowhere/release_sentinel-1.0-py3-none-any.whl": "cannot be read as a wheel",
    "/nowhere/requests-1.0-py3-none-any.whl": "is not named as a wheel of release-sentinel is",
}


@pytest.mark.parametrize("spec", REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_written_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, spec: str) -> None:
    """In one sentence that shows no secret; nothing is written."""
    assert main(("init", "github", "--install", spec, "--gate-repo", str(tmp_path))) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert REFUSED[spec] in err
    assert SECRET not in err
    assert not list(tmp_path.iterdir())


@pytest.fixture
def forge(repo: Repo, tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Forge:
    """A server with the program's own repository, for which Git knows the login, as it knows a user's."""
    repo.git("tag", "--annotate", "--message", "one", "v1.0")
    repo.git("branch", "both")
    repo.git("tag", "both", repo.git("commit-tree", "HEAD^{tree}", "-m", "two"))
    subprocess.run(["git", "clone", "--quiet", "--mirror", str(repo.path), str(tmp_path / "shop.git")], check=True)
    made = Forge(tmp_path, httpserver)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{made.url(name='')}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", made.url(login="", name=""))
    return made


@pytest.mark.parametrize("ref", ["main", "v1.0"])
def test_a_branch_or_tag_is_pinned_to_its_commit(forge: Forge, repo: Repo, ref: str) -> None:
    """An annotated tag too; it is said."""
    source = parse(f"git+{forge.url(login='')}@{ref}")
    assert source.requirement == f"release-sentinel @ git+{forge.url(login='')}@{repo.head}"
    assert source.note == f"{ref} of {forge.url(login='')} is {repo.head} now, and stays pinned to it"


@pytest.mark.parametrize(
    ("ref", "why"), [("both", "is both a tag and a branch"), ("none", "is neither a tag nor a branch")]
)
def test_a_ref_that_names_no_one_commit(forge: Forge, ref: str, why: str) -> None:
    """The message names the form that is wanted."""
    with pytest.raises(SentinelError, match=f"{why} .*; name the commit: git"):
        parse(f"git+{forge.url(login='')}@{ref}")


def test_a_server_that_does_not_answer(forge: Forge) -> None:
    """In Git's words."""
    forge.accepted = ("kim", "another")
    with pytest.raises(SentinelError, match=r"could not be queried: .*; name the commit"):
        parse(f"git+{forge.url(login='')}@main")


def make_wheel(folder: Path, name: str = "release-sentinel", module: bytes = b"x = 1\n") -> Path:
    """Write a small wheel."""
    path = folder / "release_sentinel-1.2.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("release_sentinel/__init__.py", module)
        archive.writestr("release_sentinel-1.2.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.2.0\n")
        archive.writestr("release_sentinel-1.2.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    return path


@pytest.mark.parametrize("words", [("--vendor",), ("--install",)])
def test_a_wheel_goes_into_the_repository(
    capsys: pytest.CaptureFixture[str], repo: Repo, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Byte for byte; where Git ignores it, that is said."""
    wheel = make_wheel(tmp_path)
    repo.write(".gitignore", "*.whl\n")
    assert main(("init", "gitlab", *words, str(wheel), "--gate-repo", str(repo.path))) == 0
    copied = repo.path / ".release-sentinel" / wheel.name
    assert copied.read_bytes() == wheel.read_bytes()
    out = capsys.readouterr().out
    assert (
        f"install: the wheel .release-sentinel/{wheel.name}, SHA-256 {Wheel(wheel.name, wheel.read_bytes()).sha256}"
        in out
    )
    assert f"commit it by git add --force .release-sentinel/{wheel.name}" in out


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b"no"), "cannot be read as a wheel"),
        (lambda path: make_wheel(path.parent, "requests"), "is not a wheel of release-sentinel"),
    ],
)
def test_a_file_that_is_no_wheel(tmp_path: Path, spoil: Callable[[Path], object], why: str) -> None:
    """It is not put into a repository."""
    wheel = make_wheel(tmp_path)
    spoil(wheel)
    seen = read_wheel(wheel)
    assert isinstance(seen, Unseen)
    assert why in seen.why


def test_vendor_takes_a_system_for_what_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`init --vendor github`."""
    monkeypatch.setattr(install, "own_wheel", lambda: WHEEL)
    assert main(("init", "--vendor", "github", "--print")) == 0
    assert f"# --- .release-sentinel/{WHEEL.name}\n# (7 bytes)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("github", "--install", GIT, "--vendor"), "--install and --vendor exclude each other"),
        (("--install", GIT), "--install and --vendor are about a pipeline: name its system"),
    ],
)
def test_options_that_exclude_each_other(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], error: str
) -> None:
    """A usage error."""
    with pytest.raises(SystemExit):
        main(("init", *words))
    assert error in capsys.readouterr().err


def test_without_a_terminal_nothing_is_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line fails, and `init` says so, with what to do."""
    monkeypatch.setattr(init, "origin", Origin)
    assert main(("init", "github", "--gate-repo", str(tmp_path))) == 0
    said = "install: the pipeline fails, because it is not recorded which index this program was installed from"
    assert said in capsys.readouterr().out
    assert "exit 1" in script("github", Source(missing="x"))


def test_a_terminal_is_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until an answer can be used; a blank one leaves it for later."""
    answers = iter(["release-sentinel", GIT, ""])
    monkeypatch.setattr(init, "origin", Origin)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    assert main(("init", "github", "--kind", "site", "--gate-repo", str(tmp_path))) == 0
    out = capsys.readouterr().out
    assert "names no commit, no version and no wheel" in out
    assert f"install: {GIT}\n" in out
    assert main(("init", "github", "--kind", "site", "--gate-repo", str(tmp_path), "--force")) == 0
    assert "install: the pipeline fails" in capsys.readouterr().out


@pytest.mark.usefixtures("own_home")  # pip asks compilers for their versions: some write there
def test_an_editable_installation_without_its_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It cannot become a wheel, and the message names the way out; where pip fails, in pip's words."""
    gone = Origin("1.0", (tmp_path / "gone").as_uri(), editable=True)
    (tmp_path / "empty").mkdir()
    for origin, why in ((gone, "is not at"), (replace(gone, url=(tmp_path / "empty").as_uri()), "pip cannot build")):
        monkeypatch.setattr("release_sentinel.observe.installed.read_origin", lambda _, found=origin: found)
        with pytest.raises(SentinelError, match=f"{why} .*name it: --vendor PATH|{why} .*name a wheel: --vendor PATH"):
            install.vendored("")


def test_an_installation_becomes_its_wheel_again(tmp_path: Path) -> None:
    """Of its own files alone; one that was changed since is refused."""
    site = tmp_path / "site"
    wheel = make_wheel(tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    folder = site / "release_sentinel-1.2.0.dist-info"
    (folder / "INSTALLER").write_text("pip\n")
    from release_sentinel.observe.installed import _hashed

    own = ["release_sentinel/__init__.py", f"{folder.name}/METADATA", f"{folder.name}/WHEEL"]
    rows = [f"{name},{_hashed((site / name).read_bytes())},1\n" for name in own]
    added = [f"{folder.name}/INSTALLER,,\n", f"{folder.name}/RECORD,,\n", "release_sentinel/__pycache__/x.pyc,,\n"]
    (folder / "RECORD").write_text("".join([*rows, *added, "../../bin/release-sentinel,sha256=x,1\n"]))
    made = repacked(Distribution.at(folder))
    assert isinstance(made, Wheel), made
    (tmp_path / made.name).write_bytes(made.content)
    with zipfile.ZipFile(tmp_path / made.name) as archive:
        assert archive.namelist() == [*own, f"{folder.name}/RECORD"]
        assert archive.read(f"{folder.name}/RECORD").decode().count("sha256=") == len(own)
    assert repacked(Distribution.at(folder)) == made
    (site / own[0]).write_text("x = 2\n")
    changed = repacked(Distribution.at(folder))
    assert isinstance(changed, Unseen)
    assert "differs from what was installed" in changed.why
    (site / own[0]).unlink()
    gone = repacked(Distribution.at(folder))
    assert isinstance(gone, Unseen)
    assert "cannot be read" in gone.why
