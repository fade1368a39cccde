"""What is kept in memory to answer from: the newest snapshot, and the part of it that each recent filter chose."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.errors import UnknownField
from storage.memory import hits, snapshot
from storage.memory.snapshot import Snapshot
from storage.nearest.polling_lock import PollingLock
from storage.types.where import COLUMNS, EXISTS, Condition, Where, conditions_of, text_of

#: The vectors of filters are kept, the most recent first, up to as much memory as the snapshot takes, or to this.
_LEAST_KEPT = 2**26

#: How many names of fields a message lists.
_NAMED = 20


class SnapshotCache:
    """The snapshot of one store; several threads may ask, and take turns where they would hinder each other."""

    def __init__(self, database: Database, folder: Path | None, dim: int) -> None:
        self._database = database
        self._folder = folder
        self._dim = dim
        self._lock = threading.Lock()
        self.turns = PollingLock()
        self._whole: Snapshot | None = None
        self._proven = False
        self._chosen: OrderedDict[str, Snapshot] = OrderedDict()

    def forget(self) -> None:
        """Let go of everything: what is asked next is loaded again."""
        with self._lock:
            self._take(None)

    def take(self, loaded: Snapshot) -> None:
        """Answer from a snapshot from now on."""
        with self._lock:
            self._take(loaded)

    def _take(self, loaded: Snapshot | None) -> None:
        self._whole, self._proven = loaded, False
        self._chosen.clear()

    def whole(self) -> Snapshot:
        """Return the snapshot, loaded when there is none."""
        if (loaded := self._whole) is not None:
            return loaded
        with self._lock:
            loaded = self._whole
            if loaded is None:
                with self._database.reading() as connection:
                    loaded = snapshot.load(Catalog(connection), self._folder, self._dim)
                self._take(loaded)
            return loaded

    def proven(self) -> Snapshot:
        """Return a snapshot every row of which was read and checked; newer than the one before when there were batches.

        Raise StoreCorrupt when a row is damaged or lost.
        """
        with self._lock, self._database.reading() as connection:
            return self._proven_newest(Catalog(connection))

    def chosen(self, where: Where) -> Snapshot:
        """Return the part of a snapshot that a filter chooses, from memory when it was asked for before.

        A filter's first answer is of the newest batch, with every row checked, since a damaged one could be left out
        unnoticed. Raise InvalidQuery, UnknownField or StoreCorrupt.
        """
        conditions = conditions_of(where)
        if not conditions:
            return self.whole()
        text = text_of(conditions)
        with self._lock:
            if (kept := self._chosen.get(text)) is not None:
                self._chosen.move_to_end(text)
                return kept
            with self._database.reading() as connection:
                catalog = Catalog(connection)
                loaded = self._proven_newest(catalog)
                require_fields(catalog, conditions)
                chosen = loaded.of(catalog.items.ids_matching(conditions))
            self._keep(text, chosen)
            return chosen

    def _proven_newest(self, catalog: Catalog) -> Snapshot:
        loaded = self._whole
        if loaded is None or catalog.history.last_batch() != loaded.batch:
            loaded = snapshot.load(catalog, self._folder, self._dim)
            self._take(loaded)
        if not self._proven:
            hits.require_rows(loaded, catalog)
            self._proven = True
        return loaded

    def _keep(self, text: str, chosen: Snapshot) -> None:
        most = max(_LEAST_KEPT, self._whole.index.vectors().nbytes if self._whole else 0)
        self._chosen[text] = chosen
        while len(self._chosen) > 1 and sum(one.index.vectors().nbytes for one in self._chosen.values()) > most:
            self._chosen.popitem(last=False)


def require_fields(catalog: Catalog, conditions: Iterable[Condition]) -> None:
    """Raise UnknownField when conditions name metadata that no item has, other than to ask whether it is there."""
    for condition in conditions:
        if condition.field not in COLUMNS and condition.operator != EXISTS:
            _require_field(catalog, condition.field)


def _require_field(catalog: Catalog, field: str) -> None:
    """Raise UnknownField when there are items and none has metadata of this name: most likely it is misspelt."""
    if catalog.history.last_batch().live and not catalog.items.has_metadata(field):
        names = [*COLUMNS, *catalog.items.metadata_names()]
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        raise UnknownField(f"expected a field that an item has ({shown}), got {field!r}: name one of them")
