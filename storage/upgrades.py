"""From each version of the catalog's tables to the next: a numbered function each.

Alembic, the usual tool, keeps its own record and scripts beside the database; a store is one file whose version
SQLite keeps itself, so a function each is all that is needed, and all of them run in one transaction.
"""

from collections.abc import Callable, Mapping

import sqlalchemy as sa

#: What turns the tables of a version into those of the next, within the transaction that it is handed.
UPGRADES: Mapping[int, Callable[[sa.Connection], None]] = {}
