"""t-SNE: project vectors to two dimensions so that near ones stay near.

van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008, who first reduce the dimensions with PCA, which removes
noise and saves time.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

PERPLEXITY = 30
SEED = 31
COMPONENTS = 50

METHOD = f"t-SNE of perplexity {PERPLEXITY} after PCA to {COMPONENTS} dimensions"

#: scikit-learn divides each of the many small steps of fewer points among threads, which wait for each other by
#: spinning: beside other work on two processors a map of 100 took 4.2 s instead of 0.6, one of 1,000 28 instead of 13.
_ENOUGH_FOR_THREADS = 2_000


def tsne(vectors: NDArray[np.float32]) -> Points:
    """Return points, (n, 2) float32, for vectors, (n, dim) float32; deterministic.

    Equal vectors alone, which have no map of their own, are all at the origin.
    """
    # Imported here: scikit-learn takes a second to load, and only maps need it.
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    reduced = principal_components(vectors)
    if not reduced.any():
        # scikit-learn would divide by the extent of the points, and crash on the NaN.
        return np.zeros((len(vectors), 2), np.float32)
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    with threadpool_limits(1 if len(vectors) < _ENOUGH_FOR_THREADS else None, user_api="openmp"):
        points = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=SEED).fit_transform(reduced)
    return np.asarray(points, np.float32)


def principal_components(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the principal components, (n, c) float32, of vectors, (n, dim) float32, once these are scaled.

    There are at least two and at most COMPONENTS. Those of equal vectors are 0.
    """
    # Imported here, as above.
    from sklearn.decomposition import PCA

    differences = _scaled(vectors)
    if not differences.any():
        return np.zeros((len(vectors), 2), np.float32)
    components = min(COMPONENTS, *vectors.shape)
    reduced = PCA(components, svd_solver="full").fit_transform(differences)
    return np.asarray(reduced if components > 1 else np.hstack([reduced, np.zeros_like(reduced)]), np.float32)


def _scaled(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the differences of vectors, (n, dim) float32, from the first, so that the largest is 1; or all are 0.

    At this scale no variance is lost to underflow, which would be as bad as none.
    """
    differences = np.subtract(vectors, vectors[0], dtype=np.float32)
    largest = np.abs(differences).max()
    return np.asarray(differences / largest if largest else differences, np.float32)
