"""How the books stand by the newest run: for alerts, metrics, the health check and a halt that ends by itself."""

from collections.abc import Iterable, Iterator
from typing import Final

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from core.units import Ms
from infra import checks, clock
from infra.checks import Check
from risk.services import AlertCode, Found
from trading import selectors
from trading.models import Account, Reconciliation
from trading.reconcile.act import in_words

FRESH_REAL_MS: Final = 150_000  # one runs each 60 s; two may be missed
CHECK: Final = "reconciliation"


def account() -> Account | None:
    return selectors.account_of(**settings.POLYLOLY.account)


def newest(account_id: int) -> Reconciliation | None:
    return selectors.reconciliations(account_id).first()


def reconciled() -> bool:
    """Whether the newest run is fresh and clean, or nothing was ever traded. A halt for a lost connection waits for
    it."""
    trading_as = account()
    if trading_as is None:
        return True
    last = newest(trading_as.pk)
    return last is not None and last.is_clean and age_ms(last) <= FRESH_REAL_MS


def age_ms(run: Reconciliation) -> int:
    """Real milliseconds since a run, about."""
    return int((clock.now_ms() - run.at_ms) / clock.speed())


def find(at: Ms) -> Iterator[Found]:
    """One alert for each mismatch that stands."""
    trading_as = account()
    last = None if trading_as is None else newest(trading_as.pk)
    if last is None or not last.mismatches:
        return
    for row in selectors.unresolved(last).filter(mismatch=True):
        words = f"Reconciliation mismatch detected: {in_words(row)}"
        about = f"{row.market_id or 'cash'}:{row.kind}"
        yield Found(AlertCode.RECONCILIATION_MISMATCH, words, about[:150], market_id=row.market_id)


def read_metrics() -> Iterable[Metric]:
    """Mismatches that stand, and how old the newest run is; nothing before the first run."""
    trading_as = account()
    last = None if trading_as is None else newest(trading_as.pk)
    if last is None:
        return
    count = GaugeMetricFamily("polyloly_reconcile_mismatch_count", "Mismatches nobody has resolved.")
    count.add_metric([], selectors.unresolved(last).filter(mismatch=True).count())
    yield count
    age = GaugeMetricFamily("polyloly_reconcile_age_seconds", "Since the newest reconciliation.")
    age.add_metric([], age_ms(last) / 1000)
    yield age


def check() -> Check:
    """A line of the health check."""
    trading_as = account()
    last = None if trading_as is None else newest(trading_as.pk)
    if last is None:
        return checks.passed(CHECK, "nothing was traded yet" if trading_as is None else "not run yet")
    age_s, standing = age_ms(last) // 1000, selectors.unresolved(last).filter(mismatch=True).count()
    if standing:
        return checks.failed(
            CHECK, f"{standing} mismatches, {age_s} s ago", "manage.py reconcile --verbose, then the runbook"
        )
    if age_ms(last) > FRESH_REAL_MS:
        return checks.warned(CHECK, f"the newest run is {age_s} s old", "see that ops and beat run")
    if last.silent:
        return checks.warned(CHECK, f"not everything was answered: {last.silent[0]}", "see the venue check")
    return checks.passed(CHECK, f"{last.differing} differences, {age_s} s ago")
