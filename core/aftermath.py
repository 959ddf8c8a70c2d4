"""What becomes of what we asked for: answers to orders, fills and their settlement, merges, redemptions.

Each function takes one event into its market's tables, books what it is worth, and lets the strategy look again.
Events about a market that is not listed yet wait with it (``core.absent``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import events as ev
from core.ids import FillId, IntentKey, MarketId, Outcome
from core.intents import Redeem
from core.ledger import Entry
from core.notes import Booked, InputRefused, Refusal, Settled, moved
from core.orders import Stray
from core.safeguards import heed_answer
from core.units import Ms

if TYPE_CHECKING:
    from core.desk import Desk
    from core.engine import Engine
    from core.steps import Draft


def hear_order(engine: Engine, event: ev.OrderAnswer, draft: Draft) -> None:
    desk = _owner(engine, event.key, event, draft)
    if desk is None:
        return
    order = desk.orders.get(event.key)
    if order is None:
        draft.notes.append(InputRefused(Refusal.UNKNOWN_ORDER, event.key, event.heard_ms))
        return
    was = order.status
    desk.orders.apply(event)
    if isinstance(event, ev.OrderRejected):
        desk.rejected(order.place.outcome, event.heard_ms)
    if order.status is not was:
        draft.notes.append(moved(order, event))
    heed_answer(engine, desk, order, was, event, draft)
    if isinstance(event, ev.OrderSent):
        # It counted from its approval on: nothing to decide anew, and its bytes wait for this step.
        return
    engine.decide(desk, event.heard_ms, draft)
    redeem(engine, desk, event.heard_ms, draft)


def hear_fill(engine: Engine, event: ev.FillSeen, draft: Draft) -> None:
    desk = _owner(engine, event.key, event, draft)
    if desk is None:
        return
    order = desk.orders.get(event.key)
    if order is None:
        draft.notes.append(InputRefused(Refusal.LATE_FILL_FORGOTTEN, event.fill_id, event.heard_ms))
        return
    was = order.status
    happening = desk.orders.apply(event)
    heed_answer(engine, desk, order, was, event, draft)
    if happening is None or isinstance(happening, Stray):
        _told_again(engine, desk, event, draft)
        return
    place = order.place
    booked = desk.pair.filled(
        event.fill_id,
        place.outcome,
        place.side,
        event.shares,
        event.amount,
        event.fee,
        event.status,
        event.heard_ms,
    )
    _book(engine, booked, draft)
    draft.notes.append(moved(order, event))
    draft.notes.extend(desk.holdings_changed(event.heard_ms))
    engine.decide(desk, event.heard_ms, draft)
    redeem(engine, desk, event.heard_ms, draft)


def _told_again(engine: Engine, desk: Desk, event: ev.FillSeen, draft: Draft) -> None:
    """A trade is told once per status: a later one settles it, the same one is only counted."""
    was = desk.pair.fill_status(event.fill_id)
    if was is None or was is event.status:
        draft.notes.append(InputRefused(Refusal.REPEATED_FILL, event.fill_id, event.heard_ms))
        return
    _settle(engine, desk, event.fill_id, event.status, event.heard_ms, draft)


def hear_settled(engine: Engine, event: ev.FillSettled, draft: Draft) -> None:
    for desk in engine.desks.values():
        if desk.pair.knows(event.fill_id):
            engine.begin_at(desk.listing.market_id)
            _settle(engine, desk, event.fill_id, event.status, event.heard_ms, draft)
            return
    for market_id, absent in engine.absent.items():
        if absent.pair.knows(event.fill_id):
            _keep_for(engine, market_id, event, draft)
            return
    draft.notes.append(InputRefused(Refusal.UNKNOWN_ORDER, event.fill_id, event.heard_ms))


def _settle(
    engine: Engine, desk: Desk, fill_id: FillId, status: ev.FillStatus, now: Ms, draft: Draft
) -> None:
    was = desk.pair.fill_status(fill_id)
    _book(engine, desk.pair.settled(fill_id, status, now), draft)
    if desk.pair.fill_status(fill_id) is not was:
        draft.notes.append(Settled(fill_id, status, now))
    draft.notes.extend(desk.holdings_changed(now))
    engine.decide(desk, now, draft)
    redeem(engine, desk, now, draft)


def hear_merge(engine: Engine, event: ev.MergeStepped, draft: Draft) -> None:
    desk = _desk(engine, event.market_id, event, draft)
    if desk is None:
        return
    _book(engine, desk.pair.merge_stepped(event), draft)
    if event.status is ev.WalletStatus.FAILED:
        desk.merging.failed(event.action_id, event.heard_ms)
    elif event.status is ev.WalletStatus.CONFIRMED:
        desk.merging.done()
    draft.notes.extend(desk.holdings_changed(event.heard_ms))
    redeem(engine, desk, event.heard_ms, draft)


def hear_redeemed(engine: Engine, event: ev.Redeemed, draft: Draft) -> None:
    desk = _desk(engine, event.market_id, event, draft)
    if desk is None:
        return
    _book(engine, desk.pair.redeemed(event), draft)
    desk.redeeming.done()
    draft.notes.extend(desk.holdings_changed(event.heard_ms))
    # A fill may have come between the request and the payment: what is left is asked for once more.
    if event.yes or event.no:
        desk.redeem_asked = False
        redeem(engine, desk, event.heard_ms, draft)


def hear_redeem_failed(engine: Engine, event: ev.RedeemFailed, draft: Draft) -> None:
    """Nothing was paid and nothing was taken: it is asked for again, after a rest."""
    desk = _desk(engine, event.market_id, event, draft)
    if desk is not None and desk.redeeming.failed(event.action_id, event.heard_ms):
        desk.redeem_asked = False


def hear_adjusted(engine: Engine, event: ev.Adjusted, draft: Draft) -> None:
    """Take in entries that are written already: nobody is told to write them again."""
    engine.ledger.book(event.entries)
    now = event.heard_ms
    for market_id in dict.fromkeys(entry.market_id for entry in event.entries if entry.market_id is not None):
        engine.begin_at(market_id)
        desk, absent = engine.desks.get(market_id), engine.absent.get(market_id)
        pair = desk.pair if desk is not None else absent.pair if absent is not None else None
        if pair is not None:
            pair.adjusted(event.entries)
        if desk is not None:
            draft.notes.extend(desk.holdings_changed(now))
            engine.decide(desk, now, draft)
            redeem(engine, desk, now, draft)


def redeem(engine: Engine, desk: Desk, now: Ms, draft: Draft) -> None:
    """Collect once every fill is settled and nothing is open: what is asked for must be there."""
    pair = desk.pair
    yes, no = pair.held(Outcome.YES), pair.held(Outcome.NO)
    if desk.payout is None or desk.redeem_asked or not (yes or no):
        return
    if pair.provisional or pair.reserved or desk.orders.open() or desk.redeeming.rests(now):
        return
    desk.redeem_asked = True
    action = f"redeem|{engine.setup.account}|{desk.listing.market_id}|{now}"
    draft.wallet_actions.append(Redeem(action, desk.listing.market_id, yes, no, desk.payout, now))


def _book(engine: Engine, entries: tuple[Entry, ...], draft: Draft) -> None:
    if entries:
        engine.ledger.book(entries)
        draft.notes.append(Booked(entries))


def _owner(engine: Engine, key: IntentKey, event: ev.OrderEvent, draft: Draft) -> Desk | None:
    """The desk of an order, by the market in its key."""
    parts = key.split("|")
    market_id = MarketId(parts[1]) if len(parts) == 4 else None
    if market_id is None or (market_id not in engine.desks and market_id not in engine.absent):
        draft.notes.append(InputRefused(Refusal.UNKNOWN_ORDER, key, event.heard_ms))
        return None
    return _desk(engine, market_id, event, draft)


def _desk(engine: Engine, market_id: MarketId, event: ev.Event, draft: Draft) -> Desk | None:
    """The desk of a market; ``None`` when it has none: then the event waits with it or is refused."""
    engine.begin_at(market_id)
    desk = engine.desks.get(market_id)
    if desk is None:
        _keep_for(engine, market_id, event, draft)
    return desk


def _keep_for(engine: Engine, market_id: MarketId, event: ev.Event, draft: Draft) -> None:
    absent = engine.absent.get(market_id)
    if absent is None or not absent.hear(event):
        draft.notes.append(InputRefused(Refusal.UNKNOWN_MARKET, market_id, event.heard_ms))
