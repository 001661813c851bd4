"""A value that is held without being shown."""

from typing import NoReturn

MASK = "***"


class Secret:
    """A value that no representation shows; `reveal()` gives it to the one call that needs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        """Compare in a time that does not depend on where the values differ."""
        from hmac import compare_digest  # noqa: PLC0415 - late: few secrets are compared

        if isinstance(other, Secret):
            other = other._value
        return isinstance(other, str) and compare_digest(
            *(text.encode(errors="surrogatepass") for text in (self._value, other))
        )

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _memo: object) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret has no state to show")
