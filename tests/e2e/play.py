"""Look at the console without a trader: ``python -m tests.e2e.play``. Prints a login link; Ctrl-C ends it."""

import json
import os
import tempfile
import threading
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.evening import Evening


def main() -> None:
    state = Path(os.environ.setdefault("STATE_DIR", tempfile.mkdtemp(prefix="pl-play-")))
    from tests.servers import valkey

    with valkey() as server:
        os.environ["REDIS_URL"] = server.url
        os.environ["DJANGO_SETTINGS_MODULE"] = "polyloly_site.settings"
        import django

        django.setup()
        play(server.url, state)


def past(evening: "Evening") -> None:
    """An hour of valuations and prices before now, so that the charts have something to draw."""
    from django.conf import settings

    from core.units import Ms, Usdc, usdc
    from dashboard.views.curves import PATH_KEY
    from infra import redis
    from risk.services import record_valuation
    from trading.models import AccountMode
    from trading.services import open_account

    chance = Random(3)
    account = open_account(
        mode=AccountMode.DEMO, name="demo", start_cash=settings.POLYLOLY.start_cash, at_ms=Ms(evening.now_ms)
    )
    worth = usdc("10000")
    for at in range(evening.now_ms - 3_600_000, evening.now_ms, 20_000):
        worth = Usdc(worth + chance.randrange(-420_000, 640_000))
        record_valuation(
            account_id=account.pk,
            at=Ms(at),
            cash=worth,
            equity=worth,
            realized=Usdc(0),
            unrealized=Usdc(worth - usdc("10000")),
            exposure=Usdc(0),
            deposited=usdc("10000"),
            marked=False,
        )
    board = redis.client(redis.Db.BOARD)
    for market_id, row in evening.markets.items():
        middle = float(row["bid"] or 0.5)
        for at in range(evening.now_ms - 3_600_000, evening.now_ms, 5_000):
            middle = min(0.95, max(0.05, middle + chance.choice((-0.01, 0, 0, 0, 0.01))))
            board.rpush(
                PATH_KEY.format(market_id=market_id),
                json.dumps([at, f"{middle:.2f}", f"{middle + 0.03:.2f}"]),
            )


def play(redis_url: str, state: Path) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from infra import onetime
    from tests.e2e.fakerunner import FakeRunner
    from tests.e2e.faketrader import FakeTrader
    from tests.e2e.listed import list_markets
    from tests.e2e.webserver import web_server

    call_command("migrate", verbosity=0)
    user = User.objects.filter(username="ada").first() or User.objects.create_superuser("ada")
    with FakeTrader() as trader, web_server(redis_url, state) as web, FakeRunner() as runner:
        past(trader.evening)
        list_markets(trader.evening)
        print(f"{web.origin}/login/once/{onetime.issue(user.pk)}/", flush=True)  # noqa: T201
        try:
            while not threading.Event().wait(1.0):
                runner.answer()
                trader.evening.halted = "manual_halt" if runner.halts() else None
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
