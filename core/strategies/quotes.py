"""Resting bids on both outcomes: when, where and how large (trading.md 6). Read ``quotes`` first.

With one leg ahead the other is bid for up to what still leaves the edge: as an ordinary opening bid while the lead
is small or unconfirmed, and from ``rebalance_shares`` on raised, for the confirmed lead alone.
"""

from collections.abc import Mapping
from typing import Final

from core.events import MarketKind
from core.ids import Outcome, Side
from core.intents import OrderKind, Purpose
from core.strategies import others
from core.strategies.legs import average, confirmed_lead
from core.strategies.params import Params
from core.strategies.view import Gate, GateCheck, Unit, View, Wanted, said
from core.trading import Action
from core.units import ONE, Ms, Price, Shares, Usdc, floor_to, text

Quotes = tuple[tuple[GateCheck, ...], tuple[Wanted, ...]]
IN_PLAY: Final[Mapping[bool | None, str]] = {True: "in play", False: "before play", None: "unknown"}
ASKED: Final[Mapping[str, str]] = {
    "over": "undecided",
    "close to game start": "farther from it",
    "in play": "before play",
    "unknown": "before play",
    "deciding map": "an earlier map",
}


def quotes(view: View, params: Params, ahead: Outcome | None) -> Quotes:
    """The bids to have now, as far as the gates that bind quoting let them stand. At most one an outcome."""
    gates = [*when(view, params)]
    if not gates[-1].passed:
        return tuple(gates), ()
    depth = others.depth(view)
    deep = depth >= params.min_liquidity
    gates.append(GateCheck(Gate.LIQUIDITY, deep, Unit.USDC, depth, params.min_liquidity, "thinner side"))
    if not deep:
        return tuple(gates), ()
    reducing = _reducing(view, params, ahead) if ahead is not None else None
    alone = () if reducing is None else (reducing,)
    would_cost = Usdc(invested(view) + 2 * params.step)
    room = would_cost <= params.max_total_cost
    word = "invested here with both quotes filled"
    gates.append(GateCheck(Gate.COST, room, Unit.USDC, would_cost, params.max_total_cost, word))
    if not room:
        return tuple(gates), alone
    pair, joined = _pair_of_bids(view, params.ceiling)
    edge = GateCheck(Gate.EDGE, pair is not None, Unit.PRICE, joined, params.ceiling, "best bids together")
    gates.append(edge)
    if pair is None:
        return tuple(gates), alone
    return tuple(gates), _both(view, params, pair, ahead, reducing)


def _both(
    view: View, params: Params, pair: Mapping[Outcome, Price], ahead: Outcome | None, reducing: Wanted | None
) -> tuple[Wanted, ...]:
    """The lagging leg's bid first: what it costs must leave room for the other below the ceiling."""
    if ahead is None:
        wishes = [_opening(view, params, outcome, price) for outcome, price in pair.items()]
        return tuple(wish for wish in wishes if wish is not None)
    lagging = reducing
    if reducing is None or reducing.shares < params.rebalance_shares:
        bound = _bound(view, params, ahead)
        small = None if bound is None else _opening(view, params, ahead.other, min(pair[ahead.other], bound))
        lagging = small or reducing
    other = _opening(view, params, ahead, pair[ahead])
    if other is not None and lagging is not None and other.price + lagging.price > params.ceiling:
        other = None
    return tuple(wish for wish in (lagging, other) if wish is not None)


def when(view: View, params: Params) -> tuple[GateCheck, ...]:
    """Time, calm and certainty: the gates that say whether this is a moment to quote at all."""
    if Action.QUOTE not in view.legal:
        return (said(Gate.TRADING, "quotes are not legal now", passed=False),)
    listing, mood = view.listing, view.mood
    quiet = listing.starts_ms is not None and 0 <= listing.starts_ms - view.now <= params.start_quiet_ms
    allowed = (params.quote_in_play or mood.in_play is False) and not quiet and not mood.over
    word = "over" if mood.over else "close to game start" if quiet else IN_PLAY[mood.in_play]
    timing = said(Gate.TIMING, word, passed=allowed)
    if not allowed:
        return (timing,)
    wait = Ms(max(0, mood.pulled_until_ms - view.now))
    calm = GateCheck(Gate.CALM, wait == 0, Unit.MS, wait, Ms(0), mood.pulled_why if wait else "calm")
    if wait:
        return timing, calm
    likelier = _likelier(view)
    certain = likelier is not None and likelier >= params.near_certain
    fine = not certain and not (mood.deciding and listing.kind is MarketKind.SERIES)
    word = "deciding map" if mood.deciding and not certain else "likelier side"
    return timing, calm, GateCheck(Gate.CERTAINTY, fine, Unit.PRICE, likelier, params.near_certain, word)


def quote_bar(view: View, params: Params) -> tuple[str, str] | None:
    """What forbids to open by a quote now, and what would have to be instead; ``None`` when nothing does."""
    check = when(view, params)[-1]
    if check.passed:
        return None
    if check.gate is Gate.CALM:
        return f"{check.word}, {check.value} ms to wait", "calm"
    if check.word in ASKED or check.value is None:
        return check.word, ASKED.get(check.word, "legal")
    return f"{check.word} at {text(check.value, 4)}", f"below {text(params.near_certain, 4)}"


def _likelier(view: View) -> Price | None:
    """The mid of the likelier outcome, rounded up; with one side empty what is bid for it. ``None``: no book."""
    bid, ask = view.book.best_bid, view.book.best_ask
    if bid is not None and ask is not None:
        return Price(-(-max(bid + ask, 2 * ONE - bid - ask) // 2))
    if bid is not None:
        return bid
    return None if ask is None else Price(ONE - ask)


def invested(view: View) -> Usdc:
    """What the shares now held have cost."""
    return Usdc(view.pair.cost(Outcome.YES) + view.pair.cost(Outcome.NO))


def _pair_of_bids(view: View, ceiling: Price) -> tuple[dict[Outcome, Price] | None, Price | None]:
    """One tick inside on both sides if that leaves the edge, else on one, else joined; else ``None``. With what the
    best bids of others make together. A best bid between the steps of the grid is joined below it.
    """
    tick = view.listing.tick
    yes, no = (others.best(view, outcome, Side.BUY) for outcome in Outcome)
    if yes is None or no is None:
        return None, None
    on_yes, on_no = yes - yes % tick, no - no % tick
    for inside_yes, inside_no in ((tick, tick), (tick, 0), (0, tick), (0, 0)):
        bid_yes, bid_no = Price(on_yes + inside_yes), Price(on_no + inside_no)
        below_asks = bid_yes + no <= ONE - tick and bid_no + yes <= ONE - tick
        if bid_yes + bid_no <= ceiling and below_asks and min(bid_yes, bid_no) >= tick:
            return {Outcome.YES: bid_yes, Outcome.NO: bid_no}, Price(yes + no)
    return None, Price(yes + no)


def _opening(view: View, params: Params, outcome: Outcome, price: Price) -> Wanted | None:
    """``min(step / price, 50 - exposed - own unresolved bids on that side)`` shares; nothing on a leg that is ahead
    by ``rebalance_shares``. Of the other leg only what is confirmed makes room."""
    held = view.pair.held(outcome)
    if price < view.listing.tick or held - view.pair.held(outcome.other) >= params.rebalance_shares:
        return None
    ahead = max(0, view.pair.most_held(outcome) - view.pair.confirmed(outcome.other))
    room = params.imbalance_shares - ahead - _unseen(view, outcome)
    size = floor_to(Shares(min(params.step * ONE // price, room)))
    if size < view.listing.min_size:
        return None
    return Wanted(outcome, Side.BUY, price, size, OrderKind.QUOTE, Purpose.OPENING)


def _unseen(view: View, outcome: Outcome) -> int:
    """Shares of closed bids that the venue told of and whose fills are still to come."""
    return sum(
        order.at_stake
        for order in view.orders.at_stake()
        if not order.is_open and order.place.outcome is outcome and order.place.side is Side.BUY
    )


def _bound(view: View, params: Params, ahead: Outcome) -> Price | None:
    """The dearest bid for the lagging leg that leaves the edge, rests below its ask and is at most one tick inside;
    on the grid. ``None``: there is none."""
    lag, tick = ahead.other, view.listing.tick
    best, ask = others.best(view, lag, Side.BUY), others.best(view, lag, Side.SELL)
    bound = params.ceiling - average(view, ahead)
    if ask is not None:
        bound = min(bound, ask - tick)
    if best is not None:
        bound = min(bound, best + tick)
    return Price(bound - bound % tick) if bound >= tick else None


def _reducing(view: View, params: Params, ahead: Outcome) -> Wanted | None:
    """The lagging leg's bid raised to its bound, for the confirmed lead alone."""
    lead, price = confirmed_lead(view, ahead), _bound(view, params, ahead)
    if price is None or lead < view.listing.min_size:
        return None
    return Wanted(ahead.other, Side.BUY, price, lead, OrderKind.QUOTE, Purpose.REDUCING)
