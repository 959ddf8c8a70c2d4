"""``manage.py halt_market ID R``: the stop button of one market."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.errors import HaltKept, UnknownMarket
from risk.services import MarketHaltCode


class Command(BaseCommand):
    help = "Stop one market now. Its open orders are cancelled. Again is fine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("market", help="market id or slug")
        parser.add_argument("reason", help="why, for the record and the console")

    def handle(self, *_: Any, market: str, reason: str, **__: Any) -> str:
        try:
            market_id = services.resolve_market(market)
        except UnknownMarket as error:
            raise CommandError(str(error)) from error
        try:
            halt = services.halt_market(
                market_id=market_id,
                code=MarketHaltCode.MANUAL,
                detail=reason,
                by=services.shell(),
                at=now_ms(),
            )
        except HaltKept as kept:
            return f"market {market_id} halted, {kept}"
        return f"market {market_id} halted, round {halt.pressed}"
