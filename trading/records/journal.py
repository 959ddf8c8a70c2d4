"""The record of what happened, written off the hot path: a bounded queue and one thread with its own connection.

Nothing is dropped. A database that is away is waited for; a queue that runs full is told to the producer, who
halts the market (``JournalFull``); a record that can never be written ends the journal and every later ``put``
raises (``JournalFailed``). What a retry writes twice is there once: every fact has a unique name.
"""

import queue
import threading
import time
from random import Random
from typing import Final

from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
)

from infra import aio, logs
from trading.errors import JournalFailed, JournalFull
from trading.records.batch import Batch
from trading.records.ports import Record

CAPACITY: Final = 20_000
BATCH_MAX: Final = 500
# Records come in bursts: waiting this long for more makes one transaction of many, and leaves SQLite's one
# write lock to the orders, which do not wait.
GATHER_S: Final = 0.1
CONNECTION_CHECK_S: Final = 5.0
BACK_OFF_CAP_MS: Final = 2_000
# Another writer may put the same fact between our look and our insert; a conflict that stays is a real one.
CONFLICTS_MAX: Final = 3

log = logs.get("journal")


class _Mark:
    """Travels through the queue; set when everything before it is committed."""

    def __init__(self, *, ends: bool) -> None:
        self.reached = threading.Event()
        self.ends = ends


class Journal:
    """One writer's journal. ``put`` from any thread; the records of one thread are written in its order.

    writer: fence name and number, the unique first half of each ledger line's name.
    """

    def __init__(
        self, *, account_id: int, writer: str, capacity: int = CAPACITY, patience_s: float = 0.25
    ) -> None:
        self.written = 0
        self._account_id = account_id
        self._writer = writer
        self._entries = 0
        self._patience_s = patience_s
        self._queue: queue.Queue[Record | _Mark] = queue.Queue(capacity)
        self._failure: str | None = None
        self._closed = False
        self._giving_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"journal {writer}", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """Records waiting, about."""
        return self._queue.qsize()

    def put(self, record: Record) -> None:
        """Hand one record over. Waits up to the patience when the queue is full.

        Raises ``JournalFull`` then, and ``JournalFailed`` when the journal can write no more.
        """
        self._put(record, self._patience_s)

    def flush(self, *, timeout_s: float) -> None:
        """Return when everything handed over before is committed. Raises ``JournalFull`` after the timeout."""
        self._mark(_Mark(ends=False), timeout_s)

    def close(self, *, timeout_s: float) -> None:
        """Flush and end the thread. After the timeout it gives up and raises ``JournalFull``: facts are lost."""
        try:
            self._mark(_Mark(ends=True), timeout_s)
        finally:
            self._closed = True
            self._giving_up.set()
            self._thread.join(timeout=1)

    def _mark(self, mark: _Mark, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        self._put(mark, timeout_s)
        if not mark.reached.wait(max(0.0, deadline - time.monotonic())):
            raise JournalFull(f"about {self.depth} records not written within {timeout_s} s")
        if self._failure is not None:
            raise JournalFailed(self._failure)

    def _put(self, item: Record | _Mark, timeout_s: float) -> None:
        if self._failure is not None or self._closed:
            raise JournalFailed(self._failure or "the journal is closed")
        try:
            self._queue.put(item, timeout=timeout_s)
        except queue.Full:
            raise JournalFull(f"{self._queue.maxsize} records wait for the database") from None

    def _run(self) -> None:
        try:
            while self._write_next():
                pass
        finally:
            self._closed = True
            connection.close()
            self._release_marks()

    def _write_next(self) -> bool:
        """Write the next batch. False when the journal is to end."""
        records, mark = self._gather()
        written = not records or self._write(records)
        if mark is not None:
            mark.reached.set()
        return written and (mark is None or not mark.ends)

    def _gather(self) -> tuple[list[Record], _Mark | None]:
        """What is in the queue, at least one item, waiting a moment for more. A mark ends the waiting."""
        records: list[Record] = []
        item = self._first()
        deadline = time.monotonic() + GATHER_S
        while not isinstance(item, _Mark):
            records.append(item)
            left = deadline - time.monotonic()
            if len(records) >= BATCH_MAX or left <= 0:
                return records, None
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                return records, None
        return records, item

    def _first(self) -> Record | _Mark:
        while True:
            try:
                return self._queue.get(timeout=CONNECTION_CHECK_S)
            except queue.Empty:
                # After a database restart a held connection fails for ever.
                close_old_connections()

    def _write(self, records: list[Record]) -> bool:
        """Write one batch, waiting for a database that is away. False when it can never be written."""
        batch = Batch(records, account_id=self._account_id, writer=self._writer, entries_before=self._entries)
        waits = aio.back_off(Random(), cap_ms=BACK_OFF_CAP_MS)
        conflicts = 0
        while True:
            try:
                batch.write()
            except (OperationalError, InterfaceError) as error:
                log.error(
                    "journal waits for the database", error=str(error), depth=self.depth, event_type="error"
                )
                connection.close()
                if self._giving_up.wait(next(waits) / 1000):
                    return self._fail(f"{len(records)} records lost: {error}")
            except IntegrityError as error:
                conflicts += 1
                if conflicts >= CONFLICTS_MAX:
                    return self._fail(f"the database refuses a fact: {error}")
            except DatabaseError as error:
                return self._fail(f"the database refuses a fact: {error}")
            else:
                self._entries += batch.entry_count
                self.written += len(records)
                return True

    def _fail(self, why: str) -> bool:
        self._failure = why
        log.critical("journal failed", error=why, event_type="error")
        return False

    def _release_marks(self) -> None:
        """Nobody shall wait for a thread that is gone."""
        while not self._queue.empty():
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if isinstance(item, _Mark):
                item.reached.set()
