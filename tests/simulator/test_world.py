"""The whole world: the same for a seed, true in every frame, and everything said about it adds up."""

from collections import Counter, defaultdict
from statistics import median

from core.ids import Outcome, TokenId
from core.units import ONE, SHARE, Ms, Price, Shares, mirrored, price, shares, usdc
from simulator import wire
from simulator.announcer import Frame
from simulator.exchange.book import Book, Levels
from simulator.exchange.orders import Version
from simulator.stage import LEAD_STEP
from simulator.world import STEP_MS, Said, World
from tests.simulator.evenings import MINUTE_MS, START, Hour, tokens

TRADERS_A_MARKET = 5


def test_the_same_seed_says_the_same() -> None:
    again = World(7, START)

    assert again.step(Ms(START + MINUTE_MS)) == World(7, START).step(Ms(START + MINUTE_MS))


def test_another_seed_says_something_else() -> None:
    one, two = World(7, START), World(8, START)

    assert one.step(Ms(START + 5_000)) != two.step(Ms(START + 5_000))


def test_what_is_said_does_not_depend_on_how_often_the_world_is_asked() -> None:
    world, frames = World(7, START), list[Frame]()

    for now_ms in [
        *range(START, START + 5_000, STEP_MS),
        *range(START + 5_000, START + 20_001, 730),
        1 << 50,
    ]:
        frames += world.step(Ms(min(now_ms, START + 20_000))).frames

    assert tuple(frames) == World(7, START).step(Ms(START + 20_000)).frames


def test_a_world_starts_with_full_books_in_the_middle_of_matches() -> None:
    world = World(7, START)

    running = [word for word in world.match_words() if word.clock_ms > MINUTE_MS]
    books = [book for sheet in world.open_sheets() for book in world.snapshots(tokens(sheet))]

    assert len(running) >= 2
    assert len(books) >= 16
    assert sum(len(book.bids) >= 5 and len(book.asks) >= 5 for book in books) >= 0.8 * len(books)


def test_no_frame_ever_shows_an_ask_sum_below_one(five_minutes: Said) -> None:
    checked = 0

    for frame in five_minutes.frames:
        asks = dict(ask for message in frame.messages for ask in asks_in(message))
        if len(asks) == 2:
            checked += 1
            assert sum(asks.values()) >= ONE

    assert checked > 2_500


def asks_in(message: wire.MarketMessage) -> list[tuple[TokenId, Price]]:
    """The best ask of each token that a message speaks of."""
    if isinstance(message, wire.PriceChange):
        return [(change.asset_id, price(change.best_ask)) for change in message.price_changes]
    if isinstance(message, wire.Book):
        return [(message.asset_id, price(message.asks[-1].price) if message.asks else ONE)]
    return []


def test_every_change_is_said_for_both_tokens_at_once(five_minutes: Said) -> None:
    for frame in five_minutes.frames:
        for message in frame.messages:
            if isinstance(message, wire.PriceChange):
                yes, no = message.price_changes
                assert price(yes.price) == mirrored(price(no.price))
                assert (yes.size, {yes.side, no.side}) == (no.size, {"BUY", "SELL"})
                assert price(yes.best_bid) == mirrored(price(no.best_ask))


def test_both_outcomes_are_traded_and_both_sides_take(five_minutes: Said) -> None:
    trades = [
        message
        for frame in five_minutes.frames
        for message in frame.messages
        if isinstance(message, wire.LastTradePrice)
    ]

    kinds = Counter((trade.side, trade.asset_id) for trade in trades)

    assert {side for side, _ in kinds} == {"BUY", "SELL"}
    assert len({asset for _, asset in kinds}) > len(Outcome) * 5


class Rebuilt:
    """A book put together from the channel alone, as any client would."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[Price, Shares]] = {"BUY": {}, "SELL": {}}

    def redraw(self, book: wire.Book) -> None:
        for side, texts in (("BUY", book.bids), ("SELL", book.asks)):
            self.sides[side] = {price(level.price): shares(level.size) for level in texts}

    def change(self, change: wire.Change) -> None:
        """Apply one change and check the best prices that were said with it."""
        size, at = shares(change.size), price(change.price)
        if size:
            self.sides[change.side][at] = size
        else:
            self.sides[change.side].pop(at, None)
        best_bid, best_ask = max(self.sides["BUY"], default=0), min(self.sides["SELL"], default=ONE)
        assert (best_bid, best_ask) == (price(change.best_bid), price(change.best_ask))

    def levels(self, side: str) -> Levels:
        return tuple(sorted(self.sides[side].items()))


def levels(texts: list[wire.LevelText]) -> Levels:
    return tuple(sorted((price(level.price), shares(level.size)) for level in texts))


def test_a_snapshot_and_all_changes_give_the_book_as_it_is() -> None:
    world = World(9, START)
    rebuilt: dict[TokenId, Rebuilt] = defaultdict(Rebuilt)
    for sheet in world.open_sheets():
        for book in world.snapshots(tokens(sheet)):
            rebuilt[book.asset_id].redraw(book)

    for frame in world.step(Ms(START + 5 * MINUTE_MS)).frames:
        for message in frame.messages:
            if isinstance(message, wire.Book):
                rebuilt[message.asset_id].redraw(message)
            elif isinstance(message, wire.PriceChange):
                for change in message.price_changes:
                    rebuilt[change.asset_id].change(change)

    for sheet in world.open_sheets():
        for book in world.snapshots(tokens(sheet)):
            assert rebuilt[book.asset_id].levels("BUY") == levels(book.bids)
            assert rebuilt[book.asset_id].levels("SELL") == levels(book.asks)


def markets_of(described: dict[str, object]) -> list[dict[str, object]]:
    markets = described["markets"]
    assert isinstance(markets, list)
    return markets


def test_markets_open_and_resolve_all_evening(hour: Hour) -> None:
    open_markets = [
        sum(not market["closed"] for event in now for market in markets_of(event.described))
        for now in hour.events
    ]

    assert min(open_markets) >= 8
    assert sum(isinstance(message, wire.NewMarket) for message in hour.messages) >= 3
    assert len(hour.resolutions) >= 3
    assert any(event.closed for event in hour.events[-1])


def test_a_market_resolves_to_the_team_that_won(hour: Hour) -> None:
    won = {(word.match_id, word.map_number): word.winner for word in hour.words if word.kind == "map_ended"}
    won |= {(word.match_id, 0): word.winner for word in hour.words if word.kind == "ended"}
    checked = 0

    for event in hour.events[-1]:
        for market in markets_of(event.described):
            map_number = int(str(market["slug"]).partition("-game")[2] or 0)
            winner = won.get((str(event.described["gameId"]), map_number))
            resolved = hour.resolutions.get(str(market["conditionId"]))  # type: ignore[call-overload]
            if resolved is not None and winner is not None:
                checked += 1
                assert market["closed"]
                assert market["outcomePrices"] == ('["1","0"]', '["0","1"]')[winner]
                assert resolved.assets_ids.index(resolved.winning_asset_id) == winner

    assert checked >= 3


def test_a_resolved_market_is_still_known_by_its_id_and_tokens(hour: Hour) -> None:
    world = hour.world

    assert {sheet.terms.market_id for sheet in world.closed_sheets} >= hour.resolutions.keys()
    for sheet in (*world.closed_sheets, *world.open_sheets()):
        assert world.sheet(sheet.terms.market_id) is sheet
        for outcome in Outcome:
            assert world.sheet_of_token(sheet.token(outcome)) == (sheet, outcome)
    for sheet in world.closed_sheets:
        assert sheet.terms.market_id in world.exchange.resolved
        assert not world.snapshots(tokens(sheet))


def test_a_void_market_resolves_at_half_and_has_no_winner() -> None:
    world = World(7, START)
    sheet = world.open_sheets()[0]
    market_id = sheet.terms.market_id
    wallet = world.exchange.open_account("0xwallet", usdc("10"), wallet=True)
    world.exchange.split(wallet, market_id, shares("10"))

    world.void(market_id)
    said = world.step(Ms(START + STEP_MS)).frames

    (message,) = [it for frame in said for it in frame.messages if isinstance(it, wire.MarketResolved)]
    assert (message.market, message.winning_asset_id, message.winning_outcome) == (market_id, "", "")
    market = next(
        market
        for event in world.events()
        for market in markets_of(event.described)
        if market["id"] == sheet.number
    )
    assert (market["closed"], market["outcomePrices"]) == (True, '["0.5","0.5"]')
    assert world.exchange.redeem(wallet, market_id) == usdc("10")
    world.exchange.check()


def test_the_books_of_v2_markets_say_so() -> None:
    world = World(7, START)
    versions = {sheet.terms.version for sheet in world.open_sheets()}

    assert versions == set(Version)
    for sheet in world.open_sheets():
        for book in world.snapshots(tokens(sheet)):
            assert (book.version == "v2") is (sheet.terms.version is Version.V2)


def test_nothing_is_said_about_a_market_after_its_resolution(hour: Hour) -> None:
    assert hour.resolutions
    assert hour.late == set()


def test_nothing_is_kept_of_markets_that_are_over(hour: Hour) -> None:
    exchange, open_markets = hour.world.exchange, len(hour.world.open_sheets())

    assert len(exchange.listings) == open_markets
    assert len(exchange.accounts) == TRADERS_A_MARKET * open_markets
    assert not exchange.prints


def test_books_look_like_the_venues() -> None:
    world = World(7, START)
    listings = world.exchange.listings.values()

    spreads = [ask - bid for listing in listings for bid, ask in [tops(listing.book)]]
    depths = [len(listing.book.bids.levels()) for listing in listings]
    touches = [listing.book.bids.levels()[0][1] // SHARE for listing in listings]

    assert price("0.01") <= median(spreads) <= price("0.04")
    assert max(spreads) >= price("0.03")
    assert 5 <= median(depths) <= 10
    assert 50 <= median(touches) <= 1_500


def tops(book: Book) -> tuple[Price, Price]:
    assert book.bids.best is not None
    assert book.asks.best is not None
    return book.bids.best, book.asks.best


def test_the_tick_becomes_finer_before_a_clear_market_resolves(hour: Hour) -> None:
    refined = {message.market for message in hour.messages if isinstance(message, wire.TickSizeChange)}

    assert len(refined & hour.resolutions.keys()) >= 0.75 * len(hour.resolutions)


def test_the_match_feed_repeats_a_running_match_every_two_seconds(hour: Hour) -> None:
    last: dict[str, wire.MatchMessage] = {}

    for word in hour.words:
        before = last.get(word.match_id)
        if before is not None:
            assert before.said_ms <= word.said_ms <= before.said_ms + 2_100
            assert before.kind != "ended"
        last[word.match_id] = word

    assert last


def test_a_lead_is_told_only_when_it_moved_by_a_step(hour: Hour) -> None:
    told: dict[str, int] = {}
    steps = []

    for word in hour.words:
        if word.kind == "lead" and word.match_id in told:
            steps.append(abs(word.lead - told[word.match_id]))
        if word.kind not in ("state", "paused"):
            told[word.match_id] = word.lead

    assert len(steps) > 50
    assert min(steps) >= LEAD_STEP


def test_the_match_feed_names_a_winner_exactly_when_something_ends(hour: Hour) -> None:
    kinds = Counter((word.kind, word.winner is not None) for word in hour.words)

    assert {kind for kind, named in kinds if named} == {"map_ended", "ended"}
    assert {kind for kind, named in kinds if not named} >= {"started", "score", "lead", "state"}
