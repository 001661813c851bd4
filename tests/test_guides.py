"""The manual agrees with the code: every table, link, block and message in README and guides."""

import ast
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from _pytest.config import get_config

from release_sentinel import gates
from release_sentinel.cli import main
from release_sentinel.commands import guide
from release_sentinel.commands.init import SYSTEMS
from release_sentinel.config.load import load
from release_sentinel.config.model import Policy
from release_sentinel.config.read import is_record, keys
from release_sentinel.invocation import parse
from release_sentinel.options import OPTIONS
from release_sentinel.plugin import fixtures
from tests.guides import FOLDER, GUIDES, PAGES, README, ROOT, TABLES, blocks, renewed, tables, text
from tests.observe import ci_cases
from tests.packs.made import EXAMPLE

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
every_guide = pytest.mark.parametrize("topic", GUIDES)


@every_guide
def test_a_guide_says_for_whom_it_is(topic: str) -> None:
    """Its title comes first, then one sentence: the reader, and the question."""
    title, sentence, *_ = text(GUIDES[topic]).split("\n\n")
    assert re.fullmatch(r"# \S[^\n]*", title)
    assert re.fullmatch(r"For the [^:?]+: [^:?]+(: [^:?]+)?\?", " ".join(sentence.split()))


def test_the_command_lists_the_guides(capsys: pytest.CaptureFixture[str]) -> None:
    """Alone, it prints each topic with its sentence."""
    assert main(["guide"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert all(f"{topic} {guide.purpose(text(path))}" in told for topic, path in GUIDES.items())


@every_guide
def test_the_command_prints_a_guide(capsys: pytest.CaptureFixture[str], topic: str) -> None:
    """As it is written, without the marks for those who edit it."""
    assert main(["guide", topic]) == 0
    out = capsys.readouterr().out
    assert out == re.sub(r"(?m)^<!-- table: .* -->\n\n", "", text(GUIDES[topic]))
    assert "<!--" not in out


@pytest.mark.parametrize(
    ("wanted", "hint"), [("gate", "; did you mean gates?"), ("Kubernets", "; did you mean kubernetes?"), ("qq", ".")]
)
def test_a_wrong_topic_is_one_clear_message(capsys: pytest.CaptureFixture[str], wanted: str, hint: str) -> None:
    """It names the nearest topic and all others, and exits 1."""
    with pytest.raises(SystemExit) as ended:
        main(["guide", wanted])
    assert ended.value.code == 1
    message = f"there is no guide {wanted!r}{hint} The topics are: {', '.join(GUIDES)}"
    assert capsys.readouterr().err.splitlines()[-1] == f"release-sentinel guide: error: {message}"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_pager_may_stop_reading() -> None:
    """`release-sentinel guide policy | head` ends without a traceback."""
    command = [sys.executable, "-m", "release_sentinel", "guide", "policy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1  # as not everything was shown


def test_every_system_of_init_has_its_guide() -> None:
    """It is called like the system, names the command, and is linked where all systems are."""
    for system in SYSTEMS:
        assert f"release-sentinel init {system}" in text(GUIDES[system])
        assert f"({system}.md)" in text(GUIDES["ci"])
    named = text(README).partition("`release-sentinel init github` writes")[2].partition(".")[0]
    assert ["github", *re.findall(r"`(\w+)`", named)] == list(SYSTEMS)


def test_every_variable_of_a_system_is_told() -> None:
    """The guide to all pipelines names each variable that is read, but for those of a build's address and starter."""
    reported = {name for _, run in ci_cases.RUNS for name in run.variables}
    found = {string for file in (FOLDER.parent / "observe/ci").glob("*.py") for string in strings(file)}
    read = {name for name in found if re.fullmatch(r"_?[A-Z]+(_[A-Z0-9]+)+|(ghprb|gitlab)[A-Z]\w+", name)}
    assert len(read) > 150
    assert [name for name in sorted(read - reported) if name not in text(GUIDES["ci"])] == []


@pytest.mark.parametrize("file", sorted((FOLDER.parent / "checks").glob("*.py")), ids=lambda path: path.stem)
def test_every_check_has_a_message_that_is_explained(file: Path) -> None:
    """Who meets a failure of a built-in gate finds it in the troubleshooting guide."""
    judges = {gate.judge.partition(".")[0] for gate in gates.BUILT_IN}
    source = "\n".join(strings(file))
    told = [[part.strip() for part in message.split("...") if part.strip()] for message in messages()]
    explained = [parts for parts in told if all(part in source for part in parts) and parts != ["look at why it flaps"]]
    assert file.stem not in judges or explained


@every_page
def test_the_tables_are_the_code_s(page: Path) -> None:
    """`python -m tests.guides` writes them; nothing differs from what it would write."""
    assert renewed(text(page)) == text(page)


def test_every_table_stands_once() -> None:
    """Each fact has one place."""
    assert sorted(name for page in PAGES for name, _ in tables(text(page))) == sorted(TABLES)


def test_every_option_and_command_has_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """What the help tells, the guide tells, and no other option is told anywhere."""
    main(["--help"])
    told = capsys.readouterr().out
    commands = re.findall(r"^  (release-sentinel \w+(?: \S+)?)  ", told, re.MULTILINE)
    assert commands
    assert all(f"| `{command}` |" in text(GUIDES["options"]) for command in commands)
    written = re.findall(r"--gate-[a-z]+(?:-[a-z]+)*", "".join(map(text, PAGES)))
    assert set(written) == set(re.findall(r"--gate-[a-z]+(?:-[a-z]+)*", told))


LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", text(path), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_page
def test_every_link_resolves(page: Path) -> None:
    """A file beside the page, an anchor in it, or an address; a guide links no file that the wheel lacks."""
    for link in LINK.findall(text(page)):
        target, _, anchor = link.partition("#")
        if target.startswith("https:"):
            assert urlsplit(target).hostname
            continue
        file = (page.parent / target).resolve() if target else page
        assert file in [path.resolve() for path in PAGES], link
        assert not anchor or anchor in anchors(file), link
        assert page == README or file.is_relative_to(FOLDER), link


def test_every_guide_is_linked_from_page_one() -> None:
    """A page that is not linked is not found."""
    assert {Path(link.partition("#")[0]).stem for link in LINK.findall(text(README))} >= set(GUIDES)


def policies() -> Iterator[tuple[str, str]]:
    """Yield every policy in README and guides, with where it stands."""
    for page in PAGES:
        for number, source in enumerate(blocks(page, "toml"), start=1):
            yield f"{page.stem} {number}", source


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in policies()])
def test_every_policy_is_valid(tmp_path: Path, source: str) -> None:
    """It is read as printed, for each environment; that with a base in a package by the test of the wheel of a pack."""
    source = re.sub(r'^extends = \["\w+:.*\n', "", source, flags=re.MULTILINE)
    (tmp_path / "release-sentinel.toml").write_text(source, encoding="utf-8")
    for env in ("dev", "stage", "prod"):
        load({}, repository=tmp_path, env=env, gates=gates.GATES)


def test_the_example_policy_has_every_key(tmp_path: Path) -> None:
    """Every key of the model stands in it, and its parts for environments count."""
    source, *_ = blocks(GUIDES["policy"], "toml")
    (tmp_path / "release-sentinel.toml").write_text(source, encoding="utf-8")
    read = {env: load({}, repository=tmp_path, env=env, gates=gates.GATES).policy for env in ("dev", "stage", "prod")}
    assert [policy.disk.crit for policy in read.values()] == [85, 85, 80]
    assert [len(policy.freezes) for policy in read.values()] == [0, 3, 3]
    assert read["dev"].version.prereleases
    document = tomllib.loads(source)
    assert set(document) == {*keys(Policy), "env"}
    for section, (_, kind) in keys(Policy).items():
        if is_record(kind):
            assert set(document[section]) == set(keys(kind))


@pytest.mark.parametrize(
    "source", [pytest.param(source, id=page.stem) for page in PAGES for source in blocks(page, "python")]
)
def test_every_python_block_compiles(source: str) -> None:
    """None has a syntax error, and each name that it takes from this package exists."""
    tree = ast.parse(source)
    compile(tree, "guide", "exec")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("release_sentinel"):
            module = import_module(node.module or "")
            assert all(hasattr(module, alias.name) for alias in node.names)


def test_the_pack_of_the_guide_is_the_example() -> None:
    """Which is built, installed and judged by in `tests/packs`."""
    (project,), sources = blocks(GUIDES["packs"], "text"), blocks(GUIDES["packs"], "python")
    assert project == text(EXAMPLE.parent / "pyproject.toml")
    *sources, tests = sources
    assert sorted(sources) == sorted(map(text, EXAMPLE.rglob("*.py")))
    assert "from release_sentinel.testing import Sandbox" in tests


def test_the_python_guide_s_functions_exist() -> None:
    """Each module and function of its list can be imported."""
    (listed,) = blocks(GUIDES["python"], "text")
    for module, name in re.findall(r"^([\w.]+)\.(\w+)\(", listed, re.MULTILINE):
        assert callable(getattr(import_module(module), name))
    folder, names = re.findall(r"^([\w.]+)\.\{([\w,]+)\}", listed, re.MULTILINE)[0]
    for name in names.split(","):
        assert any(re.match("ensure_|check_", found) for found in dir(import_module(f"{folder}.{name}")))


def test_the_python_guide_s_example_runs(tmp_path: Path) -> None:
    """It prints the status of this machine's disk, and the default."""
    (source,) = blocks(GUIDES["python"], "python")
    done = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=True)
    disk, region = done.stdout.splitlines()
    assert re.match(r"(OK|WARN|CRIT) \d", disk)
    assert region == "eu"


@pytest.mark.parametrize(
    "heading", ["## [1.0.0] - 2026-01-01", "## 1.0.0", "# v1.0.0", "### [v1.0.0]", "## 1.0.0 (2026)"]
)
def test_the_example_of_release_notes_knows_usual_headings(tmp_path: Path, heading: str) -> None:
    """Keep a Changelog's and its relatives, and neither a neighbour's nor a mere mention."""
    rooms: dict[str, Any] = {}
    source = re.sub(r"^@pytest\.mark.*\n", "", blocks(GUIDES["own-gates"], "python")[0], flags=re.MULTILINE)
    exec(source, rooms)  # noqa: S102 - the guide's own example
    repository, release = SimpleNamespace(top=tmp_path), SimpleNamespace(version="v1.0.0")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changes\n\n{heading}\n", encoding="utf-8")
    rooms["test_release_notes"](repository, release)
    for other in (heading.replace("1.0.0", "1.0.0-rc.1"), heading.replace("1.0.0", "11.0.0"), heading.lstrip("# ")):
        (tmp_path / "CHANGELOG.md").write_text(f"# Changes\n\n{other}\n", encoding="utf-8")
        with pytest.raises(AssertionError, match="has no heading"):
            rooms["test_release_notes"](repository, release)


def test_the_fixtures_are_the_plugin_s() -> None:
    """The table has every fixture, and no other."""
    table = text(GUIDES["own-gates"]).partition("| fixture |")[2].partition("\n\n")[0]
    named = {name for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    source = ast.parse(Path(fixtures.__file__).read_text(encoding="utf-8"))
    functions = [node for node in source.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    assert named == {function.name for function in functions}


VALUES = {"$VERSION": "v1.4.2", "$COMMIT": "0" * 40}
SCRIPTS = [
    pytest.param(source, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, source in enumerate(blocks(page, "sh"))
]


def commands(script: str) -> Iterator[list[str]]:
    """Yield the words of each command in a script, the program by its bare name."""
    for name, value in VALUES.items():
        script = script.replace(name, value)
    lexer = shlex.shlex(script.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars="|&;{}")
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|&;{}"):
            if words:
                yield [Path(words[0]).name, *words[1:]]
            words = []
        else:
            words.append(word)


@pytest.mark.parametrize("source", SCRIPTS)
def test_every_script_is_one(source: str) -> None:
    """Bash can read it."""
    done = subprocess.run(["bash", "-n", "-c", source], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


OURS = [
    words
    for page in PAGES
    for source in blocks(page, "sh")
    for words in commands(re.sub(r"(?m)(^|  )#.*", "", source))
    if words[0] in {"release-sentinel", "pytest"} and words[1:] != ["demo"]
]


def test_the_commands_are_found() -> None:
    """The reader of scripts is not blind."""
    found = {" ".join(words[:2]) for words in OURS}
    assert {"release-sentinel --env", "release-sentinel verify", "release-sentinel kubernetes", "pytest -n"} <= found


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_every_command_is_understood(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real parsers take every option; of what cannot be done here, only that it is missing is said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))  # no cluster and no repository is asked
    program, *rest = words
    if program == "release-sentinel" and not rest[0].startswith("-"):
        main(rest)  # a usage error ends in SystemExit
        return
    asked = parse(rest, {}, tmp_path)
    parser = get_config()._parser
    for option in OPTIONS:
        if option.own:
            option.add_to(parser.getgroup("release gate").addoption, without="--version")
    _, unknown = parser.parse_known_and_unknown_args([*asked.own])
    assert (unknown, asked.problems) in (([], ()), (["-n"], ()))  # which is pytest-xdist's


def test_the_job_is_printed_as_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Every `kubernetes job` of a guide prints a valid Job, and the page waits for that very Job."""
    scripts = [block for page in PAGES for block in blocks(page, "sh") if "kubernetes job" in block]
    assert len(scripts) == 3
    for script in scripts:
        (words,) = (words for words in commands(script) if words[1:3] == ["kubernetes", "job"])
        assert main(words[1:]) == 0
        job = yaml.safe_load(capsys.readouterr().out)
        kubernetes_validate.validate(job, "1.33", strict=True)
        assert "kubernetes wait" not in script or f"kubernetes wait {job['metadata']['name']}\n" in script


def workflow(steps: str) -> str:
    """Return a workflow that has these steps."""
    return f"on: push\npermissions: {{}}\njobs:\n  gate:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"


def test_every_workflow_is_valid(tmp_path: Path) -> None:
    """The steps follow GitHub's schema, and actionlint finds nothing."""
    files = []
    for page in PAGES:
        for number, steps in enumerate(blocks(page, "yaml")):
            files.append(tmp_path / f"{page.stem}-{number}.yml")
            files[-1].write_text(workflow(steps), encoding="utf-8")
    assert len(files) == 6
    tools = Path(sysconfig.get_path("scripts"))
    for command in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
        ["actionlint", "-shellcheck=", "-pyflakes="],
    ):
        done = subprocess.run([tools / command[0], *command[1:], *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_is_used_as_it_is() -> None:
    """Inputs and outputs of the examples and of the tables are the action's; all are pinned as our own are."""
    action = yaml.safe_load((ROOT / ".github/actions/gate/action.yml").read_text(encoding="utf-8"))
    sources = [source for page in PAGES for source in blocks(page, "yaml")]
    pins = set(re.findall(r"uses: (actions/.*)", text(ROOT / ".github/workflows/release-sentinel.yml")))
    for source in sources:
        steps = [step for step in yaml.safe_load(source) if "actions/gate" in step.get("uses", "")]
        if not steps:  # an example of a command
            continue
        (step,) = steps
        assert set(re.findall(r"uses: (actions/.*)", source)) <= pins
        assert {"env", "version"} <= set(step["with"]) <= set(action["inputs"])
        assert set(re.findall(r"outputs\.([a-z-]+)", source)) <= set(action["outputs"])
    for kind in ("input", "output"):
        table = text(GUIDES["github"]).partition(f"| {kind} | is |\n|---|---|\n")[2].partition("\n\n")[0]
        assert set(re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE)) == set(action[f"{kind}s"])


def strings(file: Path) -> Iterator[str]:
    """Yield every text in a source file, an f-string by its fixed parts."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def messages() -> list[str]:
    """Return the messages that the troubleshooting guide explains, with `...` for their variable parts."""
    entries = re.findall(r"^- (`.*`):$", text(GUIDES["troubleshooting"]), re.MULTILINE)
    assert len(entries) > 60
    return [message for entry in entries for message in re.findall(r"`(.*?)`(?:, (?=`)|$)", entry)]


def test_every_message_is_one_of_the_program() -> None:
    """The fixed words of each message that the troubleshooting guide explains stand in the source."""
    source = "\n".join(string for file in FOLDER.parent.rglob("*.py") for string in strings(file))
    parts = [part.strip() for message in messages() for part in message.split("...")]
    assert [part for part in parts if part not in source] == []


def test_the_layers_are_those_of_the_test() -> None:
    """The contributing guide tells the layers that the imports are held to."""
    from tests.test_architecture import LAYERS

    told = re.findall(r"^\d+\. ((?:`\w+`(?:, )?)+)$", text(GUIDES["contributing"]), re.MULTILINE)
    assert [set(re.findall(r"\w+", line)) for line in told] == [set(layer) - {"", "__main__"} for layer in LAYERS]


STALE = r"\b(mend|whoever|(no|some|any)body|far away|cannot be meant|is no(ne)?\b URL|you stand in|could not be told)"


@every_page
def test_the_language_is_plain(page: Path) -> None:
    """Outside of generated tables and quoted messages, none of the words that were given up."""
    prose = renewed(text(page))
    for _, table in tables(prose):
        prose = prose.replace(table, "")
    prose = re.sub(r"`[^`\n]*`|^```.*?^```", "", prose, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(STALE, prose, re.IGNORECASE) == []
