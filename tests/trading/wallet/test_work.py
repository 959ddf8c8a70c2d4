"""Merges and redemptions against a relayer of ours that loses words, is busy, refuses, and forgets.

Method: the relayer counts what it executed; whatever it does with our words, each action is executed once.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import pytest
from asgiref.sync import sync_to_async
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import MarketId
from core.units import ONE, SHARE, Ms, Price, Shares, usdc
from feeds import services as feeds
from tests.feeds.builders import a_listing, described
from tests.feeds.gamma import NOON, condition
from trading import selectors, services
from trading.errors import FenceLost
from trading.gateways.polymarket.wallet.answers import (
    Answer,
    Confirmed,
    Failed,
    Outcome,
    Pending,
    Refused,
    Submitted,
    Unanswered,
)
from trading.models import Account, AccountMode, WalletAction, WalletKind, WalletState
from trading.wallet.sums import received_of
from trading.wallet.work import (
    A_MINUTE,
    MINUTE_MS,
    NONCE_MOVED,
    Quota,
    WalletWork,
)

pytestmark = pytest.mark.django_db(transaction=True)
MARKET: Final = MarketId(condition(1))
NAME: Final = "wallet:0xabc"
LOST: Final = Unanswered("no answer")
DELAY_MS: Final = 2_000
LIVES_MS: Final = Ms(600_000)
SLOW_MS: Final = 11_500  # longer than an absence must last before the same nonce is used again


@dataclass(frozen=True)
class Sent:
    nonce: int
    market_id: MarketId
    shares: Shares
    due_ms: int
    state: str = "new"


@dataclass
class Relayer:
    """One transaction a nonce; the chain takes it ``DELAY_MS`` later. ``mishaps`` befall the next submissions."""

    now: int = NOON
    mishaps: deque[str] = field(default_factory=deque)
    sent: dict[str, Sent] = field(default_factory=dict)
    silent: bool = False
    used: int = 0
    lives_ms: Ms | None = LIVES_MS
    slow: list[tuple[int, Sent]] = field(default_factory=list)  # on their way here, not listed yet

    def tick(self, ms: int) -> None:
        self.now += ms
        for arrives_ms, each in self.slow:
            if arrives_ms <= self.now:
                self.sent[f"tx-{len(self.sent) + 1}"] = each
        self.slow = [pair for pair in self.slow if pair[0] > self.now]
        for name, each in self.sent.items():
            if each.state == "new" and self.now >= each.due_ms:
                taken = each.nonce == self.used
                self.used += taken
                self.sent[name] = replace(each, state="confirmed" if taken else "failed")

    def executed(self) -> int:
        return sum(each.state == "confirmed" for each in self.sent.values())

    async def nonce(self) -> str | Unanswered:
        return LOST if self.silent else str(self.used)

    async def merge(
        self, market_id: MarketId, shares: Shares, *, neg_risk: bool, version: str, nonce: str | None = None
    ) -> Answer:
        return self._taken(market_id, shares, nonce)

    async def redeem(
        self, market_id: MarketId, *, neg_risk: bool, version: str, nonce: str | None = None
    ) -> Answer:
        return self._taken(market_id, Shares(0), nonce)

    def _taken(self, market_id: MarketId, shares: Shares, nonce: str | None) -> Answer:
        mishap = self.mishaps.popleft() if self.mishaps else ""
        if mishap == "refused":
            return Refused("the batch is malformed", None)
        if mishap == "stranger":
            return Refused("RequestRejectedError 401: unauthorized", 5_000)
        if mishap == "slow":
            arrives_ms = self.now + SLOW_MS
            self.slow.append((arrives_ms, Sent(int(nonce or self.used), market_id, shares, arrives_ms)))
            return LOST
        if mishap == "busy" or any(each.state == "new" for each in self.sent.values()):
            return Refused("wallet busy", 1_000)
        if mishap == "dropped":
            return LOST
        name = f"tx-{len(self.sent) + 1}"
        due_ms = 10**15 if mishap == "never mined" else self.now + DELAY_MS
        self.sent[name] = Sent(int(nonce or self.used), market_id, shares, due_ms)
        return LOST if mishap == "unheard" else Submitted(name)

    async def outcome(self, transaction_id: str) -> Outcome:
        if self.silent:
            return LOST
        state = self.sent[transaction_id].state
        if state == "new":
            return Pending(None)
        return Confirmed(f"0x{transaction_id}") if state == "confirmed" else Failed("reverted")

    async def landed_since(self, nonce: str, market_id: MarketId, shares: Shares) -> str | Unanswered | None:
        if self.silent:
            return LOST
        fitting = (
            name
            for name, each in self.sent.items()
            if each.nonce == int(nonce) and each.market_id == market_id and each.state != "failed"
        )
        return next(fitting, None)


@dataclass
class Scene:
    """A wallet's account, its relayer, and a keeper that can be killed."""

    account: Account
    relayer: Relayer
    fence: int
    work: WalletWork

    def crash(self) -> None:
        """The next keeper knows only the rows."""
        self.fence = services.take_fence(NAME)
        self.work = a_keeper(self.account, self.relayer, self.fence)

    def plan(self, number: int = 1, *, shares: int = 60, kind: WalletKind = WalletKind.MERGE) -> None:
        services.plan_wallet_action(
            account_id=self.account.pk,
            action_id=f"action-{number}",
            market_id=MARKET,
            kind=kind,
            yes=Shares(shares * SHARE),
            no=Shares(shares * SHARE),
            payout=None if kind is WalletKind.MERGE else Price(ONE),
            at_ms=Ms(self.relayer.now),
        )

    async def turns(self, count: int, *, ms: int = 1_000) -> None:
        for _ in range(count):
            await self.work.turn()
            self.relayer.tick(ms)

    def states(self) -> list[str]:
        return list(WalletAction.objects.order_by("pk").values_list("state", flat=True))


def a_keeper(account: Account, relayer: Relayer, fence: int) -> WalletWork:
    return WalletWork(
        relayer,
        account_id=account.pk,
        fence_name=NAME,
        fence=fence,
        quota=Quota(),
        now=lambda: Ms(relayer.now),
    )


def a_scene() -> Scene:
    feeds.save_listings([described(a_listing(1))], heard_ms=NOON)
    account = services.open_account(
        mode=AccountMode.REHEARSAL, name="0xabc", start_cash=usdc("10000"), at_ms=NOON
    )
    relayer, fence = Relayer(), services.take_fence(NAME)
    return Scene(account, relayer, fence, a_keeper(account, relayer, fence))


@pytest.fixture
async def scene() -> Scene:
    return await sync_to_async(a_scene)()


async def call(act: Callable[..., object], *args: object, **kwargs: object) -> object:
    return await sync_to_async(act)(*args, **kwargs)


async def row_of(number: int = 1) -> WalletAction:
    return await WalletAction.objects.aget(action_id=f"action-{number}")


async def test_a_merge_is_written_submitted_and_followed_to_its_end(scene: Scene) -> None:
    await call(scene.plan)

    await scene.turns(1)
    submitted = await row_of()
    await scene.turns(4)
    done = await row_of()

    assert (submitted.state, submitted.nonce, submitted.transaction_id) == ("submitted", "0", "tx-1")
    assert (done.state, done.tx_hash, done.received) == ("confirmed", "0xtx-1", 60 * SHARE)
    assert done.holder_fence == scene.fence
    assert scene.relayer.executed() == 1


async def test_actions_go_one_after_the_other(scene: Scene) -> None:
    for number in (1, 2, 3):
        await call(scene.plan, number)

    await scene.turns(1)
    assert await call(scene.states) == ["submitted", "planned", "planned"]
    await scene.turns(15)

    assert await call(scene.states) == ["confirmed"] * 3
    assert [each.nonce for each in scene.relayer.sent.values()] == [0, 1, 2]


async def test_a_resolved_market_pays_what_it_was_resolved_to(scene: Scene) -> None:
    await call(scene.plan, kind=WalletKind.REDEEM)

    await scene.turns(5)

    assert (await row_of()).received == 60 * SHARE, "YES pays 1, NO nothing"


def test_a_void_match_pays_each_outcome_rounded_down_by_itself() -> None:
    row = WalletAction(kind=WalletKind.REDEEM, yes=1_000_001, no=3, payout=ONE // 2)

    assert received_of(row) == 500_001, "500,000.5 and 1.5 millionths, half a one lost twice"


@pytest.mark.parametrize("heard", ["unheard", "dropped"])
async def test_an_unanswered_submission_is_looked_for_and_done_once(heard: str, scene: Scene) -> None:
    scene.relayer.mishaps.append(heard)
    await call(scene.plan)

    await scene.turns(1)
    assert (await row_of()).state == "unknown"
    await scene.turns(20)

    assert await call(scene.states) == ["confirmed"]
    assert scene.relayer.executed() == 1
    assert {each.nonce for each in scene.relayer.sent.values()} == {0}, "never with another nonce"


@pytest.mark.parametrize("step", ["written", "unheard", "submitted", "mined"])
async def test_a_keeper_killed_at_any_step_does_nothing_twice(step: str, scene: Scene) -> None:
    await call(scene.plan)
    if step == "written":
        await call(
            services.step_wallet_action,
            "action-1",
            from_states=[WalletState.PLANNED],
            to=WalletState.SUBMITTED,
            fence_name=NAME,
            fence=scene.fence,
            at_ms=NOON,
            nonce="0",
        )
    if step == "unheard":
        scene.relayer.mishaps.append("unheard")
    if step != "written":
        await scene.turns(3 if step == "mined" else 1)

    await call(scene.crash)
    await scene.turns(20)

    assert await call(scene.states) == ["confirmed"]
    assert scene.relayer.executed() == 1


async def test_a_busy_wallet_is_asked_again_and_a_refusal_is_final(scene: Scene) -> None:
    scene.relayer.mishaps.extend(["busy", "busy", "", "refused"])
    await call(scene.plan, 1)
    await call(scene.plan, 2)

    await scene.turns(12)

    assert await call(scene.states) == ["confirmed", "failed"]
    assert (await row_of(2)).reason == "the batch is malformed"
    assert scene.relayer.executed() == 1


async def test_a_relayer_that_falls_silent_makes_it_unknown_and_the_truth_ends_it(scene: Scene) -> None:
    await call(scene.plan)
    await scene.turns(1)
    scene.relayer.silent = True
    await scene.turns(40)
    assert await call(scene.states) == ["unknown"]

    scene.relayer.silent = False
    await scene.turns(2)

    assert await call(scene.states) == ["confirmed"]


async def test_a_nonce_that_somebody_else_used_is_a_persons_business(scene: Scene) -> None:
    scene.relayer.mishaps.append("dropped")
    await call(scene.plan, 1)
    await call(scene.plan, 2)
    await scene.turns(1)
    scene.relayer.used += 1

    await scene.turns(30)

    first = await row_of(1)
    assert (first.state, first.reason) == ("unknown", NONCE_MOVED)
    assert (await row_of(2)).state == "confirmed", "the others go on"
    assert scene.relayer.executed() == 1


async def test_a_keeper_that_lost_the_wallet_touches_nothing_more(scene: Scene) -> None:
    await call(scene.plan)
    await call(services.take_fence, NAME)

    with pytest.raises(FenceLost):
        await scene.work.turn()

    assert scene.relayer.sent == {}
    assert await call(scene.states) == ["planned"]


async def test_a_market_nobody_knows_waits(scene: Scene) -> None:
    await call(
        services.plan_wallet_action,
        account_id=scene.account.pk,
        action_id="action-1",
        market_id="0xnowhere",
        kind=WalletKind.MERGE,
        yes=Shares(1),
        no=Shares(1),
        payout=None,
        at_ms=NOON,
    )

    await scene.turns(3)

    assert await call(scene.states) == ["planned"]


def test_no_more_than_the_relayers_quota_is_submitted_in_a_minute() -> None:
    quota = Quota()

    taken = [quota.take(Ms(NOON + 100 * number)) for number in range(40)]

    assert taken == [True] * A_MINUTE + [False] * (40 - A_MINUTE)
    assert quota.take(Ms(NOON + MINUTE_MS))


MISHAP = st.sampled_from(["", "", "unheard", "dropped", "busy", "slow"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mishaps=st.lists(MISHAP, max_size=6), crashes=st.sets(st.integers(0, 60), max_size=5))
async def test_whatever_happens_each_action_is_done_exactly_once(
    mishaps: list[str], crashes: set[int], scene: Scene
) -> None:
    await WalletAction.objects.all().adelete()
    scene.relayer.__init__()  # type: ignore[misc]  # a relayer of its own for each example
    scene.relayer.mishaps.extend(mishaps)
    await call(scene.crash)
    for number in (1, 2, 3):
        await call(scene.plan, number)

    for turn in range(90):
        if turn in crashes:
            await call(scene.crash)
        await scene.turns(1)

    assert await call(scene.states) == ["confirmed"] * 3
    assert scene.relayer.executed() == 3
    assert await call(selectors.open_wallet_actions, scene.account.pk) == []
