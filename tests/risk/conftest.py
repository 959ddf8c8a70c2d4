"""Builders for risk's tests. They read no clock: every moment is given."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from pydantic import SecretStr
from pytest_django import Settings

from core.units import Ms, Usdc
from infra import checks, tally
from risk import services
from risk.access.people import Actor, Role
from risk.selectors import HaltInForce
from tests.risk import guesses

NOON = Ms(1_761_998_400_000)  # 2025-11-01 12:00:00 UTC, a Saturday
DAY_MS = 86_400_000
MARKET = "0x" + "ab" * 32

OPERATOR = Actor("olga", Role.OPERATOR, "127.0.0.1", None)
RISK_ADMIN = Actor("rita", Role.RISK_ADMIN, "127.0.0.1", None)
VIEWER = Actor("vera", Role.VIEWER, "127.0.0.1", None)


def after(ms: int) -> Ms:
    """``ms`` after noon."""
    return Ms(NOON + ms)


def halt(detail: str = "feed looks wrong", *, at: Ms = NOON, by: Actor = OPERATOR) -> HaltInForce:
    return services.halt_trading(code=services.HaltCode.MANUAL, detail=detail, by=by, at=at)


def acknowledge(round_id: int, *, runner: str = "shard:0", at: Ms = NOON, orders_open: int = 0) -> None:
    services.acknowledge_halt(
        round_id=round_id,
        runner=runner,
        at=at,
        orders_open=orders_open,
        last_sent_at=None,
        provable_from=at,
    )


def value(equity: str, *, at: Ms, account_id: int = 1, deposited: str = "10000", realized: str = "0") -> None:
    amount = Usdc(round(float(equity) * 1_000_000))
    services.record_valuation(
        account_id=account_id,
        at=at,
        cash=amount,
        equity=amount,
        realized=Usdc(int(realized) * 1_000_000),
        unrealized=Usdc(0),
        exposure=Usdc(0),
        deposited=Usdc(int(deposited) * 1_000_000),
        marked=False,
    )


def with_role(user: User, role: Role) -> User:
    """Put a user into the group that is the role."""
    user.groups.add(Group.objects.get(name=role.value))
    return user


def together(times: int, *acts: Callable[[], object], within_s: float = 60) -> None:
    """Do each of ``acts`` ``times`` times, all at once on threads of their own; raise what one of them raised."""
    begin = threading.Barrier(times * len(acts))
    failed: list[BaseException] = []

    def run_one(act: Callable[[], object]) -> None:
        try:
            begin.wait()
            act()
        except BaseException as error:  # noqa: BLE001 a thread's edge: the test raises it
            failed.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run_one, args=[act], daemon=True) for act in acts for _ in range(times)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(within_s)
    assert not any(thread.is_alive() for thread in threads), "a deadlock"
    if failed:
        raise failed[0]


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry in which only what the test adds is checked."""
    monkeypatch.setattr(checks, "_checks", {})


@pytest.fixture
def market() -> Iterator[str]:
    """A market that the resolver of this test knows by id and by slug."""
    known = {MARKET: MARKET, "t1-hle-game1": MARKET}
    before = services.register_market_resolver(known.get)
    yield MARKET
    services.register_market_resolver(before)


@pytest.fixture
def olga(db: None) -> User:
    return with_role(User.objects.create_user("olga", password="a long passphrase"), Role.OPERATOR)


@pytest.fixture
def rita(db: None) -> User:
    return with_role(User.objects.create_user("rita", password="a long passphrase"), Role.RISK_ADMIN)


@pytest.fixture
def vera(db: None) -> User:
    return with_role(User.objects.create_user("vera", password="a long passphrase"), Role.VIEWER)


@pytest.fixture
def few_tries(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few wrong tries lock a name or an address, none are left over, and both tokens of the environment are set."""
    chosen = settings.POLYLOLY.log_in.model_copy(
        update={"tries_person": guesses.TRIES_PERSON, "tries_address": guesses.TRIES_ADDRESS}
    )
    both = {
        "operator_token": SecretStr(guesses.OPERATOR_TOKEN),
        "admin_token": SecretStr(guesses.ADMIN_TOKEN),
    }
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"log_in": chosen, **both})
    monkeypatch.setattr(tally, "_here", {})
