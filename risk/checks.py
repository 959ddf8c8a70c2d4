"""Health checks that only risk can make. A halt is no failure: it is a decision (product.md 4)."""

from django.conf import settings

from infra import checks, clock
from infra.checks import Check
from risk import selectors
from risk.access.people import Role, holders
from risk.arming import armings
from risk.audit import check as audit_check
from risk.halts.panel import ANSWER_WITHIN_MS
from risk.limits import limits
from risk.models import Delivery


def register() -> None:
    """Called once, when the app is ready."""
    checks.register("reset possible", someone_can_reset, checks.Area.SAFEGUARDS)
    checks.register("second person", somebody_can_agree, checks.Area.SAFEGUARDS)
    checks.register("halt", halt_proven, checks.Area.SAFEGUARDS)
    checks.register("alerts", people_are_told, checks.Area.SAFEGUARDS)
    checks.register("limits", limits_are_configs, checks.Area.SAFEGUARDS)
    checks.register(audit_check.NAME, audit_check.recent, checks.Area.SAFEGUARDS)
    checks.register_for_money("mode", mode_of_money, checks.Area.SAFEGUARDS)
    checks.register_for_money("agreed limits", limits_were_agreed, checks.Area.SAFEGUARDS)
    checks.register_for_money("risk admin", a_person_decides, checks.Area.SAFEGUARDS)
    checks.register_for_money("whole audit", audit_check.whole, checks.Area.SAFEGUARDS)
    checks.forgive_no_warning("reset possible", "second person", "halt", "alerts", audit_check.NAME)


def someone_can_reset() -> Check:
    """Without a risk admin or an admin token a halt would be for ever."""
    name = "reset possible"
    admins = holders(Role.RISK_ADMIN).count()
    token = settings.POLYLOLY.admin_token is not None
    if admins or token:
        return checks.passed(name, f"{_counted(admins)}, ADMIN_TOKEN {'set' if token else 'not set'}")
    return checks.warned(
        name,
        "no risk admin and no ADMIN_TOKEN: nobody could end a halt",
        "run manage.py make_user NAME --role risk-admin or set ADMIN_TOKEN",
    )


def somebody_can_agree() -> Check:
    """With two people asked for and one there, a halt would be for ever."""
    name = "second person"
    if not settings.POLYLOLY.second_person:
        return checks.passed(name, "not asked for")
    admins = holders(Role.RISK_ADMIN).count()
    if admins >= 2:
        return checks.passed(name, f"asked for; {_counted(admins)}")
    return checks.warned(
        name,
        f"asked for, and {_counted(admins)}: nobody could agree to a reset",
        "run manage.py make_user NAME --role risk-admin, or set SECOND_PERSON=false",
    )


def halt_proven() -> Check:
    """A halt in force is fine; one that cannot be proven is worth a look."""
    name = "halt"
    halt = selectors.halt_in_force()
    if halt is None:
        return checks.passed(name, "none in force")
    panel, _ = selectors.halt_panels()
    if panel is not None and panel.proven_ms is not None:
        return checks.passed(name, f"{halt.code} in force, proven")
    waited = int((clock.now_ms() - halt.asked_ms) / clock.speed())
    if waited < ANSWER_WITHIN_MS:
        return checks.passed(name, f"{halt.code} in force, proof under way")
    open_points = "; ".join(panel.unproven) if panel is not None and panel.unproven else "proof not given yet"
    return checks.warned(
        name, f"{halt.code} in force, {open_points}", "press HALT again, or look at the venue"
    )


def people_are_told() -> Check:
    """Is there somebody to tell, and did the newest word to each reach them? What the addresses are is not asked."""
    name = "alerts"
    newest: dict[str, bool] = {}
    for channel, succeeded in Delivery.objects.order_by("-pk").values_list("channel", "succeeded")[:100]:
        newest.setdefault(channel, succeeded)
    failing = sorted(channel for channel, succeeded in newest.items() if not succeeded)
    if failing:
        return checks.warned(
            name, f"not told by {', '.join(failing)}", "run manage.py test_alert, look at the alerts page"
        )
    if settings.POLYLOLY.alert_urls is None and not newest:
        return checks.warned(name, "nobody is told", "set ALERT_URLS, one apprise address a line")
    return checks.passed(
        name, f"{len(newest)} channels used so far" if newest else "told when there is something"
    )


def mode_of_money() -> Check:
    """Is there anything to arm in this stack?"""
    chosen, where = settings.POLYLOLY, armings.place()
    if not chosen.needs_arming:
        step = "start with VENUE=polymarket PAPER_TRADING=false, or rehearse with ARMING_REQUIRED=true"
        return checks.failed("mode", f"nothing is armed in {chosen.mode}", step)
    if where is None:
        return checks.failed("mode", f"{chosen.mode}, its wallet is not known here", "set WALLET_ADDRESS")
    return checks.passed("mode", f"{chosen.mode}, wallet {where.wallet}")


def limits_were_agreed() -> Check:
    """What the files say binds from the first start; real money asks for a person's word."""
    name, found = "agreed limits", limits.agreed()
    if found is None or not armings.limits_were_agreed():
        step = "read manage.py limits, then manage.py agree_limits --reason R, or change one on the Risk page"
        return checks.failed(name, "nobody has agreed to the limits: they are the files'", step)
    return checks.passed(name, f"version {found.number} by {found.by}: {found.reason}")


def a_person_decides() -> Check:
    name, admins = "risk admin", selectors.risk_admins()
    if not admins:
        return checks.failed(name, "nobody has the role", "manage.py make_user NAME --role risk-admin")
    return checks.passed(name, ", ".join(admins))


def limits_are_configs() -> Check:
    """The agreed limits bind, whatever the files say: where the two differ somebody should know."""
    name = "limits"
    found = limits.agreed()
    if found is None:
        return checks.passed(name, "none agreed yet: the first start agrees to config's")
    differing = [each.name for each in limits.changes_of(limits.configured(), found.fields)]
    if not differing:
        return checks.passed(name, f"version {found.number} by {found.by}, as in config")
    return checks.warned(
        name,
        f"version {found.number} by {found.by} differs from config in {', '.join(differing)}",
        "the agreed ones bind: change them on the Risk page or with manage.py set_limit, or correct config",
    )


def _counted(admins: int) -> str:
    return f"{admins} risk admin{'' if admins == 1 else 's'}"
