"""One scrape for all processes, in a text that Prometheus takes."""

import shutil
import subprocess

import pytest
from django.db import OperationalError
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from infra import metrics
from infra.redis import Db, client


@pytest.fixture(autouse=True)
def no_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apps register readers of their rows at start; these tests are about the merging."""
    monkeypatch.setattr(metrics, "_readers", {})


def pushed_by(process: str, *, orders: int) -> None:
    """What another process with a registry of its own leaves in Redis."""
    registry = CollectorRegistry()
    counter = Counter("polyloly_orders", "Orders by their status.", ["status"], registry=registry)
    counter.labels("live").inc(orders)
    client(Db.METRICS).set(f"metrics:{process}", generate_latest(registry), px=metrics.PUSH_TTL_MS)


def samples(text: bytes) -> dict[tuple[str, str], float]:
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name, sample.labels.get("process", "")] = sample.value
    return found


@pytest.mark.usefixtures("redis")
def test_processes_that_count_the_same_thing_stand_side_by_side() -> None:
    pushed_by("trader:1", orders=3)
    pushed_by("trader:2", orders=4)

    text = metrics.scrape()

    assert samples(text)["polyloly_orders_total", "trader:1"] == 3
    assert samples(text)["polyloly_orders_total", "trader:2"] == 4
    assert text.count(b"# TYPE polyloly_orders_total counter") == 1


@pytest.mark.usefixtures("redis")
def test_this_process_is_pushed_as_it_counts() -> None:
    before = samples(generate_latest(metrics.REGISTRY))["polyloly_phantom_pairs_total", ""]
    metrics.PHANTOM_PAIRS.inc(2)

    metrics.push("trader:9")

    assert samples(metrics.scrape())["polyloly_phantom_pairs_total", "trader:9"] == before + 2


@pytest.mark.usefixtures("redis")
def test_a_process_that_never_counts_a_thing_is_not_listed_beside_one_that_does() -> None:
    pushed_by("trader:1", orders=3)
    pushed_by("beat:2", orders=0)

    assert [process for name, process in samples(metrics.scrape()) if name == "polyloly_orders_total"] == [
        "trader:1"
    ]


@pytest.mark.usefixtures("redis")
def test_a_thing_that_never_happened_is_still_listed() -> None:
    pushed_by("trader:1", orders=0)

    assert samples(metrics.scrape())["polyloly_orders_total", "trader:1"] == 0


def test_a_silent_process_leaves_the_scrape(redis: Redis) -> None:
    metrics.push("trader:9")

    assert 0 < client(Db.METRICS).pttl("metrics:trader:9") <= metrics.PUSH_TTL_MS


@pytest.mark.usefixtures("redis")
def test_what_an_app_reads_from_its_rows_is_in_the_scrape() -> None:
    metrics.register_reader(
        "switch", lambda: [GaugeMetricFamily("polyloly_kill_switch_active", "1 while halted.", value=1)]
    )

    assert samples(metrics.scrape())["polyloly_kill_switch_active", ""] == 1


@pytest.mark.usefixtures("redis")
def test_a_scrape_goes_on_without_a_database() -> None:
    def away() -> list[GaugeMetricFamily]:
        raise OperationalError("gone")

    metrics.register_reader("switch", away)
    metrics.push("trader:9")

    assert b"polyloly_event_bus_depth" in metrics.scrape()


def test_a_scrape_goes_on_without_redis() -> None:
    assert metrics.scrape() == b""


def test_two_kinds_under_one_name_are_refused() -> None:
    registry, other = CollectorRegistry(), CollectorRegistry()
    Gauge("polyloly_thing", "A thing.", registry=registry)
    Counter("polyloly_thing", "A thing.", registry=other)

    with pytest.raises(ValueError, match="polyloly_thing is a gauge here and a counter there"):
        metrics.joined([*registry.collect(), *other.collect()])


@pytest.mark.usefixtures("redis")
def test_promtool_takes_the_scrape() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    metrics.push("trader:9")
    metrics.push("feeds:8")

    verdict = subprocess.run(
        [promtool, "check", "metrics"], input=metrics.scrape(), capture_output=True, check=False
    )

    assert verdict.returncode in {0, 3}, verdict.stderr.decode()
