"""Reading Universal Binary JSON (https://ubjson.org), the format XGBoost stores models in.

XGBoost's own parser trusts its input: an empty file crashes the process. This reader trusts
nothing, so a file it cannot read never reaches that parser.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Numbers by their marker, big-endian as the format says.
_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
# Whole ones by size in bytes and sign: read one by one, thousands per model, an array each would be slow.
_WHOLE = {b"i": (1, True), b"U": (1, False), b"I": (2, True), b"l": (4, True), b"L": (8, True)}
_CONSTANTS = {b"Z": None, b"T": True, b"F": False}
MAX_DEPTH = 32


def read_ubjson(content: bytes) -> Any:
    """The value in `content`: dict, list, numpy array (for typed arrays), str or number.

    Raises `ValueError` for anything but one whole, well-formed value.

    >>> read_ubjson(b"{i\\x03oddTi\\x04name[$i#i\\x02\\x01\\x02}")
    {'odd': True, 'name': array([1, 2], dtype=int8)}
    """
    reader = _Reader(content)
    value = reader.value(reader.take(1), 0)
    if reader.at != len(content):
        raise ValueError(f"{len(content) - reader.at} bytes follow the value")
    return value


class _Reader:
    """A position in bytes, moved by every read and never past the end."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def take(self, n: int) -> bytes:
        if n < 0 or self.at + n > len(self.content):
            raise ValueError(f"the content ends before position {self.at + n}")
        self.at += n
        return self.content[self.at - n : self.at]

    def value(self, marker: bytes, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError(f"values are nested deeper than {MAX_DEPTH}")
        if marker in _WHOLE:
            size, signed = _WHOLE[marker]
            return int.from_bytes(self.take(size), "big", signed=signed)
        if marker in _NUMBERS:
            return self.numbers(marker, 1)[0].item()
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker == b"S":
            return self.text()
        if marker == b"[":
            return self.array(depth + 1)
        if marker == b"{":
            return self.object(depth + 1)
        raise ValueError(f"{marker!r} is not the marker of a value")

    def numbers(self, marker: bytes, n: int) -> np.ndarray:
        kind = np.dtype(_NUMBERS[marker])
        return np.frombuffer(self.take(n * kind.itemsize), kind).astype(kind.newbyteorder("="))

    def text(self) -> str:
        return self.take(self.length()).decode()

    def length(self) -> int:
        marker = self.take(1)
        if marker not in _WHOLE:
            raise ValueError(f"{marker!r} is not the marker of a length")
        size, signed = _WHOLE[marker]
        return int.from_bytes(self.take(size), "big", signed=signed)

    def array(self, depth: int) -> Any:
        kind, count = self.head()
        if kind is not None and count is not None:
            if kind not in _NUMBERS:
                raise ValueError(f"an array of {kind!r} is not one of numbers")
            return self.numbers(kind, count)
        if count is not None:
            return [self.value(self.take(1), depth) for _ in range(count)]
        found = []
        while (marker := self.take(1)) != b"]":
            found.append(self.value(marker, depth))
        return found

    def object(self, depth: int) -> dict[str, Any]:
        kind, count = self.head()
        if kind is not None:
            raise ValueError("an object with one type for all values is not used by XGBoost")
        found: dict[str, Any] = {}
        while len(found) != count and (count is not None or self.peek() != b"}"):
            name = self.text()
            if name in found:
                raise ValueError(f"the name '{name}' occurs twice")
            found[name] = self.value(self.take(1), depth)
        if count is None:
            self.take(1)
        return found

    def head(self) -> tuple[bytes | None, int | None]:
        """The type and the count a container may declare."""
        kind = None
        if self.peek() == b"$":
            kind = self.take(2)[1:]
            if self.peek() != b"#":
                raise ValueError("a container with a type has no count")
        if self.peek() != b"#":
            return kind, None
        self.take(1)
        count = self.length()
        if not 0 <= count <= len(self.content):
            raise ValueError(f"a container declares {count} values")
        return kind, count

    def peek(self) -> bytes:
        return self.content[self.at : self.at + 1]
