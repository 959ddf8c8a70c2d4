"""Tables whose rows the database itself keeps as they are, whoever asks: triggers that refuse UPDATE and DELETE.

Made after every migration and not in one: SQLite rebuilds a table to alter it and loses its triggers. What empties a
whole table at once stays possible on PostgreSQL (TRUNCATE, of the table's owner) and is refused on SQLite, where it is
a DELETE; the tests' own database drops the triggers before it is flushed (``tests/conftest.py``). Whoever may alter
the table may drop a trigger too: against that the audit has its chain.
"""

from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

VERBS: Final = ("update", "delete")

SQLITE: Final = """
    CREATE TRIGGER IF NOT EXISTS {trigger} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} rows are never changed or deleted'); END
"""
POSTGRESQL_FUNCTION: Final = """
    CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{table} rows are never changed or deleted' USING ERRCODE = 'restrict_violation'; END $$
"""
POSTGRESQL: Final = """
    CREATE TRIGGER {trigger} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()
"""
SQLITE_THERE: Final = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
POSTGRESQL_THERE: Final = """
    SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid = to_regclass(%s)
"""


def guard(table: str, *, using: str) -> None:
    """Let the database refuse changes of ``table``. Again is fine; nothing happens while there is no such table."""
    connection = connections[using]
    if table not in connection.introspection.table_names():
        return
    missing = [verb for verb in VERBS if trigger(table, verb) not in _there(connection, table)]
    if not missing:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION.format(table=table))
        text = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
        for verb in missing:
            cursor.execute(text.format(trigger=trigger(table, verb), verb=verb.upper(), table=table))


def is_guarded(table: str, *, using: str = "default") -> bool:
    """Whether the database refuses changes of ``table`` now. One query."""
    return _there(connections[using], table) >= {trigger(table, verb) for verb in VERBS}


def trigger(table: str, verb: str) -> str:
    return f"{table}_no_{verb}"


def _there(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL_THERE if connection.vendor == "postgresql" else SQLITE_THERE, [table])
        return {name for (name,) in cursor.fetchall()}
