"""Our books against the venue and the chain: what differs, what it is called, and whether it counts. Pure.

Read ``compare``. Both sides are facts read at about the same moment; nothing here asks anybody. Three rules keep a busy
or slow venue from looking like a wrong book:

1. What changed within ``LEFT_OUT_MS`` is left out, and so is what is under way: any part of it may show or not.
2. What was not answered is not judged, and never counts as clean.
3. A difference counts as a mismatch when it was there in the run before too, ``LASTS_MS`` apart, above ``DUST``.

A difference that another one explains is not told twice: the shares of a missing fill are no wrong balance.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from core.differences import (
    DUST,
    Aspect,
    Before,
    Compared,
    Difference,
    Figures,
    Kind,
    Leg,
    Open,
    Ours,
    Theirs,
    Traded,
)
from core.events import FillStatus
from core.explained import unexplained
from core.ids import FillId, MarketId, OrderId, Outcome, Strategy
from core.ledger import Entry
from core.units import ONE, Ms, Price, Shares, text

LEFT_OUT_MS: Final = Ms(60_000)
HALF: Final = Price(ONE // 2)


def compare(
    ours: Ours, theirs: Theirs, *, before: Mapping[str, Before], accepted: Collection[str] = ()
) -> Compared:
    """Every difference of one run. ``accepted``: fills and orders a person has settled; they are not told again."""
    found = _Found(theirs.read_ms, before)
    judged = set()
    if theirs.trades is not None:
        judged.add(Aspect.TRADES)
        _trades(ours, theirs, theirs.trades, frozenset(accepted), found)
    if theirs.open_orders is not None:
        judged.add(Aspect.ORDERS)
        _orders(ours, theirs.open_orders, frozenset(accepted), found)
    if theirs.figures is not None:
        judged.add(Aspect.BALANCES)
        _balances(ours, theirs, theirs.figures, found)
    return Compared(tuple(found.differences), frozenset(judged), tuple(found.unjudged), theirs.silent)


def unsure(entries: Iterable[Entry], *, since_ms: Ms, unsettled: Collection[FillId]) -> list[Figures]:
    """What the other side may not show yet of what is booked: what is newer than ``since_ms``, and fills that may
    still fail. What belongs together, a trade and its fee, both legs of a merge, is one."""
    parts: dict[object, dict[Leg | None, int]] = {}
    for number, entry in enumerate(entries):
        if entry.at_ms < since_ms and (entry.fill_id is None or entry.fill_id not in unsettled):
            continue
        effect = parts.setdefault(entry.fill_id or entry.note or number, {})
        effect[None] = effect.get(None, 0) - entry.usdc
        if entry.market_id is not None and entry.outcome is not None:
            leg = (entry.market_id, entry.outcome)
            effect[leg] = effect.get(leg, 0) - entry.shares
    return [effect for effect in parts.values() if any(effect.values())]


class _Found:
    """What was found so far, and what it explains of the balances."""

    def __init__(self, at_ms: Ms, before: Mapping[str, Before]) -> None:
        self.at_ms = at_ms
        self.differences: list[Difference] = []
        self.unjudged: list[str] = []
        self.explains: list[Figures] = []
        self._before = before

    def add(
        self,
        kind: Kind,
        about: str,
        market_id: MarketId | None,
        *,
        outcome: Outcome | None = None,
        strategy: Strategy | None = None,
        order_id: OrderId | None = None,
        trade: Traded | None = None,
        ours: int | None = None,
        theirs: int | None = None,
        effect: Figures | None = None,
        evidence: Mapping[str, str],
    ) -> None:
        key = f"{kind}:{about}"
        was = self._before.get(key)
        effect = effect or {}
        if effect:
            self.explains.append(effect)
        self.differences.append(
            Difference(
                kind=kind,
                key=key,
                market_id=market_id,
                outcome=outcome,
                strategy=strategy,
                order_id=order_id,
                fill_id=None if trade is None else trade.fill_id,
                ours=ours,
                theirs=theirs,
                effect=tuple(effect.items()),
                evidence=tuple(evidence.items()),
                trade=trade,
                runs=1 if was is None else was.runs + 1,
                first_ms=self.at_ms if was is None else was.first_ms,
                at_ms=self.at_ms,
                steady=was is None or was.effect == tuple(effect.values()),
            )
        )


def _trades(
    ours: Ours, theirs: Theirs, told: Sequence[Traded], accepted: frozenset[str], found: _Found
) -> None:
    """Fill by fill: names are the same on both sides, so nothing has to be guessed."""
    settled_ms = Ms(theirs.read_ms - LEFT_OUT_MS)
    listed = {each.fill_id: each for each in told}
    for each in told:
        mine = ours.trades.get(each.fill_id)
        if each.fill_id in accepted or each.at_ms > settled_ms:
            continue
        if mine is None and each.status is not FillStatus.FAILED:
            _untold(ours, each, found)
        elif mine is not None and each.status is FillStatus.FAILED and mine.status is not FillStatus.FAILED:
            _phantom(mine, "the venue says that it failed", found)
    for mine in ours.trades.values():
        asked_for = theirs.trades_from_ms + LEFT_OUT_MS <= mine.at_ms <= settled_ms
        stands = mine.status is not FillStatus.FAILED and mine.fill_id not in accepted
        if asked_for and stands and mine.fill_id not in listed:
            _phantom(mine, "the venue lists no such trade", found)


def _untold(ours: Ours, trade: Traded, found: _Found) -> None:
    """A trade of ours that no row tells of: by an order of ours, or by somebody else on the wallet."""
    strategy = ours.known.get(trade.order_id)
    kind = Kind.EXTERNAL_TRADE if strategy is None else Kind.MISSING_FILL
    found.add(
        kind,
        trade.fill_id,
        trade.market_id,
        outcome=trade.outcome,
        strategy=strategy or Strategy.EXTERNAL,
        order_id=trade.order_id,
        trade=trade,
        ours=0,
        theirs=trade.shares,
        effect=trade.effect,
        evidence={"venue": trade.words, "ours": "in no row"},
    )


def _phantom(mine: Traded, why: str, found: _Found) -> None:
    found.add(
        Kind.PHANTOM_FILL,
        mine.fill_id,
        mine.market_id,
        outcome=mine.outcome,
        strategy=mine.strategy,
        order_id=mine.order_id,
        trade=mine,
        ours=mine.shares,
        theirs=0,
        effect={name: -amount for name, amount in mine.effect.items()},
        evidence={"ours": mine.words, "venue": why},
    )


def _orders(ours: Ours, told: Sequence[Open], accepted: frozenset[str], found: _Found) -> None:
    settled_ms = found.at_ms - LEFT_OUT_MS
    there = {order.order_id for order in told}
    for order in ours.open_orders:
        if order.order_id not in there and order.since_ms <= settled_ms and order.order_id not in accepted:
            found.add(
                Kind.LOST_ORDER,
                order.order_id,
                order.market_id,
                order_id=order.order_id,
                strategy=ours.known.get(order.order_id),
                evidence={"ours": order.words, "venue": "not open"},
            )
    for order in told:
        if order.order_id not in ours.known and order.since_ms <= settled_ms:
            found.add(
                Kind.EXTERNAL_ORDER,
                order.order_id,
                order.market_id,
                order_id=order.order_id,
                strategy=Strategy.EXTERNAL,
                evidence={"venue": order.words, "ours": "in no row"},
            )


def _balances(ours: Ours, theirs: Theirs, figures: Figures, found: _Found) -> None:
    """Shares first: those of a decided market explain cash."""
    for leg, held in figures.items():
        if leg is not None:
            _leg(ours, theirs, leg, held, found)
    if None in figures:
        held, mine = figures[None], ours.figures.get(None, 0)
        left = _left(ours, None, held - mine, found)
        _balance(None, mine, held, left, theirs, Strategy.EXTERNAL, found)


def _leg(ours: Ours, theirs: Theirs, leg: Leg, held: int, found: _Found) -> None:
    market_id, outcome = leg
    mine = ours.figures.get(leg, 0)
    left = _left(ours, leg, held - mine, found)
    payout = theirs.payouts.get(market_id)
    decided = payout is not None and market_id not in ours.redeeming
    owners = ours.owners.get(leg, {})
    if decided and payout is not None and left is not None and left < -DUST:
        _paid_out(leg, payout, mine, held, left, owners, theirs, found)
    elif decided and payout is not None and not left and mine > DUST and held:
        words = {"venue": f"resolved, YES pays {text(payout, 4)}", "ours": f"{text(mine, 6)} still held"}
        words |= {"next": "redeem it: the shares are there"} | _beside(theirs, leg)
        strategy = _holder(owners)
        found.add(
            _decided(payout),
            f"{market_id}:{outcome}",
            market_id,
            outcome=outcome,
            strategy=strategy,
            ours=mine,
            theirs=held,
            evidence=words,
        )
    else:
        whose = Strategy.EXTERNAL if left is not None and left > 0 else _holder(owners)
        _balance(leg, mine, held, left, theirs, whose, found)


def _paid_out(
    leg: Leg,
    payout: Price,
    mine: int,
    held: int,
    left: int,
    owners: Mapping[Strategy, Shares],
    theirs: Theirs,
    found: _Found,
) -> None:
    """Shares of a decided market are gone: somebody redeemed them, and what they paid should be in the cash."""
    market_id, outcome = leg
    each = payout if outcome is Outcome.YES else ONE - payout
    paid = -left * each // ONE
    found.add(
        _decided(payout),
        f"{market_id}:{outcome}",
        market_id,
        outcome=outcome,
        strategy=_holder(owners),
        ours=mine,
        theirs=held,
        effect={leg: left, None: paid},
        evidence={
            "venue": f"resolved, YES pays {text(payout, 4)}",
            "chain": f"{text(held, 6)} {outcome}",
            "ours": f"{text(mine, 6)} {outcome}",
            "paid": f"{text(paid, 6)} USDC for {text(-left, 6)} shares",
        }
        | _beside(theirs, leg),
    )


def _balance(
    leg: Leg | None,
    mine: int,
    held: int,
    left: int | None,
    theirs: Theirs,
    whose: Strategy,
    found: _Found,
) -> None:
    market_id, outcome = (None, None) if leg is None else leg
    about = "cash" if leg is None else f"{market_id}:{outcome}"
    if left is None:
        found.unjudged.append(f"{about}: too much is under way")
        return
    if not left:
        return
    unit = "USDC" if leg is None else f"{outcome}"
    found.add(
        Kind.DUST if abs(left) <= DUST else Kind.WRONG_BALANCE,
        f"{about}:{'more' if left > 0 else 'less'}",
        market_id,
        outcome=outcome,
        strategy=None if leg is None else whose,
        ours=mine,
        theirs=held,
        effect={leg: left},
        evidence={
            "chain": f"{text(held, 6)} {unit}",
            "ours": f"{text(mine, 6)} {unit}",
            "unexplained": f"{text(left, 6)} {unit}",
        }
        | _beside(theirs, leg),
    )


def _left(ours: Ours, leg: Leg | None, difference: int, found: _Found) -> int | None:
    parts = [effect.get(leg, 0) for effect in (*ours.under_way, *found.explains)]
    return unexplained(difference, parts)


def _decided(payout: Price) -> Kind:
    return Kind.FIFTY_FIFTY if payout == HALF else Kind.RESOLVED_MARKET


def _holder(owners: Mapping[Strategy, Shares]) -> Strategy:
    """Whose ledger is short when shares are: others' first, so that no pair ledger loses what it holds."""
    holding = [name for name, held in owners.items() if held > 0]
    if Strategy.EXTERNAL in holding or not holding:
        return Strategy.EXTERNAL
    return holding[0]


def _beside(theirs: Theirs, leg: Leg | None) -> dict[str, str]:
    """What the slower witnesses say."""
    words = {}
    if leg in theirs.stated:
        words["venue balance"] = text(theirs.stated[leg], 6)
    if leg in theirs.listed:
        words["data api"] = text(theirs.listed[leg], 6)
    return words
