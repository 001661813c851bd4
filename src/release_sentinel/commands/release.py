"""`release-sentinel release`: finishes a release, from whichever step an earlier run stopped at."""

from release_sentinel.commands import tag
from release_sentinel.settings import Settings

DESCRIPTION = (
    "Finish the release of a verdict file: tag the judged commit, push the tag, release it on the forge. What is done "
    "already is not done again. The verdict is SAFE, or one that only lacks these steps."
)


def main(words: list[str], settings: Settings) -> int:
    """Tag, push and release the commit of a verdict file."""
    return tag.follow("release", DESCRIPTION, words, settings)
