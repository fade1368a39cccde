"""What is committed together: new items with their vectors, and what became of the inputs beside them."""

from dataclasses import dataclass, field

from ingest.pipeline.embedding_queue import EmbeddingQueue, Vectors
from ingest.pipeline.prepare import Ready, Slice
from storage import NewItem, Rejected


@dataclass
class Batch:
    """A batch that is being filled, whose images are embedded meanwhile."""

    items: list[NewItem] = field(default_factory=list)
    vectors: Vectors = field(default_factory=Vectors)
    replaced: int = 0
    unchanged: list[str] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """Return how many rows it will write."""
        return len(self.items) + len(self.rejects)

    def take(self, some: Slice, queue: EmbeddingQueue) -> None:
        """Take what became of some inputs; a key that is in the batch already is rejected."""
        self.unchanged += some.unchanged
        self.rejects += some.rejects
        for ready in some.ready:
            if ready.item.key in self._keys:
                reason = f"expected each key once in a source, got {ready.item.key!r} again: give it another key"
                self.rejects.append(Rejected(ready.item.key, reason))
            else:
                self._add(ready, queue)

    def _add(self, ready: Ready, queue: EmbeddingQueue) -> None:
        self._keys.add(ready.item.key)
        self.items.append(ready.item)
        self.replaced += ready.replaces
        queue.put(ready.input, self.vectors)
