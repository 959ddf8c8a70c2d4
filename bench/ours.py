"""The measured paths of polyloly: the code that trades, called as the shard calls it."""

from collections.abc import Callable
from typing import Any

import msgspec

from bench.frames import Frames
from core.book import Book
from core.engine import Engine, Setup
from core.events import BookChanged, BookSnapshot, Event
from core.ids import MarketId
from core.units import ONE, Ms, usdc
from feeds.sources.polymarket.parse import Parser
from feeds.sources.polymarket.wire import FRAME
from trading.shard.market_terms import tokens_of
from trading.shard.setup import engine_setup, opening_deposit

Frame = tuple[Ms, bytes]


def bare_decode() -> Callable[[Frame], object]:
    """msgspec alone, into the same structs."""
    decode = FRAME.decode

    def act(frame: Frame) -> object:
        return decode(frame[1])

    return act


def untyped_decode() -> Callable[[Frame], object]:
    """msgspec alone, into dicts and lists: what a program without structs would call decoding."""

    def act(frame: Frame) -> object:
        return msgspec.json.decode(frame[1])

    return act


def book_and_pair(tape: Frames) -> Callable[[Frame], object]:
    """decode -> book -> trust and phantom judged -> is there a pair of raw asks below one."""
    parser, books = Parser({}), {}
    for _, listing in tape.listings:
        parser.learn(tokens_of(listing))
        books[listing.market_id] = Book(listing.market_id)

    def act(frame: Frame) -> bool:
        heard_ms, text = frame
        below = False
        for event in parser.parse(text, heard_ms):
            if type(event) is BookChanged or type(event) is BookSnapshot:
                book = books[event.market_id]
                book.apply(event)
                if event.ends_frame:
                    book.judge_frame(heard_ms)
                    total = book.raw_ask_sum()
                    below = below or (total is not None and total < ONE)
        return below

    return act


def replay_setup() -> Setup:
    return engine_setup("bench:main", own_shown=False, quote_in_play=True)


def engine_for(tape: Frames) -> Engine:
    """An engine that knows the tape's markets and has cash."""
    engine = Engine(replay_setup(), entries=[opening_deposit(usdc("10000"), Ms(0))], sequences={})
    for _, listing in tape.listings:
        engine.step(listing)
    return engine


def parsed(tape: Frames) -> list[Event]:
    """The tape's events, decoded beforehand."""
    parser = Parser({})
    for _, listing in tape.listings:
        parser.learn(tokens_of(listing))
    return [event for heard_ms, text in tape.frames for event in parser.parse(text, heard_ms)]


def filled_books(tape: Frames) -> dict[MarketId, Book]:
    """Every market's book as the tape leaves it."""
    engine = engine_for(tape)
    for event in parsed(tape):
        engine.step(event)
    return {market_id: desk.book for market_id, desk in engine.desks.items()}


def snapshot(book: Book) -> Any:
    """What the console is told of a book."""
    return book.bids(10), book.asks(10)
