"""t-SNE: many dimensions as two, so that what is near stays near.

van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008, who reduce the dimensions with a principal component
analysis first, which takes away noise and time.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

PERPLEXITY = 30
SEED = 31
COMPONENTS = 50


def tsne(vectors: NDArray[np.float32]) -> Points:
    """Return a point, (n, 2) float32, for each of at least two vectors, (n, dim); the same for the same vectors."""
    # Imported here: scikit-learn takes a second to load, and only a map needs it.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = min(COMPONENTS, *vectors.shape)
    reduced = PCA(components, svd_solver="full").fit_transform(np.array(vectors))
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    made = TSNE(n_components=2, perplexity=perplexity, init="pca", random_state=SEED).fit_transform(reduced)
    return np.asarray(made, np.float32)
