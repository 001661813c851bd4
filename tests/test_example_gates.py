"""Every gate that a guide or `init` shows, run as printed: it passes, and says in a sentence why it fails."""

import re
from pathlib import Path
from typing import Any

import release_sentinel
from release_sentinel.checks.result import CRIT, OK
from tests.conftest import Run, Sentinel
from tests.guides import GUIDES, PAGES, blocks, text
from tests.test_recipes import STAND_IN

TEMPLATE = Path(release_sentinel.__file__).parent / "templates" / "test_example.py.in"


def _uncommented(template: str) -> str:
    """Return the template with the gate that its last lines hold, under a name of its own."""
    return re.sub(r"^# ?(?=from|@|def|    |$)", "", template, flags=re.MULTILINE).replace("test_queue", "test_jobs")


# Each gate that a guide or `init` shows: what is changed in its source so that it passes, and so that it fails; a
# part of the reason.
EXAMPLES = {
    "release-notes": (("", ""), ("CHANGELOG", "NEWS"), "NEWS.md has no heading for v1.0.0"),
    "licence": (("", ""), ("the-key-that-you-fetched", "k3y-of-an0ther"), "the licence is not one of ours"),
    "no-work-in-progress": (("", ""), ("fixup|", "gates|"), "the released commit is called 'gates!: all'"),
    "queue": (("", ""), ("waiting = 0", "waiting = 100"), "100 jobs wait"),
    "jobs": (("", ""), ("waiting = 0", "waiting = 100"), "100 jobs wait"),
    "dns": (
        ('"shop.example.com", {"192.0.2.10", "192.0.2.11"}', '"localhost", {"127.0.0.1", "::1"}'),
        ('"shop.example.com"', '"localhost"'),
        "expected some of ['192.0.2.10', '192.0.2.11']",
    ),
    "database": (('os.environ["SHOP_DSN"]', '"primary"'), ('os.environ["SHOP_DSN"]', '"down"'), "connection refused"),
}
POLICY_EXAMPLES = {"release-notes", "licence", "no-work-in-progress"}


def test_every_example_gate_judges(sentinel: Sentinel) -> None:
    """In plain pytest: they pass, or say why not in a line, without a traceback."""
    own = [page for page in PAGES if page != GUIDES["packs"]]  # whose gates tests/packs runs
    shown = [source for page in own for source in blocks(page, "python") if "@pytest.mark" in source]
    shown.append(_uncommented(text(TEMPLATE)))
    ids = re.findall(r"^def test_(\w+)", "\n".join(shown), re.MULTILINE)
    assert sorted(name.replace("_", "-") for name in ids) == sorted(EXAMPLES)
    sentinel.repo.write("CHANGELOG.md", "# Changelog\n\n## [1.0.0] - 2026-01-01\n\n- First\n")
    sentinel.repo.write("NEWS.md", "# Changelog\n\n## [1.0.0-rc.1]\n\n## [11.0.0]\n\nSee 1.0.0.\n")
    sentinel.repo.write("gate_tests/psycopg.py", STAND_IN)

    def judge(failing: set[str]) -> Run:
        for number, source in enumerate(shown):
            changed = source
            for name, (good, bad, _) in EXAMPLES.items():
                if f"def test_{name.replace('-', '_')}(" in source:
                    changed = changed.replace(*(bad if name in failing else good))
            sentinel.repo.write(f"gate_tests/test_own_{number}.py", changed)
        sentinel.repo.git("add", "--all")
        sentinel.repo.git("commit", "--quiet", "--allow-empty", "--message", "gates!: all")
        return sentinel.pytest()

    passed = judge(set())
    assert passed.code == 0, passed.out
    assert {passed.statuses[name] for name in EXAMPLES} == {"OK"}
    for failing, code in ((POLICY_EXAMPLES, 1), ({*EXAMPLES} - POLICY_EXAMPLES, 2)):
        failed = judge(failing)
        assert failed.code == code, failed.out
        assert not re.search(r"Traceback|= FAILURES =|test_own_\d.py:\d+|k3y-of-an0ther", failed.out)
        for name in failing:
            (line,) = [line for line in failed.block if re.match(rf"\[\w+\] {name}: ", line)]
            assert EXAMPLES[name][2] in line


def test_the_example_check_judges() -> None:
    """That of the contributing guide, by what is observed."""
    rooms: dict[str, Any] = {}
    (source,) = blocks(GUIDES["contributing"], "python")
    exec(source, rooms)  # noqa: S102 - the guide's own example
    passed, failed = rooms["check_queue"](), rooms["check_queue"](observe=lambda: 100)
    assert (passed.status, passed.message) == (OK, "0 jobs wait")
    assert (failed.status, failed.message) == (CRIT, "100 jobs wait, expected fewer than 100")
