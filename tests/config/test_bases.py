"""Base policies: found, read, and one above the other."""

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.config import packages
from release_sentinel.config.bases import DEEPEST, MOST
from release_sentinel.config.load import Loaded, load
from release_sentinel.config.show import as_document, as_toml
from release_sentinel.errors import InvalidPolicyError

OWN = "release-sentinel.toml"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """The top of a repository, beside which there is room."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder where packages are installed."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(packages, "folders", lambda: [folder])
    return folder


def install(site: Path, files: Mapping[str, str], name: str = "acme_gates-1.0") -> None:
    """Install a distribution, as pip records it."""
    rows = []
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(text)}\n")
    record = site / f"{name}.dist-info" / "RECORD"
    record.parent.mkdir()
    record.write_text("".join([*rows, f"{name}.dist-info/RECORD,,\n"]))


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def loaded(top: Path, own: str, env: str = "prod", file: Path | None = None, **environ: str) -> Loaded:
    """Return the policy of a repository with this file."""
    write(top, {OWN: own})
    return load(environ, repository=top, env=env, file=file)


def refused(top: Path, own: str, **environ: Any) -> list[str]:
    """Return why the policy is not valid."""
    with pytest.raises(InvalidPolicyError) as refusal:
        loaded(top, own, **environ)
    return list(refusal.value.problems)


def test_a_base_is_below_the_file_that_names_it(top: Path) -> None:
    """Tables are merged, lists replaced; a later base overrides an earlier one; the source of each value is known."""
    write(top.parent, {"a.toml": "deadline = 60\n[disk]\nwarn = 40\ncrit = 50\n", "b.toml": "disk.crit = 60\n"})
    found = loaded(top, 'extends = ["../a.toml", "../b.toml"]\n[git]\nbranches = ["main"]\n')
    assert (found.policy.deadline, found.policy.disk.warn, found.policy.disk.crit) == (60, 40, 60)
    assert found.sources[("disk", "crit")] == f"{top.parent / 'b.toml'}:1"
    assert found.sources[("git", "branches")] == f"{OWN}:3"
    assert [Path(source.name).name for source in found.files] == ["a.toml", "b.toml", OWN]
    assert as_document(found)["deadline"] == {"value": 60.0, "source": f"{top.parent / 'a.toml'}:1"}


def test_a_base_has_parts_of_its_own(top: Path) -> None:
    """Its part for the environment is within its layer: below what the file above says for all environments."""
    write(top, {"base.toml": "disk.crit = 50\n[env.dev]\n[env.stage]\n[env.prod]\ndisk.crit = 40\ndeadline = 9\n"})
    assert loaded(top, 'extends = ["base.toml"]').policy.disk.crit == 40
    above = loaded(top, 'extends = ["base.toml"]\ndisk.crit = 45\n').policy
    assert (above.disk.crit, above.deadline) == (45, 9)
    assert loaded(top, 'extends = ["base.toml"]', env="dev").policy.disk.crit == 50
    assert refused(top, 'extends = ["base.toml"]\nenvironments = ["prod"]\n') == [
        "base.toml:2: env.dev is not an environment, expected one of prod",
        "base.toml:3: env.stage is not an environment, expected one of prod",
    ]


def test_a_base_of_two_bases_is_read_once(top: Path) -> None:
    """It is below both, also where one of them names it through a link; several files deep."""
    write(top, {"d.toml": "disk.crit = 10\ndeadline = 5\n", "b.toml": 'extends = ["d.toml"]\ndisk.crit = 20\n'})
    (top / "link.toml").symlink_to(top / "d.toml")
    write(top, {"c.toml": 'extends = ["link.toml"]\n', "e.toml": 'extends = ["b.toml", "c.toml"]\n'})
    found = loaded(top, 'extends = ["e.toml"]')
    assert [source.name for source in found.files] == ["d.toml", "b.toml", "c.toml", "e.toml", OWN]
    assert (found.policy.disk.crit, found.policy.deadline) == (20, 5)


@pytest.mark.parametrize(
    ("files", "own", "problem"),
    [
        ({}, '["absent.toml"]', "the policy file TOP/absent.toml cannot be read: No such file or directory"),
        ({"b.toml": "disk = ["}, '["b.toml"]', "TOP/b.toml: is not valid TOML: "),
        (
            {"b.toml": 'extends = ["release-sentinel.toml"]'},
            '["b.toml"]',
            "'release-sentinel.toml': the files extend one another in a circle, release-sentinel.toml -> b.toml -> ",
        ),
        (
            {"b.toml": 'extends = ["b.toml"]'},
            '["b.toml"]',
            "in a circle, release-sentinel.toml -> b.toml -> b.toml: remove one of the names",
        ),
        ({"sub/x": ""}, '["sub"]', "the policy file TOP/sub cannot be read: Is a directory"),
        ({"pyproject.toml": "[tool.other]\n"}, '["pyproject.toml"]', "has no table [tool.release-sentinel]"),
        ({"big.toml": "#" * (1 << 20) + "\n"}, '["big.toml"]', "it is longer than the 1 MiB that are read"),
        ({}, '["a\\u0000b"]', "it contains a NUL character"),
        ({}, '["acme_gates:p.toml"]', "there is no installed package acme_gates: pip install acme-gates ("),
        ({"acme_gates/p.toml": ""}, '["acme_gates:p.toml"]', "there is no installed package acme_gates"),
    ],
    ids=["absent", "torn", "circle", "itself", "folder", "no table", "big", "null", "no package", "shadow"],
)
def test_a_base_that_cannot_be_read_is_named(
    top: Path, site: Path, files: dict[str, str], own: str, problem: str
) -> None:
    """With the file and the line that name it; nothing is judged without it."""
    assert site.is_dir()
    write(top, files)
    (found,) = refused(top, f"# the platform team's\nextends = {own}\n")
    assert problem.replace("TOP", str(top)) in found
    assert found.startswith((f"{OWN}:2: extends names ", "b.toml:1: extends names "))


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("disk.krit = 1", "base.toml:1: disk.krit is not a key of [disk]; did you mean crit?"),
        ("disk.crit = 'x'", "base.toml:1: disk.crit is 'x', expected per cent, from 0 to 100"),
        ("extends = 'x'", "base.toml:1: extends is 'x', expected a list of paths, or of package:file"),
        (
            "locked = 'x'",
            "base.toml:1: locked is 'x', expected a list of keys such as disk.crit; `*` stands for",
        ),
        ("waivers = { days = 1 }", "base.toml:1: waivers.days is not a key of [waivers]; did you mean max_days?"),
        (
            "[env.prod]\nlocked = ['disk']\n[env.dev]\n[env.stage]",
            "base.toml:2: env.prod.locked is set, expected outside of [env]: it holds for all environments",
        ),
    ],
)
def test_what_a_base_says_has_to_be_valid(top: Path, base: str, problem: str) -> None:
    """As if the repository had said it, with the base's own line."""
    write(top, {"base.toml": base})
    (found,) = refused(top, 'extends = ["base.toml"]')
    assert found.startswith(problem)


def test_bases_are_bounded(top: Path) -> None:
    """In how many are above one another, and in how many there are."""
    write(top, {f"{n}.toml": f'extends = ["{n + 1}.toml"]' for n in range(DEEPEST + 1)})
    assert "expected at most 8 files above one another" in refused(top, 'extends = ["0.toml"]')[0]
    write(top, {f"w{n}.toml": "" for n in range(MOST + 1)})
    assert len(loaded(top, f"extends = {[f'w{n}.toml' for n in range(MOST)]}").files) == MOST + 1
    assert "and 32 in all" in refused(top, f"extends = {[f'w{n}.toml' for n in range(MOST + 1)]}")[0]


NESTED = 'extends = ["../base.toml"]\ndisk.crit = 7'


def test_a_file_of_an_installed_package(top: Path, site: Path) -> None:
    """It may name others beside it; the repository's folder of that name does not count, nor does it run."""
    install(
        site, {"acme_gates/__init__.py": "1/0", "acme_gates/p/all.toml": 'extends = ["../base.toml"]\ndisk.crit = 7'}
    )
    install(site, {"acme_gates/base.toml": "deadline = 7\n"}, "acme_more-1.0")
    write(top, {"acme_gates/p/all.toml": "disk.crit = 99\n", "acme_gates/__init__.py": "1/0"})
    found = loaded(top, 'extends = ["acme_gates:p/all.toml"]')
    assert (found.policy.disk.crit, found.policy.deadline) == (7, 7)
    assert "crit = 7.0  # acme_gates:p/all.toml:2" in as_toml(found)
    assert [source.name for source in found.files] == ["acme_gates:base.toml", "acme_gates:p/all.toml", OWN]


def _spoilt(site: Path) -> Iterator[tuple[str, str]]:
    install(site, {"acme_gates/p.toml": "disk.crit = 7\n"})
    yield "acme_gates:q.toml", "the installed package acme_gates has no file q.toml: install the version that has it"
    yield "acme_gates:../x.toml", "../x.toml is not the path of a file in the package"
    yield "acme.gates:p.toml", "there is no installed package acme.gates: pip install acme ("
    (site / "acme_gates/p.toml").write_text("disk.crit = 99\n")
    yield "acme_gates:p.toml", "differs from what was installed: pip install acme-gates --force-reinstall"
    install(site, {"acme_gates/p.toml": "disk.crit = 99\n"}, "evil-2.0")
    yield "acme_gates:p.toml", f"{site}/acme_gates-1.0.dist-info and {site}/evil-2.0.dist-info: uninstall all but one"


def test_a_package_that_is_not_as_it_was_installed(top: Path, site: Path) -> None:
    """Is not read: changed, overwritten by another one, or another file of it."""
    for name, problem in _spoilt(site):
        assert problem in refused(top, f'extends = ["{name}"]')[0]


def test_the_base_of_the_environment_is_below_all(top: Path, site: Path) -> None:
    """Of the repository's own bases, and of a file that is named instead of its own; with files of its own."""
    install(site, {"acme_gates/p.toml": "disk.crit = 7\ndeadline = 7\n"})
    write(top.parent, {"base.toml": 'extends = ["acme_gates:p.toml"]\ndeadline = 8\n', "other.toml": "disk.crit = 9\n"})
    found = loaded(top, 'extends = ["../other.toml"]', RS_POLICY_BASE=str(top.parent / "base.toml"))
    assert (found.policy.disk.crit, found.policy.deadline) == (9, 8)
    named = loaded(top, "", file=top.parent / "other.toml", RS_POLICY_BASE="acme_gates:p.toml")
    assert (named.policy.disk.crit, named.policy.deadline) == (9, 7)
    assert load({"RS_POLICY_BASE": "acme_gates:p.toml"}).policy.deadline == 7  # without a repository


def test_a_slip_in_a_key_is_told(top: Path) -> None:
    """Also in one that is about files, and not a key of the policy itself."""
    assert refused(top, 'extend = ["../base.toml"]') == [
        f"{OWN}:1: extend is not a key of the policy; did you mean extends?"
    ]


def test_a_named_file_stands_above_the_bases_of_the_repository(top: Path) -> None:
    """It takes the place of the repository's own file, and not that of its bases."""
    write(top.parent, {"base.toml": "disk.crit = 7\ndeadline = 7\n", "named.toml": "deadline = 9\n"})
    found = loaded(top, 'extends = ["../base.toml"]\ndisk.crit = 99\n', file=top.parent / "named.toml")
    assert (found.policy.disk.crit, found.policy.deadline) == (7, 9)
    write(top, {"sentinel.toml": "deadline = 5\n", "pyproject.toml": "["})  # neither is read, then as before
    assert load({}, repository=top, file=top.parent / "named.toml").policy.disk.crit == 7


def test_the_values_of_a_named_file_count_also_if_it_is_a_base(top: Path) -> None:
    """A repository does not put another base above it by naming both."""
    write(top.parent, {"base.toml": "deadline = 100\n", "mine.toml": "deadline = 200\n"})
    found = loaded(top, 'extends = ["../base.toml", "../mine.toml"]\n', file=top.parent / "base.toml")
    assert found.policy.deadline == 100
    assert [Path(source.name).name for source in found.files] == ["base.toml", "mine.toml"]


@pytest.mark.parametrize("named", ["base.toml", "mine.toml"])
@pytest.mark.parametrize("variable", [False, True])
def test_the_locks_of_a_base_that_is_named_hold_from_its_place(top: Path, named: str, variable: bool) -> None:
    """Above the other bases, its locks would begin at what these have loosened."""
    files = {"base.toml": 'locked = ["git.branches"]\n', "mine.toml": '[git]\nbranches = ["*"]\n'}
    write(top.parent, files)
    own = 'extends = ["../base.toml", "../mine.toml"]\n'
    environ = {"RS_POLICY_BASE": str(top.parent / "base.toml")} if variable else {}
    assert set(refused(top, own, **environ)) <= set(refused(top, own, file=top.parent / named, **environ))


LOOSE = """
[git]
branches = ["*"]
[disk]
crit = 99
[required]
secrets = []
[disable]
tag = "x"
[[waivers]]
gate = "branch"
env = "prod"
reason = "x"
owner = "x"
expires = 2099-01-01
"""


@pytest.mark.parametrize(
    ("locks", "broken"),
    [
        ('locked = ["git.branches"]', "git.branches"),
        ('locked = ["required.*"]', "required.secrets"),
        ('stricter_only = ["disk.crit"]', "disk.crit"),
        ('waivers = { never = ["tag"] }', "disable.tag"),
        ("waivers = { max_days = 14 }", "waives branch"),
    ],
)
@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize(
    "own",
    [
        '["loose.toml"]',
        '["loose.toml", "../org.toml"]',
        '["../org.toml", "loose.toml"]',
        '["loose.toml", "../locks.toml"]',
    ],
)
def test_a_repository_puts_nothing_below_the_locks_of_a_named_file(
    top: Path, locks: str, broken: str, extended: bool, own: str
) -> None:
    """Neither of the file itself, nor of one that it extends, also if it names that: none starts at what is looser."""
    named = 'extends = ["locks.toml"]\n' if extended else locks
    write(top.parent, {"org.toml": named, "locks.toml": locks})
    write(top, {"loose.toml": LOOSE})
    told = refused(top, f"extends = {own}\n", env="prod", file=top.parent / "org.toml")
    assert any(one.startswith("loose.toml:") and broken in one for one in told), told


def test_what_the_base_extends_stays_below_it(top: Path) -> None:
    """Also where it is the file that is named."""
    write(top.parent, {"deep.toml": 'deadline = 5\nlocked = ["deadline"]\n', "base.toml": 'extends = ["deep.toml"]\n'})
    found = loaded(top, "deadline = 5", file=top.parent / "deep.toml", RS_POLICY_BASE=str(top.parent / "base.toml"))
    assert [Path(source.name).name for source in found.files] == ["deep.toml", "base.toml"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "RS_POLICY_BASE is blank, expected package:file or an absolute path, or no such variable"),
        (" ", "RS_POLICY_BASE is blank"),
        ("base.toml", "RS_POLICY_BASE is 'base.toml', expected package:file or an absolute path"),
        ("k3yd4taXq7Zp1Lm9Tr5s", "RS_POLICY_BASE is invalid (not shown), expected package:file or an absolute path"),
        ("TOP/base.toml", "a file of the repository, which could change it: move it elsewhere"),
        ("TOP/../shop/base.toml", "a file of the repository"),
        ("TOP/../inside.toml", "a file of the repository"),
        ("TOP/outside.toml", "a file of the repository"),
        ("/nowhere/base.toml", "the policy file /nowhere/base.toml cannot be read: No such file or directory"),
        ("acme_gates:p.toml", "there is no installed package acme_gates"),
    ],
)
def test_the_base_of_the_environment_is_never_silently_none(top: Path, value: str, problem: str) -> None:
    """A blank, a missing file, and what the repository could change are errors."""
    write(top, {"base.toml": ""})
    (top.parent / "inside.toml").symlink_to(top / "base.toml")
    write(top.parent, {"far.toml": ""})
    (top / "outside.toml").symlink_to(top.parent / "far.toml")
    assert problem in refused(top, "", RS_POLICY_BASE=value.replace("TOP", str(top)))[0]


@pytest.mark.parametrize(
    "name", ["RS_BASE_POLICY", "RS_POLICYBASE", "rs_policy_base", "RS_POLICY_BASES", "RS_POLCY_BASE"]
)
def test_a_slip_in_its_name_is_an_error(top: Path, name: str) -> None:
    """Else a base that everybody relies on would not be read. Look-alikes are let alone."""
    assert refused(top, "", **{name: "/x.toml"}) == [f"{name} is not a setting; did you mean RS_POLICY_BASE?"]
    assert loaded(top, "", RS_POLICY="x", RS_BASE="y", POLICY_BASE="z", RS_DATABASE_POLICY="w").file == OWN


def test_a_file_holds_its_name(top: Path) -> None:
    """RS_POLICY_BASE_FILE is as for every other variable."""
    write(top.parent, {"base.toml": "deadline = 7\n", "name": f"{top.parent}/base.toml\n"})
    assert loaded(top, "", RS_POLICY_BASE_FILE=str(top.parent / "name")).policy.deadline == 7


def test_a_base_in_the_repository_is_not_taken_for_one_that_is_not_read(top: Path) -> None:
    """A file that is named like a policy, and is one, may be a base; without `extends` it is misplaced."""
    write(top, {"release-sentinel.base.toml": "deadline = 7\n"})
    assert loaded(top, 'extends = ["release-sentinel.base.toml"]').policy.deadline == 7
    assert "is not read" in refused(top, "deadline = 8")[0]


def test_a_base_of_a_pyproject(top: Path) -> None:
    """`extends` stands in its table, and the base may be one of either form."""
    write(top, {"pyproject.toml": '[tool.release-sentinel]\nextends = ["team/pyproject.toml"]\n'})
    write(top, {"team/pyproject.toml": "[tool.release-sentinel]\ndeadline = 7\n"})
    found = load({}, repository=top)
    assert (found.policy.deadline, found.sources[("deadline",)]) == (7, f"{Path('team') / 'pyproject.toml'}:2")


def test_a_pipe_is_no_base(top: Path) -> None:
    """It would hang the run."""
    os.mkfifo(top / "pipe.toml")
    assert "it is not a regular file" in refused(top, 'extends = ["pipe.toml"]')[0]


def test_the_secrets_of_a_base_are_known(top: Path) -> None:
    """Its text is looked at as that of the repository's own file is, also where the policy is not valid."""
    write(top, {"base.toml": '[required]\nsecrets = ["SHOP_KEY"]\n'})
    assert "SHOP_KEY" in loaded(top, 'extends = ["base.toml"]').text
    write(top, {OWN: 'extends = ["base.toml", "absent.toml"]'})
    with pytest.raises(InvalidPolicyError) as refusal:
        load({}, repository=top)
    assert "SHOP_KEY" in refusal.value.text
