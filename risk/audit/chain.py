"""The audit's chain: each link names the digest of the one before, so that none can be changed or taken out unseen.

It shows tampering with rows, not with the whole table by somebody who computes all of it anew: for that the newest
digest must be kept elsewhere (it is in the log of every control).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

GENESIS: Final = "0" * 64
# In this order, and no other fields: a link's digest is over exactly these.
FIELDS: Final = (
    "number",
    "at",
    "who",
    "role",
    "from_address",
    "what",
    "target",
    "outcome",
    "reason",
    "before",
    "after",
    "before_digest",
)

Link = Mapping[str, Any]  # the fields above and ``digest``


class Flaw(StrEnum):
    """What may be wrong with a chain."""

    CHANGED = "changed"  # a link's content is not what its digest is over
    GAP = "gap"  # a number is missing
    ORDER = "order"  # a link does not follow the one before it: that one was replaced, or they changed places
    HEAD = "head"  # the chain ends elsewhere than its head says


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends: the newest link's number and digest."""

    number: int
    digest: str


BEGINNING: Final = End(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Broken:
    """The first thing wrong with a chain. ``number``: of the link it was seen at; every link before it is whole."""

    number: int
    flaw: Flaw
    words: str


def follow(links: Iterable[Link], begin: End) -> Iterator[End | Broken]:
    """The end after each link, in the order given; the first broken one is the last that comes."""
    end = begin
    for link in links:
        broken = flaw_of(link, end)
        if broken is not None:
            yield broken
            return
        end = End(link["number"], link["digest"])
        yield end


def flaw_of(link: Link, before: End) -> Broken | None:
    """What is wrong with a link that should follow ``before``."""
    number, expected = link["number"], before.number + 1
    if number != expected:
        missing = f"link {expected}" if number == expected + 1 else f"links {expected} to {number - 1}"
        return Broken(expected, Flaw.GAP, f"{missing} missing before link {number}")
    if digest(link) != link["digest"]:
        return Broken(number, Flaw.CHANGED, f"link {number} was changed: its digest is not of what it says")
    if link["before_digest"] != before.digest:
        words = f"link {number} does not follow link {before.number}: one of them was put in another's place"
        return Broken(number, Flaw.ORDER, words)
    return None


def flaw_of_head(head: End, end: End) -> Broken | None:
    """What is wrong when the links end at ``end`` and the head says ``head``."""
    if head == end:
        return None
    if head.number > end.number:
        words = f"the head is at link {head.number}, the last link there is has number {end.number}"
        return Broken(end.number + 1, Flaw.HEAD, words)
    if head.number < end.number:
        words = f"there are links to number {end.number}, the head is at {head.number}"
        return Broken(head.number + 1, Flaw.HEAD, words)
    return Broken(end.number, Flaw.HEAD, f"the head names another digest than link {end.number} has")


def digest(link: Mapping[str, Any]) -> str:
    """SHA-256 over the fields of one link as canonical JSON. ``at`` is ms since the epoch."""
    told = [link[name] for name in FIELDS]
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
