"""An evening on the board: rows as a trader publishes them, from a seed. A fake of ours, for browser tests.

Nothing here trades. Books wander, quotes rest, legs fill, decisions say why, so that every part of the console
has something to show. The same seed and the same number of steps give the same rows.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

Row = dict[str, Any]

MINUTE: Final = 60_000
LEVELS: Final = 10
GATES: Final = (
    ("kill switch", "off", None, None),
    ("book trusted", "trusted", "trusted", None),
    ("fee known", "0.05", None, None),
    ("pair below ceiling", "0.962", "0.98", "price"),
    ("edge", "0.018", "0.005", "price"),
    ("size", "25", "100", "usdc"),
)
REFUSED: Final = (
    ("slippage", "order", 3, "limit 0.4900 is more than 0.0100 beyond the top 0.4700"),
    ("position", "market", 1, "would hold 1500.01 of 1500 USDC"),
)
MATCHES: Final = (
    ("T1", "HLE", "lol", 5, "LCK Finals"),
    ("Vici Gaming", "Tundra", "dota2", 3, "DreamLeague"),
    ("G2", "Fnatic", "lol", 5, "LEC Finals"),
    ("Team Spirit", "Gaimin Gladiators", "dota2", 3, "DreamLeague"),
)


def text(value: float, places: int = 2) -> str:
    """Decimal text without trailing zeros, as the board carries it."""
    shown = f"{value:.{places}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


class Evening:
    """Four matches, a dozen markets. ``step`` moves everything on; ``rows`` is the whole board."""

    def __init__(self, seed: int, now_ms: int) -> None:
        self.chance = Random(seed)
        self.now_ms = now_ms
        self.number = 0
        self.began_ms = now_ms
        self.matches = {f"sim:{9000 + i}": match(i, now_ms) for i in range(len(MATCHES))}
        self.markets = {row["market_id"]: row for row in self._listed()}
        self.decisions: list[Row] = []
        self.fills: list[Row] = []
        self.halted: str | None = None
        self.realized = 9.2
        for _ in range(30):
            self.step(self.now_ms)

    def _listed(self) -> Iterator[Row]:
        for i, (yes, no, game, _, _) in enumerate(MATCHES):
            names = (yes, no, game, f"sim:{9000 + i}")
            yield market(self.chance, i * 4, names, map_number=None, now_ms=self.now_ms)
            for map_number in (1, 2):
                yield market(
                    self.chance, i * 4 + map_number, names, map_number=map_number, now_ms=self.now_ms
                )

    def step(self, now_ms: int) -> None:
        """One paint's worth of life."""
        self.now_ms = now_ms
        for row in self.markets.values():
            if row["resolved_payout"] is None and self.chance.random() < 0.6:
                self._move(row)
        if self.chance.random() < 0.5:
            self._decide(self.chance.choice(list(self.markets.values())))
        for row in self.matches.values():
            row["clock_ms"] += 250
            row["heard_ms"] = now_ms - self.chance.randrange(900)
            if self.chance.random() < 0.02:
                row["score"] = bumped(row["score"], self.chance.randrange(2))
                row["lead"] += self.chance.randrange(-900, 1_000)

    def _move(self, row: Row) -> None:
        middle = min(0.95, max(0.05, float(row["_mid"]) + self.chance.choice((-0.005, 0, 0, 0.005))))
        row.update(_mid=middle, heard_ms=self.now_ms - self.chance.randrange(400))
        row.update(book(self.chance, middle, row["_half"]))
        if self.chance.random() < 0.1:
            row["last_trade"] = {
                "price": self.chance.choice((row["bid"], row["ask"])),
                "size": text(self.chance.uniform(5, 90), 1),
                "outcome": "yes",
                "side": self.chance.choice(("buy", "sell")),
                "at_ms": self.now_ms,
            }
        row["orders"] = [] if self.halted or row["_idle"] else quotes(row, self.now_ms)
        if row["orders"] and self.chance.random() < 0.02:
            self._fill(row, self.chance.choice(row["orders"]))

    def _fill(self, row: Row, order: Row) -> None:
        pair = row["pair"]
        leg, size = order["outcome"], 12.5
        if float(pair[leg]) - float(pair["no" if leg == "yes" else "yes"]) > 30:
            return
        row["pair"] = ledger(
            float(pair["yes"]) + size * (leg == "yes"),
            float(pair["no"]) + size * (leg == "no"),
            self.now_ms,
            pair,
        )
        row["pnl"] = profit(row["pair"])
        self.number += 1
        amount = float(order["price"]) * size
        self.fills.append(
            {
                "n": self.number,
                "at_ms": self.now_ms,
                "market_id": row["market_id"],
                "short": row["short"],
                "outcome": leg,
                "side": "buy",
                "price": order["price"],
                "shares": text(size),
                "amount": text(amount, 4),
                "fee": "0",
                "evidence": self.chance.choice(("queue", "queue", "crossed")),
                "liquidity": "maker",
            }
        )

    def _decide(self, row: Row) -> None:
        self.number += 1
        failed = None if not row["_idle"] and self.chance.random() < 0.5 else self.chance.choice((1, 3, 4))
        gates = [gate(i, failed) for i in range(len(GATES) if failed is None else failed + 1)]
        verdict = "quote" if failed is None else "no"
        name = GATES[failed][0] if failed is not None else None
        intents = [f"buy YES 52 at {row['bid']}"] if failed is None else []
        self.decisions.append(
            {
                "n": self.number,
                "at_ms": self.now_ms,
                "market_id": row["market_id"],
                "short": row["short"],
                "strategy": "pair_arb",
                "verdict": verdict,
                "gate": name,
                "gates": gates,
                "intents": intents,
            }
        )
        row["decision"] = {"at_ms": self.now_ms, "verdict": verdict, "gate": name}
        row["gates"] = gates

    def rows(self) -> dict[str, Row]:
        """The whole board now."""
        shown = {f"market:{name}": public(row, self.halted) for name, row in self.markets.items()}
        shown |= {f"match:{name}": dict(row) for name, row in self.matches.items()}
        shown |= {f"decision:{row['n']}": row for row in self.decisions[-60:]}
        shown |= {f"fill:{row['n']}": row for row in self.fills[-60:]}
        shown["clock"] = {"now_ms": self.now_ms, "speed": "1"}
        shown["halt"] = {"halted": self.halted is not None, "reason": self.halted, "since_ms": None}
        for name, kind in (("market", "market data"), ("matches", "matches")):
            shown[f"feed:{name}"] = {
                "name": name,
                "kind": kind,
                "status": "connected",
                "heard_ms": self.now_ms,
                "since_ms": self.began_ms,
                "detail": "",
                "reconnects": 0,
            }
        shown |= {f"refusal:{row['rule']}": row for row in self._refusals()}
        shown["limits"] = {"number": 1, "uses": self._uses()}
        shown["times"] = {
            "peak": False,
            "turns_ms": self.now_ms + 95 * MINUTE,
            "day": "Sunday",
            "weekend": True,
            "opens": True,
            "sizes": {"1": 9, "0.75": 2, "0.5": 0, "0.25": 1},
        }
        shown["window"] = {"mode": "open", "since_ms": None, "until_ms": None, "detail": None}
        shown["totals"] = self._totals()
        return shown

    def _uses(self) -> Row:
        first = next(iter(self.markets.values()))
        here = {"market_id": first["market_id"], "short": first["short"]}
        nowhere: Row = {"market_id": None, "short": None}
        return {
            "daily_loss": {"used": "0", "limit": "200", **nowhere},
            "total_exposure": {"used": "1204.5", "limit": "5000", **nowhere},
            "group_exposure": {"used": "1710", "limit": "2000", "market_id": None, "short": "LCK Finals"},
            "market_exposure": {"used": "412", "limit": "1500", **here},
            "orders_per_second": {"used": str(self.number % 4), "limit": "5", **nowhere},
            "open_orders": {"used": "2", "limit": "5", **here},
            "leg_imbalance_usdc": {"used": "5.9", "limit": "100", **here},
            "leg_imbalance_shares": {"used": "12.5", "limit": "50", **here},
            "calm_mid_range": {"used": "0.05", "limit": "0.04", **here},
            "clock_skew_ms": {"used": "41", "limit": "2000", **nowhere},
        }

    def _refusals(self) -> Iterator[Row]:
        first = next(iter(self.markets.values()))
        for rule, layer, count, detail in REFUSED:
            yield {
                "rule": rule,
                "layer": layer,
                "count": count,
                "at_ms": self.began_ms,
                "market_id": first["market_id"],
                "short": first["short"],
                "asked": f"buy YES 52 at {first['bid']}",
                "detail": detail,
            }

    def _totals(self) -> Row:
        rows = self.markets.values()
        worth = self.realized + sum(float(row["pnl"]["unrealized"]) for row in rows)
        exposure = sum(float(row["pair"]["spent"]) for row in rows)
        return {
            "mode": "demo",
            "account": "demo:demo:10000",
            "cash": text(10_000 - exposure, 4),
            "equity": text(10_000 + worth, 4),
            "pnl_today": text(worth, 4),
            "realized": text(self.realized, 4),
            "unrealized": text(worth - self.realized, 4),
            "exposure": text(exposure, 4),
            "exposure_limit": "5000",
            "loss_limit": "200",
            "locked": text(sum(float(row["pair"]["locked"]) for row in rows)),
            "open_orders": sum(len(row["orders"]) for row in rows),
            "orders": 40 + len(self.fills),
            "fills": len(self.fills),
            "fees": "0.41",
            "phantoms": 3,
            "decisions": self.number,
            "refusals": {rule: count for rule, _, count, _ in REFUSED},
            "day_start_ms": self.began_ms,
            "valued_ms": self.now_ms,
        }


def match(i: int, now_ms: int) -> Row:
    yes, no, game, best_of, tournament = MATCHES[i]
    return {
        "match_id": f"sim:{9000 + i}",
        "title": f"{tournament}: {yes} vs {no}",
        "game": game,
        "teams": [yes, no],
        "best_of": best_of,
        "map_number": 2,
        "maps": [1 - i % 2, i % 2],
        "score": [12 + i, 9],
        "lead": 2_400 - 1_700 * i,
        "clock_ms": 21 * MINUTE + i * 40_000,
        "status": "live",
        "heard_ms": now_ms,
        "said_ms": now_ms - 300,
        "source": "simulator",
    }


def market(
    chance: Random, i: int, names: tuple[str, str, str, str], *, map_number: int | None, now_ms: int
) -> Row:
    yes, no, game, match_id = names
    middle = chance.uniform(0.25, 0.75)
    idle = i % 4 == 1
    pair = ledger(0.0 if idle else chance.choice((25, 37.5, 50)), 0.0 if idle else 25.0, now_ms, None)
    tail = "" if map_number is None else f" · map {map_number}"
    return {
        "market_id": f"0x{i:02x}" + "c0ffee" * 10 + "ab",
        "title": f"{yes} vs {no}" + ("" if map_number is None else f": map {map_number} winner"),
        "short": f"{yes} v {no}{tail}",
        "kind": "series" if map_number is None else "map",
        "game": game,
        "match_id": match_id,
        "event_id": f"ev-{match_id}",
        "map_number": map_number,
        "yes_name": yes,
        "no_name": no,
        "state": "idle" if idle else ("locked_pair" if float(pair["exposed"]) == 0 else "building_pair"),
        "halted": False,
        "breaker": None,
        "halt_reason": None,
        "trust": "stale" if i == 13 else "trusted",
        "trust_since_ms": now_ms - (34_000 if i == 13 else 9 * MINUTE),
        "said_ms": now_ms,
        "heard_ms": now_ms,
        "tick": "0.01",
        "min_size": "5",
        "delay_ms": 1_000,
        "fee_rate": "0.05",
        "last_trade": None,
        "mirror_holds": True,
        "phantoms": i % 3,
        "phantom_open_ms": None,
        "pair": pair,
        "pnl": profit(pair),
        "orders": [],
        "decision": None,
        "gates": [],
        "resolved_payout": "1" if i == 9 else None,
        "_mid": middle,
        "_half": 0.01 if i % 3 == 0 else 0.02,
        "_idle": idle,
        **book(chance, middle, 0.02),
    }


def book(chance: Random, middle: float, half: float) -> Row:
    """Ten levels a side around ``middle``, on the tick."""
    best_bid, best_ask = round(middle - half, 2), round(middle + half, 2)
    bids = [[text(best_bid - k / 100), size_at(chance, k)] for k in range(LEVELS) if best_bid - k / 100 > 0]
    asks = [[text(best_ask + k / 100), size_at(chance, k)] for k in range(LEVELS) if best_ask + k / 100 < 1]
    bid, bid_size = bids[0] if bids else (None, None)
    ask, ask_size = asks[0] if asks else (None, None)
    return {"bids": bids, "asks": asks, "bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size}


def size_at(chance: Random, depth: int) -> str:
    return text(chance.uniform(30, 180) * (1 + depth * 0.4), 1)


def quotes(row: Row, now_ms: int) -> list[Row]:
    """A resting bid on each outcome, joined at the best bid of others."""
    if row["bid"] is None or row["ask"] is None:
        return []
    at = {"yes": row["bid"], "no": text(1 - float(row["ask"]))}
    return [
        {
            "key": f"demo:demo:10000|{row['market_id']}|pair_arb|{leg}",
            "order_id": "0x" + ("ab" if leg == "yes" else "cd") * 32,
            "outcome": leg,
            "side": "buy",
            "price": price,
            "shares": "52",
            "filled": "0",
            "status": "live",
            "kind": "quote",
            "ahead": row["bid_size"] if leg == "yes" else row["ask_size"],
            "since_ms": now_ms - 12_000,
        }
        for leg, price in at.items()
    ]


def ledger(yes: float, no: float, now_ms: int, before: Row | None) -> Row:
    """A pair bought at .47 and .49 a leg."""
    locked, exposed = min(yes, no), abs(yes - no)
    spent = yes * 0.47 + no * 0.49
    leg = None if exposed == 0 else ("yes" if yes > no else "no")
    running = before is not None and before["naked_since_ms"] is not None and before["exposed_outcome"] == leg
    since = None if leg is None else (before["naked_since_ms"] if running and before else now_ms - 90_000)
    return {
        "yes": text(yes),
        "no": text(no),
        "yes_cost": text(yes * 0.47, 4),
        "no_cost": text(no * 0.49, 4),
        "yes_avg": "0.47" if yes else None,
        "no_avg": "0.49" if no else None,
        "spent": text(spent, 4),
        "received": "0",
        "locked": text(locked),
        "exposed": text(exposed),
        "exposed_outcome": leg,
        "pair_cost": "0.96" if yes and no else None,
        "worst_case": text(locked - spent, 4),
        "best_case": text(max(yes, no) - spent, 4),
        "naked_since_ms": since,
        "naked_until_ms": None if since is None else since + 5 * MINUTE,
    }


def profit(pair: Row) -> Row:
    locked = float(pair["locked"]) * 0.04
    return {"realized": "0", "unrealized": text(locked, 4), "total": text(locked, 4), "fees": "0"}


def gate(i: int, failed: int | None) -> Row:
    name, value, limit, unit = GATES[i]
    passed = i != failed
    return {
        "name": name,
        "passed": passed,
        "value": value if passed else "0.003",
        "limit": limit,
        "unit": unit,
        "word": None,
    }


def bumped(score: list[int], side: int) -> list[int]:
    return [score[0] + (side == 0), score[1] + (side == 1)]


def public(row: Row, halted: str | None) -> Row:
    """The row without what only this fake knows."""
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    return shown | ({"halted": True, "halt_reason": halted, "orders": []} if halted else {})
