"""What trading's rows say that somebody must be told: orders nobody answered for, fills taken back, a lost wallet."""

from collections.abc import Iterator
from typing import Final

from django.conf import settings

from core.units import Ms, text
from infra import clock
from risk import selectors as risk
from risk.services import AlertCode, Found
from trading import selectors
from trading.wallet.light import Hold

REVERSED_WITHIN_MS: Final = 900_000
LOOKED_AT: Final = 100


def find(at: Ms) -> Iterator[Found]:
    """Asked each second, in ops."""
    for account_id in accounts():
        yield from unknown_orders(account_id, at)
        yield from reversed_fills(account_id, at)
    yield from left_behind(at)
    if settings.POLYLOLY.signs and settings.POLYLOLY.wallet is not None:
        yield from wallet(settings.POLYLOLY.wallet)


def accounts() -> list[int]:
    """What is traded with, and the wallet's own while it is not armed: its orders are not over for that."""
    found = (selectors.account_in_use(), selectors.account_of(**settings.POLYLOLY.account))
    return list(dict.fromkeys(account.pk for account in found if account is not None))


def left_behind(at: Ms) -> Iterator[Found]:
    """Shares of the wallet that nobody trades with while it is not armed: no leg is completed, no limit is minded."""
    if not settings.POLYLOLY.needs_arming or risk.is_armed(at):
        return
    account = selectors.account_of(**settings.POLYLOLY.account)
    held = [] if account is None else selectors.open_positions(account.pk)
    if held:
        markets = len({position.market_id for position in held})
        said = f"Not armed, and the wallet holds shares in {markets} markets that nobody trades with"
        yield Found(AlertCode.LEFT_BEHIND, said)


def unknown_orders(account_id: int, at: Ms) -> Iterator[Found]:
    """Those older than half a minute, an alert a market."""
    oldest: dict[str, int] = {}
    for order in selectors.unknown_orders(account_id)[:LOOKED_AT]:
        waiting = selectors.waiting_for(order, at)
        if waiting.overdue:
            oldest[order.market_id] = oldest.get(order.market_id, 0) + 1
    for market_id, count in oldest.items():
        many = "An order is" if count == 1 else f"{count} orders are"
        yield Found(AlertCode.ORDER_UNKNOWN, f"{many} unknown for over 30 s", market_id, market_id=market_id)


def reversed_fills(account_id: int, at: Ms) -> Iterator[Found]:
    since = at - int(REVERSED_WITHIN_MS * clock.speed())
    for fill in selectors.reversed_fills(account_id).filter(heard_ms__gte=since)[:LOOKED_AT]:
        said = f"Fill failed on the chain and was reversed: {fill.side} {text(fill.shares, 6)} {fill.outcome}"
        yield Found(AlertCode.FILL_REVERSED, said, fill.fill_id[:150], market_id=fill.market_id)


def wallet(address: str) -> Iterator[Found]:
    light = selectors.wallet_held(address)
    if light is None:
        yield Found(AlertCode.WALLET_LOST, "Nobody holds the wallet: no orders leave, no heartbeat is sent")
    elif light.hold is Hold.REFUSED:
        yield Found(AlertCode.WALLET_LOST, f"Wallet refused: {light.why}")
