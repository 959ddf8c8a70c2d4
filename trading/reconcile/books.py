"""Our side: what the rows say. Read after the other side, so that whatever it spoke of is looked up."""

from collections.abc import Collection
from typing import Final

from django.db.models import Max, Q, Sum

from core.differences import Figures, Leg, Open, Ours, Theirs, Traded
from core.events import Evidence, FillStatus
from core.ids import FillId, MarketId, OrderId, Outcome, Side, Strategy
from core.ledger import EntryKind
from core.reconcile import LEFT_OUT_MS, unsure
from core.units import Ms, Shares, Usdc, text
from infra import clock
from infra.reading import one_reading
from trading import selectors
from trading.models import Account, Entry, Fill, How, Order, Resolution, WalletKind
from trading.wallet.sums import carried_out

AT_ONCE: Final = 500  # names in one question: SQLite takes so many


def legs_of(account_id: int) -> list[Leg]:
    """Every leg of which our books hold anything."""
    return [leg for leg in figures_of(account_id) if leg is not None]


def ours(account: Account, theirs: Theirs) -> Ours:
    """Everything that ``core.reconcile.compare`` wants of us, as of one moment."""
    with one_reading():
        return _ours(account, theirs)


def _ours(account: Account, theirs: Theirs) -> Ours:
    since_ms = Ms(theirs.read_ms - LEFT_OUT_MS)
    fills = _fills(account.pk, theirs)
    open_rows = list(selectors.open_orders(account.pk))
    under_way, redeeming = _under_way(account.pk, since_ms)
    spoken_of = {trade.order_id for trade in theirs.trades or ()}
    spoken_of |= {order.order_id for order in theirs.open_orders or ()}
    figures, owners = _sums(account.pk)
    return Ours(
        figures=figures,
        trades={each.fill_id: each for each in fills},
        open_orders=[_open(row) for row in open_rows],
        known=_known(account.pk, spoken_of | {OrderId(row.order_id) for row in open_rows}),
        under_way=under_way,
        redeeming=redeeming,
        owners=owners,
    )


def figures_of(account_id: int) -> dict[Leg | None, int]:
    """Cash, and the shares of each leg: sums of all entries."""
    return _sums(account_id)[0]


def accepted(account_id: int) -> set[str]:
    """Fills and orders that a person has settled: their word stands against the other side's."""
    rows = Resolution.objects.filter(account_id=account_id).exclude(how=How.ADOPTED)
    return {str(name) for names in rows.values_list("settles", flat=True) for name in names}


def _sums(account_id: int) -> tuple[dict[Leg | None, int], dict[Leg, dict[Strategy, Shares]]]:
    """The figures, and whose the shares of each leg are; by one question, so that no entry is in half of them."""
    rows = (
        Entry.objects.filter(account_id=account_id)
        .values_list("market_id", "outcome", "strategy")
        .annotate(held=Sum("shares"), cash=Sum("usdc"))
        .order_by("market_id", "outcome", "strategy")
    )
    figures: dict[Leg | None, int] = {None: 0}
    owners: dict[Leg, dict[Strategy, Shares]] = {}
    for market_id, outcome, strategy, held, cash in rows:
        figures[None] += cash
        if held and market_id is not None and outcome is not None:
            leg = (MarketId(market_id), Outcome(outcome))
            figures[leg] = figures.get(leg, 0) + held
            owners.setdefault(leg, {})[Strategy(strategy or Strategy.EXTERNAL)] = Shares(held)
    return figures, owners


def _fills(account_id: int, theirs: Theirs) -> list[Traded]:
    """Fills the venue told us of, as far back as its list goes, and those in the list whatever their age."""
    named = [trade.fill_id for trade in theirs.trades or ()]
    told = Fill.objects.filter(account_id=account_id, evidence=Evidence.VENUE).select_related("order")
    rows = {row.fill_id: row for row in told.filter(said_ms__gte=theirs.trades_from_ms)}
    for start in range(0, len(named), AT_ONCE):
        rows |= {row.fill_id: row for row in told.filter(fill_id__in=named[start : start + AT_ONCE])}
    return [_traded(row) for row in rows.values()]


def _traded(row: Fill) -> Traded:
    return Traded(
        fill_id=FillId(row.fill_id),
        order_id=OrderId(row.order.order_id),
        market_id=MarketId(row.market_id),
        outcome=Outcome(row.outcome),
        side=Side(row.side),
        shares=Shares(row.shares),
        amount=Usdc(row.amount),
        fee=Usdc(row.fee),
        status=FillStatus(row.status),
        at_ms=Ms(row.said_ms),
        strategy=Strategy(row.order.strategy),
    )


def _open(row: Order) -> Open:
    words = (
        f"{row.side} {text(row.shares - row.filled, 6)} {row.outcome} at {text(row.price, 4)}, {row.status}"
    )
    return Open(OrderId(row.order_id), MarketId(row.market_id), Ms(row.moved_ms), words)


def _known(account_id: int, order_ids: Collection[OrderId]) -> dict[OrderId, Strategy]:
    found: dict[OrderId, Strategy] = {}
    names = sorted(order_ids)
    for start in range(0, len(names), AT_ONCE):
        rows = Order.objects.filter(account_id=account_id, order_id__in=names[start : start + AT_ONCE])
        found |= {OrderId(name): Strategy(whose) for name, whose in rows.values_list("order_id", "strategy")}
    return found


def _under_way(account_id: int, since_ms: Ms) -> tuple[list[Figures], set[MarketId]]:
    """What the other side may show beside the sums, or not yet; and the markets that are being redeemed."""
    unsettled = list(selectors.unsettled_fills(account_id).values_list("fill_id", flat=True))
    wanted = Q(at_ms__gte=since_ms)
    for start in range(0, len(unsettled), AT_ONCE):
        wanted |= Q(fill_id__in=unsettled[start : start + AT_ONCE])
    recent = list(selectors.as_ledger(Entry.objects.filter(wanted, account_id=account_id).order_by("pk")))
    changes = unsure(recent, since_ms=since_ms, unsettled={FillId(name) for name in unsettled})
    actions = [*selectors.open_wallet_actions(account_id), *selectors.unbooked_wallet_actions(account_id)]
    changes += [carried_out(row) for row in actions if row.kind != WalletKind.APPROVE]
    redeeming = {MarketId(str(row.market_id)) for row in actions if row.kind == WalletKind.REDEEM}
    redeeming |= {
        entry.market_id for entry in recent if entry.kind is EntryKind.REDEEM and entry.market_id is not None
    }
    return changes, redeeming


def newest_ms(account_id: int) -> Ms:
    """When the account's rows last changed, by the clock of who changed them; 0 before they ever did."""
    booked = Entry.objects.filter(account_id=account_id).aggregate(at=Max("at_ms"))["at"]
    moved = Order.objects.filter(account_id=account_id).aggregate(at=Max("moved_ms"))["at"]
    return Ms(max(booked or 0, moved or 0))


def window_from(account_id: int, back_ms: Ms) -> Ms:
    """From when on trades are asked for: far enough back for every fill that may still fail."""
    oldest = (
        selectors.unsettled_fills(account_id).order_by("said_ms").values_list("said_ms", flat=True).first()
    )
    begin = clock.now_ms() - back_ms
    return Ms(min(begin, begin if oldest is None else oldest - 2 * LEFT_OUT_MS))
