"""Wallet actions handed over twice with one nonce, refused for ever, or never carried out: each ends in the truth."""

import pytest

from tests.trading.wallet.test_work import Scene, call, row_of, scene
from trading.wallet.work import REFUSED_FOR_MS

__all__ = ["scene"]
pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_copy_that_is_refused_for_now_says_nothing_of_the_first(scene: Scene) -> None:
    scene.relayer.mishaps.extend(["slow", "busy"])
    await call(scene.plan)

    await scene.turns(60)

    assert await call(scene.states) == ["confirmed"]
    assert scene.relayer.executed() == 1
    assert {each.nonce for each in scene.relayer.sent.values()} == {0}, "never with another nonce"


async def test_a_copy_that_is_refused_for_good_says_nothing_of_the_first(scene: Scene) -> None:
    scene.relayer.mishaps.extend(["slow", "refused"])
    await call(scene.plan)

    await scene.turns(60)

    assert await call(scene.states) == ["confirmed"], "the first one landed after the copy was refused"
    assert scene.relayer.executed() == 1


async def test_a_copy_that_came_second_does_not_undo_the_first(scene: Scene) -> None:
    scene.relayer.mishaps.append("slow")
    await call(scene.plan)

    await scene.turns(30)

    assert sorted(each.state for each in scene.relayer.sent.values()) == ["confirmed", "failed"]
    assert await call(scene.states) == ["confirmed"]


async def test_a_relayer_that_never_lets_us_in_ends_the_action_with_its_words(scene: Scene) -> None:
    scene.relayer.mishaps.extend(["stranger"] * 100)
    await call(scene.plan)

    await scene.turns(1)
    waiting = await row_of()
    await scene.turns(REFUSED_FOR_MS // 1_000 + 10)

    assert (waiting.state, waiting.reason) == ("submitted", "RequestRejectedError 401: unauthorized")
    ended = await row_of()
    assert ended.state == "failed", "nothing was ever handed over: the shares are free again"
    assert "401" in str(ended.reason)
    assert scene.relayer.executed() == 0


@pytest.mark.parametrize("mishap", ["never mined", "dropped"])
async def test_what_nobody_carries_out_ends_with_its_deadline(mishap: str, scene: Scene) -> None:
    scene.relayer.mishaps.extend([mishap, *(["refused"] * 200)])
    await call(scene.plan)

    await scene.turns(58, ms=10_000)
    before = await call(scene.states)
    await scene.turns(30, ms=10_000)

    assert before in (["submitted"], ["unknown"]), "it may still be carried out"
    assert await call(scene.states) == ["failed"]
    assert scene.relayer.executed() == 0


async def test_what_has_no_deadline_never_counts_as_failed(scene: Scene) -> None:
    scene.relayer.lives_ms = None
    scene.relayer.mishaps.append("never mined")
    await call(scene.plan)

    await scene.turns(100, ms=10_000)

    assert await call(scene.states) == ["submitted"]
