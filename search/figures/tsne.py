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


def tsne(vectors: NDArray[np.float32]) -> Points:
    """Return points, (n, 2) float32, for at least two vectors, (n, dim) float32; deterministic."""
    # Imported here: scikit-learn takes a second to load, and only maps need it.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = min(COMPONENTS, *vectors.shape)
    reduced = PCA(components, svd_solver="full").fit_transform(np.array(vectors))
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    points = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=SEED).fit_transform(reduced)
    return np.asarray(points, np.float32)
