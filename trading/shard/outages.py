"""What goes on while the database is away: the halt keeper has stopped trading, and ending would help nobody."""

from collections.abc import Awaitable, Callable

from django.db import DatabaseError

from infra import logs

log = logs.get("trading")


def outliving(act: Callable[[], Awaitable[None]], what: str) -> Callable[[], Awaitable[None]]:
    """``act``, left out while the database is away and done again when it is its turn. ``what`` names it in the log."""

    async def acted() -> None:
        try:
            await act()
        except DatabaseError as error:
            log.error("not done while the database is away", what=what, error=str(error), event_type="error")

    return acted
