"""Pair arbitrage: buy both outcomes below one dollar, at different times (trading.md 6).

Read ``propose`` first: permission, then the naked leg, then completion, then quotes. Everything is a
wish; the judge decides. YES and NO are one mirrored book, so nothing here ever looks for two asks that
sum below one: the edge is the spread we are paid to wait for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.book import Trust
from core.events import MarketKind, Verdict
from core.fees import fee_estimate
from core.ids import Outcome, Side
from core.intents import OrderKind, Purpose
from core.strategies.view import Gate, GateCheck, Proposal, Unit, View, Wanted
from core.trading import Action
from core.units import ONE, Ms, Price, Shares, Usdc, cost, cost_up, floor_to

NOTHING: Final = Shares(0)
DEPTH_LEVELS: Final = 3  # levels a side that count as liquidity


@dataclass(frozen=True, slots=True)
class Params:
    """Defaults and meaning: trading.md 6.

    Units:
        pair_cost_cap, min_edge, near_certain: Price.
        step:          USDC a quote spends.
        max_total_cost, max_leg_loss, min_liquidity: USDC.
        imbalance_shares, rebalance_shares, merge_min: shares.
        naked_leg_max_ms, start_quiet_ms: ms.
    """

    pair_cost_cap: Price
    min_edge: Price
    near_certain: Price
    step: Usdc
    max_total_cost: Usdc
    max_leg_loss: Usdc
    min_liquidity: Usdc
    imbalance_shares: Shares
    rebalance_shares: Shares
    merge_min: Shares
    naked_leg_max_ms: Ms
    start_quiet_ms: Ms
    quote_in_play: bool

    @property
    def ceiling(self) -> Price:
        """What a pair may cost, fees included."""
        return min(self.pair_cost_cap, Price(ONE - self.min_edge))


def propose(view: View, params: Params) -> Proposal:
    """Say what to have in this market now, and by which gates."""
    merge = _mergeable(view, params)
    gates = permission(view)
    if not gates[-1].passed:
        # A mirror that breaks for a moment forbids new orders; what rests was placed on a whole book and stays.
        verdict: Verdict = "hold" if gates[-1].gate is Gate.MIRROR else "no"
        return Proposal(verdict, gates, (), merge)
    ahead = leg_ahead(view)
    if ahead is not None:
        checks, take = _leg(view, params, ahead)
        gates += checks
        if take is not None:
            return Proposal("take", gates, (take,), merge)
    quoting, quotes = _quotes(view, params, ahead)
    return Proposal("quote" if quotes else "no", gates + quoting, quotes, merge)


def leg_ahead(view: View) -> Outcome | None:
    """The outcome we hold too much of. Less than the venue's minimum order is dust and no leg."""
    return view.pair.exposed_outcome if view.pair.exposed >= view.listing.min_size else None


def permission(view: View) -> tuple[GateCheck, ...]:
    """Gates that bind every order, in order, up to the first that fails."""
    legal = Action.COMPLETE in view.legal and view.halted is None
    checks = [GateCheck(Gate.TRADING, legal, Unit.WORD, None, None, view.halted or "running")]
    if legal:
        trust = view.book.trust
        checks.append(GateCheck(Gate.BOOK, trust is Trust.TRUSTED, Unit.WORD, None, None, trust.value))
    if checks[-1].passed and len(checks) == 2:
        mirror = view.book.mirror_holds()
        word = {True: "holds", False: "broken", None: "unknown"}[mirror]
        checks.append(GateCheck(Gate.MIRROR, mirror is True, Unit.WORD, None, None, word))
    if checks[-1].passed and len(checks) == 3:
        known = view.listing.fees is not None
        checks.append(GateCheck(Gate.FEES, known, Unit.WORD, None, None, "known" if known else "unknown"))
    if checks[-1].passed and len(checks) == 4:
        clear = not view.orders.any_unknown
        word = "none" if clear else "an order is UNKNOWN"
        checks.append(GateCheck(Gate.UNKNOWN, clear, Unit.WORD, None, None, word))
    return tuple(checks)


def _mergeable(view: View, params: Params) -> Shares:
    """Merge a good batch, or whatever there is when the market's budget is nearly used up."""
    if Action.MERGE not in view.legal:
        return NOTHING
    ready = floor_to(view.pair.mergeable)
    short_of_capital = invested(view) * 5 >= params.max_total_cost * 4
    if ready >= params.merge_min or (short_of_capital and ready >= view.listing.min_size):
        return ready
    return NOTHING


def invested(view: View) -> Usdc:
    """What the shares now held have cost."""
    return Usdc(view.pair.cost(Outcome.YES) + view.pair.cost(Outcome.NO))


def average(view: View, outcome: Outcome) -> Price:
    """Average cost of a leg, rounded up to 1/10,000: estimates round against us. 0 when none is held."""
    avg = view.pair.avg(outcome)
    return Price(-(-avg // 100)) if avg is not None else Price(0)


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What each way out of an open leg would lose now. ``None``: not possible now."""

    complete: Usdc | None
    complete_limit: Price
    sell: Usdc | None
    sell_limit: Price


def ways_out(view: View, ahead: Outcome) -> WaysOut:
    """Price completing and selling the whole surplus against the book, one tick beyond the top at most."""
    tick, size = view.listing.tick, floor_to(view.pair.exposed)
    leg_cost = cost_up(average(view, ahead), size)
    may_sell = floor_to(min(size, view.pair.sellable(ahead)))
    ask, bid = view.book.top(ahead.other).ask, view.book.top(ahead).bid
    complete = sell = None
    buy_limit, sell_limit = Price(0), Price(0)
    if ask is not None:
        buy_limit = min(Price(ask + tick), Price(ONE - tick))
        swept = view.book.sweep(ahead.other, Side.BUY, size, buy_limit)
        if swept.filled == size and swept.worst is not None:
            complete = Usdc(leg_cost + swept.amount + _fee(view, swept.worst, size) - size)
    if bid is not None and may_sell == size:  # shares still unconfirmed cannot be sold: wait for them
        sell_limit = max(Price(bid - tick), tick)
        swept = view.book.sweep(ahead, Side.SELL, size, sell_limit)
        if swept.filled == size and swept.worst is not None:
            sell = Usdc(leg_cost - swept.amount + _fee(view, swept.worst, size))
    return WaysOut(complete, buy_limit, sell, sell_limit)


def _fee(view: View, at: Price, size: Shares) -> Usdc:
    assert view.listing.fees is not None, "the fees gate came first"
    return fee_estimate(view.listing.fees, at, size)


def _leg(view: View, params: Params, ahead: Outcome) -> tuple[tuple[GateCheck, ...], Wanted | None]:
    """Resolve a leg that waited too long or would lose too much; else complete it if that is cheap now."""
    ways, size = ways_out(view, ahead), floor_to(view.pair.exposed)
    since = view.mood.naked_since_ms
    open_ms = Ms(view.now - since) if since is not None else Ms(0)
    in_time = open_ms < params.naked_leg_max_ms
    bearable = ways.complete is None or ways.complete <= params.max_leg_loss
    loss = "unpriced" if ways.complete is None else "priced"
    leg = (
        GateCheck(Gate.LEG, in_time, Unit.MS, open_ms, params.naked_leg_max_ms, "time open"),
        GateCheck(
            Gate.LEG, bearable, Unit.USDC, ways.complete, params.max_leg_loss, f"loss if completed, {loss}"
        ),
        GateCheck(Gate.LEG, ways.sell is not None, Unit.USDC, ways.sell, None, "loss if sold at the bid"),
    )
    if not (in_time and bearable):
        return leg, _cheapest(ways, params, ahead, size)
    lag = ahead.other
    allowed = Usdc(size * (ONE - params.ceiling) // ONE)
    cheap = ways.complete is not None and -ways.complete >= allowed and _locks_enough(view, params, ways)
    value = None if ways.complete is None else Usdc(-ways.complete)
    check = GateCheck(
        Gate.COMPLETE, True, Unit.USDC, value, allowed, "gain if completed" if cheap else "too dear to take"
    )
    if not cheap:
        return (*leg[:2], check), None
    taking = Wanted(lag, Side.BUY, ways.complete_limit, size, OrderKind.TAKE, Purpose.REDUCING)
    return (*leg[:2], check), taking


def _locks_enough(view: View, params: Params, ways: WaysOut) -> bool:
    """The whole completed pair must still earn the ceiling's edge, old losses included."""
    assert ways.complete is not None
    pair, size = view.pair, view.pair.exposed
    spend = Usdc(ways.complete + size - cost_up(average(view, pair.exposed_outcome or Outcome.YES), size))
    lag = (pair.exposed_outcome or Outcome.YES).other
    worst, _ = pair.after_buy(lag, floor_to(size), spend)
    return worst >= (ONE - params.ceiling) * max(pair.held(Outcome.YES), pair.held(Outcome.NO)) // ONE


def _cheapest(ways: WaysOut, params: Params, ahead: Outcome, size: Shares) -> Wanted | None:
    """Complete within the loss we bear, or sell, whichever loses less. Neither possible: wait for the book."""
    may_complete = ways.complete is not None and ways.complete <= params.max_leg_loss
    if may_complete and (ways.sell is None or (ways.complete or 0) <= ways.sell):
        return Wanted(ahead.other, Side.BUY, ways.complete_limit, size, OrderKind.TAKE, Purpose.REDUCING)
    if ways.sell is not None:
        return Wanted(ahead, Side.SELL, ways.sell_limit, size, OrderKind.TAKE, Purpose.REDUCING)
    return None


def _quotes(
    view: View, params: Params, ahead: Outcome | None
) -> tuple[tuple[GateCheck, ...], tuple[Wanted, ...]]:
    """Bids on both outcomes, as far as the gates that bind quoting let them stand."""
    gates = [*_when(view, params)]
    if not gates[-1].passed:
        return tuple(gates), ()
    bids = {outcome: best_bid_to_join(view, outcome) for outcome in Outcome}
    depth = min(_depth(view.book.bids(DEPTH_LEVELS)), _depth(view.book.asks(DEPTH_LEVELS)))
    deep = depth >= params.min_liquidity
    gates.append(GateCheck(Gate.LIQUIDITY, deep, Unit.USDC, depth, params.min_liquidity, "thinner side"))
    if not deep:
        return tuple(gates), ()
    spent = invested(view)
    room = spent < params.max_total_cost
    gates.append(GateCheck(Gate.COST, room, Unit.USDC, spent, params.max_total_cost, "invested here"))
    lagging = _lagging_quote(view, params, ahead) if ahead is not None else None
    if not room:
        return tuple(gates), (lagging,) if lagging else ()
    pair = _pair_of_bids(bids[Outcome.YES], bids[Outcome.NO], view.listing.tick, params.ceiling)
    joined = None if None in bids.values() else sum(price for price in bids.values() if price is not None)
    gates.append(
        GateCheck(Gate.EDGE, pair is not None, Unit.PRICE, joined, params.ceiling, "best bids together")
    )
    if pair is None:
        return tuple(gates), (lagging,) if lagging else ()
    wanted = [] if lagging is None else [lagging]
    for outcome, price in pair.items():
        if ahead is not None and outcome is ahead.other and lagging is not None:
            continue
        opening = _opening_quote(view, params, outcome, price)
        if opening is not None and _fits(opening, lagging, params):
            wanted.append(opening)
    return tuple(gates), tuple(wanted)


def _fits(opening: Wanted, lagging: Wanted | None, params: Params) -> bool:
    """With one leg ahead the other bid is raised; both together must still stay below the ceiling."""
    return lagging is None or opening.price + lagging.price <= params.ceiling


def _when(view: View, params: Params) -> tuple[GateCheck, ...]:
    """Time, calm and certainty: the gates that say whether this is a moment to quote."""
    listing, mood = view.listing, view.mood
    quiet = listing.starts_ms is not None and 0 < listing.starts_ms - view.now <= params.start_quiet_ms
    allowed = (params.quote_in_play or mood.in_play is False) and not quiet
    word = (
        "close to game start"
        if quiet
        else {True: "in play", False: "before play", None: "unknown"}[mood.in_play]
    )
    timing = GateCheck(Gate.TIMING, allowed, Unit.WORD, None, None, word)
    if not allowed:
        return (timing,)
    wait = Ms(max(0, mood.pulled_until_ms - view.now))
    calm = GateCheck(Gate.CALM, wait == 0, Unit.MS, wait, Ms(0), mood.pulled_why if wait else "calm")
    if wait:
        return timing, calm
    sides = (view.book.best_bid, _from_ask(view.book.best_ask))
    high = max((price for price in sides if price is not None), default=None)
    certain = high is not None and high >= params.near_certain
    fine = not certain and not (mood.deciding and listing.kind is MarketKind.SERIES)
    word = "deciding map" if mood.deciding and not certain else "likelier side"
    return timing, calm, GateCheck(Gate.CERTAINTY, fine, Unit.PRICE, high, params.near_certain, word)


def _from_ask(ask: Price | None) -> Price | None:
    """The bid for NO that an ask for YES is."""
    return None if ask is None else Price(ONE - ask)


def best_bid_to_join(view: View, outcome: Outcome) -> Price | None:
    """The best bid of others for ``outcome``, in its own price. Our own size is taken out where it is shown."""
    book = view.book
    if not view.own_shown:
        return book.top(outcome).bid
    levels = (
        book.bids(8)
        if outcome is Outcome.YES
        else [(Price(ONE - price), size) for price, size in book.asks(8)]
    )
    for price, size in levels:
        if size > view.orders.size_at(outcome, price):
            return price
    return None


def _depth(levels: Iterable[tuple[Price, Shares]]) -> Usdc:
    """What some levels of one side are worth: what a seller gets, or a buyer pays."""
    return Usdc(sum(cost(price, size) for price, size in levels))


def _pair_of_bids(
    yes: Price | None, no: Price | None, tick: Price, ceiling: Price
) -> dict[Outcome, Price] | None:
    """One tick inside on both sides if that leaves the edge, else on one, else joined; else nothing."""
    if yes is None or no is None:
        return None
    for inside_yes, inside_no in ((tick, tick), (tick, 0), (0, tick), (0, 0)):
        bid_yes, bid_no = Price(yes + inside_yes), Price(no + inside_no)
        below_asks = bid_yes + no <= ONE - tick and bid_no + yes <= ONE - tick
        if bid_yes + bid_no <= ceiling and below_asks:
            return {Outcome.YES: bid_yes, Outcome.NO: bid_no}
    return None


def _opening_quote(view: View, params: Params, outcome: Outcome, price: Price) -> Wanted | None:
    """``min(step / price, 50 - how far ahead the leg is)`` shares; nothing on a leg that is ahead enough."""
    held = view.pair.held(outcome) - view.pair.held(outcome.other)
    if held >= params.rebalance_shares:
        return None
    room = params.imbalance_shares - max(0, held)
    size = floor_to(Shares(min(params.step * ONE // price, room)))
    if size < view.listing.min_size:
        return None
    return Wanted(outcome, Side.BUY, price, size, OrderKind.QUOTE, Purpose.OPENING)


def _lagging_quote(view: View, params: Params, ahead: Outcome) -> Wanted | None:
    """Bid for the lagging leg up to what still leaves the edge, inside the spread, for the surplus only."""
    lag, tick = ahead.other, view.listing.tick
    size = floor_to(view.pair.exposed)
    best, ask = best_bid_to_join(view, lag), view.book.top(lag).ask
    bound = params.ceiling - average(view, ahead)
    if ask is not None:
        bound = min(bound, ask - tick)
    if best is not None:
        bound = min(bound, best + tick)
    price = Price(bound - bound % tick)
    if price < tick:
        return None
    return Wanted(lag, Side.BUY, price, size, OrderKind.QUOTE, Purpose.REDUCING)
