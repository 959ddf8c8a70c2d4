"""Every event survives the way through JSON; what is no event is refused by name."""

from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Halted
from core.units import Ms
from infra import codec


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotated type, as the events use them."""
    if hasattr(kind, "__supertype__"):
        return values(kind.__supertype__)
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if inner[-1] is Ellipsis:
            return st.lists(values(inner[0]), max_size=3).map(tuple)
        return st.tuples(*map(values, inner))
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        return st.one_of(*map(values, get_args(kind)))
    if kind is NoneType:
        return st.none()
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return st.builds(kind, **{name: values(hint) for name, hint in get_type_hints(kind).items()})
    simple: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(min_value=-(2**63), max_value=2**63 - 1),
        bool: st.booleans(),
        str: st.text(max_size=20),
    }
    return simple[kind]


@pytest.mark.parametrize("name", sorted(codec.TYPES))
@given(draw=st.data())
def test_every_event_is_the_same_after_the_way_through_json(name: str, draw: st.DataObject) -> None:
    event = draw.draw(values(codec.TYPES[name]))

    again = codec.load(codec.dump(event))

    assert again == event
    assert type(again) is type(event)


def test_the_line_says_its_version_and_type() -> None:
    line = codec.dump(Halted(market_id=None, reason="manual_halt", heard_ms=Ms(5)))

    assert line == b'{"v":1,"type":"Halted","event":{"market_id":null,"reason":"manual_halt","heard_ms":5}}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "not an envelope"),
        (b"[]", "not an envelope"),
        (b'{"v":2,"type":"Tick","event":{}}', "version 2"),
        (b'{"v":1,"type":"Panic","event":{}}', "no event is called 'Panic'"),
        (b'{"v":1,"type":"Tick","event":{}}', "Tick: .*heard_ms"),
        (b'{"v":1,"type":"Tick","event":{"heard_ms":"noon"}}', "Tick: Expected `int`"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(line: bytes, reason: str) -> None:
    with pytest.raises(codec.Undecodable, match=reason):
        codec.load(line)


def test_the_vocabulary_is_the_engines() -> None:
    assert {"Halted", "BookChanged", "Tick", "MatchSignal"} <= set(codec.TYPES)
