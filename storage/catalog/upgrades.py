"""From each version of the catalog's tables to the next: a numbered function each.

Alembic, the usual tool, keeps its own record and scripts beside the database; a store is one file whose version
SQLite keeps itself, so a function each is all that is needed, and all of them run in one transaction. A step's
statements stay as they are for ever, whatever becomes of the tables later.
"""

from collections.abc import Callable, Mapping

import sqlalchemy as sa


def _add_ledger(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE jobs (number INTEGER NOT NULL, source TEXT NOT NULL, total INTEGER NOT NULL, "
        "added INTEGER NOT NULL, replaced INTEGER NOT NULL, unchanged INTEGER NOT NULL, rejected INTEGER NOT NULL, "
        "finished BOOLEAN NOT NULL, PRIMARY KEY (number))"
    )
    connection.exec_driver_sql(
        'CREATE TABLE rejects ("key" TEXT NOT NULL, job INTEGER NOT NULL, reason TEXT NOT NULL, '
        'PRIMARY KEY ("key"), FOREIGN KEY(job) REFERENCES jobs (number))'
    )


#: What turns the tables of a version into those of the next, within the transaction that it is handed.
UPGRADES: Mapping[int, Callable[[sa.Connection], None]] = {1: _add_ledger}
