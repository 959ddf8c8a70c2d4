"""Pages of rows over HTTP, newest first: a cursor is the key of the last row seen, so new rows shift nothing."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Field, Schema

LIMIT_MAX: Final = 500

Row = TypeVar("Row", bound=Model)
Shown = TypeVar("Shown")


class Asked(Schema):
    """Which page: ``cursor`` from the answer before, at most ``limit`` rows."""

    cursor: int | None = Field(default=None, ge=1, description="next_cursor of the page before")
    limit: int = Field(default=50, ge=1, le=LIMIT_MAX)


class Page(Schema, Generic[Shown]):
    """``next_cursor`` is null on the last page."""

    items: list[Shown]
    next_cursor: int | None


def page(rows: QuerySet[Row], asked: Asked, show: Callable[[Row], Shown]) -> Page[Shown]:
    """One page of ``rows``, by falling primary key whatever their order was."""
    within = rows if asked.cursor is None else rows.filter(pk__lt=asked.cursor)
    found = list(within.order_by("-pk")[: asked.limit + 1])
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    return Page(items=[show(row) for row in shown], next_cursor=shown[-1].pk if more else None)
