"""The risk app: halts, their proof, valuations, the audit."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RiskConfig(AppConfig):
    name = "risk"
    verbose_name = "Risk"

    def ready(self) -> None:
        from risk import checks, figures
        from risk.access import halt_pass, people
        from risk.alerts import own
        from risk.audit import check as audit_check

        checks.register()
        own.register()
        figures.register()
        halt_pass.register()
        post_migrate.connect(people.make_groups, sender=self)
        post_migrate.connect(audit_check.guard, sender=self)
