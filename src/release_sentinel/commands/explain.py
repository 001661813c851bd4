"""`release-sentinel explain`: what a gate demands."""

from release_sentinel import gates
from release_sentinel.parser import Parser
from release_sentinel.sentences import sentence
from release_sentinel.settings import Settings


def main(words: list[str], _settings: Settings) -> int:
    """Explain one gate, or list them all."""
    parser = Parser(prog="release-sentinel explain", description="Explain one gate, or list them all.")
    parser.add_argument("gate", nargs="?", metavar="GATE", help="the gate's id, such as clean-tree")
    gate = parser.parse_args(words).gate
    if gate is None:
        print(gates.table())
        return 0
    try:
        print(gates.explain(gates.find(gate)))
    except LookupError as error:
        parser.error(sentence(error))
    return 0
