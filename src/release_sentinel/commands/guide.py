"""`release-sentinel guide`: the manual, one page per topic."""

import re
import shutil
import textwrap
from difflib import get_close_matches
from importlib.resources import files

from release_sentinel.parser import Parser
from release_sentinel.settings import Settings

_COMMENT = re.compile(r"^<!--.*?-->\n+", re.MULTILINE)  # for those who edit a page


def pages() -> dict[str, str]:
    """Return the Markdown text of every page by its topic, in alphabetical order."""
    folder = files("release_sentinel") / "guides"
    found = {file.name.removesuffix(".md"): file for file in folder.iterdir() if file.name.endswith(".md")}
    return {topic: found[topic].read_text(encoding="utf-8") for topic in sorted(found)}


def purpose(page: str) -> str:
    """Return the sentence below a page's title: its reader, and the question that it answers."""
    return " ".join(page.split("\n\n")[1].split())


def overview() -> str:
    """Return each topic with its purpose, as wide as the terminal."""
    texts = pages()
    column = max(map(len, texts)) + 2
    width = max(60, shutil.get_terminal_size((100, 24)).columns)
    return "\n".join(
        textwrap.fill(f"{topic:<{column}}{purpose(page)}", width, subsequent_indent=" " * column)
        for topic, page in texts.items()
    )


def main(words: list[str], _settings: Settings) -> int:
    """Print one page, or the list of topics."""
    parser = Parser(prog="release-sentinel guide", description="Print a page of the manual, or list its topics.")
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="one of the topics; without it they are listed")
    wanted = parser.parse_args(words).topic
    texts = pages()
    if wanted is not None and wanted not in texts:
        near = get_close_matches(wanted.lower(), texts, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else "."
        parser.error(f"there is no guide {wanted!r}{hint} The topics are: {', '.join(texts)}")
    print(overview() if wanted is None else _COMMENT.sub("", texts[wanted]).rstrip())
    return 0
