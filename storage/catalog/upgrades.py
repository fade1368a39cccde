"""Upgrade the catalog's tables from each version to the next: one function a version.

Alembic, the usual tool, needs a version table and scripts beside the database. SQLite stores a version in the file
itself, so a function a version suffices, and all of them run in one transaction. The statements of a step never
change, even when the tables do later.
"""

from collections.abc import Callable, Mapping

import sqlalchemy as sa


def _add_job_tables(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE jobs (number INTEGER NOT NULL, source TEXT NOT NULL, total INTEGER NOT NULL, "
        "added INTEGER NOT NULL, replaced INTEGER NOT NULL, unchanged INTEGER NOT NULL, rejected INTEGER NOT NULL, "
        "finished BOOLEAN NOT NULL, PRIMARY KEY (number))"
    )
    connection.exec_driver_sql(
        'CREATE TABLE rejects ("key" TEXT NOT NULL, job INTEGER NOT NULL, reason TEXT NOT NULL, '
        'PRIMARY KEY ("key"), FOREIGN KEY(job) REFERENCES jobs (number))'
    )


def _add_source_tables(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE job_changes (job INTEGER NOT NULL, moved INTEGER NOT NULL, relabelled INTEGER NOT NULL, "
        "pruned INTEGER NOT NULL, PRIMARY KEY (job), FOREIGN KEY(job) REFERENCES jobs (number))"
    )
    connection.exec_driver_sql(
        "CREATE TABLE sources (number INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (number))"
    )
    connection.exec_driver_sql(
        "CREATE TABLE item_sources (item INTEGER NOT NULL, source INTEGER NOT NULL, checksum BLOB NOT NULL, "
        "PRIMARY KEY (item), FOREIGN KEY(item) REFERENCES items (id), "
        "FOREIGN KEY(source) REFERENCES sources (number))"
    )


def _add_generation_columns_table(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE generation_columns (generation INTEGER NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL, "
        "PRIMARY KEY (generation), FOREIGN KEY(generation) REFERENCES generations (number))"
    )


#: For each version, the function that upgrades its tables to the next version within the given transaction.
UPGRADES: Mapping[int, Callable[[sa.Connection], None]] = {
    1: _add_job_tables,
    2: _add_source_tables,
    3: _add_generation_columns_table,
}
