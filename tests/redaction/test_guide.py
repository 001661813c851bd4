"""The table of the guide says exactly what is found in which forms: each of its rows is tried."""

import re
from importlib import resources

import pytest

from release_sentinel.redaction import MASK, Redactor
from release_sentinel.redaction.stream import TextStream

GUIDE = resources.files("release_sentinel").joinpath("guides/secrets.md").read_text(encoding="utf-8")
SECRET = re.findall(r"<code>(.*)</code>", GUIDE)[0]
ROWS = {
    name: (example.strip().replace("⏎", "\n"), masked)
    for name, example, masked in re.findall(
        r"^\| (.+?) \| `{1,2}(.+?)`{1,2} \| (yes|no|in part) \|$", GUIDE, re.MULTILINE
    )
}


def test_the_table_is_read() -> None:
    """Every row of it."""
    assert len(ROWS) == GUIDE.count(" | yes |") + GUIDE.count(" | no |") + GUIDE.count(" | in part |") > 30


@pytest.mark.parametrize(("example", "masked"), ROWS.values(), ids=ROWS)
def test_a_form_is_masked_as_the_guide_says(example: str, masked: str) -> None:
    """Where it is, nothing of it is left, except for quotes and for what encodes the text around it."""
    shown = Redactor(SECRET).scrub(f"before {example} after")

    assert shown.startswith("before ")
    assert shown.endswith(" after")
    if masked == "no":
        assert shown == f"before {example} after"
    else:
        assert MASK in shown
    if masked == "yes":
        left = shown.removeprefix("before ").removesuffix(" after")
        assert not re.search(r"[s5]3cr3t|\$5", left)
        assert not [
            one for start in range(10, len(example) - 9) if (one := example[start : start + 10]) in left.split(MASK)
        ]


@pytest.mark.parametrize(("example", "masked"), ROWS.values(), ids=ROWS)
def test_a_form_in_pieces_is_masked_as_a_whole_one_is(example: str, masked: str) -> None:
    """Whatever the pieces are."""
    if masked != "yes":
        return
    redactor = Redactor(SECRET)
    for size in (1, 3, 7):
        stream, text = TextStream(redactor), f"before {example} after, and so on\n"
        shown = "".join(stream.feed(text[start : start + size]) for start in range(0, len(text), size)) + stream.end()
        assert shown == redactor.scrub(text)
