"""Recursive length prefix, the chain's own serialisation: of byte strings and lists of them."""

from collections.abc import Sequence
from typing import Final

SHORT_MAX: Final = 55
TEXT: Final = 0x80
LIST: Final = 0xC0


def listed(items: Sequence[bytes]) -> bytes:
    """A list of items that are serialised already."""
    return _headed(LIST, b"".join(items))


def text(field: bytes) -> bytes:
    """One byte string, serialised."""
    if len(field) == 1 and field[0] < TEXT:
        return field
    return _headed(TEXT, field)


def items(encoded: bytes) -> list[bytes]:
    """The items of one list, each as it is serialised. Raises ``ValueError`` for anything else."""
    start, end = _span(encoded, 0)
    if encoded[:1] < bytes([LIST]) or end != len(encoded):
        raise ValueError("not one list")
    found: list[bytes] = []
    at = start
    while at < end:
        after = _span(encoded, at)[1]
        found.append(encoded[at:after])
        at = after
    if at != end:
        raise ValueError("an item reaches beyond its list")
    return found


def content(item: bytes) -> bytes:
    """What is in an item: the byte string, or a list's items."""
    start, end = _span(item, 0)
    return item[start:end]


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


def _headed(base: int, content: bytes) -> bytes:
    if len(content) <= SHORT_MAX:
        return bytes([base + len(content)]) + content
    size = integer(len(content))
    return bytes([base + SHORT_MAX + len(size)]) + size + content
