"""What the health check says of the venue: judged from its answers, kept with an age, and never a halt on paper."""

import asyncio
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from core.ids import MarketId, OrderId
from core.units import Ms, Shares, Usdc
from feeds.listings import MarketState
from feeds.selectors import VenueTerms
from feeds.sources.polymarket.gamma import Reader
from feeds.sources.polymarket.gamma_client import GammaClient
from infra import checks, clock, redis
from infra.checks import Verdict, failed, passed
from simulator import server
from simulator.world import World
from tests.feeds.markets import a_listing
from tests.trading.conftest import NOON, a_place, write
from trading import services
from trading.gateways.polymarket.answers import Unanswered as VenueSilent
from trading.gateways.polymarket.public import checks as public_checks
from trading.gateways.polymarket.public.checks import ClobMarket, Fees, InUse, Token, Unheard
from trading.gateways.polymarket.wallet.answers import Unanswered as ChainSilent
from trading.gateways.polymarket.wire import BalanceAllowance, OpenOrder
from trading.health import findings
from trading.models import Account, Order, WalletAction, WalletKind, WalletState
from trading.wallet import checks as wallet_checks
from trading.wallet import light as wallet_light
from trading.wallet.checks import ORDER_ID

LISTING = a_listing()
BOOK = ClobMarket(
    t=[Token(LISTING.yes_token, LISTING.yes_name), Token(LISTING.no_token, LISTING.no_name)],
    fd=Fees(Decimal("0.05"), Decimal(1), to=True),
    nr=False,
)
IN_USE = InUse(LISTING, VenueTerms(neg_risk=False, version="v1"))


@pytest.mark.parametrize(
    ("off_ms", "took_ms", "verdict"),
    [
        (0, 100, Verdict.PASS),
        (900, 100, Verdict.PASS),
        (2_500, 100, Verdict.WARN),
        (-30_000, 100, Verdict.WARN),
    ],
)
def test_a_clock_that_is_off_is_a_warning(off_ms: int, took_ms: int, verdict: Verdict) -> None:
    said = str((NOON + off_ms) // 1000).encode()

    found = public_checks.judged_time(said, Ms(NOON - took_ms // 2), Ms(NOON + took_ms // 2))

    assert found.verdict is verdict
    assert bool(found.next_step) is (verdict is not Verdict.PASS)


def test_a_time_that_is_no_number_is_no_answer() -> None:
    with pytest.raises(Unheard):
        public_checks.judged_time(b"<html>", NOON, NOON)


@pytest.mark.parametrize(
    ("fd", "said"),
    [
        (Fees(Decimal("0.05"), Decimal(1), to=True), ""),
        (Fees(Decimal("0.03"), Decimal(1), to=True), "fee rate 0.03 at the book, 0.05 listed"),
        (None, "fee rate 0 at the book"),
        (Fees(Decimal("0.05"), Decimal(2), to=True), "fee exponent 2"),
        (Fees(Decimal("0.05"), Decimal(1), to=False), "makers are charged"),
    ],
)
def test_a_fee_that_differs_from_the_list_is_said(fd: Fees | None, said: str) -> None:
    found = public_checks.fees_differ(LISTING, ClobMarket(t=BOOK.t, fd=fd))

    assert [said in why for why in found] == ([True] if said else [])


def test_an_unknown_fee_is_no_match() -> None:
    assert public_checks.fees_differ(replace(LISTING, fees=None), BOOK) != []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"t": list(reversed(BOOK.t))}, "other tokens"),
        ({"t": [Token("1", "x"), Token("2", "y")]}, "other tokens"),
        ({"t": [Token(BOOK.t[0].t, BOOK.t[1].o), Token(BOOK.t[1].t, BOOK.t[0].o)]}, "outcomes are called"),
        ({"nr": True}, "neg-risk True at the book"),
        ({"nr": None}, ""),
    ],
)
def test_tokens_and_contracts_that_differ_from_the_list_are_said(changed: dict[str, Any], said: str) -> None:
    book = ClobMarket(t=changed.get("t", BOOK.t), fd=BOOK.fd, nr=changed.get("nr", False))

    found = public_checks.contracts_differ(IN_USE, book)

    assert [said in why for why in found] == ([True] if said else [])


@dataclass(frozen=True)
class Urls:
    clob: str
    geoblock: str
    rpc: str


async def test_the_simulated_venue_passes_every_public_check() -> None:
    world = World(7, clock.now_ms())
    async with server.listening(server.application(world), 0) as port:
        url = f"http://{server.HOST}:{port}"
        client, reader = GammaClient(url, chance=Random(1)), Reader("simulator", lambda _: None)
        listings = [
            listing
            async for page in client.events([("closed", "false"), ("tag_id", "64")])
            for text in page
            if (event := reader.read(text, NOON)) is not None
            for listing in event.listings
            if listing.state is MarketState.OPEN
        ]
        await client.close()
        markets = [InUse(each.market, VenueTerms(each.neg_risk, each.protocol.value)) for each in listings]
        markets.sort(key=lambda market: market.terms.version, reverse=True)

        found = await asyncio.to_thread(
            public_checks.ask, Urls(url, f"{url}/api/geoblock", f"{url}/rpc"), markets
        )

    assert [(check.name, check.verdict) for check in found] == [
        (name, Verdict.PASS) for name in public_checks.NAMES
    ]
    assert "v2" in found[-1].detail


def test_a_venue_that_is_away_fails_with_a_next_step() -> None:
    found = public_checks.ask(
        Urls("http://127.0.0.1:9", "http://127.0.0.1:9/api/geoblock", "http://127.0.0.1:9/rpc"), [IN_USE]
    )

    assert {check.verdict for check in found} == {Verdict.FAIL, Verdict.WARN}
    assert all(check.next_step for check in found)


@pytest.mark.parametrize(("gwei", "verdict"), [(30, Verdict.PASS), (500, Verdict.PASS), (501, Verdict.WARN)])
def test_dear_gas_is_a_warning(gwei: int, verdict: Verdict) -> None:
    found = public_checks.judged_gas(gwei * public_checks.GWEI)

    assert (found.verdict, str(gwei) in found.detail) == (verdict, True)


def aged(name: str, ms: int) -> None:
    redis.client(redis.Db.BUS).pexpire(findings.key_of(name), findings.KEPT_MS - ms)


@pytest.mark.usefixtures("redis")
def test_a_finding_is_read_with_its_age_and_grows_old() -> None:
    findings.save([passed("venue", "fine")])
    fresh = findings.check("venue", asked_by="ops")
    aged("venue", findings.FRESH_MS + 1_000)

    old = findings.check("venue", asked_by="ops")

    assert (fresh.verdict, fresh.detail) == (Verdict.PASS, "fine")
    assert fresh.age_ms is not None
    assert fresh.age_ms < findings.FRESH_MS
    assert (old.verdict, old.detail) == (Verdict.WARN, "fine")
    assert old.age_ms is not None
    assert old.age_ms > findings.FRESH_MS
    assert findings.check("geoblock", asked_by="ops").verdict is Verdict.WARN, "never asked"


@pytest.mark.usefixtures("redis")
def test_what_lasts_does_not_grow_old() -> None:
    findings.save([failed("order id", "another", "halt")], lasts=True)
    aged("order id", 86_400_000)

    kept = findings.check("order id", asked_by="the trader")

    assert (kept.verdict, kept.detail) == (Verdict.FAIL, "another")


@pytest.mark.usefixtures("redis")
def test_who_asks_waits_for_a_newer_finding_and_not_for_ever() -> None:
    findings.save([passed("venue", "old")])

    assert findings.until_found("venue", lambda: findings.save([passed("venue", "new")]), within_s=5)
    assert not findings.until_found("venue", findings.ask_now, within_s=0.3)
    assert findings.asked()
    assert not findings.asked()


@pytest.mark.usefixtures("redis")
def test_on_paper_nothing_the_venue_says_fails(settings: Settings) -> None:
    findings.save([failed("geoblock", "blocked", "move")])
    assert findings.check("geoblock", asked_by="ops").verdict is Verdict.WARN

    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"paper_trading": False})
    findings.save([failed("geoblock", "blocked", "move")])

    assert findings.check("geoblock", asked_by="ops").verdict is Verdict.FAIL


@pytest.mark.usefixtures("redis")
def test_findings_of_one_wallet_are_not_anothers(settings: Settings) -> None:
    first = {"paper_trading": False, "wallet_address": "0x" + "a" * 40}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=first)
    findings.save([passed("balance", "rich")])

    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"wallet_address": "0x" + "b" * 40})

    assert findings.read("balance") is None


def balance(micro: int, **allowed: str) -> BalanceAllowance:
    return BalanceAllowance(str(micro), allowed)


def test_money_is_judged_from_both_books() -> None:
    rich = wallet_checks.judged_balance(balance(10_000_000_000), Usdc(9_990_000_000))
    poor = wallet_checks.judged_balance(balance(1_000_000), Usdc(1_000_000))
    unknown = wallet_checks.judged_balance(VenueSilent("503", NOON), Usdc(1))

    assert (rich.verdict, rich.detail) == (Verdict.PASS, "10000 pUSD at the book, 9990 on the chain")
    assert (poor.verdict, unknown.verdict) == (Verdict.WARN, Verdict.WARN)


def test_approvals_are_judged_from_the_chain() -> None:
    book = balance(1, **{"0xa": "5"})
    verdicts = [
        wallet_checks.judged_allowance(book, ()).verdict,
        wallet_checks.judged_allowance(balance(1, **{"0xa": "0"}), ()).verdict,
        wallet_checks.judged_allowance(book, ("pUSD for the exchange",)).verdict,
        wallet_checks.judged_allowance(book, ChainSilent("no RPC")).verdict,
    ]

    assert verdicts == [Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.WARN]


@pytest.mark.django_db
def test_a_wallet_action_that_waits_or_failed_is_told_with_its_reason(
    account: Account, settings: Settings
) -> None:
    mode = {"mode": account.mode, "name": account.name}
    settings.POLYLOLY = SimpleNamespace(account=mode)
    services.plan_wallet_action(
        account_id=account.pk,
        action_id="merge-1",
        market_id=LISTING.market_id,
        kind=WalletKind.MERGE,
        yes=Shares(1),
        no=Shares(1),
        payout=None,
        at_ms=Ms(clock.now_ms() - wallet_checks.LATE_MS),
    )
    WalletAction.objects.update(reason="RequestRejectedError 401: unauthorized")

    late = wallet_checks.actions()
    WalletAction.objects.update(state=WalletState.FAILED)
    ended = wallet_checks.actions()
    WalletAction.objects.update(state=WalletState.CONFIRMED)

    assert (late.verdict, ended.verdict) == (Verdict.FAIL, Verdict.WARN)
    assert "401" in late.detail
    assert "401" in ended.detail
    assert wallet_checks.actions().verdict is Verdict.PASS


@pytest.mark.django_db
def test_the_first_order_must_be_known_by_the_id_we_computed(account: Account, fence: int) -> None:
    write(a_place(), account=account, fence=fence)
    order = Order.objects.get()
    same = OpenOrder(
        id=OrderId(order.order_id),
        status="LIVE",
        market=MarketId(order.market_id),
        asset_id="1",  # type: ignore[arg-type]  # not looked at
        side="BUY",
        original_size="50",
        size_matched="0",
        price="0.48",
    )

    judged = [
        wallet_checks.judged_id(order, said).verdict
        for said in (
            same,
            None,
            OpenOrder(**{**_fields(same), "id": OrderId("0x1")}),
            OpenOrder(**{**_fields(same), "original_size": "49"}),
        )
    ]

    assert judged == [Verdict.PASS, Verdict.FAIL, Verdict.FAIL, Verdict.FAIL]


class _VenueThatKnows:
    """Knows every order by the id it is asked for, and has money."""

    async def closed_only(self) -> bool:
        return False

    async def balance(self) -> BalanceAllowance:
        return balance(10**9)

    async def order(self, order_id: OrderId) -> OpenOrder | None:
        raise AssertionError("a failed name is not asked about again")


class _Chain:
    async def cash(self) -> Usdc:
        return Usdc(10**9)

    async def missing_approvals(self) -> tuple[str, ...]:
        return ()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis")
async def test_an_order_that_the_venue_named_otherwise_fails_for_good(account: Account) -> None:
    named = wallet_checks.judged_name(OrderId("0xours"), OrderId("0xtheirs"))
    await sync_to_async(findings.save)([named], lasts=True)

    again = wallet_checks.KeyChecks(_VenueThatKnows(), _Chain(), wallet="0xabc", kind=3)
    await again.turn(account.pk)

    said = await sync_to_async(findings.check)(ORDER_ID, asked_by="the trader")
    assert said.verdict is Verdict.FAIL
    assert "0xours" in said.detail
    assert "0xtheirs" in said.detail


def _fields(order: OpenOrder) -> dict[str, Any]:
    return {name: getattr(order, name) for name in order.__struct_fields__}


@pytest.mark.usefixtures("redis")
def test_a_wallet_that_nobody_holds_fails(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(
        update={"paper_trading": False, "wallet_address": "0x" + "a" * 40}
    )

    assert wallet_checks.held().verdict is Verdict.FAIL
    assert wallet_light.read("0x" + "a" * 40) is None


def test_whatever_is_asked_anew_cannot_break_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def broken() -> None:
        asked.append(1)
        raise RuntimeError("gone")

    monkeypatch.setattr(checks, "_askings", {"one": broken, "two": broken})

    checks.ask_all()

    assert asked == [1, 1]
