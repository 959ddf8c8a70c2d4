"""The traders: makers are late and lean, the informed one takes only what is stale, budgets are finite."""

from random import Random

import pytest

from core.ids import Outcome
from core.units import CERTAIN, SHARE, USDC, Ms, Price, Prob, Shares, Usdc, price, shares
from simulator.actors.cast import cast
from simulator.actors.crowd import Crowd
from simulator.actors.informed import Informed
from simulator.actors.maker import Maker, MakerStyle
from simulator.actors.sight import Sight
from simulator.exchange.venue import Exchange
from tests.simulator.builders import MARKET, an_exchange, best, listing, send, trader

STYLE = MakerStyle(
    delay_ms=Ms(2_000),
    pace_ms=100,
    half=price("0.02"),
    levels=3,
    gap=1,
    size=50,
    room=shares("1000"),
    skew=price("0.02"),
    doubt=Price(0),
)


def chance(percent: int) -> Prob:
    return Prob(CERTAIN * percent // 100)


def a_maker(exchange: Exchange, sight: Sight) -> Maker:
    budget = Usdc(10_000 * USDC)
    return Maker(exchange, MARKET, "maker", budget, Random(1), Ms(0), sight=sight, style=STYLE)


def an_informed(exchange: Exchange, sight: Sight, cash: str = "1000") -> Informed:
    budget = Usdc(int(cash) * USDC)
    return Informed(exchange, MARKET, "informed", budget, Random(1), Ms(0), sight=sight)


def test_a_maker_quotes_around_the_price_it_sees() -> None:
    exchange = an_exchange()
    maker = a_maker(exchange, Sight(Ms(0), chance(60)))

    maker.act(Ms(100))

    assert best(exchange, Outcome.YES) == (price("0.58"), price("0.62"))
    assert [at for at, _ in listing(exchange).book.bids.levels()] == [
        price(at) for at in ("0.58", "0.57", "0.56")
    ]


def test_a_maker_sees_a_change_only_after_its_delay() -> None:
    exchange, sight = an_exchange(), Sight(Ms(0), chance(60))
    maker = a_maker(exchange, sight)
    maker.act(Ms(3_000))
    sight.see(Ms(3_500), chance(70))

    maker.act(Ms(5_400))
    before = best(exchange, Outcome.YES)
    maker.act(Ms(5_500))
    after = best(exchange, Outcome.YES)

    assert before == (price("0.58"), price("0.62"))
    assert after[0] is not None
    assert after[0] > price("0.62"), "it may cross what were its own asks"


def test_a_maker_leans_against_its_stock() -> None:
    exchange, sight = an_exchange(), Sight(Ms(0), chance(50))
    maker = a_maker(exchange, sight)
    maker.act(Ms(100))
    before = best(exchange, Outcome.YES)
    maker.account.add_tokens((MARKET, Outcome.YES), shares("1000"))
    listing(exchange).collateral = Usdc(listing(exchange).collateral + 1_000 * USDC)

    maker.act(Ms(200))

    assert before == (price("0.48"), price("0.52"))
    assert best(exchange, Outcome.YES) == (price("0.46"), price("0.5"))


def test_a_filled_level_is_put_up_again_later() -> None:
    exchange, sight = an_exchange(fee_rate="0"), Sight(Ms(0), chance(50))
    maker, taker = a_maker(exchange, sight), trader(exchange, "taker")
    maker.act(Ms(100))
    size = listing(exchange).book.asks.size(price("0.52"))
    send(exchange, taker, f"buy yes {size // SHARE} at 0.52")

    maker.act(Ms(200))
    gone = best(exchange, Outcome.YES)[1]
    maker.act(Ms(10_000))

    assert gone == price("0.53")
    assert best(exchange, Outcome.YES)[1] == price("0.52")


def test_the_informed_takes_a_quote_that_is_still_about_the_past() -> None:
    exchange, sight = an_exchange(), Sight(Ms(0), chance(50))
    maker = trader(exchange, "maker")
    send(exchange, maker, "buy no 100 at 0.48")
    informed = an_informed(exchange, sight)
    informed.act(Ms(1_000))
    assert not informed.held(Outcome.YES), "0.52 is no bargain at 0.50"

    sight.see(Ms(1_000), chance(60))
    informed.act(Ms(1_299))
    assert not informed.held(Outcome.YES), "it is almost at once, not at once"
    informed.act(Ms(1_300))

    assert informed.held(Outcome.YES)


@pytest.mark.parametrize("percent", [53, 54])
def test_the_informed_leaves_what_does_not_pay_the_fee_and_its_edge(percent: int) -> None:
    exchange = an_exchange()
    send(exchange, trader(exchange, "maker"), "buy no 100 at 0.48")
    informed = an_informed(exchange, Sight(Ms(0), chance(percent)))

    informed.act(Ms(1_000))

    assert not informed.held(Outcome.YES)


def test_the_informed_also_buys_the_other_outcome() -> None:
    exchange = an_exchange()
    send(exchange, trader(exchange, "maker"), "buy yes 100 at 0.52")
    informed = an_informed(exchange, Sight(Ms(0), chance(40)))

    informed.act(Ms(1_000))

    assert informed.held(Outcome.NO)


def test_the_informed_stops_when_its_budget_is_spent() -> None:
    exchange = an_exchange()
    send(exchange, trader(exchange, "maker"), "buy no 1000 at 0.48")
    informed = an_informed(exchange, Sight(Ms(0), chance(70)), cash="20")

    for now_ms in range(1_000, 20_000, 1_000):
        informed.act(Ms(now_ms))

    assert informed.account.free_cash < 5 * USDC
    assert informed.held(Outcome.YES) <= shares("40")


def test_the_crowd_trades_both_outcomes_within_its_means() -> None:
    exchange, sight = an_exchange(fee_rate="0"), Sight(Ms(0), chance(50))
    maker = trader(exchange, "maker", cash="100000", pairs="100000")
    crowd = Crowd(
        exchange, MARKET, "crowd", Usdc(200 * USDC), Random(3), Ms(0), sight=sight, every_ms=1_000, size=60
    )
    for now_ms in range(0, 600_000, 1_000):
        for said in ("sell yes 500 at 0.51", "sell no 500 at 0.51"):
            send(exchange, maker, said, now_ms=now_ms)
        crowd.act(Ms(now_ms))
        assert crowd.account.cash >= 0

    assert maker.held((MARKET, Outcome.YES)) < shares("100000")
    assert maker.held((MARKET, Outcome.NO)) < shares("100000")


def test_the_crowd_sends_less_while_the_match_is_not_on() -> None:
    sight = Sight(Ms(0), chance(50))
    crowd = Crowd(
        an_exchange(), MARKET, "crowd", Usdc(0), Random(3), Ms(0), sight=sight, every_ms=1_000, size=60
    )

    def mean_wait() -> float:
        waits = []
        for _ in range(300):
            crowd.act(Ms(0))
            waits.append(crowd.next_ms)
        return sum(waits) / len(waits)

    before = mean_wait()
    sight.live = True

    assert mean_wait() < before / 2


def test_a_cast_is_the_same_for_a_seed_and_its_makers_are_one_to_four_seconds_late() -> None:
    def hired(seed: int) -> list[tuple[str, Usdc]]:
        exchange = an_exchange()
        people = cast(exchange, MARKET, seed, MARKET, Sight(Ms(0), chance(50)), Ms(0))
        return [(person.account.name, person.account.cash) for person in people]

    assert hired(5) == hired(5) != hired(6)
    exchange = an_exchange()
    people = cast(exchange, MARKET, 5, MARKET, Sight(Ms(0), chance(50)), Ms(0))
    delays = [person.style.delay_ms for person in people if isinstance(person, Maker)]
    assert len(delays) == 3
    assert all(1_000 <= delay <= 4_000 for delay in delays)


def test_sight_forgets_what_nobody_can_look_back_to() -> None:
    sight = Sight(Ms(0), chance(50))
    for now_ms in range(0, 100_000, 100):
        sight.see(Ms(now_ms), chance(60))

    assert sight.at(Ms(99_900 - 4_000)) == price("0.6")
    assert len(sight) < 100


def test_a_post_only_quote_never_takes() -> None:
    exchange, sight = an_exchange(), Sight(Ms(0), chance(50))
    other = trader(exchange, "other")
    send(exchange, other, "buy no 10 at 0.55")
    maker = a_maker(exchange, sight)

    maker.act(Ms(100))

    assert exchange.fees_taken == 0
    assert other.held((MARKET, Outcome.NO)) == Shares(0)
    assert best(exchange, Outcome.YES)[1] == price("0.45")
