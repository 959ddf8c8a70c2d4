"""The tests of rows, locks and the journal once more, on a real PostgreSQL instead of SQLite."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent.parent
AGAIN: Final = (
    "tests/risk/alerts/test_rows.py",
    "tests/risk/test_at_once.py",
    "tests/risk/audit/test_chain.py",
    "tests/risk/halts/test_halt.py",
    "tests/risk/test_incidents.py",
    "tests/risk/limits/test_limits.py",
    "tests/risk/halts/test_proof.py",
    "tests/risk/http/test_remembered.py",
    "tests/risk/halts/test_reset.py",
    "tests/risk/limits/test_valuations.py",
    "tests/infra/test_patience.py",
    "tests/trading/test_services.py",
    "tests/trading/records/test_journal.py",
    "tests/trading/shard/test_recovery.py",
    "tests/trading/test_reading.py",
    "tests/trading/reconcile/test_history.py",
    "tests/trading/reconcile/test_run.py",
    "tests/trading/shard/test_outbox.py",
    "tests/trading/controls/test_reins.py",
)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_holds_on_sqlite_holds_on_postgresql(postgres_url: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *AGAIN]

    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE_URL": postgres_url, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
