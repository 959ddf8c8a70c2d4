"""From a strategy's wish to judged orders: what rests is kept, withdrawn or renewed, what is new is judged.

Order of care: an old quote's cancel is confirmed before anything that could match it is placed, and a
marketable order waits until none of our quotes rests in its market.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.book import Trust
from core.ids import Outcome, Side, Strategy, intent_key
from core.intents import Cancel, Merge, OrderKind, Place, Purpose
from core.notes import Decided
from core.orders import Order, Status
from core.risk import Approved, Exposure, Rule, judge
from core.rules import sizing
from core.stake import Stake, at_stake, free_cash
from core.strategies.pair_arb import propose
from core.strategies.quotes import quote_bar
from core.strategies.view import Proposal, View, Wanted
from core.units import Ms, Price, Shares, Usdc, cost_up

if TYPE_CHECKING:
    from core.desk import Desk
    from core.engine import Engine
    from core.steps import Draft

REQUOTE_MS: Final = Ms(3_000)  # a quote behind the best bid keeps its place in the queue this long
LARGER_PERCENT: Final = 105  # a step of USDC buys 2 % fewer shares a tick higher: no reason to lose the queue
RECANCEL_MS: Final = Ms(5_000)  # a cancel nobody answered is asked again
MERGES_PER_MINUTE: Final = 25  # the relayer's limit (polymarket.md 9)
TAKE_REST_MS: Final = Ms(500)  # the fills of a taker come within this; what is left of it then rests
MAY_CANCEL: Final = frozenset({Status.LIVE, Status.PARTIAL, Status.CANCELLING, Status.UNKNOWN})


def carry_out(engine: Engine, desk: Desk, now: Ms, draft: Draft) -> None:
    """Ask the strategy about one market and act on the answer."""
    view = view_of(engine, desk, now)
    proposal = propose(view, engine.setup.params)
    placed = _orders(engine, desk, view, proposal, draft)
    # What a redemption was asked for is in no merge: one of the two would find nothing.
    if proposal.merge and not (desk.pair.reserved or desk.redeem_asked or desk.merging.rests(now)):
        _merge(engine, desk, proposal.merge, now, draft)
    decided = Decided(
        market_id=desk.listing.market_id,
        strategy=Strategy.PAIR_ARB,
        sequence=desk.sequence,
        verdict=proposal.verdict,
        gate=proposal.failed,
        gates=proposal.gates,
        intents=tuple(approved.intent.key for approved in placed),
        at_ms=now,
    )
    if desk.told(decided):
        draft.notes.append(decided)


def view_of(engine: Engine, desk: Desk, now: Ms) -> View:
    """The market as its strategy sees it now."""
    return desk.view(
        halted=engine.halted,
        own_shown=engine.setup.own_shown,
        marketable_min=engine.setup.limits.marketable_min,
        cash_short=engine.cash_short(now),
        takes_marketable=engine.windows.takes(OrderKind.TAKE),
        now=now,
    )


def _orders(engine: Engine, desk: Desk, view: View, proposal: Proposal, draft: Draft) -> list[Approved]:
    """Withdraw what is not wanted, place what is missing. Returns what the judge let through."""
    if proposal.verdict == "hold":
        return []
    now = view.now
    resting = desk.orders.open()
    takes = [wanted for wanted in proposal.wanted if wanted.kind is OrderKind.TAKE]
    if takes or any(order.place.kind is OrderKind.TAKE for order in resting):
        halted = engine.halted is not None or desk.stopped is not None
        for order in resting:
            if order.place.kind is OrderKind.QUOTE:
                _withdraw(order, "a marketable order comes first", now, draft)
            elif halted or now - order.since_ms >= TAKE_REST_MS:
                _withdraw(order, "the rest of a marketable order", now, draft)
        return [] if resting else _place(engine, desk, view, takes, draft)
    missing = []
    for outcome in Outcome:
        wanted = next((wish for wish in proposal.wanted if wish.outcome is outcome), None)
        mine = [order for order in resting if order.place.outcome is outcome]
        size = Shares(0) if wanted is None or not mine else _size(engine, desk, wanted, now)
        why = [_unfit(order, wanted, size, desk.listing.tick, now) for order in mine]
        for order, reason in zip(mine, why, strict=True):
            if reason is not None:
                _withdraw(order, reason, now, draft)
        if wanted is not None and not mine:
            missing.append(wanted)
    return _place(engine, desk, view, missing, draft)


def _size(engine: Engine, desk: Desk, wanted: Wanted, now: Ms) -> Shares:
    """What the judge would leave of a wish: what rests is compared with that, or it would be renewed for ever."""
    if wanted.purpose is Purpose.REDUCING:
        return wanted.shares
    limits = engine.limits
    kept = sizing.scale(desk.mid_range.width(now), limits, now)
    return sizing.allowed(wanted.price, wanted.shares, kept, limits)


def _unfit(order: Order, wanted: Wanted | None, size: Shares, tick: Price, now: Ms) -> str | None:
    """Why a resting quote must go, or ``None``. Too dear or too large goes at once; too timid may wait. ``size`` are
    the shares that a new one would have."""
    if wanted is None:
        return "not wanted"
    if order.place.price % tick:
        return "off the grid"
    if order.place.price > wanted.price:
        return "above the price wanted"
    if order.remaining * 100 > size * LARGER_PERCENT:
        return "larger than wanted"
    behind = order.place.price < wanted.price or 2 * order.remaining < size
    if behind and now - order.since_ms >= REQUOTE_MS:
        return "behind the price or size wanted"
    return None


def withdraw_all(desk: Desk, reason: str, now: Ms, draft: Draft) -> None:
    """Cancel whatever may rest in a market, whoever wants it."""
    for order in desk.orders.open():
        _withdraw(order, reason, now, draft)


def withdraw_opening(desk: Desk, reason: str, now: Ms, draft: Draft) -> None:
    """Cancel whatever may rest in a market and adds risk."""
    for order in desk.orders.open():
        if order.place.purpose is Purpose.OPENING:
            _withdraw(order, reason, now, draft)


def _withdraw(order: Order, reason: str, now: Ms, draft: Draft) -> None:
    """Cancel what may rest, an UNKNOWN order by its id; what is still on its way when its answer comes."""
    tried, may = order.cancel_tried_ms, order.status in MAY_CANCEL and order.order_id is not None
    if may and (tried is None or now - tried >= RECANCEL_MS):
        order.cancel_asked(now)
        draft.cancels.append(Cancel(order.place.key, order.place.market_id, reason, now))


def _place(engine: Engine, desk: Desk, view: View, wishes: list[Wanted], draft: Draft) -> list[Approved]:
    approved: list[Approved] = []
    now = view.now
    if wishes and engine.day.valued is None:
        engine.value_account(now, draft)  # what was lost before this process began binds its first order
        if engine.day.valued is None:
            wishes = [wanted for wanted in wishes if wanted.purpose is Purpose.REDUCING]
    if not wishes:
        return approved
    # Whatever is placed here: what is at stake elsewhere, and whether this is a time to quote.
    elsewhere = at_stake(engine, desk.listing.group, beside=desk)
    bar = quote_bar(view, engine.setup.params)
    for wanted in wishes:
        if desk.was_rejected(wanted.outcome, now):
            continue
        place = _named(engine, desk, wanted, now)
        verdict = judge(place, exposure(engine, desk, view, place, elsewhere, bar), engine.limits, now)
        if isinstance(verdict, Approved):
            desk.sequence += 1
            desk.orders.add(verdict.intent)
            desk.guard.breaker.try_with(verdict.intent.key)
            engine.approvals.append(now)
            draft.approved.append(verdict)
            approved.append(verdict)
            desk.granted(verdict)
        else:
            engine.refusals[verdict.rule] += 1
            if verdict.rule is Rule.BALANCE:
                engine.cash_refused_ms = now
            if desk.refused_anew(verdict):
                draft.refusals.append(verdict)
    return approved


def _named(engine: Engine, desk: Desk, wanted: Wanted, now: Ms) -> Place:
    market_id = desk.listing.market_id
    return Place(
        key=intent_key(engine.setup.account, market_id, Strategy.PAIR_ARB, desk.sequence + 1),
        market_id=market_id,
        strategy=Strategy.PAIR_ARB,
        outcome=wanted.outcome,
        side=wanted.side,
        price=wanted.price,
        shares=wanted.shares,
        kind=wanted.kind,
        purpose=wanted.purpose,
        decided_ms=now,
    )


def exposure(
    engine: Engine, desk: Desk, view: View, place: Place, elsewhere: Stake, bar: tuple[str, str] | None
) -> Exposure:
    """Gather what the judge must know. Own open bids count as filled everywhere. ``bar``: ``quote_bar`` of the view."""
    now = view.now
    while engine.approvals and now - engine.approvals[0] >= 1_000:
        engine.approvals.popleft()
    book, pair, listing = desk.book, desk.pair, desk.listing
    top = book.top(place.outcome)
    ahead, ahead_cost = desk.ahead(place.outcome)
    fee = desk.fee_of(place, place.shares)
    worst_after = pair.worst_case
    if place.side is Side.BUY and place.purpose is Purpose.REDUCING:
        spend = Usdc(cost_up(place.price, place.shares) + fee)
        worst_after, _ = pair.after_buy(place.outcome, place.shares, spend)
    own = desk.orders.would_match_own(place)
    _, at_risk, binds = desk.at_stake()
    return Exposure(
        halted=engine.halted,
        market_halted=desk.halted,
        breaker=desk.guard.breaker.forbids(now),
        window=engine.windows.current,
        legal=view.legal,
        quote_bar=bar if place.kind is OrderKind.QUOTE else None,
        feed_lost=desk.feed_lost,
        clock_off_ms=engine.skew.off_ms(now),
        trusted=book.trust is Trust.TRUSTED,
        trust=book.trust.value,
        mirror_holds=book.mirror_holds(),
        fee_known=listing.fees is not None,
        any_unknown=desk.orders.any_unknown,
        tick=listing.tick,
        min_size=listing.min_size,
        top=top.ask if place.side is Side.BUY else top.bid,
        fee=fee,
        held=desk.sellable(place.outcome),
        ahead=ahead,
        ahead_cost=ahead_cost,
        surplus=desk.surplus(place.outcome),
        at_risk=Usdc(at_risk + engine.ledger.at_risk_apart(pair.strategy, listing.market_id)),
        at_risk_group=Usdc(elsewhere.at_risk_group + at_risk),
        at_risk_total=Usdc(elsewhere.at_risk + at_risk),
        lost_today=engine.day.lost,
        cash=free_cash(engine, Usdc(elsewhere.bound + binds)),
        worst_case_now=pair.worst_case,
        worst_case_after=worst_after,
        open_orders=len(desk.orders.open()),
        orders_last_s=len(engine.approvals),
        own_match=None if own is None else own.place.key,
        other_bid=desk.orders.best_own_bid(place.outcome.other),
        ceiling=engine.setup.params.ceiling,
        group=listing.group,
        mid_range=desk.mid_range.width(now),
    )


def _merge(engine: Engine, desk: Desk, size: Shares, now: Ms, draft: Draft) -> None:
    """Plan a merge within the relayer's limit; the shares are reserved from here on."""
    while engine.merges and now - engine.merges[0] >= 60_000:
        engine.merges.popleft()
    if len(engine.merges) >= MERGES_PER_MINUTE:
        return
    engine.merges.append(now)
    action = f"merge|{engine.setup.account}|{desk.listing.market_id}|{now}"
    desk.pair.merge_planned(action, size)
    draft.wallet_actions.append(Merge(action, desk.listing.market_id, size, now))
