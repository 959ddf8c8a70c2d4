"""From settings to what the engine and the paper model are built with. The only place that maps one to the other."""

from typing import Any, Final

from django.conf import settings

from core.engine import Setup
from core.ledger import Entry, EntryKind, Ledger
from core.paper import Latency, PaperVenue
from core.strategies.pair_arb import Params
from core.units import Ms, Price, Shares, Usdc

NEAR_CERTAIN: Final = Price(9_500)  # trading.md 6: never near resolution, p >= 0.95
START_QUIET_MS: Final = Ms(300_000)  # trading.md 6: the venue wipes the book at game start
# A round trip from an unrestricted European host to London, a relayer's confirmation: stated, not measured here.
PAPER_LATENCY: Final = Latency(
    ack_ms=Ms(60), cancel_ms=Ms(60), mined_ms=Ms(2_000), confirmed_ms=Ms(6_000), wallet_ms=Ms(8_000)
)


def engine_setup(account: str, *, own_shown: bool, quote_in_play: bool) -> Setup:
    """The engine's constants for this process, from ``settings.POLYLOLY``; its limits are the config's until the
    agreed ones are told (``Setup.with_limits``)."""
    chosen = settings.POLYLOLY
    return Setup(
        account=account,
        params=pair_arb(chosen, quote_in_play=quote_in_play),
        limits=chosen.limits.core(speed=chosen.speed),
        limits_number=None,
        own_shown=own_shown,
    )


def pair_arb(chosen: Any, *, quote_in_play: bool) -> Params:  # noqa: ANN401 polyloly_site's, which apps do not import
    wanted = chosen.pair_arb
    return Params(
        pair_cost_cap=wanted.pair_cost_cap,
        min_edge=wanted.min_edge,
        near_certain=NEAR_CERTAIN,
        step=wanted.step,
        max_total_cost=wanted.max_total_cost,
        max_leg_loss=wanted.max_leg_loss,
        min_liquidity=wanted.min_liquidity,
        imbalance_shares=chosen.limits.leg_imbalance_shares,
        rebalance_shares=wanted.rebalance_shares,
        merge_min=wanted.merge_min_shares,
        naked_leg_max_ms=wanted.naked_leg_max_s,
        start_quiet_ms=START_QUIET_MS,
        quote_in_play=quote_in_play,
    )


def paper_venue(ledger: Ledger) -> PaperVenue:
    """A paper venue that holds what the ledger says; all of it counts as settled."""
    held = {(position.market_id, position.outcome): position.shares for position in ledger.positions()}
    return PaperVenue(cash=ledger.cash, held=held, latency=PAPER_LATENCY)


def opening_deposit(cash: Usdc, at_ms: Ms) -> Entry:
    """The first line of a paper account's ledger."""
    return Entry(
        kind=EntryKind.DEPOSIT,
        market_id=None,
        strategy=None,
        outcome=None,
        shares=Shares(0),
        usdc=cash,
        fill_id=None,
        at_ms=at_ms,
        note="start cash",
    )
