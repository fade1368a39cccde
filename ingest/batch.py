"""What is committed together: new items with their vectors, and what became of the inputs beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ingest.backbone import Floats
from ingest.preparing import Ready, Slice
from storage import NewItem, Rejected


class Embeds(Protocol):
    """What makes vectors of a network's inputs."""

    @property
    def batch_size(self) -> int:
        """Return how many inputs the network takes at once."""
        ...

    def remembers(self, input: Floats) -> bool:
        """Tell whether an input's features were kept, so that the network need not see it."""
        ...

    def embed_inputs(self, inputs: Sequence[Floats]) -> Floats:
        """Return the vectors, (n, dim) float32, of inputs."""
        ...


@dataclass
class Batch:
    """A batch that is being filled; images are embedded as soon as there are enough for the network.

    Those whose features are remembered wait apart, so that a batch of the network is full of new ones.
    """

    items: list[NewItem] = field(default_factory=list)
    replaced: int = 0
    unchanged: list[str] = field(default_factory=list)
    rejects: list[Rejected] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _vectors: dict[int, Floats] = field(default_factory=dict)
    _new: list[tuple[int, Floats]] = field(default_factory=list)
    _known: list[tuple[int, Floats]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return how many rows it will write."""
        return len(self.items) + len(self.rejects)

    def take(self, some: Slice) -> None:
        """Take what became of some inputs; a key that is in the batch already is rejected."""
        self.unchanged += some.unchanged
        self.rejects += some.rejects
        for ready in some.ready:
            if ready.item.key in self._keys:
                reason = f"expected each key once in a source, got {ready.item.key!r} again: give it another key"
                self.rejects.append(Rejected(ready.item.key, reason))
            else:
                self._add(ready)

    def _add(self, ready: Ready) -> None:
        self._keys.add(ready.item.key)
        self._new.append((len(self.items), ready.input))
        self.items.append(ready.item)
        self.replaced += ready.replaces

    def embed(self, embedder: Embeds, *, all: bool = False) -> None:
        """Embed as many images as fill the network's batches, or all of them."""
        self._known += [one for one in self._new if embedder.remembers(one[1])]
        known = {place for place, _ in self._known}
        self._new = [one for one in self._new if one[0] not in known]
        for waiting in (self._known, self._new):
            count = len(waiting) if all else len(waiting) // embedder.batch_size * embedder.batch_size
            places, inputs = [place for place, _ in waiting[:count]], [input for _, input in waiting[:count]]
            del waiting[:count]
            self._vectors.update(zip(places, embedder.embed_inputs(inputs), strict=True))

    def vectors(self) -> Floats:
        """Return the vectors of the items, (n, dim) float32, all of which are embedded."""
        return np.array([self._vectors[place] for place in range(len(self.items))], np.float32)
