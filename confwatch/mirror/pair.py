"""A key and its value, as templates see them."""


class Pair:
    """A key, the resource's prefix cut off, and its value as text.

    Bytes that are not UTF-8 are surrogate escapes, so they come out unchanged.
    """

    __slots__ = ("key", "value")

    def __init__(self, key: str, value: str) -> None:
        self.key = key
        self.value = value

    @property
    def Key(self) -> str:
        """The key, by confd's name."""
        return self.key

    @property
    def Value(self) -> str:
        """The value, by confd's name."""
        return self.value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and (self.key, self.value) == (
            other.key,
            other.value,
        )

    def __hash__(self) -> int:
        return hash((self.key, self.value))

    def __repr__(self) -> str:
        # Not the value: it would end up in a log line or a traceback.
        return f"Pair({self.key!r})"
