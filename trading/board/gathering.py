"""Gathering what the console shows: markets, totals, matches, feeds, decisions and fills, as rows of the board."""

from collections.abc import Callable
from typing import Final

from django.conf import settings

from core import events as ev
from core.book import Trust
from core.desk import Desk
from core.ids import IntentKey, MatchId
from core.notes import DayStarted
from core.orders import Order
from core.units import Ms, Shares
from core.valuation import Valuation
from feeds.selectors import MatchRow
from infra import clock, metrics
from risk import services as risk
from trading import pnl
from trading.board.limit_rows import limits_row, times_row
from trading.board.refusal_rows import refusal_rows
from trading.board.rows import Row, market_key, market_row, match_row, micro, window_row
from trading.models import Account
from trading.records.bookkeeping import Bookkeeper
from trading.records.tally import Tally
from trading.runner import Runner
from trading.shard.market_feed import MarketFeed

SETTLED_MATCHES_MS: Final = Ms(120_000)


class Boardroom:
    """Reads a runner and says what the board is now. ``matches`` and ``signals`` are filled by the shard."""

    def __init__(
        self,
        runner: Runner,
        ahead: Callable[[IntentKey], Shares | None],
        books: Bookkeeper,
        tally: Tally,
        feed: MarketFeed,
        account: Account,
    ) -> None:
        self.matches: dict[MatchId, MatchRow] = {}
        self.signals: dict[MatchId, ev.MatchSignal] = {}
        self._runner = runner
        self._engine = runner.engine
        self._ahead_of = ahead
        self._books = books
        self._tally = tally
        self._feed = feed
        self._account = account
        self._trust_ms: dict[str, dict[Trust, int]] = {}
        self._halted_since: tuple[str, Ms] | None = None

    def rows(self, now: Ms) -> dict[str, Row]:
        """Every row of the board, at one moment. ``clock`` changes by time passing alone; of ``limits`` and ``times``
        what is counted over the last second, minutes or by the calendar."""
        engine = self._engine
        rows = {
            market_key(desk.listing.market_id): market_row(
                engine, desk, ahead_of=self._ahead, game=self._game(desk), now=now
            )
            for desk in engine.desks.values()
        }
        rows["clock"] = {"now_ms": now, "speed": str(clock.speed())}
        rows["totals"] = self._totals()
        rows["halt"] = self._halt(now)
        rows["window"] = window_row(engine.windows.current)
        rows["limits"] = limits_row(engine, now)
        rows["times"] = times_row(engine, now)
        rows["feed:market"] = self._feed.row()
        rows.update(refusal_rows(engine, self._tally))
        for match_id, match in self.matches.items():
            signal = self.signals.get(match_id)
            if signal is None or signal.kind not in _OVER or now - signal.heard_ms < SETTLED_MATCHES_MS:
                rows[f"match:{match_id}"] = match_row(match, signal)
        rows.update({f"decision:{row['n']}": row for row in self._books.decisions})
        rows.update({f"fill:{row['n']}": row for row in self._books.fills})
        return rows

    def _ahead(self, order: Order) -> Shares | None:
        return self._ahead_of(order.place.key)

    def _game(self, desk: Desk) -> str | None:
        match_id = desk.listing.match_id
        match = None if match_id is None else self.matches.get(match_id)
        return None if match is None else match.game

    def _halt(self, now: Ms) -> Row:
        reason = self._engine.halted
        if reason is None:
            self._halted_since = None
        elif self._halted_since is None or self._halted_since[0] != reason:
            self._halted_since = (reason, now)
        since = self._halted_since[1] if self._halted_since is not None else None
        return {"halted": reason is not None, "reason": reason, "since_ms": since}

    def _totals(self) -> Row:
        engine, tally = self._engine, self._tally
        valued, start = engine.day.valued, engine.day.start
        limits = engine.setup.limits
        desks = engine.desks.values()
        return {
            "mode": settings.POLYLOLY.mode.value,
            "account": self._account.key,
            "cash": micro(engine.ledger.cash),
            "equity": None if valued is None else micro(valued.equity),
            "pnl_today": pnl_today(valued, start),
            "realized": None if valued is None else micro(valued.realized),
            "unrealized": None if valued is None else micro(valued.unrealized),
            "marked": [] if valued is None else list(valued.marked),
            "exposure": None if valued is None else micro(valued.exposure),
            "exposure_limit": micro(limits.total_exposure),
            "loss_limit": micro(limits.daily_loss),
            "locked": micro(sum(desk.pair.locked for desk in desks)),
            "open_orders": sum(len(desk.orders.open()) for desk in desks),
            "orders": tally.orders,
            "fills": sum(tally.fills.values()),
            "evidence": dict(sorted(tally.fills.items())),
            "fees": micro(tally.fees),
            "merges": tally.merges,
            "phantoms": tally.phantoms,
            "decisions": tally.decisions,
            "gates": dict(sorted(tally.gates.items())),
            "refusals": {rule.value: count for rule, count in sorted(engine.refusals.items())},
            "day_start_ms": None if start is None else start.at_ms,
            "valued_ms": None if valued is None else valued.at_ms,
        }

    def record_valuation(self, valued: Valuation) -> None:
        """Keep a valuation for the equity curve. Touches the database."""
        risk.record_valuation(
            account_id=self._account.pk,
            at=valued.at_ms,
            cash=valued.cash,
            equity=valued.equity,
            realized=valued.realized,
            unrealized=valued.unrealized,
            exposure=valued.exposure,
            deposited=valued.deposited,
            marked=bool(valued.marked),
        )
        pnl.keep_marks(self._account.pk, valued.marks)

    def count_trust(self) -> None:
        """Add the market time spent in each state of trust since the last call to the metric."""
        seen = {}
        for market_id, desk in self._engine.desks.items():
            before = self._trust_ms.get(market_id, {})
            now = dict(desk.book.trust_ms)
            for state, spent in now.items():
                metrics.BOOK_TRUST.labels(state=state.value).inc(max(0, spent - before.get(state, 0)) / 1000)
            seen[market_id] = now
        self._trust_ms = {str(market_id): spent for market_id, spent in seen.items()}


_OVER: Final = frozenset({ev.SignalKind.ENDED, ev.SignalKind.ABANDONED})


def pnl_today(valued: Valuation | None, start: DayStarted | None) -> str | None:
    """Equity against the day's first valuation; ``None`` before there was one."""
    return None if valued is None or start is None else micro(valued.equity - start.equity)
