"""One row of everything the API and the console can show, so that what is asked for by its id is found."""

from datetime import timedelta

from django.contrib.auth.models import User

from core.notes import Booked
from core.units import Ms, Usdc, shares
from feeds.listings import SourceStatus
from feeds.models import Match
from feeds.services import record_health
from infra.clock import now_ms, to_datetime
from risk.access import tokens
from risk.access.people import Role, shell
from risk.incidents import log as incidents
from risk.limits import limits
from risk.models import Alert, Delivery, Scope, Severity
from tests.risk.conftest import halt, value, with_role
from tests.risk.limits.test_breakers import opened
from tests.trading.conftest import MARKET, a_buy, a_deposit, a_fill, a_market_row, a_place, write
from trading import services
from trading.models import Account, AccountMode, Decision, Order, StepFailure, WalletKind
from trading.records.batch import Batch
from trading.records.ports import Record

Known = dict[str, object]
SLUG = "t1-hle-game1"
WRITER = "shard:0"


def an_evening() -> Known:
    """Write the rows, at about now, and say by which id each parameter of a path finds one."""
    at = now_ms()
    account = services.open_account(
        mode=AccountMode.DEMO, name="main", start_cash=Usdc(10_000_000_000), at_ms=at
    )
    a_market(at)
    trade(account, at)
    value("9990.12", at=at, account_id=account.pk)
    halt("books look torn", at=at)
    opened(at=at)
    limits.agree_first(at=at)
    record_health("matches", SourceStatus.CONNECTED, at, "three matches", at_ms=at)
    return {**people(at), **told(at), "market": MARKET, "market_id": MARKET, "account_id": account.pk}


def a_market(at: Ms) -> None:
    match = Match.objects.create(
        match_id="simulator:1",
        venue="simulator",
        game="lol",
        title="T1 v HLE",
        teams=["T1", "HLE"],
        best_of=3,
        tournament="LCK",
        starts_ms=at,
        state={},
        heard_ms=at,
    )
    a_market_row(MARKET, slug=SLUG, title="T1 v HLE, map 1", tokens="1", at=at, match=match)


def trade(account: Account, at: Ms) -> None:
    """Two orders, one of them unknown; a fill, its entries, a decision, a merge, an event that was not digested."""
    fence = services.take_fence(WRITER)
    filled, unknown = a_place(1), a_place(2)
    for place in (filled, unknown):
        write(place, account=account, fence=fence, at=at)
    Order.objects.filter(sequence=2).update(status="unknown", sent_ms=at, reason="timed out")
    fill = a_fill(filled.key, size="12.345678")
    records: list[Record] = [fill, Booked((a_deposit(), a_buy(fill)))]
    Batch(records, account_id=account.pk, writer=f"{WRITER}:{fence}", entries_before=0).write()
    services.plan_wallet_action(
        account_id=account.pk,
        action_id="merge 1",
        market_id=MARKET,
        kind=WalletKind.MERGE,
        yes=shares("60"),
        no=shares("60"),
        payout=None,
        at_ms=at,
    )
    Decision.objects.create(
        account=account,
        market_id=MARKET,
        strategy="pair_arb",
        sequence=1,
        at_ms=at,
        verdict="skipped",
        gate="edge",
        gates=[{"gate": "edge", "value": "0.01", "limit": "0.02", "passed": False}],
        intents=[],
    )
    StepFailure.objects.create(account=account, market_id=MARKET, at_ms=at, event={}, error="KeyError: 'x'")


def people(at: Ms) -> Known:
    """A viewer with a token."""
    made = with_role(User.objects.create_user("nils", password="a long passphrase"), Role.VIEWER)
    token = tokens.make_token(
        owner=made.get_username(), name="reports", scope=Scope.READ, days=1, by=shell(), at=at
    )
    return {"name": made.get_username(), "token_id": token.row.pk}


def told(at: Ms) -> Known:
    """An alert that was told, and the incident opened from it."""
    moment = to_datetime(at)
    alert = Alert.objects.create(
        key="kill_switch",
        code="kill_switch",
        severity=Severity.P1,
        text="Kill switch activated: manual_halt",
        mode="demo",
        runbook="p0",
        began=moment - timedelta(seconds=5),
        last=moment,
        times=2,
        told=moment,
    )
    Delivery.objects.create(
        alert=alert,
        kind="first",
        channel="json",
        at=moment,
        number=1,
        succeeded=True,
        over=False,
        detail="taken",
    )
    incident = incidents.open_incident(
        title="books differ", severity=Severity.P2, began=at, alert_id=alert.pk, by=shell(), at=at
    )
    incidents.write_note(incident.pk, "looked at it", by=shell(), at=at)
    return {"alert_id": alert.pk, "incident_id": incident.pk}
