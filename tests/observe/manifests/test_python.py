"""Python's manifests are followed to where the version is, and nothing of them is run."""

from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, manifests
from release_sentinel.observe.manifests import FromTags, Manifest, Spelling
from tests.observe.parts import write

DYNAMIC = "[project]\nname = 'my-shop'\ndynamic = ['version']\n"
MODULE = '__version__ = "1.2.3"\n'


def backend(name: str, *requires: str) -> str:
    """Return the table of a build backend."""
    return f"[build-system]\nbuild-backend = '{name}'\nrequires = {list(requires)}\n"


# The files, and where the version is; blank: in the manifest itself.
FOLLOWED: dict[str, tuple[dict[str, str], str]] = {
    "poetry": ({"pyproject.toml": "[tool.poetry]\nversion = '1.2.3'\n"}, ""),
    "poetry, dynamic": ({"pyproject.toml": DYNAMIC + "[tool.poetry]\nversion = '1.2.3'\n"}, ""),
    "setuptools attr": (
        {
            "pyproject.toml": DYNAMIC + "[tool.setuptools.dynamic]\nversion = {attr = 'shop.__version__'}\n",
            "src/shop/__init__.py": MODULE,
        },
        "src/shop/__init__.py",
    ),
    "setuptools attr in a folder": (
        {
            "pyproject.toml": DYNAMIC
            + "[tool.setuptools]\npackage-dir = {'' = 'py'}\n"
            + "dynamic.version = {attr = 'shop.about.V'}\n",
            "py/shop/about.py": "V = '1.2.3'\n",
            "shop/about.py": "V = '9'\n",
        },
        "py/shop/about.py",
    ),
    "setuptools attr in a folder of its package": (
        {
            "pyproject.toml": DYNAMIC
            + "[tool.setuptools]\npackage-dir = {shop = 'py/shop'}\ndynamic.version = {attr = 'shop.V'}\n",
            "py/shop/__init__.py": "V = '1.2.3'\n",
        },
        "py/shop/__init__.py",
    ),
    "setuptools attr in a folder that is searched": (
        {
            "pyproject.toml": DYNAMIC
            + "[tool.setuptools]\npackages.find.where = ['py']\ndynamic.version = {attr = 'shop.V'}\n",
            "py/shop/__init__.py": "V = '1.2.3'\n",
        },
        "py/shop/__init__.py",
    ),
    "setup.cfg attr in a folder that is searched": (
        {
            "setup.cfg": "[metadata]\nversion = attr: shop.V\n[options.packages.find]\nwhere = py\n",
            "py/shop/__init__.py": "V = '1.2.3'\n",
        },
        "py/shop/__init__.py",
    ),
    "setuptools attr of numbers": (
        {
            "pyproject.toml": DYNAMIC + "[tool.setuptools.dynamic]\nversion = {attr = 'shop.VERSION'}\n",
            "shop.py": "VERSION = (1, 2, 3)\n",
        },
        "shop.py",
    ),
    "setuptools file": (
        {
            "pyproject.toml": DYNAMIC + "[tool.setuptools.dynamic]\nversion = {file = ['VERSION']}\n",
            "VERSION": "1.2.3\n",
        },
        "VERSION",
    ),
    "hatch": (
        {"pyproject.toml": DYNAMIC + "[tool.hatch.version]\npath = 'shop/a.py'\n", "shop/a.py": "import x\n" + MODULE},
        "shop/a.py",
    ),
    "hatch with a v": (
        {"pyproject.toml": DYNAMIC + "[tool.hatch.version]\npath = 'a.py'\n", "a.py": "VERSION: str = 'v1.2.3'\n"},
        "a.py",
    ),
    "hatch with a pattern": (
        {
            "pyproject.toml": DYNAMIC + "[tool.hatch.version]\npath = 'a.txt'\npattern = 'is (?P<version>\\S+)'\n",
            "a.txt": "it is 1.2.3\n",
        },
        "a.txt",
    ),
    "hatch code": (
        {
            "pyproject.toml": DYNAMIC + "[tool.hatch.version]\nsource = 'code'\npath = 'a.py'\nexpression = 'V'\n",
            "a.py": "MAJOR = 1\nV = f'{MAJOR}.2.3'\n",
        },
        "a.py",
    ),
    "hatch nodejs": (
        {
            "pyproject.toml": DYNAMIC + "[tool.hatch.version]\nsource = 'nodejs'\n",
            "package.json": '{"version": "1.2.3"}',
        },
        "package.json",
    ),
    "flit": (
        {"pyproject.toml": DYNAMIC + backend("flit_core.buildapi"), "src/my_shop/__init__.py": MODULE},
        "src/my_shop/__init__.py",
    ),
    "flit with a name": (
        {
            "pyproject.toml": DYNAMIC + backend("flit_core.buildapi") + "[tool.flit.module]\nname = 's'\n",
            "s.py": MODULE,
        },
        "s.py",
    ),
    "old flit": ({"pyproject.toml": "[tool.flit.metadata]\nmodule = 'shop'\n", "shop.py": MODULE}, "shop.py"),
    "pdm": (
        {"pyproject.toml": DYNAMIC + "[tool.pdm.version]\nsource = 'file'\npath = 'shop.py'\n", "shop.py": MODULE},
        "shop.py",
    ),
    "scikit-build": (
        {
            "pyproject.toml": DYNAMIC
            + "[tool.scikit-build.metadata.version]\nprovider = 'scikit_build_core.metadata.regex'\ninput = 'a.py'\n",
            "a.py": MODULE,
        },
        "a.py",
    ),
    "maturin": (
        {"pyproject.toml": DYNAMIC + backend("maturin"), "Cargo.toml": "[package]\nversion = '1.2.3'\n"},
        "Cargo.toml",
    ),
    "meson": (
        {
            "pyproject.toml": DYNAMIC + backend("mesonpy"),
            "meson.build": "project(\n  'x', 'c',\n  version: '1.2.3',\n)\n",
        },
        "meson.build",
    ),
    "setup.cfg of a pyproject": (
        {"pyproject.toml": DYNAMIC, "setup.cfg": "[metadata]\nversion = 1.2.3\n"},
        "setup.cfg",
    ),
    "setup.py of a pyproject": (
        {"pyproject.toml": DYNAMIC, "setup.cfg": "[a]\n", "setup.py": "setup(version='1.2.3')\n"},
        "setup.py",
    ),
    "setup.cfg attr": (
        {"setup.cfg": "[metadata]\nversion = attr: shop.__version__\n", "shop/__init__.py": MODULE},
        "shop/__init__.py",
    ),
    "setup.cfg attr in a folder": (
        {
            "setup.cfg": "[metadata]\nversion = attr: shop.v.V\n[options]\npackage_dir =\n    = py\n",
            "py/shop/v.py": "V: str = '1.2.3'\n",
        },
        "py/shop/v.py",
    ),
    "setup.cfg file": ({"setup.cfg": "[metadata]\nversion = file: VERSION\n", "VERSION": "1.2.3"}, "VERSION"),
    "setup.py": ({"setup.py": "import setuptools\nsetuptools.setup(name='x', version='1.2.3')\n"}, ""),
    "setup.py by a name": ({"setup.py": "V = '1.2.3'\nif __name__:\n    setup(version=V)\n"}, ""),
    "setup.py by a file": ({"setup.py": "setup(version=open('V').read().strip())\n", "V": "1.2.3\n"}, "V"),
    "setup.py by a module": ({"setup.py": "from a import V\nsetup(version=V)\n", "a.py": "V = '1.2.3'\n"}, "a.py"),
}
IMPORTED = {
    "from a sibling": ("from ._version import __version__\n", {"src/shop/_version.py": MODULE}),
    "under another name": ("from ._v import V as __version__\n", {"src/shop/_v.py": "V = '1.2.3'\n"}),
    "from its package": ("from shop.v import __version__\n", {"src/shop/v.py": MODULE}),
    "in two steps": (
        "from .a import __version__\n",
        {"src/shop/a.py": "from .b import V as __version__\n", "src/shop/b.py": "V = '1.2.3'\n"},
    ),
    "joined": ("__version__ = '.'.join(map(str, VERSION))\nVERSION = (1, 2, 3)\n", {}),
    "joined in a loop": ("V = 1, 2, 3\n__version__ = '.'.join(str(part) for part in V)\n", {}),
    "read from a file": ("__version__ = Path('V').read_text().strip()\n", {"src/shop/V": "1.2.3"}),
    "by another name": ("V = '1.2.3'\n__version__ = V\n", {}),
}
FROM_TAGS = {
    "setuptools-scm": DYNAMIC + backend("setuptools.build_meta", "setuptools>=64", "setuptools_scm[toml]>=8"),
    "setuptools-scm by its table": DYNAMIC + "[tool.setuptools_scm]\n",
    "a module that is written at the build": DYNAMIC
    + "[tool.setuptools_scm]\nwrite_to = 'a.py'\n[tool.setuptools.dynamic]\nversion = {attr = 'a.V'}\n",
    "hatch-vcs": DYNAMIC + "[tool.hatch.version]\nsource = 'vcs'\n",
    "uv-dynamic-versioning": DYNAMIC + "[tool.hatch.version]\nsource = 'uv-dynamic-versioning'\n",
    "pdm": DYNAMIC + "[tool.pdm.version]\nsource = 'scm'\n",
    "versioneer": DYNAMIC + "[tool.versioneer]\nVCS = 'git'\n",
    "setuptools-git-versioning": DYNAMIC + "[tool.setuptools-git-versioning]\nenabled = true\n",
    "flit-scm": DYNAMIC + backend("flit_scm:buildapi", "flit_scm"),
    "poetry-dynamic-versioning": "[tool.poetry]\nversion = '0.0.0'\n[tool.poetry-dynamic-versioning]\nenable = true\n",
    "scikit-build": DYNAMIC
    + "[tool.scikit-build]\nmetadata.version.provider = 'scikit_build_core.metadata.setuptools_scm'\n",
}
UNCLEAR = {
    "a backend of its own": (DYNAMIC + backend("mine"), "pyproject.toml computes its version, and nothing is run"),
    "hatch env": (
        DYNAMIC + "[tool.hatch.version]\nsource = 'env'\nvariable = 'V'\n",
        "pyproject.toml computes its version, and nothing is run",
    ),
    "two files": (
        DYNAMIC + "[tool.setuptools.dynamic]\nversion = {file = ['a', 'b']}\n",
        "pyproject.toml joins its version from several files",
    ),
    "a file that is not there": (
        DYNAMIC + "[tool.setuptools.dynamic]\nversion = {file = 'a'}\n",
        "a cannot be read: No such file or directory",
    ),
    "a file outside": (
        DYNAMIC + "[tool.setuptools.dynamic]\nversion = {file = '../../a'}\n",
        "pyproject.toml refers to ../../a, outside of the repository",
    ),
    "a module that is not there": (
        DYNAMIC + "[tool.setuptools.dynamic]\nversion = {attr = 'shop.V'}\n",
        "pyproject.toml refers to shop.V, and that module is not in the repository",
    ),
    "a pattern that is not valid": (
        DYNAMIC + "[tool.hatch.version]\npath = 'pyproject.toml'\npattern = '('\n",
        "the pattern of pyproject.toml is not valid: ",
    ),
    "a pattern without the group": (
        DYNAMIC + "[tool.hatch.version]\npath = 'pyproject.toml'\npattern = '(a)'\n",
        "the pattern of pyproject.toml has 1 groups, expected a group 'version'",
    ),
    "no line": (
        DYNAMIC + "[tool.hatch.version]\npath = 'pyproject.toml'\n",
        "pyproject.toml has 0 lines with a version, expected one",
    ),
}
COMPUTED = {
    "a call": "__version__ = version('shop')\n",
    "two ways": "try:\n    from ._v import __version__\nexcept ImportError:\n    __version__ = '1.2.3'\n",
    "a condition": "__version__ = '1.2.3'\nif DEBUG:\n    __version__ = '1.2.4'\n",
    "a file and more": "__version__ = compute(open('V').read())\n",
    "a file and a text": "__version__ = '1.' + open('V').read()\n",
    "other parts": "V = (3, 2, 1)\n__version__ = '.'.join(reversed(str, V))\n",
    "some parts": "V = (1, 2, 3)\n__version__ = '.'.join(str(v) for v in V if v > 1)\n",
    "twice": "__version__ = '1.2.3'\n__version__ = '1.2.4'\n",
    "itself": "__version__ = __version__\n",
    "a circle": "from . import __version__\n",
    "an import from elsewhere": "from elsewhere import __version__\n",
}


@pytest.mark.parametrize("kind", FOLLOWED)
def test_a_version_is_followed(tmp_path: Path, kind: str) -> None:
    """The one that a build would find is found, and said to be where it is."""
    files, place = FOLLOWED[kind]
    for name, text in files.items():
        write(tmp_path, name, text)
    name = next(iter(files))
    (seen,) = manifests.read(tmp_path, name)
    assert isinstance(seen, Manifest), seen
    assert (seen.name, seen.version.removeprefix("v"), seen.file) == (name, "1.2.3", place)
    assert str(seen) == (f"{name} (by {place})" if place else name)


@pytest.mark.parametrize("kind", IMPORTED)
def test_a_name_is_followed_within_and_between_modules(tmp_path: Path, kind: str) -> None:
    """Nothing is imported for that."""
    text, others = IMPORTED[kind]
    for name, other in others.items():
        write(tmp_path, name, other)
    (seen,) = manifests.read(tmp_path, write(tmp_path, "src/shop/__init__.py", text))
    assert isinstance(seen, Manifest), seen
    assert seen.version == "1.2.3"


@pytest.mark.parametrize("kind", FROM_TAGS)
def test_a_version_from_tags(tmp_path: Path, kind: str) -> None:
    """A project that leaves its version to Git's tags is named with its tool."""
    (seen,) = manifests.read(tmp_path, write(tmp_path, "pyproject.toml", FROM_TAGS[kind]))
    assert isinstance(seen, FromTags), seen
    assert seen.tool == kind or " " in kind or kind == "scikit-build"


@pytest.mark.parametrize(
    ("name", "text", "tool"),
    [
        ("setup.py", "setup(use_scm_version=True)\n", "setuptools-scm"),
        ("setup.py", "setup(pbr=True)\n", "pbr"),
        ("setup.py", "setup(version=versioneer.get_version())\n", "versioneer"),
        ("setup.cfg", "[metadata]\nname = a\n[versioneer]\nVCS = git\n", "versioneer"),
    ],
)
def test_an_older_version_from_tags(tmp_path: Path, name: str, text: str, tool: str) -> None:
    """So are those of older kinds."""
    assert manifests.read(tmp_path, write(tmp_path, name, text)) == [FromTags(name, tool)]


@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_version_that_is_not_found(tmp_path: Path, kind: str) -> None:
    """The message says why, and the remedy what can be done."""
    text, why = UNCLEAR[kind]
    (seen,) = manifests.read(tmp_path, write(tmp_path, "pyproject.toml", text))
    assert isinstance(seen, Unseen), seen
    assert seen.why.startswith(why)
    assert "version.files" in seen.remedy


@pytest.mark.parametrize("kind", COMPUTED)
def test_a_version_that_is_computed(tmp_path: Path, kind: str) -> None:
    """What would have to be run, or depends, is unseen."""
    write(tmp_path, "src/shop/_v.py", MODULE)
    write(tmp_path, "src/shop/V", "1.2.3")
    (seen,) = manifests.read(tmp_path, write(tmp_path, "src/shop/__init__.py", COMPUTED[kind]))
    assert isinstance(seen, Unseen), seen
    assert seen.why.startswith("src/shop/__init__.py computes __version__")


def test_the_usual_key(tmp_path: Path) -> None:
    """Whoever names it gets what the file alone would say."""
    write(tmp_path, "a.py", "V = '1.2.3'\n")
    name = write(tmp_path, "setup.cfg#metadata.version", "[metadata]\nversion = attr: a.V\n")
    assert manifests.read(tmp_path, name) == [Manifest(name, "1.2.3", Spelling.PYTHON, "a.py")]
    shared = "[package]\nversion.workspace = true\n[workspace.package]\nversion = '1.2.3'\n"
    name = write(tmp_path, "Cargo.toml#package.version", shared)
    assert manifests.read(tmp_path, name) == [Manifest(name, "1.2.3")]
    pom = "<project><version>${r}</version><properties><r>1.2.3</r></properties></project>"
    name = write(tmp_path, "pom.xml#version", pom)
    assert manifests.read(tmp_path, name) == [Manifest(name, "1.2.3")]


def test_two_versions(tmp_path: Path) -> None:
    """A pyproject.toml with two of them says both."""
    text = "[project]\nversion = '1.2.3'\n[tool.poetry]\nversion = '1.2.2'\n"
    first, second = manifests.read(tmp_path, write(tmp_path, "pyproject.toml", text))
    assert (str(first), str(second)) == ("pyproject.toml", "pyproject.toml#tool.poetry.version")


def test_a_computed_setup_beside_a_settled_version(tmp_path: Path) -> None:
    """Setuptools takes it from pyproject.toml or setup.cfg first; named, it is looked at."""
    write(tmp_path, "setup.py", "setup(version=compute())\n")
    write(tmp_path, "setup.cfg", "[metadata]\nversion = 1.2.3\n")
    (seen,) = manifests.find(tmp_path)
    assert str(seen) == "setup.cfg"
    (named,) = manifests.read(tmp_path, "setup.py")
    assert isinstance(named, Unseen)
