"""What a version is, and what its tag may be called."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semver import Version as Version  # noqa: PLC0414 - re-exported, for annotations


LONGEST = 1000  # characters of a version; Git takes no longer name for a tag of a remote
_PLAIN = ("", "v")  # prefixes that do not distinguish projects


def parse(version: str, prefix: str = "v") -> "Version | None":
    """Parse `version`, a prefix and strict SemVer 2.0.0; return None if it is anything else."""
    from semver import Version  # noqa: PLC0415 - late: only the policy stage needs it

    number = version.removeprefix(prefix)
    if len(number) > LONGEST:
        return None
    # Before 3.1 the library takes Unicode digits and a newline at the end; SemVer allows neither.
    if not version.startswith(prefix) or not number.isascii() or not number.isprintable():
        return None
    try:
        return Version.parse(number)
    except ValueError:
        return None


def parse_tag(name: str, prefix: str = "v") -> "Version | None":
    """Return the version that a tag names, in any spelling of `tag_names`; None if it names none."""
    return parse(name, prefix) or (parse(name.removeprefix("v"), "") if prefix in _PLAIN else None)


def in_the_way(name: str) -> tuple[str, ...]:
    """Return the tags (globs) beside which Git cannot make the tag `name`: `shop` and `shop/v1/*` for `shop/v1`."""
    parts = name.split("/")
    return (*("/".join(parts[:end]) for end in range(1, len(parts))), f"{name}/*")


def tag_names(version: str, prefix: str = "v") -> tuple[str, ...]:
    """Return the spellings of a version's tag, the given one first: `v1.0.0` and `1.0.0`.

    Another prefix, such as `shop/v`, keeps the versions of several projects apart: its tags have one spelling.
    """
    number = version.removeprefix(prefix)
    return tuple(dict.fromkeys((version, number, f"v{number}"))) if prefix in _PLAIN else (version,)
