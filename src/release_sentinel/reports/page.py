"""A self-contained page of HTML: no script, no request, and no way to forget escaping.

Pages are built of elements. Each text that goes into one is escaped, each attribute too; only `Markup` is not, and only
this module makes it. Tags and attributes that could load or run something do not exist here.
"""

from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeAlias, Union
from urllib.parse import urlsplit

from release_sentinel.lines import split, visible
from release_sentinel.reports.style import STYLE


class Markup(NamedTuple):
    """Finished HTML, of `element` and its like. Put into a string, it is a text again, and would be escaped."""

    html: str


Content: TypeAlias = Union[Markup, str, Iterable["Content"], None]  # noqa: UP007 - a name in quotes knows no `|`
Value: TypeAlias = str | float | None

MARK = "<!DOCTYPE html>\n<!-- a report of release-sentinel -->"  # a later run recognises the file by it
# Where the style is the only one that the page allows, injected markup could not even draw.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
_TAGS = """
a article b br code dd details div dl dt footer h1 h2 h3 header li main nav ol p pre section small span summary table
tbody td th thead time tr ul wbr circle path polyline svg
"""
TAGS = frozenset(_TAGS.split())
_ATTRIBUTES = """
aria-hidden aria-label aria-labelledby class cx cy d datetime fill-opacity height id points preserveAspectRatio r role
scope tabindex viewBox width
"""
# By their names in Python: `class_`, `aria_label`.
ATTRIBUTES = {name.replace("-", "_").replace("class", "class_"): name for name in _ATTRIBUTES.split()}
_EMPTY = frozenset({"br", "wbr"})
_SHAPES = frozenset({"circle", "path", "polyline"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def element(tag: str, *content: Content, **attributes: Value) -> Markup:
    """Return an element. An attribute that is None is left out.

    Raises `LookupError` for a tag or an attribute that no page needs: a fault of the caller, never of the data.
    """
    if tag not in TAGS:
        raise LookupError(f"no page has an element {tag}")
    return _element(tag, "".join([_attribute(name, value) for name, value in attributes.items()]), content)


def link(address: str, *content: Content) -> Content:
    """Return a link to a web page; where the address is not one (`javascript:`, `data:`), the content alone."""
    return _element("a", f' href="{_text(address)}" rel="noopener noreferrer"', content) if is_web(address) else content


def jump(anchor: str, *content: Content, class_: str | None = None) -> Markup:
    """Return a link to the element of this page whose id is `anchor`."""
    return _element("a", f' href="#{_text(anchor)}"{_attribute("class_", class_)}', content)


def is_web(address: str) -> bool:
    """Tell whether an address is that of a web page: absolute, http or https, without credentials or odd characters."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    plain = address.isprintable() and " " not in address and "\\" not in address
    return plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


def prose(text: str) -> Content:
    """Return a text with its parts in backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return text
    return [element("code", part) if order % 2 else part for order, part in enumerate(parts)]


def gate_id(id_: str) -> Content:
    """Return the id of a gate, which may break before its parameter: `disk[/var/lib]`."""
    first, bracket, rest = id_.partition("[")
    return [first, element("wbr"), bracket, rest] if bracket and first else id_


def lines(text: str, class_: str | None = None) -> Markup:
    """Return a text with its lines kept."""
    kept = "\n".join(_text(line) for line in split(text))
    return Markup(f'<pre tabindex="0"{_attribute("class_", class_)}>\n{kept}</pre>')


def folded(summary: Content, *content: Content, class_: str | None = None) -> Markup:
    """Return content that is shown on demand, without a script."""
    return element("details", element("summary", summary), *content, class_=class_)


def facts(rows: Iterable[tuple[str, Content]], class_: str = "facts") -> Markup:
    """Return terms with their values; a row without a value is left out."""
    pairs = [element("div", element("dt", term), element("dd", value)) for term, value in rows if value]
    return element("dl", *pairs, class_=class_)


def with_contents(parts: Iterable[tuple[str, str, Content]]) -> tuple[Markup, list[Markup]]:
    """Return links to sections, and the sections. A part is an anchor, a title, content; one without is left out."""
    shown = [(anchor, title, content) for anchor, title, content in parts if content]
    links = [element("li", jump(anchor, title)) for anchor, title, _ in shown]
    return element("nav", element("ul", links), aria_label="On this page"), [_section(*one) for one in shown]


def _section(anchor: str, title: str, content: Content) -> Markup:
    heading = f"{anchor}-title"
    return element("section", element("h2", title, id=heading), content, id=anchor, aria_labelledby=heading)


def table(heads: Iterable[Content], rows: Content, class_: str) -> Markup:
    """Return a table whose rows may be shown as blocks: the roles keep it a table for screen readers."""
    cells = [element("th", head, scope="col", role="columnheader") for head in heads]
    head = element("thead", element("tr", cells, role="row"), role="rowgroup")
    return element("table", head, element("tbody", rows, role="rowgroup"), role="table", class_=class_)


def page(title: str, header: Content, main: Content, footer: Content = None, *, tone: str = "") -> str:
    """Return a whole page. `tone` is a class of the body: how grave what it says is (`ok`, `warn`, `crit`, …)."""
    head = [
        f'{MARK}\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">',
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>",
    ]
    body = [
        f'<body class="{_text(tone)}">',
        jump("main", "Skip to the content", class_="skip").html,
        element("header", header, class_="top").html,
        element("main", main, id="main", tabindex="-1").html,
        element("footer", footer).html if footer else "",
    ]
    return "\n".join([*head, *body, "</body>\n</html>\n"])


def _element(tag: str, attributes: str, content: Iterable[Content]) -> Markup:
    if tag in _EMPTY:
        return Markup(f"<{tag}{attributes}>")
    if tag in _SHAPES:
        return Markup(f"<{tag}{attributes}/>")
    inside: list[str] = []
    _collect(content, inside)
    return Markup(f"<{tag}{attributes}>{''.join(inside)}</{tag}>")


def _collect(content: Content, inside: list[str]) -> None:
    if isinstance(content, Markup):
        inside.append(content.html)
    elif isinstance(content, str):
        inside.append(_text(content))
    elif content is not None:
        for one in content:
            _collect(one, inside)


@lru_cache(maxsize=500)  # most are written in each row of a table
def _attribute(name: str, value: Value) -> str:
    if name not in ATTRIBUTES:
        raise LookupError(f"no page has an attribute {name}")
    if value is None:
        return ""
    return f' {ATTRIBUTES[name]}="{_text(value) if isinstance(value, str) else f"{value:.6g}"}"'


def _text(text: str) -> str:
    return visible(text).translate(_ESCAPES)
