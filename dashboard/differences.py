"""What a control changed, as people read it: a line for each thing, before and after in words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from infra import clock

ABSENT: Final = "–"  # noqa: RUF001 the dash that stands for what is not there
DEPTH_MAX: Final = 4
MOMENT_MS_MIN: Final = 1_000_000_000_000  # September 2001; fewer ms are a span of time
CODE: Final = re.compile(r"[a-z]+(_[a-z]+)+")

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing. ``changed`` is false for what stayed as it was and stands there to be understood."""

    name: str
    before: str
    after: str
    changed: bool


def differences(before: Facts, after: Facts) -> list[Difference]:
    """Every thing that either side names, changed ones first, each side's order kept."""
    old, new = dict(leaves(before)), dict(leaves(after))
    found = [
        Difference(
            name=" · ".join(part.replace("_", " ") for part in path),
            before=words(path, old[path]) if path in old else ABSENT,
            after=words(path, new[path]) if path in new else ABSENT,
            changed=path not in old or path not in new or old[path] != new[path],
        )
        for path in {**old, **new}
    ]
    return sorted(found, key=lambda each: not each.changed)


def leaves(facts: Facts, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values of nested facts by their path."""
    for name, value in facts.items():
        here = (*path, str(name))
        if isinstance(value, Mapping) and value and len(here) < DEPTH_MAX:
            yield from leaves(value, here)
        else:
            yield here, value


def words(path: tuple[str, ...], value: object) -> str:
    """One value as it is said."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() if path[-1].endswith("_ms") and value >= MOMENT_MS_MIN:
            return f"{clock.to_datetime(value):%Y-%m-%d %H:%M:%S} UTC"
        case list():
            return ", ".join(words(path, each) for each in value) or "none"
        case str() if CODE.fullmatch(value):
            return value.replace("_", " ")
    return str(value) or "none"
