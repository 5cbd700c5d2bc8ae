"""Very many digests in little memory: 45 bytes each, where a set of their texts takes 170."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator

_BYTES = 32
_LEAST = 1 << 10


class Digests(Collection[str]):
    """SHA-256 digests, each once, numbered from 0 in the order in which they came.

    A table with open addressing. Python's own hash of bytes has a secret of each process, so that nobody can choose
    digests that fall on each other.
    """

    def __init__(self, digests: Iterable[str] = ()) -> None:
        self._keys = bytearray()
        self._count = 0
        # Of each place the number of the digest that lies there, plus one.
        self._places = array("I", bytes(4 * _LEAST))
        for digest in digests:
            self.add(digest)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return (self.key(number).hex() for number in range(self._count))

    def __contains__(self, digest: object) -> bool:
        return isinstance(digest, str) and self.number(digest) is not None

    def add(self, digest: str) -> None:
        """Take in a digest, as lower-case hex.

        Raises:
            ValueError: it is none.
        """
        self.put(bytes.fromhex(digest))

    def number(self, digest: str) -> int | None:
        """The number of a digest; None where it is not among them, or none at all."""
        try:
            key = bytes.fromhex(digest)
        except ValueError:
            return None
        return self.find(key) if key.hex() == digest else None

    def key(self, number: int) -> bytes:
        """The bytes of the digest of a number."""
        return bytes(self._keys[number * _BYTES : (number + 1) * _BYTES])

    def find(self, key: bytes) -> int | None:
        """The number of a digest, given as bytes."""
        number = self._places[self._place(key)]
        return number - 1 if number else None

    def put(self, key: bytes) -> bool:
        """Take in a digest, given as bytes; whether it is new.

        Raises:
            ValueError: it has another length.
        """
        if len(key) != _BYTES:
            raise ValueError(f"{len(key)} bytes are no SHA-256")
        place = self._place(key)
        if self._places[place]:
            return False
        self._keys += key
        self._count += 1
        self._places[place] = self._count
        if 4 * self._count > 3 * len(self._places):
            self._grow()
        return True

    def _place(self, key: bytes) -> int:
        """Where a digest lies, or is to lie."""
        places, keys, last = self._places, self._keys, len(self._places) - 1
        place = hash(key) & last
        while number := places[place]:
            if keys[(number - 1) * _BYTES : number * _BYTES] == key:
                break
            place = place + 1 & last
        return place

    def _grow(self) -> None:
        self._places = array("I", bytes(8 * len(self._places)))
        for number in range(self._count):
            self._places[self._place(self.key(number))] = number + 1
