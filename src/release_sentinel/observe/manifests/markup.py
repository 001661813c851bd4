"""XML of a manifest, without what makes it dangerous to read: entities, and anything from elsewhere."""

from typing import TYPE_CHECKING, NoReturn

from release_sentinel.observe.manifests.files import Tree, UnclearError
from release_sentinel.sentences import sentence

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEEPEST = 100  # elements within one another


def load(tree: Tree, path: str) -> "Element":
    """Return the root of a document; names are without their namespaces."""
    from xml.etree.ElementTree import TreeBuilder  # noqa: PLC0415 - late: few projects have such a manifest
    from xml.parsers import expat  # noqa: PLC0415 - as above

    parser, builder, depth = expat.ParserCreate(namespace_separator=" "), TreeBuilder(), 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise UnclearError(f"{path} cannot be parsed: it is nested more than {DEEPEST} deep")
        builder.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    def refuse(*_: object) -> NoReturn:
        raise UnclearError(f"{path} has a document type, which is not read", "remove the DOCTYPE")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, builder.data
    parser.StartDoctypeDeclHandler = refuse
    content = tree.read_bytes(path)
    try:
        parser.Parse(content, True)  # noqa: FBT003 - it is the whole document
    except expat.ExpatError as error:
        raise UnclearError(f"{path} cannot be parsed: {sentence(error)}", "correct the file") from None
    except (ValueError, LookupError) as error:
        if isinstance(error, UnclearError):
            raise
        raise UnclearError(f"{path} cannot be parsed: {sentence(error)}", "save the file in UTF-8") from None
    return builder.close()


def text_at(root: "Element", key: str) -> str | None:
    """Return the text of the element at a dotted key below the root."""
    found: Element | None = root
    for name in key.split("."):
        found = None if found is None else next((child for child in found if child.tag == name), None)
    return None if found is None else (found.text or "").strip()
