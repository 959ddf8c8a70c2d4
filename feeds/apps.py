"""The feeds app: the world, turned into events. Markets, matches and how well their sources speak."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "feeds"
    verbose_name = "Feeds"

    def ready(self) -> None:
        from feeds import checks, selectors
        from risk.services import register_market_resolver

        register_market_resolver(selectors.market_id_of)
        checks.register()
