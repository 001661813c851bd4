"""Is everything that the release needs configured?"""

import pytest

from release_sentinel.checks.config import check_configuration

pytestmark = pytest.mark.policy


def test_configuration(gate, policy, required_settings, required_files, public_words, urls, withheld, preview):
    secrets = [name for name in required_settings if name not in policy.required.settings]
    gate.require(
        check_configuration(
            required_settings,
            placeholders=policy.required.placeholders,
            files=required_files,
            public_words=public_words,
            withheld=withheld,
            excusable=secrets if preview else (),
            urls=urls,
        )
    )
