"""Pages stand alone, and what is put into them is text: nothing that a server or a file says becomes markup."""

import ast
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

import release_sentinel
from release_sentinel.reports.page import (
    ATTRIBUTES,
    MARK,
    POLICY,
    TAGS,
    Content,
    element,
    facts,
    folded,
    is_web,
    jump,
    lines,
    link,
    page,
)
from release_sentinel.reports.style import STYLE

HOSTILE = {
    "a closing tag": "</script></style></title><script>alert(1)</script>",
    "quotes": "\" onmouseover=alert(1) x='",
    "an entity": "&lt;b&gt; &#x41;",
    "a comment": "--><!-- ]]>",
    "turned text": "\u202egnp.exe \u2066x\u2069 \u200b",
    "controls": "\x00\x07\x1b[31m\x7f\x85\u2028",
    "a lone surrogate": "\udc80\ud800",
    "a long word": "W" * 1900,
}
each_hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


class Reader(HTMLParser):
    """Reads a page: its elements with their attributes, its text; and demands that every element ends where it may."""

    EMPTY = frozenset({"br", "meta", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a shape, which has no content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Take the end of the innermost element, and of no other."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text, unless it is the style."""
        if self._open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """Everything that is shown."""
        return "".join(self.texts)

    def having(self, attribute: str) -> list[str]:
        """Return the values of an attribute."""
        return [attributes[attribute] or "" for _, attributes in self.elements if attribute in attributes]


def shown(*content: Content) -> Reader:
    """Return a page with this content, as it is read."""
    return Reader(page("a title", element("h1", "a head"), content))


@each_hostile
def test_text_stays_text(text: str) -> None:
    """In an element, an attribute, the title, a link, lines and facts: no element more, and nothing invisible."""
    places: list[Content] = [text, element("p", text, aria_label=text), link("https://ci/", text), lines(text)]
    read = shown(places, facts([("a", text)]), folded(text, text), jump("x", text))
    plain = shown(["x", element("p", "x", aria_label="x"), link("https://ci/", "x"), lines("x")], facts([("a", "x")]))
    assert [tag for tag, _ in read.elements[: len(plain.elements)]] == [tag for tag, _ in plain.elements]
    assert read.text.count(read.having("aria-label")[0]) == 8
    assert all(letter.isprintable() or letter == "\n" for letter in read.text)
    title = Reader(page(text, None, None)).text.strip()
    assert title.startswith(read.having("aria-label")[0])


def test_lines_are_kept_where_they_are_wanted() -> None:
    """A traceback keeps its lines; elsewhere a newline is shown as what it is."""
    assert "\na\n  b" in shown(lines("a\r\n  b\n")).text
    assert r"a\nb" in shown(element("p", "a\nb")).text


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "/x",
        "http:x",
        "https://",
        "https://kim:secret@ci.example/",
        "https://good.example@evil.example/",
        "https://ci.example\\@evil.example/",
        "https://ci.example/\u202egnp",
        "https://[::1",
        "https://ci:port/",
        "",
    ],
)
def test_only_web_pages_are_linked(address: str) -> None:
    """What could run, or lead elsewhere than it says, is a text."""
    assert not is_web(address)
    assert shown(link(address, address)).having("href") == ["#main"]


@pytest.mark.parametrize(
    "address", ["https://ci.example/run/7?a=1&b='2'", "http://[::1]:8080/x", "https://bücher.example/"]
)
def test_a_web_page_is_linked(address: str) -> None:
    """Its address is escaped, and tells the page nothing about where the reader came from."""
    (attributes,) = [attributes for tag, attributes in shown(link(address, "x")).elements if tag == "a"][1:]
    assert attributes == {"href": address, "rel": "noopener noreferrer"}


@pytest.mark.parametrize("tag", ["script", "style", "iframe", "img", "link", "base", "form", "meta", "object", "p x=1"])
def test_no_element_can_load_or_run(tag: str) -> None:
    """A page has no way to say it."""
    with pytest.raises(LookupError, match="no page has an element"):
        element(tag)


@pytest.mark.parametrize("name", ["onclick", "style", "src", "href", "srcdoc", "xlink_href", "formaction", "class"])
def test_no_attribute_can_load_or_run(name: str) -> None:
    """Addresses are written by `link` alone."""
    with pytest.raises(LookupError, match="no page has an attribute"):
        element("p", **{name: "x"})


def test_what_is_allowed_is_harmless() -> None:
    """The lists grew by nothing that loads, runs or submits."""
    assert not TAGS & {
        "script",
        "style",
        "img",
        "image",
        "use",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "foreignObject",
    }
    assert not [
        name for name in ATTRIBUTES.values() if name.startswith(("on", "src", "href", "style", "form", "xlink"))
    ]


def test_only_this_module_makes_markup() -> None:
    """Elsewhere in the package no text is declared to be HTML."""
    makers = {
        file.stem
        for file in Path(release_sentinel.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Markup"
    }
    assert makers == {"page"}


def test_the_policy_lets_in_this_style_and_nothing_else() -> None:
    """The digest is the style's; nothing else may be loaded, run or sent."""
    text = page("a title", None, None)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    expected = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert (POLICY, style) == (expected, STYLE)
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in text
    assert text.index(POLICY) < text.index("<style>")
    assert not re.search(r"url\(|@import|</|src|expression", STYLE)


def test_a_page_has_what_readers_need() -> None:
    """A language, a title, a mark, landmarks, and a way past the header."""
    text = page("a title", element("h1", "x"), element("p", "y"), element("p", "z"), tone="ok")
    tags = [tag for tag, _ in Reader(text).elements]
    assert text.startswith(MARK)
    assert '<html lang="en">' in text
    assert [tag for tag in tags if tag in {"title", "header", "main", "footer"}] == [
        "title",
        "header",
        "main",
        "footer",
    ]
    assert Reader(text).having("href") == ["#main"]
