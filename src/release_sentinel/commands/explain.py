"""`release-sentinel explain`: what a gate requires."""

from functools import partial

from release_sentinel import gates
from release_sentinel.parser import Parser
from release_sentinel.sentences import sentence
from release_sentinel.settings import Settings


def main(words: list[str], settings: Settings) -> int:
    """Explain one gate, list the built-in ones, or those of a pack."""
    parser = Parser(
        prog="release-sentinel explain", description="Explain one gate, list the built-in ones, or those of a pack."
    )
    parser.add_argument(
        "gate", nargs="?", metavar="GATE", help="the gate's id, such as clean-tree or acme.queue-drained; a pack's name"
    )
    gate = parser.parse_args(words).gate
    if gate is None:
        print(gates.table())
        return 0
    try:
        print(_built_in(gate) or _of_pack(gate, settings))
    except LookupError as error:
        parser.error(sentence(error))
    return 0


def _built_in(gate: str) -> str:
    """Return the documentation of a built-in gate; a blank for any other."""
    return gates.explain(gates.find(gate)) if gate in gates.IDS else ""


def _of_pack(gate: str, settings: Settings) -> str:
    """Return the documentation of a pack's gate, or a table of the gates of a pack; raises `LookupError`."""
    from release_sentinel.packs import find, guards, needs  # noqa: PLC0415 - late: most gates are built in

    name, dot, inner = gate.partition(".")
    packs = settings.policy.packs
    rule = packs.get(name)
    if not (rule or find.is_installed(name)):
        error = gates.unknown(gate, gates.IDS, (f"{pack}{dot}{inner}" for pack in packs))
        if settings.problems:
            raise LookupError(
                f"{error}; the policy is not valid, so its gate packs are unknown: {settings.problems[0]}"
            )
        raise error
    try:
        pack = guards.guarded(partial(find.load, name, rule or find.ANY))
    except needs.PackError as error:
        raise LookupError(f"the gate pack {name} {error}") from None
    if not dot:
        return gates.table(pack.gates)
    found = next((one for one in pack.gates if one.id == gate), None)
    if found is None:
        raise gates.unknown(gate, [one.id for one in pack.gates])
    return gates.explain(found)
