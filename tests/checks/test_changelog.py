"""The changelog has a section for the version, with something in it."""

import pytest

from release_sentinel.checks.changelog import check_changelog, section
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, CheckResult
from release_sentinel.observe import Unseen
from tests.conftest import Repo
from tests.observe.parts import look


def judge(repo: Repo, text: str | None = None, name: str = "CHANGELOG.md", version: str = "v1.2.0") -> CheckResult:
    """Judge a real repository with this changelog."""
    if text is not None:
        repo.write(name, text)
    return check_changelog(version, look(repo.path))


DESCRIBED = {
    "a line that only some programs end": "## 1.2.0\n- a\u2028## 1.1.0\n",
    "markdown": "# Changelog\n\n## 1.2.0\n\n- faster\n\n## 1.1.0\n\n- slower\n",
    "keep a changelog": "# Changelog\n## [Unreleased]\n## [1.2.0] - 2026-11-23\n### Added\n- speed\n",
    "with a v": "## v1.2.0 (2026-11-23)\nfaster\n",
    "in a sentence": "# Version 1.2.0, the fast one\nfaster\n",
    "with a name": "# shop-1.2.0\nfaster\n",
    "linked": "## [1.2.0](https://example.com/compare/v1.1.0...v1.2.0)\nfaster\n",
    "named twice": "## 1.2.0\n\n## Details of 1.2.0\nfaster\n",
    "closed": "## 1.2.0 ##\nfaster\n",
    "underlined markdown": "1.2.0\n=====\nfaster\n",
    "not the first": "## 1.3.0\nlater\n## 1.2.0\nfaster\n",
    "deeper": "# 2026\n## November\n### 1.2.0\nfaster\n",
    "restructured text": "Changes\n#######\n\n1.2.0 (2026-11-23)\n==================\n\n* faster\n\n1.1.0\n=====\n",
    "overlined": "=====\n1.2.0\n=====\n\nfaster\n",
    "asciidoc": "= Changes\n\n== 1.2.0\n\nfaster\n",
    "code in it": "## 1.2.0\n```\n# not a heading\n```\n",
    "a rule below blanks in it": "## 1.2.0\n  \n---\n- faster\n",
    "a list rule in it": "## 1.2.0\n\n---\n\n- faster\n",
    "a rule in code alone": "## 1.2.0\n```\n=====\n```\n",
    "a rule in code by tildes": "## 1.2.0\n~~~\n=====\n~~~\n",
    "code by tildes below a line": "## 1.2.0\nCall:\n~~~\n# not a heading\n~~~\n## 1.1.0\n",
    "a fence in a fence": "## 1.3.0\n````\n```\n````\n## 1.2.0\nfaster\n",
    "code in a line": "## 1.3.0\n```make```\n## 1.2.0\nfaster\n",
    "indented": " ## 1.2.0\nfaster\n",
    "with a date": "## v1.2.0 - 2026-01-01\nfaster\n",
    "behind a date": "## 2026.11.23: 1.2.0\nfaster\n",
    "asciidoc that is closed": "== 1.2.0 ==\nfaster\n",
    "linked to itself": "## [1.2.0](https://example.com/compare/v1.1.0...v1.2.0) (2026-01-01)\nfaster\n",
    "linked by reference": "## [1.2.0][] and more\nfaster\n\n[1.2.0]: https://example.com/v1.2.0\n",
    "a relative link": "## [[1.2.0]](../../compare/v1.1.0...v1.2.0)\nfaster\n",
    "an address with parentheses": "## [1.2.0](https://example.com/a(b)c)\nfaster\n",
    "several versions": "## 1.3.0, 1.2.0 and 1.1.0\nfaster\n",
    "another version mentioned": "## 1.2.0 (since 1.1.0)\nfaster\n",
    "an upgrade": "## 1.1.0 -> 1.2.0\nfaster\n",
    "definitions before text": "## 1.2.0\n[a]: https://example.com\n\nfaster\n",
    "text beside a comment": "## 1.2.0\n<!-- no --> faster <!-- no -->\n",
    "a comment that is code": "## 1.3.0\nUse `<!--`.\n## 1.2.0\nfaster\n",
    "a comment that is not closed, in a line": "## 1.3.0\nuse <!-- here\n## 1.2.0\nfaster\n",
    "another language": "## 1.2.0\n- 更快\n",
    "code with a definition": "## 1.2.0\n```\n[a]: b\n```\n",
    "a link that is text": "## 1.2.0\n[what is new](https://example.com)\n",
    "after code by tildes": "## 1.3.0\nCall:\n~~~\nmake\n~~~\n## 1.2.0\nfaster\n",
}
NOT_TOLD = {
    "behind what is no end of a line": "# Changelog\n- a\u2028## 1.2.0\x0c## 1.2.0\x85## 1.2.0\n- faster\n",
    "nothing": "# Changelog\n",
    "another version": "## 1.1.0\n- slower\n",
    "a longer version": "## 1.2.0-rc.1\n- rc\n## 11.2.0\n- x\n## 1.2.01\n- x\n## 1.2.0.1\n- x\n## 1.2.0+1\n- x\n",
    "in the text only": "# Changelog\n\nsince 1.2.0 all is well\n",
    "in code": "# Changelog\n```\n## 1.2.0\nfaster\n```\n",
    "in code by tildes": "# Changelog\n~~~\n## 1.2.0\nfaster\n~~~\n",
    "underlined in code": "# Changelog\n```\n1.2.0\n-----\nfaster\n```\n",
    "in a comment": "# Changelog\n<!--\n## 1.2.0\nfaster\n-->\n",
    "in the link of another version": "## [1.2.1](https://example.com/compare/v1.2.0...v1.2.1)\n- x\n",
    "in a link with a title": "## [1.2.1](https://example.com/v1.2.1 'since 1.2.0')\n- x\n",
    "in a relative link": "## [1.2.1](../../compare/v1.2.0...v1.2.1)\n- x\n",
    "in an address": "## 1.2.1 https://example.com/compare/v1.2.0...v1.2.1\n- x\n",
    "in an address in brackets": "## 1.2.1 <https://example.com/v1.2.0>\n- x\n",
    "in a tag": "## <a href='https://example.com/v1.2.0...v1.2.1'>1.2.1</a>\n- x\n",
    "in a link of asciidoc": "== https://example.com/compare/1.2.0...1.2.1[1.2.1]\n- x\n",
    "in a link of restructured text": "`1.2.1 <https://example.com/1.2.0>`_\n---------\nx\n",
    "in a picture": "## ![1.2.0](https://example.com/badge) 1.2.1\n- x\n",
    "in a comparison": "## 1.2.1 (v1.2.0...v1.2.1)\n- x\n",
    "in a comparison by two dots": "## v1.2.0..v1.2.1\n- x\n",
    "mentioned": "## 1.2.1 (since 1.2.0)\n- x\n## Changes since 1.2.0\n- x\n",
    "left behind": "## Upgrade from 1.2.0\n- x\n## 1.2.0 → 1.3.0\n- x\n",
    "repaired": "## 1.2.1 (repairs 1.2.0)\n- x\n",
    "in indented code": "# Changes\n\n    ## 1.2.0\n    faster\n",
    "in a comment without an end": "# Changes\nx\n<!-- \n## 1.2.0\nfaster\n",
    "in a fence in a fence": "# Changes\n````\n```\n## 1.2.0\nfaster\n```\n````\n",
    "unreleased": "## [Unreleased]\n- faster\n",
}
EMPTY = {
    "nothing below": "## 1.2.0\n\n## 1.1.0\n- slower\n",
    "headings alone": "## 1.2.0\n### Added\n### Fixed\n## 1.1.0\n- slower\n",
    "a comment alone": "## 1.2.0\n<!-- to do -->\n",
    "at the end": "## 1.2.0",
    "code without a line": "## 1.2.0\n```\n```\n",
    "rules alone": "## 1.2.0\n\n***\n\n---\n",
    "a definition alone": "## [1.2.0]\n\n[1.2.0]: https://example.com/v1.2.0\n",
    "a definition of two lines": "## [1.2.0]\n\n[1.2.0]:\n   https://example.com/v1.2.0\n   'title'\n",
    "definitions and a comment": "## 1.2.0\n<!-- to\ndo -->\n[a]: b\n[^1]: c\n## 1.1.0\nx\n",
    "a comment without an end": "## 1.2.0\n<!-- faster\n",
    "marks alone": "## 1.2.0\n-\n* \n1.\n> \n## 1.1.0\nx\n".replace("1.\n", ""),
    "dots": "## 1.2.0\n...\n",
    "an anchor": '## 1.2.0\n<a name="1.2.0"></a>\n<br/>\n',
    "a target of restructured text": "1.2.0\n-----\n\n.. _1.2.0: https://example.com\n.. a comment\n   of two lines\n",
    "a directive without text": "1.2.0\n-----\n\n..\n   hidden\n",
    "underlined": "1.2.0\n-----\n\n1.1.0\n-----\nslower\n",
}


@pytest.mark.parametrize("kind", DESCRIBED)
def test_a_section(repo: Repo, kind: str) -> None:
    """A heading that names the version, with text below, passes in each common style."""
    assert judge(repo, DESCRIBED[kind]) == CheckResult(OK, "CHANGELOG.md has a section for 1.2.0")


@pytest.mark.parametrize("kind", NOT_TOLD)
def test_no_section(repo: Repo, kind: str) -> None:
    """What only resembles a section for the version does not count."""
    result = judge(repo, NOT_TOLD[kind])
    assert result.status is CRIT
    assert result.message.startswith("CHANGELOG.md has no section for 1.2.0, ")
    assert result.remedy == "write `## 1.2.0` and commit it"


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_section(repo: Repo, kind: str) -> None:
    """A heading alone does not inform anyone."""
    result = judge(repo, EMPTY[kind])
    assert (result.status, result.message) == (CRIT, "the section for 1.2.0 in CHANGELOG.md is empty")


def test_the_first_section_is_named(repo: Repo) -> None:
    """The message says which section is first instead."""
    for heading in ("## [1.1.0]", "## [1.1.0] ##", "== [1.1.0]", "[1.1.0]\n---", " [1.1.0] \n---"):
        assert judge(repo, f"{heading}\n- x\n").message.endswith("the first section is '[1.1.0]'")
    assert judge(repo, "nothing\n").message.endswith(", nor any other section")


LINK = "https://example.com/compare/v1.1.9...v1.2.0"
# As tools write them: the file's name, and its text.
TOOLS = {
    "keep a changelog": ("CHANGELOG.md", "# Changelog\n\n## [1.2.0] - 2026-11-23\n\n### Added\n\n- speed\n"),
    "standard-version": (
        "CHANGELOG.md",
        f"# Changelog\n\n### [1.2.0]({LINK}) (2026-11-23)\n\n\n### Bug Fixes\n\n* a bug\n\n## [1.1.9](x)\n",
    ),
    "standard-version of a major": (
        "CHANGELOG.md",
        f"# [1.2.0]({LINK}) (2026-11-23)\n\n### Features\n\n* speed\n\n## [1.1.9](x) (2026-11-01)\n\n### Bug Fixes\n",
    ),
    "standard-version of two patches": (
        "CHANGELOG.md",
        f"### [1.2.1](x) (2026-11-24)\n\n### [1.2.0]({LINK}) (2026-11-23)\n\n### \U0001f41b Bugs\n\n* a bug\n",
    ),
    "conventional-changelog": (
        "CHANGELOG.md",
        f'<a name="1.2.0"></a>\n# [1.2.0]({LINK}) (2026-11-23)\n\n\n### Features\n\n* **shop:** speed\n',
    ),
    "release-please": (
        "CHANGELOG.md",
        f"# Changelog\n\n## [1.2.0]({LINK}) (2026-11-23)\n\n\n### \u26a0 BREAKING CHANGES\n\n* speed ([a](b))\n",
    ),
    "git-cliff": (
        "CHANGELOG.md",
        "## [1.2.0] - 2026-11-23\n\n### \U0001f680 Features\n\n- Speed\n\n<!-- git-cliff -->\n",
    ),
    "changesets": ("CHANGELOG.md", "# @acme/shop\n\n## 1.2.0\n\n### Minor Changes\n\n- 1a2b: speed\n"),
    "lerna": ("CHANGELOG.md", f"# [1.2.0]({LINK}) (2026-11-23)\n\n**Note:** Version bump only for package shop\n"),
    "auto": ("CHANGELOG.md", "# v1.2.0 (Mon Nov 23 2026)\n\n#### \U0001f41b Bug Fix\n\n- a bug\n"),
    "towncrier": (
        "NEWS.rst",
        "Shop 1.2.0 (2026-11-23)\n=======================\n\nFeatures\n--------\n\n- Speed (#1)\n",
    ),
    "towncrier of a version": (
        "CHANGES.rst",
        "1.2.0 (2026-11-23)\n==================\n\nFeatures\n--------\n\n- Speed\n",
    ),
    "rails": ("CHANGELOG.md", "## Rails 1.2.0 (November 23, 2026) ##\n\n*   Speed\n"),
    "node": ("CHANGELOG.md", "## 2026-11-23, Version 1.2.0 (Current), @kim\n\n### Notable Changes\n\n* speed\n"),
    "rust": ("RELEASES.md", "Version 1.2.0 (2026-11-23)\n==========================\n\nLanguage\n--------\n- speed\n"),
    "debian": (
        "changelog",
        "shop (1:1.2.0-1) sid; urgency=low\n\n  * Speed\n\n -- Kim <k@example.com>  Mon, 23 Nov 2026 10:00 +0000\n",
    ),
    "gnu": (
        "NEWS",
        "GNU shop NEWS\n\n* Noteworthy changes in release 1.2.0 (2026-11-23) [stable]\n\n** Bug fixes\n\n  a bug\n",
    ),
    "perl": ("Changes", "Revision history for Shop\n\n1.2.0   2026-11-23 10:00:00Z\n    - Speed\n"),
    "plain": ("CHANGES.txt", "Version 1.2.0:\n  * Speed\n\nVersion 1.1.0:\n  * x\n"),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_changelog_of_a_tool(repo: Repo, tool: str) -> None:
    """Each style is understood, and so is what is not there."""
    name, text = TOOLS[tool]
    repo.write(name, text)
    seen = look(repo.path)
    assert check_changelog("v1.2.0", seen, name) == CheckResult(OK, f"{name} has a section for 1.2.0")
    assert " has no section for 1.2.2, " in check_changelog("v1.2.2", seen, name).message


NOT_ITS_SUBJECT = {
    "an update": "### Bump shop to 1.2.0\n- x\n",
    "an update at the level of versions": "## Bump shop to 1.2.0\n- x\n## 1.1.0\n- x\n",
    "an update from": "## Bump shop from 1.1.0 to 1.2.0\n- x\n",
    "an update without a preposition": "## Bump shop 1.2.0\n- x\n",
    "a dependency": "## Update dependency shop to v1.2.0\n- x\n",
    "a commit": "## chore(deps): shop 1.2.0\n- x\n",
    "a migration": "## Migrating to version 1.2.0\n- x\n",
    "a need": "## Requires shop 1.2.0\n- x\n",
    "support": "## Node 1.2.0 support\n- x\n",
    "a lowest version": "## Python 1.2.0 or later\n- x\n",
    "a name in the section of a version": "## 1.3.0\n### shop 1.2.0\n- x\n",
    "a name in what is not released": "## [Unreleased]\n### shop 1.2.0\n- x\n",
    "a name below the level of versions": "## 1.3.0\n- x\n## Dependencies\n### shop 1.2.0\n- x\n",
    "an underlined one": "1.3.0\n=====\n\nShop 1.2.0\n----------\n- x\n",
}


@pytest.mark.parametrize("kind", NOT_ITS_SUBJECT)
def test_a_heading_that_only_mentions_the_version(repo: Repo, kind: str) -> None:
    """It is about something else, whatever its level."""
    assert judge(repo, NOT_ITS_SUBJECT[kind]).message.startswith("CHANGELOG.md has no section for 1.2.0, ")


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Update 1.2.0",
            "Hotfix 1.2.0",
            "Fixes in 1.2.0",
            "What's new in Shop 1.2.0",
            "\U0001f389 v1.2.0",
            ":tada: 1.2.0",
        ),
        *("**1.2.0**", "@acme/shop@1.2.0", "Shop 1.2.0 release notes", "January 6, 2026: 1.2.0", "Version: 1.2.0"),
        *("1.2.0 (yanked)", "`1.2.0`", "1.2.0.", "Release notes for Shop 1.2.0", "1.2.0 is out"),
        *("Support release 1.2.0", "Testing Library 1.2.0", "Fixtures 1.2.0", "Basic Shop 1.2.0", "Add-on Shop 1.2.0"),
    ],
)
def test_a_heading_of_the_version(repo: Repo, title: str) -> None:
    """A name, a date or an ornament may be beside it."""
    assert judge(repo, f"## {title}\n- x\n").status is OK


def test_a_section_ends_before_the_next_version(repo: Repo) -> None:
    """Also where that one has a lower level, as a major release before a minor one."""
    text = "# 1.3.0 (2026-11-24)\n\n## 1.2.0 (2026-11-23)\n\n### Features\n\n* speed\n"
    assert judge(repo, text, version="v1.3.0").message == "the section for 1.3.0 in CHANGELOG.md is empty"
    assert judge(repo, text).status is OK
    assert section("CHANGELOG.md", text, "v1.2.0") == "### Features\n\n* speed"


@pytest.mark.parametrize("below", ["## About\n\ntext\n", "# Imprint\n\ntext\n"])
def test_a_section_ends_before_what_is_not_a_group(repo: Repo, below: str) -> None:
    """What stands at the version's own level is not of it."""
    assert judge(repo, f"## 1.2.0\n\n{below}").message == "the section for 1.2.0 in CHANGELOG.md is empty"


def test_an_entry_of_debian_that_says_nothing(repo: Repo) -> None:
    """Its last line names who wrote it, and tells nothing."""
    text = "shop (1.2.0-1) stable; urgency=low\n\n -- Kim <k@example.com>  Mon, 23 Nov 2026 10:00:00 +0000\n"
    assert judge(repo, text, "NEWS").message == "the section for 1.2.0 in NEWS is empty"


@pytest.mark.parametrize("name", ["NEWS.md", "NEWS.rst"])
def test_plain_lines_are_headings_of_plain_text_alone(repo: Repo, name: str) -> None:
    """Other formats have marks for it."""
    assert "no section" in judge(repo, "# 1.3.0\n\n1.2.0 (2026-11-23)\n* changes in 1.2.0\n", name).message


ASCIIDOC = {
    "code": ("= Changes\n\n[source]\n----\n== 1.2.0\nfaster\n----\n", "has no section for 1.2.0"),
    "a comment": ("= Changes\n\n////\n== 1.2.0\nfaster\n////\n", "has no section for 1.2.0"),
    "attributes": ("== 1.2.0\n:a: b\n// comment\n[[v1]]\n\n== 1.1.0\nx\n", "the section for 1.2.0 in"),
    "code below": ("== 1.2.0\n----\nmake\n----\n", ""),
    "an older heading": ("1.2.0\n-----\nfaster\n", ""),
    "an example": ("== 1.2.0\n====\nfaster\n====\n", ""),
}


@pytest.mark.parametrize("kind", ASCIIDOC)
def test_asciidoc(repo: Repo, kind: str) -> None:
    """Its blocks may hold what looks like a heading, and its attributes are no text."""
    text, why = ASCIIDOC[kind]
    result = judge(repo, text, "CHANGES.adoc")
    assert result.status is (CRIT if why else OK)
    assert why in result.message


def test_a_directive_is_text(repo: Repo) -> None:
    """What a directive of reStructuredText shows is seen."""
    assert judge(repo, "1.2.0\n-----\n\n.. note:: faster\n", "NEWS.rst").status is OK


def test_a_heading_in_a_message_is_short(repo: Repo) -> None:
    """However long the first one is, and however it is made."""
    result = judge(repo, f"## {'x' * 100_000}{'1.' * 100_000}\n")
    assert len(result.message) < 200


TILDES = "{over}1.2.0\n~~~~~\n\n{text}\n\n{over}1.1.0\n~~~~~\n\n* slower\n"


@pytest.mark.parametrize("name", ["CHANGES.rst", "NEWS"])
@pytest.mark.parametrize("over", ["", "~~~~~\n"], ids=["underlined", "overlined"])
def test_a_heading_of_tildes_does_not_begin_code(repo: Repo, over: str, name: str) -> None:
    """Outside of Markdown each section counts, the second as well as the first, and an empty one is empty."""
    assert judge(repo, TILDES.format(over=over, text="* faster"), name).status is OK
    assert judge(repo, version="v1.1.0").status is OK
    assert judge(repo, TILDES.format(over=over, text=""), name).message == f"the section for 1.2.0 in {name} is empty"


@pytest.mark.parametrize("name", ["CHANGES.rst", "HISTORY.md", "NEWS", "changelog.md", "Releases.adoc"])
def test_a_changelog_is_found(repo: Repo, name: str) -> None:
    """If the policy names none, the usual names are looked for."""
    assert judge(repo, "1.2.0\n-----\nfaster\n", name).message == f"{name} has a section for 1.2.0"


def test_the_policy_s_file(repo: Repo) -> None:
    """The named file is read, and no other."""
    repo.write("CHANGELOG.md", "## 1.2.0\nfaster\n")
    repo.write("docs/news.md", "## 1.1.0\nfaster\n")
    assert check_changelog("v1.2.0", look(repo.path), "docs/news.md").status is CRIT
    gone = check_changelog("v1.2.0", look(repo.path), "docs/none.md")
    assert (gone.status, gone.message) == (UNKNOWN, "docs/none.md cannot be read: No such file or directory")


def test_no_changelog(repo: Repo) -> None:
    """If none is named and none is found, nothing is known."""
    nothing = judge(repo)
    assert (nothing.status, nothing.message) == (UNKNOWN, "no changelog is named or found")
    assert nothing.remedy == "name one in RS_CHANGELOG"


def test_no_repository() -> None:
    """Without a repository there is no changelog."""
    assert check_changelog("v1.0.0", Unseen("/shop is not a folder")).status is UNKNOWN


MARKDOWN = "# Changes\n\n## v1.0.0 (today)\n\n- first\n\n### Fixed\n\n```\n# no heading\n```\n\n## 0.9.0\n\n- old\n"


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v1.0.0", "- first\n\n### Fixed\n\n```\n# no heading\n```"), ("v0.9.0", "- old"), ("v0.9", ""), ("v2.0.0", "")],
)
def test_a_section_can_be_quoted(version: str, expected: str) -> None:
    """For release notes: the text below the version's heading, up to the next heading of its level."""
    assert section("CHANGELOG.md", MARKDOWN, version) == expected


def test_a_section_can_be_quoted_in_restructured_text() -> None:
    """Without the line above the next heading."""
    text = TILDES.format(over="~~~~~\n", text="* faster").replace("~", "=")
    assert section("NEWS.rst", text, "v1.2.0") == "* faster"
    assert section("NEWS.rst", text, "v1.1.0") == "* slower"
