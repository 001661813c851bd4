"""The guide's table of what each template was tried by agrees with these tests."""

from release_sentinel.commands.init import SYSTEMS
from tests.templates import table


def test_every_template_has_its_row() -> None:
    """All systems in the order of `init`, then what is no system's own."""
    assert [row.template for row in table.rows()] == [*SYSTEMS, "Containerfile"]


def test_a_row_says_what_its_test_does() -> None:
    """What runs in a test says by what; what does not says so."""
    for row, module in table.modules().items():
        runs = any(name in {"test_it_runs", "test_its_scripts_run"} for name in vars(module))
        assert runs, module.__name__
        own = module.__name__.endswith(f"test_{row.template}")
        assert own == bool(row.by), row.template
        assert own or row.extent.startswith("validated, not run")
