"""What the original notebook's own code does, with OpenCV, scikit-learn and Matplotlib, to be timed beside ours."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes import NOTEBOOK
from ingest.images.images import Image
from search.map_places.tsne import PERPLEXITY, SEED


def preprocess(images: Sequence[Image]) -> Float32Array:
    """Return images, (h, w) or (h, w, 3) uint8, as VGG16's input, (n, 32, 32, 3) float32 in 0..1."""
    resized = np.array([cv2.resize(image, (NOTEBOOK.side, NOTEBOOK.side)) for image in images])
    scaled = np.asarray(resized / np.float32(255), np.float32)
    return scaled if scaled.ndim == 4 else np.repeat(scaled[..., np.newaxis], 3, axis=-1)


class Neighbours:
    """scikit-learn's exact search of vectors, (n, dim)."""

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._neighbours = NearestNeighbors(algorithm="brute").fit(vectors)

    def nearest(self, queries: NDArray[np.floating], k: int) -> NDArray[np.int64]:
        """Return the positions of each query's k nearest vectors, (queries, k)."""
        positions: NDArray[np.int64] = self._neighbours.kneighbors(queries, k, return_distance=False)
        return positions


def classify(vectors: Float32Array, labels: NDArray[np.str_], queries: Float32Array) -> NDArray[np.str_]:
    """Return the label of each query's nearest vector."""
    from sklearn.neighbors import KNeighborsClassifier

    predicted: NDArray[np.str_] = KNeighborsClassifier(n_neighbors=1).fit(vectors, labels).predict(queries)
    return predicted


def draw_tsne(vectors: Float32Array, labels: NDArray[np.str_]) -> Figure:
    """Draw the t-SNE map of vectors, coloured by label."""
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    points = TSNE(n_components=2, perplexity=perplexity, random_state=SEED).fit_transform(vectors)
    figure = Figure(figsize=(8, 8))
    axes = figure.subplots()
    for label in np.unique(labels):
        axes.scatter(points[labels == label, 0], points[labels == label, 1], s=4, label=label)
    axes.legend()
    figure.canvas.draw()
    return figure
