"""``manage.py resume_market ID R``: let one market trade again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infra.clock import now_ms
from risk import services
from risk.errors import RiskError


class Command(BaseCommand):
    help = "End the halt of one market, and its open breaker. A halt of all trading stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("market", help="market id or slug")
        parser.add_argument("reason", help="why it may trade again, for the record")

    def handle(self, *_: Any, market: str, reason: str, **__: Any) -> str:
        try:
            market_id = services.resolve_market(market)
            services.resume_market(market_id=market_id, reason=reason, by=services.shell(), at=now_ms())
        except RiskError as refused:
            raise CommandError(str(refused)) from refused
        return f"market {market_id} resumed"
