"""What pytest found, and what of it is not run: the proof that a run was whole is made from this."""

from pathlib import Path

import pytest
from msgspec import Struct, field

from release_sentinel.plugin.completeness import LeftOut
from release_sentinel.plugin.declared import Declared


class Found(Struct):
    """The tests that pytest found, whatever is run of them."""

    tests: list[pytest.Item] = field(default_factory=list)
    modules: list[pytest.Module] = field(default_factory=list)  # the files of a repository's gates
    carriers: list[Declared] = field(default_factory=list)  # what carries a gate's marker in them, and is not a test
    unmarked: set[tuple[Path, str]] = field(default_factory=set)  # tests that are not gates: source file and name
    dropped: list[LeftOut] = field(default_factory=list)  # gates that are not run
    left_out: dict[str, str] = field(default_factory=dict)  # gate id: why it is not run
