"""How a running engine hears of what was corrected in the rows: the resolutions of differences, read each second.

The entries are written already; only the engine has to learn. A shard that starts reads its entries and the number of
the last correction under the account's lock, so that it hears of each correction once: in its entries, or as an event.
"""

from collections.abc import Iterable
from typing import Final

from asgiref.sync import sync_to_async
from django.db import transaction

from core import events as ev
from core.ids import MarketId
from core.ledger import Entry
from infra import codec, logs
from trading import selectors
from trading.models import Account, Resolution
from trading.runner import Runner

AT_ONCE: Final = 100

log = logs.get("trading")


def ledger_with(account_id: int) -> tuple[list[Entry], int]:
    """Every line of the account, and the number of the last correction among them."""
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account_id)
        newest = Resolution.objects.filter(account_id=account_id).order_by("-pk").first()
        return selectors.ledger_entries(account_id), 0 if newest is None else newest.pk


class CorrectionWatch:
    """One runner's. ``last``: the correction that its ledger has already."""

    def __init__(self, runner: Runner, *, account_id: int, last: int) -> None:
        self._runner = runner
        self._account_id = account_id
        self._last = last

    async def read(self) -> None:
        """Take what was corrected since the last reading."""
        for number, events in await sync_to_async(self._rows)():
            self._last = number
            for event in chosen(events, self._runner):
                self._runner.take(event)
            log.warning("correction taken", number=number, events=len(events))

    def _rows(self) -> list[tuple[int, list[ev.Event]]]:
        rows = Resolution.objects.filter(account_id=self._account_id, pk__gt=self._last).order_by("pk")
        return [(row.pk, [codec.load(text) for text in row.events]) for row in rows[:AT_ONCE]]


def chosen(events: Iterable[ev.Event], runner: Runner) -> list[ev.Event]:
    """An adopted fill is told as a fill where its order is still followed, so that the order counts it; else as
    entries. Never both, and as neither where the engine booked it: then its rows alone were late or lost."""
    told = list(events)
    fills = [event for event in told if isinstance(event, ev.FillSeen)]
    if not fills:
        return told
    if runner.engine.ledger.markets_of([fill.fill_id for fill in fills]):
        return [event for event in told if not isinstance(event, ev.FillSeen | ev.Adjusted)]
    followed = all(_follows(runner, fill) for fill in fills)
    return [event for event in told if isinstance(event, ev.FillSeen) is followed]


def _follows(runner: Runner, fill: ev.FillSeen) -> bool:
    desk = runner.engine.desks.get(MarketId(fill.key.split("|")[1]))
    return desk is not None and desk.orders.get(fill.key) is not None
