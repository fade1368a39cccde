"""Group slices into batches: the items that are committed together, and the outcomes of the inputs beside them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.pipeline.compare import Change, KnownContent
from ingest.pipeline.embedding_queue import EmbeddingQueue, PendingVectors
from ingest.pipeline.prepare import Slice
from storage import NewItem, Rejected


@dataclass
class Batch:
    """New items with their vectors, and the other outcomes of the same slices.

    `changes` counts the items, and `embedded` those whose vectors are computed. `other_sources` counts the replaced
    items of other sources. `moved_from` are ids of items whose files moved, `gone` of items whose files are gone, and
    `adopted` of unchanged items that the job's source takes over.
    """

    items: list[NewItem] = field(default_factory=list)
    vectors: PendingVectors = field(default_factory=PendingVectors)
    changes: Counter[Change] = field(default_factory=Counter)
    embedded: int = 0
    other_sources: Counter[str] = field(default_factory=Counter)
    moved_from: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    adopted: list[int] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    is_last: bool = False
    _keys: set[str] = field(default_factory=set)

    @property
    def rows(self) -> int:
        """Return how many rows the batch writes."""
        return len(self.items) + len(self.rejects) + len(self.gone) + len(self.adopted)

    def add(self, slice: Slice, queue: EmbeddingQueue) -> None:
        """Add a slice, and put its images into the queue; a key that the batch has already is rejected."""
        for unchanged in slice.unchanged:
            self.unchanged.append(unchanged.key)
            if unchanged.adopted is not None:
                self.adopted.append(unchanged.adopted)
        self.rejects += slice.rejects
        for image in slice.images:
            key = image.item.key
            if key in self._keys:
                reason = f"expected each key once in a source, got {key!r} again: give it another key"
                self.rejects.append(Rejected(key, reason))
                continue
            self._keys.add(key)
            self.items.append(image.item)
            self.changes[image.change] += 1
            if image.other_source is not None:
                self.other_sources[image.other_source] += 1
            if isinstance(image, KnownContent):
                self.vectors.add(image.vector)
                if image.moved_from is not None:
                    self.moved_from.append(image.moved_from.item.id)
            else:
                self.embedded += 1
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
        if not filling.rows or filling.rows + slice.rows > limit:
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
