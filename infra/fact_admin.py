"""Rows shown in the Django admin, never edited there: what happened happened, and controls have their own doors."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from core.units import text
from infra.clock import to_datetime


class FactAdmin(ModelAdmin):  # type: ignore[misc]
    """Staff may look at everything; nobody may add, change or delete, superusers included."""

    list_per_page = 50
    # Counting a table of millions for a page footer costs more than the page.
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_staff)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


Column = Callable[[Any, Any], str]


def decimal(field: str, *, places: int, label: str) -> Column:
    """A column that shows an integer of 10**-places units as decimal text, and sorts by it."""

    @admin.display(description=label, ordering=field)
    def shown(_admin: object, row: Model) -> str:
        value = getattr(row, field)
        return "-" if value is None else text(value, places)

    return shown


def usdc(field: str, label: str | None = None) -> Column:
    return decimal(field, places=6, label=f"{label or field.replace('_', ' ')} (USDC)")


def shares(field: str) -> Column:
    return decimal(field, places=6, label=field.replace("_", " "))


def price(field: str) -> Column:
    return decimal(field, places=4, label=field.replace("_", " "))


def moment(field: str, label: str | None = None) -> Column:
    """A column that shows ms since the epoch as UTC, to the millisecond."""

    @admin.display(description=label or field.removesuffix("_ms").replace("_", " "), ordering=field)
    def shown(_admin: object, row: Model) -> str:
        value = getattr(row, field)
        return "-" if value is None else f"{to_datetime(value):%Y-%m-%d %H:%M:%S.%f}"[:-3]

    return shown
