"""The risk app: halts, their proof, valuations, the audit."""

from django.apps import AppConfig


class RiskConfig(AppConfig):
    name = "risk"
    verbose_name = "Risk"

    def ready(self) -> None:
        from risk import checks, figures

        checks.register()
        figures.register()
