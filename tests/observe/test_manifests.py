"""The version is read where each kind of manifest keeps it; the message says why one cannot be read."""

from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, manifests
from release_sentinel.observe.manifests import Manifest

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
    "gradle.properties": ("gradle.properties", "group=shop\nversion = 1.2.3\n"),
    "VERSION": ("VERSION", "1.2.3\n"),
    "a text of any name": ("docs/release", "\n  1.2.3  \n"),
}


def write(top: Path, name: str, text: str | bytes) -> str:
    """Write the file that `name` names; return `name`."""
    path = top / name.partition("#")[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return name


@pytest.mark.parametrize("kind", SAYING)
def test_the_version_is_read(tmp_path: Path, kind: str) -> None:
    """The version is read from each kind, and not another number in the file."""
    name, text = SAYING[kind]
    seen = manifests.read(tmp_path, write(tmp_path, name, text))
    assert isinstance(seen, Manifest), seen
    assert (seen.name, seen.version) == (name, "1.2.3")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("package.json", '{"name": "shop"}', "package.json has no version"),
        ("package.json", "{", "package.json cannot be parsed: "),
        ("package.json", '{"version": 1.2}', "version of package.json is 1.2, not a text"),
        ("package.json", "[]", "package.json has no version"),
        ("pyproject.toml", '[project]\ndynamic = ["version"]', "pyproject.toml has no project.version"),
        ("pyproject.toml", "[project\n", "pyproject.toml cannot be parsed: "),
        ("pyproject.toml", b"\xff\xfe", "pyproject.toml cannot be read: "),
        ("Chart.yaml", "a: [", "Chart.yaml cannot be parsed: "),
        ("Chart.yaml", "- 1\n", "Chart.yaml has no version"),
        ("setup.cfg", "version = 1\n", "setup.cfg cannot be parsed: "),
        ("setup.cfg", "[options]\n", "setup.cfg has no metadata.version"),
        ("shop.py", "__version__ = read()\n", "shop.py has no __version__"),
        ("shop.py", "def\n", "shop.py cannot be parsed: "),
        ("app.properties", "versions=1\n", "app.properties has no version"),
    ],
)
def test_files_without_a_version(tmp_path: Path, name: str, text: str | bytes, why: str) -> None:
    """The message names the file and the key that was looked for."""
    seen = manifests.read(tmp_path, write(tmp_path, name, text))
    assert isinstance(seen, Unseen)
    assert seen.why.startswith(why)
    assert "\n" not in seen.why


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is unseen, in the system's words."""
    seen = manifests.read(tmp_path, "package.json")
    assert seen == Unseen("package.json cannot be read: No such file or directory", "see version.files")


def test_manifests_are_found(tmp_path: Path) -> None:
    """If none is named, those at the top that have a version are taken; one whose version is computed is not."""
    write(tmp_path, "pyproject.toml", '[project]\ndynamic = ["version"]\n')
    write(tmp_path, "package.json", '{"version": "1.2.3"}')
    write(tmp_path, "VERSION", "1.2.3")
    write(tmp_path, "sub/Cargo.toml", '[package]\nversion = "9"\n')
    assert manifests.find(tmp_path) == ("package.json", "VERSION")
