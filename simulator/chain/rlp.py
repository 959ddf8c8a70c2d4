"""Recursive length prefix, the chain's own serialisation: of lists of byte strings, which is all that is signed."""

from collections.abc import Sequence
from typing import Final

SHORT_MAX: Final = 55
TEXT: Final = 0x80
LIST: Final = 0xC0


def encode(fields: Sequence[bytes]) -> bytes:
    return _headed(LIST, b"".join(_text(field) for field in fields))


def decode(encoded: bytes) -> list[bytes]:
    """The fields of one list. An inner list comes back encoded. Raises ``ValueError`` for anything else."""
    start, end = _span(encoded, 0)
    if encoded[:1] < bytes([LIST]) or end != len(encoded):
        raise ValueError("not one list")
    fields: list[bytes] = []
    at = start
    while at < end:
        first, after = _span(encoded, at)
        fields.append(encoded[at:after] if encoded[at] >= LIST else encoded[first:after])
        at = after
    if at != end:
        raise ValueError("a field reaches beyond its list")
    return fields


def integer(value: int) -> bytes:
    """A number as it is serialised: big-endian without leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _span(encoded: bytes, at: int) -> tuple[int, int]:
    """Where the content of the item at ``at`` begins and ends."""
    if at >= len(encoded):
        raise ValueError("ends too early")
    head = encoded[at]
    if head < TEXT:
        return at, at + 1
    base = LIST if head >= LIST else TEXT
    length = head - base
    start = at + 1
    if length > SHORT_MAX:
        size = length - SHORT_MAX
        length = int.from_bytes(encoded[start : start + size], "big")
        start += size
    if start + length > len(encoded):
        raise ValueError("ends too early")
    return start, start + length


def _text(field: bytes) -> bytes:
    if len(field) == 1 and field[0] < TEXT:
        return field
    return _headed(TEXT, field)


def _headed(base: int, content: bytes) -> bytes:
    if len(content) <= SHORT_MAX:
        return bytes([base + len(content)]) + content
    size = integer(len(content))
    return bytes([base + SHORT_MAX + len(size)]) + size + content
