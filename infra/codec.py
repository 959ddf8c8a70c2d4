"""Events as versioned JSON: what crosses Redis and what the journal keeps.

``{"v": 1, "type": "Halted", "event": ...}``. Book events are named tuples and travel as arrays. A reader refuses
what it does not know instead of guessing.
"""

from types import UnionType
from typing import Any, Final, get_args

import msgspec

from core import events
from core.events import Event

VERSION: Final = 1


class Undecodable(ValueError):
    """Bytes that are no event of this version."""


class Envelope(msgspec.Struct):
    v: int
    type: str
    event: msgspec.Raw


def _members(union: UnionType) -> tuple[type, ...]:
    return get_args(union)


TYPES: Final[dict[str, type]] = {kind.__name__: kind for kind in _members(events.Event)}
_DECODERS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    name: msgspec.json.Decoder(kind) for name, kind in TYPES.items()
}
_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_ENCODER: Final = msgspec.json.Encoder()


def dump(event: Event) -> bytes:
    """One event as one line of JSON, without the newline."""
    body = msgspec.Raw(_ENCODER.encode(event))
    return _ENCODER.encode(Envelope(v=VERSION, type=type(event).__name__, event=body))


def load(text: bytes | str) -> Event:
    """The event again. Raises ``Undecodable`` naming the reason."""
    try:
        envelope = _ENVELOPE.decode(text)
    except msgspec.DecodeError as error:
        raise Undecodable(f"not an envelope: {error}") from error
    if envelope.v != VERSION:
        raise Undecodable(f"version {envelope.v}, this code reads {VERSION}")
    decoder = _DECODERS.get(envelope.type)
    if decoder is None:
        raise Undecodable(f"no event is called {envelope.type!r}")
    try:
        event: Event = decoder.decode(envelope.event)
    except msgspec.DecodeError as error:
        raise Undecodable(f"{envelope.type}: {error}") from error
    return event
