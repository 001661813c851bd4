"""Is what the other gates have measured no worse than it was?"""

import pytest

from release_sentinel.checks.compare import check_compare

pytestmark = pytest.mark.critical


def test_compare(gate, target, baseline, measures):
    gate.require(check_compare(target, base=baseline, now=measures))
