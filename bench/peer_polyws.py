"""polyws 0.2.3 on a tape, in its own environment: orjson, its event types, its order book cache.

Its derived price events (spread, midpoint, handlers) are left out: they are more work than is compared here.
Prints the nanoseconds of every frame as a JSON list.
"""

import gc
import json
import sys
import time

import orjson
from polyws.order_book import OrderBookCache
from polyws.types import BookEvent, PriceChangeEvent, parse_event


def main(path: str) -> None:
    with open(path, "rb") as lines:  # noqa: PTH123 a peer's environment, kept plain
        markets = json.loads(lines.readline())
        texts = [line.rstrip(b"\n") for line in lines]
    other = {}
    for market in markets:
        other[market["yes"]] = market["no"]
        other[market["no"]] = market["yes"]
    cache = OrderBookCache()

    def act(text: bytes) -> bool:
        decoded = orjson.loads(text)
        below = False
        for item in decoded if isinstance(decoded, list) else [decoded]:
            if item["event_type"] not in ("book", "price_change"):
                continue
            event = parse_event(item)
            if isinstance(event, BookEvent):
                cache.replace_book(event)
                below = ask_sum(event.asset_id) < 1 or below
            elif isinstance(event, PriceChangeEvent):
                try:
                    cache.upsert_price_change(event)
                except ValueError:
                    continue  # a change before its book
                below = ask_sum(event.price_changes[0].asset_id) < 1 or below
        return below

    def ask_sum(token: str) -> float:
        first, second = cache.get_book_entry(token), cache.get_book_entry(other.get(token, ""))
        if first is None or second is None or not first.asks or not second.asks:
            return 1.0
        return float(first.asks[-1].price) + float(second.asks[-1].price)

    spent = []
    clock = time.perf_counter_ns
    gc.collect()
    gc.disable()
    for text in texts:
        began = clock()
        act(text)
        spent.append(clock() - began)
    sys.stdout.write(json.dumps(spent))


if __name__ == "__main__":
    main(sys.argv[1])
