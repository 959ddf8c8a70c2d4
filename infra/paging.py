"""Pages of rows over HTTP: a cursor is the key of the last row seen, so new rows shift nothing.

Numbered rows come newest first; rows named by text come by falling name, which is no order in time.
"""

from collections.abc import Callable
from typing import Annotated, Final, Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Field, Schema

LIMIT_MAX: Final = 500
NAME_MAX: Final = 200
# A database's number. What is larger could be asked of none: SQLite raises, PostgreSQL refuses the type.
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Moment = Annotated[int, Field(ge=0, le=4_102_444_800_000)]  # ms since the epoch, until 2100

Row = TypeVar("Row", bound=Model)
Shown = TypeVar("Shown")


class Asked(Schema):
    """Which page of numbered rows: ``cursor`` from the answer before, at most ``limit`` rows."""

    cursor: Id | None = Field(default=None, description="next_cursor of the page before")
    limit: int = Field(default=50, ge=1, le=LIMIT_MAX)


class AskedByName(Schema):
    """Which page of rows named by text."""

    cursor: str | None = Field(
        default=None, max_length=NAME_MAX, description="next_cursor of the page before"
    )
    limit: int = Field(default=50, ge=1, le=LIMIT_MAX)


class Page(Schema, Generic[Shown]):
    """``next_cursor`` is null on the last page."""

    items: list[Shown]
    next_cursor: int | str | None


def page(rows: QuerySet[Row], asked: Asked | AskedByName, show: Callable[[Row], Shown]) -> Page[Shown]:
    """One page of ``rows``, by falling primary key whatever their order was."""
    within = rows if asked.cursor is None else rows.filter(pk__lt=asked.cursor)
    found = list(within.order_by("-pk")[: asked.limit + 1])
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return Page(items=[show(row) for row in shown], next_cursor=shown[-1].pk if more else None)
