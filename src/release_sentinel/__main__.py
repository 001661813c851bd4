"""`python -m release_sentinel` is `release-sentinel`."""

import sys

from release_sentinel.cli import main

sys.exit(main())
