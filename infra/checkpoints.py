"""SQLite's checkpoints: a commit that makes the log long copies it into the database, and takes 4-8 ms for that.

Every connection does it for the commit that happened to be the one (``wal_autocheckpoint`` in the settings).
"""

from django.db import connection


def leave_to_others() -> None:
    """This thread's connection does none from here on, until it is opened anew.

    Somebody else must write: nobody else's commits, and the log grows without end. PostgreSQL has a process for it.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_autocheckpoint = 0")
