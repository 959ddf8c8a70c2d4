"""The venue's lines of ``manage.py healthcheck``: which there are, who asks, and how they are asked anew.

None of them halts paper trading. Those that need the key are asked by the wallet's keeper (``wallet.checks``).
"""

from functools import partial
from typing import Final

from celery import current_app
from django.conf import settings

from core.ids import MarketId
from feeds import selectors as feeds
from infra import checks, clock
from infra.checks import Area
from trading import selectors
from trading.gateways.polymarket.public import checks as public_checks
from trading.gateways.polymarket.public.checks import InUse
from trading.health import findings, line_checks
from trading.wallet import checks as wallet_checks
from trading.wallet.checks import ACTIONS, ALLOWANCE, API_KEY, BALANCE, BY_KEY, WALLET, WALLET_TYPE

ASK_WITHIN_S: Final = 15.0
LISTED_MAX: Final = 4  # markets beyond those in use that are looked at


def register() -> None:
    """Called once, when the app is ready."""
    for name in public_checks.NAMES:
        checks.register(name, partial(findings.check, name, asked_by="the ops worker"), Area.VENUE)
    checks.register_asking("venue", ask_ops)
    # What nobody knows, or has known for too long, is no ground to spend money on. No order has reached the venue
    # before the first arming: of the id a warning is enough.
    checks.forgive_no_warning(*public_checks.NAMES, WALLET, ACTIONS, API_KEY, WALLET_TYPE, BALANCE, ALLOWANCE)
    checks.register(line_checks.SOCKETS, line_checks.sockets, Area.VENUE)
    if settings.POLYLOLY.signs:
        checks.register(WALLET, wallet_checks.held, Area.WALLET)
        checks.register(ACTIONS, wallet_checks.actions, Area.WALLET)
        for name in BY_KEY:
            checks.register(name, partial(findings.check, name, asked_by="the trader"), Area.WALLET)
        checks.register_asking("wallet", wallet_checks.ask_trader)
        return
    checks.register(BALANCE, line_checks.paper_cash, Area.WALLET)


def ask_ops() -> None:
    """Have ops ask the venue at once, and wait for it. Raises ``redis.RedisError``.

    Not asked here: a command's clock need not be the stack's, and the venue's is compared with it.
    """
    ask = partial(current_app.send_task, "trading.check_venue", queue="ops", expires=10)
    findings.until_found(public_checks.CONTRACTS, ask, within_s=ASK_WITHIN_S)


def ask_public() -> None:
    """Ask the venue what anybody may ask, and keep it. Raises ``redis.RedisError`` and ``DatabaseError``."""
    findings.save(public_checks.ask(settings.POLYLOLY.urls, in_use()))


def in_use() -> list[InUse]:
    """Markets with positions or open orders first, then some that can be traded."""
    account = selectors.account_in_use()
    ours: list[str] = []
    if account is not None:
        ours += [position.market_id for position in selectors.open_positions(account.pk)]
        ours += selectors.open_orders(account.pk).values_list("market_id", flat=True)[:50]
    held = {MarketId(market_id) for market_id in ours}
    now = clock.now_ms()
    listed = sorted(feeds.listed_markets(), key=lambda market: abs((market.starts_ms or now) - now))
    chosen = [market for market in listed if market.market_id in held]
    chosen += [market for market in listed if market.market_id not in held][:LISTED_MAX]
    terms = feeds.venue_terms([market.market_id for market in chosen])
    return [InUse(market, terms[market.market_id]) for market in chosen]
