"""NautilusTrader 1.221.0 on a tape, in its own environment: its wire structs, its deltas, its Rust order book.

What its Polymarket data client does for each message, without its cache, message bus, quotes and logging.
Prints the nanoseconds of every frame as a JSON list.
"""

# It runs in the peers' environment, whose packages are not ours.
# mypy: ignore-errors

import gc
import json
import sys
import time

import msgspec
from nautilus_trader.adapters.polymarket.common.enums import PolymarketOrderSide
from nautilus_trader.adapters.polymarket.common.symbol import get_polymarket_instrument_id
from nautilus_trader.adapters.polymarket.schemas.book import (
    PolymarketBookSnapshot,
    PolymarketQuotes,
    PolymarketTickSizeChange,
    PolymarketTrade,
)
from nautilus_trader.core.datetime import millis_to_nanos
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.data import BookOrder, OrderBookDelta, OrderBookDeltas
from nautilus_trader.model.enums import AssetClass, BookAction, BookType, OrderSide, RecordFlag
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.instruments import BinaryOption
from nautilus_trader.model.objects import Price, Quantity

Messages = PolymarketBookSnapshot | PolymarketQuotes | PolymarketTrade | PolymarketTickSizeChange


def instrument(market: str, token: str) -> BinaryOption:
    instrument_id = get_polymarket_instrument_id(market, token)
    return BinaryOption(
        instrument_id=instrument_id,
        raw_symbol=Symbol(token),
        asset_class=AssetClass.ALTERNATIVE,
        currency=USDC,
        price_precision=3,
        size_precision=6,
        price_increment=Price.from_str("0.001"),
        size_increment=Quantity.from_str("0.000001"),
        activation_ns=0,
        expiration_ns=0,
        ts_event=0,
        ts_init=0,
    )


class Books:
    """Both tokens' books of every market, kept as its data client keeps them."""

    def __init__(self, markets: list[dict[str, str]]) -> None:
        self.instruments, self.other, self.books = {}, {}, {}
        for market in markets:
            yes, no = (instrument(market["market"], market[name]) for name in ("yes", "no"))
            self.instruments[yes.id], self.instruments[no.id] = yes, no
            self.other[yes.id], self.other[no.id] = no.id, yes.id
        self.decode = msgspec.json.Decoder(Messages | list[Messages]).decode

    def act(self, text: bytes) -> bool:
        """One frame: decoded, applied, and whether two raw asks now sum below one."""
        decoded = self.decode(text)
        touched, below = None, False
        for message in decoded if isinstance(decoded, list) else [decoded]:
            if isinstance(message, PolymarketQuotes):
                for change in message.price_changes:
                    touched = self.change(message, change)
            elif isinstance(message, PolymarketBookSnapshot):
                touched = self.replace(message)
            if touched is not None:
                below = self.ask_sum(touched) < 1 or below
        return below

    def change(self, message: PolymarketQuotes, change: object) -> object:
        known = self.instruments[get_polymarket_instrument_id(message.market, change.asset_id)]
        order = BookOrder(
            side=OrderSide.BUY if change.side == PolymarketOrderSide.BUY else OrderSide.SELL,
            price=known.make_price(float(change.price)),
            size=known.make_qty(float(change.size)),
            order_id=0,
        )
        delta = OrderBookDelta(
            instrument_id=known.id,
            action=BookAction.UPDATE if order.size > 0 else BookAction.DELETE,
            order=order,
            flags=RecordFlag.F_LAST,
            sequence=0,
            ts_event=millis_to_nanos(float(message.timestamp)),
            ts_init=0,
        )
        book = self.books.get(known.id)
        if book is None:
            book = self.books[known.id] = OrderBook(known.id, book_type=BookType.L2_MBP)
        book.apply(OrderBookDeltas(known.id, [delta]))
        return known.id

    def replace(self, message: PolymarketBookSnapshot) -> object:
        known = self.instruments[get_polymarket_instrument_id(message.market, message.asset_id)]
        deltas = message.parse_to_snapshot(instrument=known, ts_init=0)
        if deltas is None:
            return None
        book = self.books[known.id] = OrderBook(known.id, book_type=BookType.L2_MBP)
        book.apply_deltas(deltas)
        return known.id

    def ask_sum(self, token: object) -> float:
        first, second = self.books.get(token), self.books.get(self.other[token])
        if first is None or second is None:
            return 1.0
        ask, other_ask = first.best_ask_price(), second.best_ask_price()
        if ask is None or other_ask is None:
            return 1.0
        return float(ask) + float(other_ask)


def main(path: str) -> None:
    with open(path, "rb") as lines:  # noqa: PTH123 a peer's environment, kept plain
        books = Books(json.loads(lines.readline()))
        texts = [line.rstrip(b"\n") for line in lines]
    spent = []
    clock = time.perf_counter_ns
    gc.collect()
    gc.disable()
    for text in texts:
        began = clock()
        books.act(text)
        spent.append(clock() - began)
    sys.stdout.write(json.dumps(spent))


if __name__ == "__main__":
    main(sys.argv[1])
