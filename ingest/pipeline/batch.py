"""Group slices into batches: the items that are committed together, and the outcomes of the inputs beside them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.pipeline.embedding_queue import EmbeddingQueue, PendingVectors
from ingest.pipeline.prepare import Slice
from storage import NewItem, Rejected


@dataclass
class Batch:
    """New items with their vectors, and the other outcomes of the same slices."""

    items: list[NewItem] = field(default_factory=list)
    vectors: PendingVectors = field(default_factory=PendingVectors)
    replaced: int = 0
    unchanged: list[str] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    is_last: bool = False
    _keys: set[str] = field(default_factory=set)

    @property
    def added(self) -> int:
        """Return how many items are new, rather than replace stored ones."""
        return len(self.items) - self.replaced

    @property
    def rows(self) -> int:
        """Return how many rows the batch writes."""
        return len(self.items) + len(self.rejects)

    def add(self, slice: Slice, queue: EmbeddingQueue) -> None:
        """Add a slice, and put its images into the queue; a key that the batch has already is rejected."""
        self.unchanged += slice.unchanged
        self.rejects += slice.rejects
        for image in slice.images:
            key = image.item.key
            if key in self._keys:
                reason = f"expected each key once in a source, got {key!r} again: give it another key"
                self.rejects.append(Rejected(key, reason))
                continue
            self._keys.add(key)
            self.items.append(image.item)
            self.replaced += image.replaces
            queue.put(image.input, self.vectors)


def batches_of(slices: Iterable[Slice], queue: EmbeddingQueue, limit: int) -> Iterator[Batch]:
    """Group whole slices into batches of at most `limit` rows; yield each once all of its inputs are submitted.

    A full batch may have to wait for inputs of the next one, since a network batch has a fixed number of inputs. The
    last batch is yielded even when it is empty.
    """
    filling = Batch()
    full: Batch | None = None
    for slice in slices:
        # A batch ends when the next slice comes, so that the last batch is known to be the last. A batch without rows,
        # of unchanged inputs only, ends with its slice.
        if not filling.rows or filling.rows + len(slice.images) + len(slice.rejects) > limit:
            if full is not None:
                queue.flush()
                yield full
            full = filling if filling.rows or filling.unchanged else None
            filling = Batch()
            queue.submit_cached()
        filling.add(slice, queue)
        if full is not None and full.vectors.submitted:
            yield full
            full = None
    queue.flush()
    if full is not None:
        yield full
    filling.is_last = True
    yield filling
