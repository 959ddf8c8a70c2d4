"""Pair arbitrage: buy both outcomes below one dollar, at different times (trading.md 6).

Read ``propose`` first: permission, then the naked leg, then completion, then quotes (``quotes.py``). All of it is a
wish; the judge decides. YES and NO are one mirrored book, so nothing here ever looks for two asks that
sum below one: the edge is the spread we are paid to wait for.
"""

from typing import Final

from core.book import Trust
from core.ids import Outcome, Side
from core.intents import OrderKind, Purpose
from core.strategies.legs import WaysOut, buy_limit, sell_limit, ways_out
from core.strategies.params import Params
from core.strategies.quotes import invested, quotes, when
from core.strategies.view import Gate, GateCheck, Proposal, Unit, View, Wanted, said
from core.trading import Action
from core.units import ONE, Ms, Price, Shares, Usdc, floor_to

__all__ = ["Params", "leg_ahead", "propose"]

NOTHING: Final = Shares(0)


def propose(view: View, params: Params) -> Proposal:
    """Say what to have in this market now, and by which gates."""
    merge = _mergeable(view, params)
    gates = permission(view)
    if not gates[-1].passed:
        # A mirror that breaks for a moment forbids new orders; what rests was placed on a whole book and stays,
        # unless this is no moment to quote at all.
        stays = gates[-1].gate is Gate.MIRROR and when(view, params)[-1].passed
        return Proposal("hold" if stays else "no", gates, (), merge)
    ahead = leg_ahead(view)
    if ahead is not None:
        checks, take = _leg(view, params, ahead)
        gates += checks
        if take is not None and view.takes_marketable:
            return Proposal("take", gates, (take,), merge)
        if take is not None:
            gates += (said(Gate.WINDOW, "post-only mode: a quote must do", passed=False),)
    quoting, wanted = quotes(view, params, ahead)
    return Proposal("quote" if wanted else "no", gates + quoting, wanted, merge)


def leg_ahead(view: View) -> Outcome | None:
    """The outcome we hold too much of. Less than the venue's minimum order is dust and no leg."""
    return view.pair.exposed_outcome if view.pair.exposed >= view.listing.min_size else None


def permission(view: View) -> tuple[GateCheck, ...]:
    """Gates that bind every order, in order, up to the first that fails."""
    legal = Action.COMPLETE in view.legal and view.halted is None
    word = view.halted or ("running" if legal else "not legal in this state")
    checks = [said(Gate.TRADING, word, passed=legal)]
    if legal:
        trust = view.book.trust
        checks.append(said(Gate.BOOK, trust.value, passed=trust is Trust.TRUSTED))
    if checks[-1].passed and len(checks) == 2:
        mirror = view.book.mirror_holds()
        word = {True: "holds", False: "broken", None: "unknown"}[mirror]
        checks.append(said(Gate.MIRROR, word, passed=mirror is True))
    if checks[-1].passed and len(checks) == 3:
        known = view.listing.fees is not None
        checks.append(said(Gate.FEES, "known" if known else "unknown", passed=known))
    if checks[-1].passed and len(checks) == 4:
        clear = not view.orders.any_unknown
        checks.append(said(Gate.UNKNOWN, "none" if clear else "an order is UNKNOWN", passed=clear))
    return tuple(checks)


def _mergeable(view: View, params: Params) -> Shares:
    """Merge a good batch, or whatever there is when money is short, of this market or of the account."""
    if Action.MERGE not in view.legal:
        return NOTHING
    ready = floor_to(view.pair.mergeable)
    short_of_capital = view.cash_short or invested(view) * 5 >= params.max_total_cost * 4
    if ready >= params.merge_min or (short_of_capital and ready >= view.listing.min_size):
        return ready
    return NOTHING


def _leg(view: View, params: Params, ahead: Outcome) -> tuple[tuple[GateCheck, ...], Wanted | None]:
    """Resolve a leg that waited too long or would lose too much; else complete it if that is cheap now."""
    ways = ways_out(view, ahead)
    since = view.mood.naked_since_ms
    open_ms = Ms(view.now - since) if since is not None else Ms(0)
    in_time = open_ms < params.naked_leg_max_ms
    bearable = ways.complete is None or ways.complete <= params.max_leg_loss
    word = "loss if completed" if ways.complete is not None else "the book is too thin to complete"
    leg = (
        GateCheck(Gate.LEG, in_time, Unit.MS, open_ms, params.naked_leg_max_ms, "time open"),
        GateCheck(Gate.LEG, bearable, Unit.USDC, ways.complete, params.max_leg_loss, word),
    )
    if in_time and bearable:
        check, take = _cheap(view, params, ways)
        return (*leg, check), take
    take = _cheapest(view, params, ways)
    sold = "loss if sold at the bid" if ways.sell is not None else "the book is too thin to sell"
    chosen = "not settled yet" if not ways.settled else "no way out now"
    if take is not None:
        chosen = "complete" if take.side is Side.BUY else "sell"
    priced = (
        GateCheck(Gate.LEG, ways.sell is not None, Unit.USDC, ways.sell, None, sold),
        said(Gate.LEG, "hold: no model probability", passed=False),
        said(Gate.LEG, f"chosen: {chosen}", passed=take is not None),
    )
    return (*leg, *priced), take


def _cheap(view: View, params: Params, ways: WaysOut) -> tuple[GateCheck, Wanted | None]:
    """Take the lagging leg where the pair then earns its edge, and all pairs of this market theirs."""
    edge = ONE - params.ceiling
    allowed = Usdc(ways.size * edge // ONE)
    worst_free, _ = view.pair.after_buy(ways.ahead.other, ways.size, Usdc(0))
    pairs = max(view.pair.held(Outcome.YES), view.pair.held(Outcome.NO))
    # What may be spent: for this leg alone, and with whatever was lost or gained here before.
    most = min(Usdc(ways.size - allowed - ways.cost), Usdc(worst_free - -(-pairs * edge // ONE)))
    spend = None if ways.complete is None else Usdc(ways.complete + ways.size - ways.cost)
    limit = None
    if ways.settled and spend is not None and spend <= most:
        limit = buy_limit(view, ways, most)
    word = "too dear to take" if ways.settled else "not settled yet"
    gain = None if ways.complete is None else Usdc(-ways.complete)
    check = GateCheck(
        gate=Gate.COMPLETE,
        passed=True,  # completing is an offer, not a condition: quotes go on without it
        unit=Unit.USDC,
        value=gain,
        limit=allowed,
        word=word if limit is None else "gain if completed",
    )
    return check, None if limit is None else _take(ways, ways.ahead.other, Side.BUY, limit)


def _cheapest(view: View, params: Params, ways: WaysOut) -> Wanted | None:
    """Complete within the loss we bear, or sell, whichever loses less. Neither possible: wait for the book."""
    if not ways.settled:
        return None
    complete = sell = None
    if ways.complete is not None and ways.complete <= params.max_leg_loss:
        complete = buy_limit(view, ways, Usdc(ways.size + params.max_leg_loss - ways.cost))
    if ways.sell is not None:
        sell = sell_limit(view, ways)
    if complete is not None and (sell is None or (ways.complete or 0) <= (ways.sell or 0)):
        return _take(ways, ways.ahead.other, Side.BUY, complete)
    return None if sell is None else _take(ways, ways.ahead, Side.SELL, sell)


def _take(ways: WaysOut, outcome: Outcome, side: Side, limit: Price) -> Wanted:
    return Wanted(outcome, side, limit, ways.size, OrderKind.TAKE, Purpose.REDUCING)
