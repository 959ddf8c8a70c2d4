"""One rule at its border."""

from dataclasses import dataclass, field
from typing import Any

from core.intents import Place
from core.risk import Rule
from core.units import Ms
from tests.builders import T0, a_place


@dataclass(frozen=True)
class Case:
    """An intent that just passes and what makes it just fail. ``says`` is the detail, word for word.

    ``allowed`` are limits that differ, ``now`` is when it fails.
    """

    rule: Rule
    says: str
    passes: dict[str, Any] = field(default_factory=dict)
    fails: dict[str, Any] = field(default_factory=dict)
    intent: Place = field(default_factory=a_place)
    refused_intent: Place | None = None
    value: int | str = ""
    limit: int | str = ""
    allowed: dict[str, Any] = field(default_factory=dict)
    now: Ms = T0
