"""Rows that are facts: written once, never changed, never deleted.

The database user could still do it; this keeps the program from doing it by accident.
"""

from typing import Any, NoReturn, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class FactChanged(Exception):
    """Somebody tried to change or delete a fact. Write a new row that says what is true now."""


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Refuses what would change many rows at once."""

    def update(self, **changes: Any) -> NoReturn:
        raise FactChanged(f"{self.model.__name__} rows are never changed, not even {sorted(changes)}")

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise FactChanged(f"{self.model.__name__} rows are never changed")

    def delete(self) -> NoReturn:
        raise FactChanged(f"{self.model.__name__} rows are never deleted")


class AppendOnly(models.Model):
    """Base of a fact. ``save`` inserts and refuses everything else."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise FactChanged(f"{type(self).__name__} {self.pk} is never changed")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise FactChanged(f"{type(self).__name__} {self.pk} is never deleted")
