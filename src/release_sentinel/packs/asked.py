"""The gate packs that one policy asks for. What finds and loads them is loaded where there are any."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from release_sentinel.config.model import PackRule
from release_sentinel.config.packs import PackParts
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import BUILT_IN

if TYPE_CHECKING:
    from release_sentinel.packs.find import InstalledPack
    from release_sentinel.packs.tampering import Tampering


T = TypeVar("T")


class AskedPacks:
    """The packs of one policy: to be called with its rules, once."""

    def __init__(self, note: Callable[[str], None] = lambda _: None) -> None:
        self._note = note  # is called with the name of each before it is loaded, and with a blank after the last
        self.loaded: tuple[InstalledPack, ...] = ()
        self.tampering: Tampering | None = None  # where any are asked for
        self.problems: tuple[str, ...] = ()  # a sentence for each that is owed, and cannot be used

    def guarded(self, load: Callable[[], T]) -> T:
        """Return what `load` returns, a policy for which code of packs runs. Raises `InvalidPolicyError`."""
        from release_sentinel.packs.guards import guarded  # noqa: PLC0415 - see above

        try:
            return guarded(load)
        except TimeoutError as error:
            raise InvalidPolicyError(
                ["its gate packs were not loaded in time: one of their settings may hang"]
            ) from error

    def __call__(self, rules: Mapping[str, PackRule]) -> Mapping[str, PackParts]:
        """Load the packs, and return what each that can be used adds to the policy."""
        if not rules:
            return {}
        from release_sentinel.packs.find import load  # noqa: PLC0415 - see above
        from release_sentinel.packs.needs import PackError  # noqa: PLC0415 - as above
        from release_sentinel.packs.tampering import Tampering  # noqa: PLC0415 - as above

        for gate in BUILT_IN:  # the property loads its module: a pack must not change it before the gate does
            gate.check  # noqa: B018 - see above
        found: dict[str, InstalledPack] = {}
        problems = []
        self.tampering = Tampering()
        for name, rule in rules.items():
            self._note(name)
            try:
                found[name] = load(name, rule, from_elsewhere=True)
            except PackError as error:
                problems.append(f"the gate pack {name} {error}")
            problems += self.tampering.by_pack(name)
            if pack := found.get(name):
                self.tampering.add(name, pack.top.name)
        self._note("")
        self.loaded, self.problems = tuple(found.values()), tuple(problems)
        return {name: pack.parts for name, pack in found.items()}
