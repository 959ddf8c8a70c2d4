"""What Prometheus sees. Each process counts in a registry of its own and pushes its text; the web merges.

Not the library's default registry: every process would push its ``python_gc_*`` and the merged text would hold
them twice, which promtool refuses. Pushed samples carry a ``process`` label, so that two processes may count the
same thing and a restart of one is seen as the reset it is.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from django.db import DatabaseError
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from redis import RedisError

from infra import logs
from infra.redis import Db, as_text, client

# A "_created" sample beside every counter says nothing that Prometheus uses, and doubles the text.
disable_created_metrics()  # type: ignore[no-untyped-call]

PUSH_TTL_MS: Final = 5000
REGISTRY: Final = CollectorRegistry()

_LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_FAST: Final = (0.00001, 0.00002, 0.00004, 0.0001, 0.0002, 0.0005, 0.001, 0.005, 0.02, 0.1)

ORDERS = Counter("polyloly_orders", "Orders by their status.", ["status", "strategy"], registry=REGISTRY)
FILLS = Counter("polyloly_fills", "Fills of our orders.", ["evidence", "strategy"], registry=REGISTRY)
REFUSALS = Counter("polyloly_refusals", "Intents the judge refused, by rule.", ["rule"], registry=REGISTRY)
DECISIONS = Counter("polyloly_decisions", "Decisions by verdict.", ["verdict"], registry=REGISTRY)
ORDER_LATENCY = Histogram(
    "polyloly_order_latency_seconds", "Order sent to answer.", buckets=_LATENCY, registry=REGISTRY
)
DECISION_LATENCY = Histogram(
    "polyloly_decision_latency_seconds", "Frame heard to decision made.", buckets=_FAST, registry=REGISTRY
)
WS_RECONNECTS = Counter("polyloly_ws_reconnects", "Websocket reconnects.", ["source"], registry=REGISTRY)
BOOK_TRUST = Counter(
    "polyloly_book_trust_seconds", "Market time by trust state.", ["state"], registry=REGISTRY
)
PHANTOM_PAIRS = Counter("polyloly_phantom_pairs", "Episodes of a raw ask sum below 1.", registry=REGISTRY)
REFUSED_INPUT = Counter(
    "polyloly_refused_input", "Feed messages not taken, by reason.", ["source", "reason"], registry=REGISTRY
)
EVENT_BUS_DEPTH = Gauge("polyloly_event_bus_depth", "Events waiting to be stepped.", registry=REGISTRY)
SOURCE_AGE = Gauge("polyloly_source_age_seconds", "Since a source last spoke.", ["source"], registry=REGISTRY)
ALERTS = Counter("polyloly_alerts", "Alerts raised.", ["code", "severity"], registry=REGISTRY)
ALERTS_NOT_TOLD = Counter(
    "polyloly_alerts_not_told", "Tries to tell somebody that failed.", ["channel"], registry=REGISTRY
)
BREAKER_TRIPS = Counter(
    "polyloly_circuit_breaker_trips", "Breakers opened, by market.", ["market"], registry=REGISTRY
)

log = logs.get("metrics")

# Read anew for each scrape from the database, in the web process: P&L, exposure, switches.
ReadMetrics = Callable[[], Iterable[Metric]]
_readers: dict[str, ReadMetrics] = {}


def register_reader(name: str, read: ReadMetrics) -> None:
    """Add what an app knows from its rows. Called in ``AppConfig.ready``; the last one of a name counts."""
    _readers[name] = read


def push(process: str) -> None:
    """Leave this process's metrics for the web to merge. They vanish when the process stops pushing."""
    text = generate_latest(REGISTRY)
    client(Db.METRICS).set(f"metrics:{process}", text, px=PUSH_TTL_MS)


def pushed() -> dict[str, str]:
    """The text of every living process. Empty when Redis does not answer: the scrape goes on without."""
    redis = client(Db.METRICS)
    try:
        keys = sorted(redis.scan_iter("metrics:*", count=100))
        texts = redis.mget(keys) if keys else []
    except RedisError as error:
        log.warning("metrics of the other processes not read", error=str(error))
        return {}
    return {
        as_text(key).removeprefix("metrics:"): as_text(text)
        for key, text in zip(keys, texts, strict=True)
        if text is not None
    }


class Gathered(Collector):
    """Families of several origins, each family once, in order of name."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from sorted(self._families, key=lambda family: family.name)


def labelled(process: str, families: Iterable[Metric]) -> Iterator[Metric]:
    """The same families with a ``process`` label on every sample."""
    for family in families:
        tagged = Metric(family.name, family.documentation, family.type, family.unit)
        tagged.samples = [
            Sample(sample.name, {**sample.labels, "process": process}, sample.value, sample.timestamp)
            for sample in family.samples
        ]
        yield tagged


def joined(families: Iterable[Metric]) -> list[Metric]:
    """Families of one name made one. Raises ``ValueError`` when two of them disagree about their type."""
    by_name: dict[str, Metric] = {}
    for family in families:
        known = by_name.setdefault(
            family.name, Metric(family.name, family.documentation, family.type, family.unit)
        )
        if known.type != family.type:
            raise ValueError(f"{family.name} is a {known.type} here and a {family.type} there")
        known.samples += family.samples
    return list(by_name.values())


def counting(families: Iterable[Metric]) -> list[Metric]:
    """Without the zeros of processes that never count a thing which another one does count."""
    kept = list(families)
    counted = {family.name for family in kept if not untouched(family)}
    return [family for family in kept if family.name not in counted or not untouched(family)]


def untouched(family: Metric) -> bool:
    return all(sample.value == 0 for sample in family.samples)


def scrape() -> bytes:
    """Everything of polyloly's own, of all processes, as Prometheus text."""
    families: list[Metric] = []
    for process, text in pushed().items():
        families += labelled(process, text_string_to_metric_families(text))
    families = counting(families)
    for name, read in _readers.items():
        try:
            families += list(read())
        except DatabaseError as error:
            # What the processes count must be seen most of all when the database is away.
            log.warning("metrics of the database not read", reader=name, error=str(error))
    registry = CollectorRegistry()
    registry.register(Gathered(joined(families)))
    return generate_latest(registry)
