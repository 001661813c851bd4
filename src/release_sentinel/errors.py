"""Everything that release-sentinel raises on purpose. Each error writes its own sentence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from release_sentinel.lines import one_line


class SentinelError(RuntimeError):
    """The base of our own errors; a `RuntimeError`, as callers of the first version expect."""


class PolicyError(SentinelError):
    """The release breaks the policy: the first argument says how, `remedy` how to fix it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class MissingSettingError(PolicyError):
    """Required environment variables are not there."""

    def __init__(self, *names: str) -> None:
        plural = "s" if len(names) > 1 else ""
        super().__init__(
            f"Missing required env var{plural}: {', '.join(names)}", "set them in the CI job's environment"
        )
        self.names = names


class InvalidPolicyError(PolicyError):
    """Settings of the policy that cannot be understood; all of them at once. `text` is the policy file's."""

    def __init__(self, problems: Sequence[str], text: str = "") -> None:
        problems = [one_line(problem) for problem in problems]
        super().__init__("the policy is not valid: " + "; ".join(problems), "correct the settings named above")
        self.problems = tuple(problems)
        self.text = text  # what it says of secrets counts nevertheless


class DeliveryError(SentinelError):
    """What was to follow a SAFE verdict did not happen."""


@contextmanager
def ended(unknown: str) -> Iterator[None]:
    """Let an interrupt end the block as a `DeliveryError`, which says what is unknown then."""
    try:
        yield
    except KeyboardInterrupt:
        raise DeliveryError(unknown) from None
