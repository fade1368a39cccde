"""t-SNE of many vectors: the same in every run, and in time that grows with their number.

openTSNE computes the repulsion of all points by interpolation on a grid and a Fourier transform (Linderman, Rachh,
Hoskins, Steinerberger and Kluger, "Fast interpolation-based t-SNE for improved visualization of single-cell RNA-seq
data", 2019). Each item attracts its 15 nearest neighbours alike, which gives nearly the map of perplexity 30 (Böhm,
Berens and Kobak, "Attraction-repulsion spectrum in neighbor embeddings", 2022); they are found exactly, since
approximate ones differ among runs.
"""

import numpy as np
from numpy.typing import NDArray

from search.map_places.tsne import COMPONENTS, SEED, Points, principal_components

NEIGHBOURS = 15

#: Steps with exaggerated attraction, and without; as by van der Maaten, "Accelerating t-SNE using tree-based
#: algorithms", 2014.
_EXAGGERATED = 250
_FURTHER = 500

METHOD = f"t-SNE of {NEIGHBOURS} neighbours after PCA to {COMPONENTS} dimensions"


def tsne_of_many(vectors: NDArray[np.float32]) -> Points:
    """Return points, (n, 2) float32, for vectors, (n, dim) float32, of which there are more than 15; deterministic."""
    # Imported here: they take seconds to load.
    from openTSNE import TSNEEmbedding, initialization
    from openTSNE.affinity import Uniform
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    # Threads would add numbers in any order, and wait by spinning: beside other work one is ten times faster than two.
    with threadpool_limits(1):
        reduced = principal_components(vectors)
        if not reduced.any():
            return np.zeros((len(vectors), 2), np.float32)
        distances, neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(reduced).kneighbors()
        affinities = Uniform(knn_index=PrecomputedNeighbors(neighbours, distances), k_neighbors=NEIGHBOURS)
        start = initialization.rescale(reduced[:, :2].astype(np.float64))
        # Equal vectors would stay on top of each other.
        start = initialization.jitter(start, random_state=SEED)
        embedding = TSNEEmbedding(start, affinities, negative_gradient_method="fft", n_jobs=1, random_state=SEED)
        embedding.optimize(n_iter=_EXAGGERATED, exaggeration=12, momentum=0.5, inplace=True)
        embedding.optimize(n_iter=_FURTHER, momentum=0.8, inplace=True)
    return np.asarray(embedding, np.float32)
