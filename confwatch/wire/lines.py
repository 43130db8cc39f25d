"""Cuts a stream of bytes into lines, however it arrives."""

from collections.abc import Iterator

from confwatch.errors import SourceGarbled


class LineSplitter:
    """Joins pieces and gives out what is complete, in bounded memory."""

    def __init__(self, store: str, max_bytes: int) -> None:
        """Begin a stream.

        Args:
            store: for the error, as it may be shown.
            max_bytes: no line may be longer.
        """
        self._store = store
        self._max_bytes = max_bytes
        self._waiting = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield every line that *piece* completes, without its end; none is empty.

        Raises:
            SourceGarbled: a line is longer than it may be.
        """
        # Only the new piece can hold an end: a long line is not searched again.
        *ends, rest = piece.split(b"\n")
        for end in ends:
            line = bytes(self._waiting) + end if self._waiting else end
            self._waiting.clear()
            if line:
                yield line
        self._waiting += rest
        if len(self._waiting) > self._max_bytes:
            problem = f"sent a line of more than {self._max_bytes} bytes"
            raise SourceGarbled(self._store, problem)
