"""Timing a function over many inputs, honestly: each call by itself, garbage collection off, several rounds."""

import gc
import platform
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spread:
    """Microseconds a call."""

    calls: int
    mean_us: float
    p50_us: float
    p99_us: float


def spread(spent_ns: list[int]) -> Spread:
    """Percentiles of nanoseconds spent, by nearest rank."""
    ordered = sorted(spent_ns)
    last = len(ordered) - 1
    return Spread(
        calls=len(ordered),
        mean_us=round(sum(ordered) / len(ordered) / 1000, 3),
        p50_us=round(ordered[last // 2] / 1000, 3),
        p99_us=round(ordered[last * 99 // 100] / 1000, 3),
    )


def timed(act: Callable[[T], object], inputs: Iterable[T]) -> list[int]:
    """Nanoseconds of each call."""
    clock = time.perf_counter_ns
    spent = []
    gc.collect()
    gc.disable()
    try:
        for each in inputs:
            began = clock()
            act(each)
            spent.append(clock() - began)
    finally:
        gc.enable()
    return spent


def quiet(rounds: list[list[int]]) -> list[int]:
    """Each input's fastest round: what the code costs, without what else the machine was doing in that moment."""
    return [min(each) for each in zip(*rounds, strict=True)]


def as_row(measured: Spread) -> dict[str, Any]:
    return asdict(measured)


def machine() -> dict[str, str]:
    """What this ran on. No names of the machine or of folders."""
    return {
        "cpu": cpu_model(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        "msgspec": version("msgspec"),
        "django": version("django"),
    }


def cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
