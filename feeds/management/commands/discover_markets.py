"""``manage.py discover_markets``: one round of discovery in the foreground."""

import asyncio
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from feeds import discovery, selectors
from feeds.discovery import Discovery, Round
from feeds.sources.polymarket.gamma_client import GammaClient


class Command(BaseCommand):
    help = "Read the venue's list of markets once, save it, and say what was found."

    def handle(self, *_: Any, **__: Any) -> str:
        found, skipped = asyncio.run(_once())
        if found.problem is not None:
            raise CommandError(found.problem)
        read = f"{found.markets} markets read: {found.new} new, {found.changed} changed"
        left = f"{found.refused} refused, {found.missing} gone"
        tradable = f"{len(selectors.listed_markets())} can be traded"
        return "\n".join([read, left, tradable, *(f"skipped {count}: {kind}" for kind, count in skipped)])


async def _once() -> tuple[Round, list[tuple[str, int]]]:
    venue = selectors.venue_in_use()
    client = GammaClient(settings.POLYLOLY.urls.gamma, chance=Random())
    finder = Discovery(client, venue=venue, every_ms=discovery.EVERY_MS[venue])
    try:
        found = await finder.round()
    finally:
        await client.close()
    await discovery.report(found)
    return found, finder.reader.skipped.most_common()
