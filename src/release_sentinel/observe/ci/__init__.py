"""What the CI system says about this build. A claim: the checks trust it only if its commit is HEAD."""

from release_sentinel.observe.ci.records import Build, is_merge_queue
from release_sentinel.observe.ci.systems import MARKS, PROVIDERS, build, from_fork, is_ci, login, withheld

__all__ = ["MARKS", "PROVIDERS", "Build", "build", "from_fork", "is_ci", "is_merge_queue", "login", "withheld"]
