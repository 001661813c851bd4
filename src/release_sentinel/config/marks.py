"""What the annotation of a field says beside its type: how it is read, whether it is secret, when it is stricter."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct


class HintError(ValueError):
    """A value is wrong; the hint follows what is allowed."""


class Custom(Struct, frozen=True, eq=False):
    """How to read a kind that constraints cannot describe: `read` raises `ValueError` for a wrong value."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


class Hidden(Struct, frozen=True):
    """Marks a kind whose wrong values may be secrets, and are not shown."""


class Header(Struct, frozen=True):
    """Marks the value of a header: it takes secrets from the environment, or is one."""


class SecretAddress(Struct, frozen=True):
    """Marks an address that is a secret as a whole."""


class SecretFile(Struct, frozen=True):
    """Marks the path of a file that holds a secret: a value that is not a path may be the secret itself."""


class Only(Struct, frozen=True):
    """Marks a record of which a document may set only these keys."""

    keys: tuple[str, ...]


class NoKey(Struct, frozen=True):
    """Marks a field that a document does not set."""


class Stricter(Struct, frozen=True):
    """Marks a key with the direction in which its values are stricter: then `stricter_only` can name it.

    `way`: a number is `lower` or `higher`, a list a `superset` or a `subset`, a flag `true` or `false`. `free` is the
    value, 0 or an empty list, that bounds nothing. An empty list that `has_usual` stands for the usual entries, once
    the policy asks for its gate by id: no list of some entries is as strict.
    """

    way: Literal["lower", "higher", "superset", "subset", "true", "false"]
    has_free: bool = False
    has_usual: bool = False

    def is_free(self, value: object) -> bool:
        """Whether a value bounds nothing."""
        return value is None or (self.has_free and not value)


LOWER, HIGHER = Stricter("lower"), Stricter("higher")
LOWER_OR_0 = Stricter("lower", has_free=True)  # 0: without a bound
MORE, FEWER = Stricter("superset"), Stricter("subset")
MORE_OR_USUAL = Stricter("superset", has_usual=True)
FEWER_OR_ANY = Stricter("subset", has_free=True)  # empty: any
TRUE, FALSE = Stricter("true"), Stricter("false")
