"""The version is read where each kind of manifest keeps it; the message says why one cannot be read."""

import sys
from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, manifests
from release_sentinel.observe.bounded import until
from release_sentinel.observe.manifests import FromTags, Manifest
from tests.conftest import Repo
from tests.observe.parts import write

SAYING: dict[str, tuple[str, str]] = {
    "pyproject.toml": ("pyproject.toml", '[project]\nname = "shop"\nversion = "1.2.3"\n'),
    "pyproject.toml of poetry": ("pyproject.toml#tool.poetry.version", '[tool.poetry]\nversion = "1.2.3"\n'),
    "Cargo.toml": ("Cargo.toml", '[package]\nversion = "1.2.3"\n[dependencies]\nserde = { version = "9.9.9" }\n'),
    "package.json": ("package.json", '{"name": "shop", "version": "1.2.3", "engines": {"version": "9"}}'),
    "json with a key": ("config/app.json#release.version", '{"version": "9", "release": {"version": "1.2.3"}}'),
    "json with a byte order mark": ("package.json", '\ufeff{"version": "1.2.3"}'),
    "Chart.yaml": ("Chart.yaml", "apiVersion: v2\nversion: 1.2.3 # chart\nappVersion: '9.9.9'\n"),
    "yaml with a key": ("charts/shop/Chart.yaml#appVersion", "version: 9.9.9\nappVersion: 1.2.3\n"),
    "setup.cfg": ("setup.cfg", "[metadata]\nversion = 1.2.3\n[options]\nversion = 9\n"),
    "__version__": ("src/shop/__init__.py", '"""Shop."""\n__version__ = "1.2.3"\nversion = "9"\n'),
    "annotated __version__": ("shop.py", '__version__: str = "1.2.3"\n'),
    "python with a key": ("shop.py#RELEASE", 'RELEASE = "1.2.3"\n'),
    "galaxy.yml": ("galaxy.yml", "namespace: a\nversion: 1.2.3\n"),
    "an entry of a list": ("app.yaml#images.1.tag", "images:\n- tag: 9.9.9\n- tag: 1.2.3\n"),
    "nuspec": ("shop.nuspec", "<package><metadata><version>1.2.3</version></metadata></package>"),
    "xml with a key": ("config.xml#a.b", '<x xmlns="u"><a><b> 1.2.3 </b></a></x>'),
    "gradle.properties": ("gradle.properties", "group=shop\nversion = 1.2.3\n"),
    "VERSION": ("VERSION", "1.2.3\n"),
    "a text of any name": ("docs/release", "\n  1.2.3  \n"),
}


def said(top: Path, name: str) -> Manifest | FromTags | Unseen:
    """Return the one thing that a file says."""
    (found,) = manifests.read(top, name)
    return found


@pytest.mark.parametrize("kind", SAYING)
def test_the_version_is_read(tmp_path: Path, kind: str) -> None:
    """The version is read from each kind, and not another number in the file."""
    name, text = SAYING[kind]
    seen = said(tmp_path, write(tmp_path, name, text))
    assert isinstance(seen, Manifest), seen
    assert (seen.name, seen.version) == (name, "1.2.3")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("package.json", '{"name": "shop"}', "package.json has no version"),
        ("package.json", "{", "package.json cannot be parsed: "),
        ("package.json", '{"version": 1.2}', "version of package.json is 1.2, not a text"),
        ("package.json", "[]", "package.json has no version"),
        ("package.json", '{"version": ""}', "version of package.json is empty"),
        ("package.json", '{"version": null}', "version of package.json is null, not a text"),
        ("package.json", '{"version": false}', "version of package.json is False, not a text"),
        ("pyproject.toml", "[project\n", "pyproject.toml cannot be parsed: "),
        ("pyproject.toml", b"\xff\xfe", "pyproject.toml cannot be read: "),
        ("pyproject.toml", '[project]\nname = "shop"\n', "pyproject.toml has no project.version"),
        ("pyproject.toml", "[tool.ruff]\n", "pyproject.toml has no project.version"),
        ("Chart.yaml", "a: [", "Chart.yaml cannot be parsed: "),
        ("Chart.yaml", "- 1\n", "Chart.yaml has no version"),
        ("Chart.yaml", "version: [1, 2]\n", "version of Chart.yaml is ['1', '2'], not a text"),
        ("setup.cfg", "version = 1\n", "setup.cfg cannot be parsed: "),
        ("setup.cfg", "[options]\n", "setup.cfg has no metadata.version"),
        ("shop.py", "__version__ = read()\n", "shop.py computes __version__, and nothing of it is run"),
        ("shop.py", "", "shop.py has no __version__"),
        ("shop.py", "def\n", "shop.py cannot be parsed: "),
        ("shop.py", "(" * 5000, "shop.py cannot be parsed: "),
        ("shop.py", "-" * 900_000 + "1", "shop.py cannot be parsed: it is nested too deep"),
        ("app.properties", "versions=1\n", "app.properties has no version"),
        ("VERSION", "\n", "VERSION is empty"),
        ("VERSION", "1.2.3\nof the shop\n", "VERSION has 2 lines, expected the version alone"),
        ("docs/release#key", "1.2.3", "docs/release has no keys, and 'key' is not a pattern with one group"),
    ],
)
def test_files_without_a_version(tmp_path: Path, name: str, text: str | bytes, why: str) -> None:
    """The message names the file and the key that was looked for."""
    seen = said(tmp_path, write(tmp_path, name, text))
    assert isinstance(seen, Unseen)
    assert seen.why.startswith(why)
    assert "\n" not in seen.why
    assert seen.remedy


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is unseen, in the system's words."""
    seen = said(tmp_path, "package.json")
    assert seen == Unseen("package.json cannot be read: No such file or directory", "see version.files")


def test_a_chart_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that nothing here can read is unseen, and not skipped."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    write(tmp_path, "Chart.yaml", "version: 1.2.3\n")
    assert manifests.find(tmp_path) == [Unseen("Chart.yaml cannot be parsed without PyYAML", "install PyYAML")]


def test_manifests_are_found(tmp_path: Path) -> None:
    """If none is named, those at the top that have a version are taken; what has none by intent is left out."""
    write(tmp_path, "pyproject.toml", "[tool.ruff]\n")
    write(tmp_path, "setup.cfg", "[flake8]\n")
    write(tmp_path, "setup.py", "from setuptools import setup\nsetup()\n")
    write(tmp_path, "Cargo.toml", "[workspace]\nmembers = ['a']\n")
    write(tmp_path, "gradle.properties", "org.gradle.jvmargs=-Xmx1g\n")
    write(tmp_path, "build.gradle", "plugins { id 'java' version '9' }\n")
    write(tmp_path, "package.json", '{"version": "1.2.3"}')
    write(tmp_path, "VERSION", "1.2.3")
    (tmp_path / "version.txt").mkdir()
    write(tmp_path, "sub/pom.xml", "<project><version>9</version></project>")
    assert manifests.find(tmp_path) == [Manifest("package.json", "1.2.3"), Manifest("VERSION", "1.2.3")]


EMPTY = {
    "pyproject.toml": '[project]\nversion = ""\n',
    "setup.cfg": "[metadata]\nversion =\n",
    "setup.py": "from setuptools import setup\nsetup(version='')\n",
    "package.json": '{"version": " "}',
    "Cargo.toml": '[package]\nversion = ""\n',
    "Chart.yaml": "version:\n",
    "composer.json": '{"version": ""}',
    "pom.xml": "<project><version/></project>",
    "gradle.properties": "version=\n",
    "pubspec.yaml": "version: ''\n",
    "VERSION": "",
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_version_is_never_skipped(tmp_path: Path, name: str) -> None:
    """It is there, and says nothing."""
    write(tmp_path, name, EMPTY[name])
    (found,) = manifests.find(tmp_path)
    assert isinstance(found, Unseen)
    assert found.why.endswith(f"{name} is empty"), found


WITHOUT = {
    "a private package": {"package.json": '{"name": "shop", "private": true}'},
    "the top of a workspace": {"package.json": '{"private": true, "workspaces": ["packages/*"]}'},
    "the placeholder of a private package": {
        "package.json": '{"private": true, "version": "0.0.0"}',
        "package-lock.json": '{"version": "0.0.0", "packages": {"": {"version": "0.0.0"}}}',
    },
    "a lock of a package without a version": {
        "package.json": '{"private": true}',
        "package-lock.json": '{"version": "1.0.0", "packages": {"": {}}}',
    },
    "a lock of others": {
        "package-lock.json": '{"packages": {"node_modules/a": {"version": "9.0.0"}}}',
        "Cargo.lock": "version = 3\n[[package]]\nname = 'a'\nversion = '9.0.0'\nsource = 'registry'\n",
        "uv.lock": "version = 1\n[[package]]\nname = 'a'\nversion = '9.0.0'\n",
    },
    "a crate that is not published": {"Cargo.toml": "[package]\nname = 'a'\npublish = false\n"},
    "an umbrella": {"mix.exs": "  def project do\n    [apps_path: 'apps', deps: []]\n  end\n"},
    "a poetry project that is no package": {"pyproject.toml": "[tool.poetry]\npackage-mode = false\n"},
}


@pytest.mark.parametrize("kind", WITHOUT)
def test_what_has_no_version_by_intent_is_left_out(tmp_path: Path, kind: str) -> None:
    """It is understood, and says nothing of a release."""
    for name, text in WITHOUT[kind].items():
        write(tmp_path, name, text)
    assert manifests.find(tmp_path) == []


BROKEN: dict[str, str | bytes] = {
    "package.json": "{",
    "pyproject.toml": "[project]\nname = 'shop'\ndynamic = ['version']\n",
    "setup.cfg": "[metadata]\nversion = attr: shop.__version__\n",
    "setup.py": "from setuptools import setup\nsetup(version=compute())\n",
    "Cargo.toml": "[package]\nversion.workspace = true\n",
    "Chart.yaml": "a: [",
    "composer.json": "nothing",
    "pom.xml": "<project><version>${revision}</version></project>",
    "build.gradle.kts": "version = compute()\n",
    "Shop.csproj": "<Project><PropertyGroup><Version>$(No)</Version></PropertyGroup></Project>",
    "mix.exs": "  version: compute(),\n",
    "shop.gemspec": "  s.version = compute\n",
    "pubspec.yaml": "version: {a: b}\n",
    "VERSION": "1.2.3\n1.2.4\n",
    "version.txt": b"\xff\xfe1",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_manifest_that_is_not_understood_is_never_skipped(tmp_path: Path, name: str) -> None:
    """It is unseen, although another one is right."""
    write(tmp_path, "lerna.json", '{"version": "1.2.3"}')
    write(tmp_path, "composer.json", '{"version": "1.2.3"}')
    write(tmp_path, name, BROKEN[name])
    unseen = [found for found in manifests.find(tmp_path) if isinstance(found, Unseen)]
    assert len(unseen) == 1
    assert name in unseen[0].why
    assert manifests.read(tmp_path, name) == unseen
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("nowhere")
    unseen = [found for found in manifests.find(tmp_path) if isinstance(found, Unseen)]
    assert [found.why for found in unseen] == [f"{name} cannot be read: No such file or directory"]


@pytest.mark.parametrize(
    ("text", "pattern", "versions"),
    [
        ("project(shop VERSION 1.2.3)\n", r"VERSION ([\d.]+)", ["1.2.3"]),
        ("a = 1.2.3\nb = 1.2.3\n", r"^\w = (.+)$", ["1.2.3"]),
        ("a = 1.2.3\nb = 1.2.4\n", r"^\w = (.+)$", ["1.2.3", "1.2.4"]),
        ("# 1.2.3 #\n", r"# (\S+) #", ["1.2.3"]),
        ("x-1.2.3\n", r"x-(?P<version>\S+)", ["1.2.3"]),
    ],
)
def test_a_pattern(tmp_path: Path, text: str, pattern: str, versions: list[str]) -> None:
    """Its one group is the version, at each place where it matches; it may hold a `#`, and works on any file."""
    for path in ("CMakeLists.txt", "app.json"):
        name = write(tmp_path, f"{path}#{pattern}", text)
        assert manifests.read(tmp_path, name) == [Manifest(name, version) for version in versions]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"v(\d+", "the pattern of a.txt is not valid: missing ), unterminated subpattern at position 1"),
        (r"v(\d)(\d)", "the pattern of a.txt has 2 groups, expected one group, the version"),
        (r"v(?:\d)", "the pattern of a.txt has 0 groups, expected one group, the version"),
        (r"v(\d)", r"a.txt has nothing that matches 'v(\\d)'"),
        ("(" + "a" * 20_000 + ")", "the pattern of a.txt is longer than 10000 characters"),
    ],
)
def test_a_pattern_that_does_not_serve(tmp_path: Path, pattern: str, why: str) -> None:
    """The message says why."""
    seen = said(tmp_path, write(tmp_path, f"a.txt#{pattern}", "nothing"))
    assert seen == Unseen(why, "correct the pattern in version.files")


def test_a_pattern_without_end(tmp_path: Path) -> None:
    """It is given up in time."""
    name = write(tmp_path, "a.txt#((a+)+)$".replace("((a+)+)", "((?:a+)+)"), "a" * 40 + "b")
    seen = until(0.5, lambda: said(tmp_path, name))()
    assert isinstance(seen, Unseen)
    assert "was not matched against a text of 41 characters within" in seen.why


def test_a_glob(repo: Repo) -> None:
    """It names tracked files; those without a version are left out, and one that is not understood is not."""
    for name, text in {"a": '{"version": "1.2.3"}', "b": '{"private": true}', "c/d": '{"version": "9"}'}.items():
        repo.commit(f"packages/{name}/package.json", text)
    repo.write("packages/e/package.json", '{"version": "9"}')
    assert manifests.read(repo.path, "packages/*/package.json") == [Manifest("packages/a/package.json", "1.2.3")]
    assert len(manifests.read(repo.path, "packages/**/package.json")) == 2
    assert manifests.read(repo.path, "packages/*/package.json#(1.2)") == [
        Manifest("packages/a/package.json#(1.2)", "1.2")
    ]
    none = manifests.read(repo.path, "crates/*/Cargo.toml")
    assert none == [Unseen("no tracked file matches crates/*/Cargo.toml", "correct the glob in version.files")]
    (without,) = manifests.read(repo.path, "packages/b*/package.json")
    assert without == Unseen(
        "no file that packages/b*/package.json names has a version", "correct the glob in version.files"
    )
    repo.write("packages/b/package.json", "{")
    assert len(manifests.read(repo.path, "packages/*/package.json")) == 2


def test_a_name_with_a_bracket(repo: Repo) -> None:
    """A file that is called so is no glob."""
    repo.write("[id].json", '{"version": "1.2.3"}')
    assert said(repo.path, "[id].json") == Manifest("[id].json", "1.2.3")
