"""Reduce features to fewer dimensions of equal scale before a layer is trained on them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.heads.dense import TrainedDense
from ingest.embedding.heads.perceptron import TrainedHead, TrainedPerceptron
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.linalg.subspace_iteration import subspace_iteration

#: The most images whose features the reduction is fitted on.
REDUCTION_SAMPLE = 5_000

#: float16 ends at 65,504.
_FLOAT16_BOUND = 60_000


@dataclass(frozen=True)
class Reduction:
    """(features - mean) @ components, scaled so that the mean variance of all dimensions is 1."""

    mean: Float32Array
    components: Float32Array

    @property
    def dim(self) -> int:
        """Return the number of dimensions of reduced features."""
        return int(self.components.shape[1])

    def __call__(self, features: Float32Array) -> NDArray[np.float16]:
        """Return the reduced features, (n, dim) float16."""
        # One large product, whose rows may differ in bits between batches: training does not need `matmul`.
        reduced = (features - self.mean) @ self.components
        return np.asarray(np.clip(reduced, -_FLOAT16_BOUND, _FLOAT16_BOUND), np.float16)

    def compose(self, head: TrainedHead) -> TrainedHead:
        """Return the head on features that is equal to a head on reduced features."""
        components = self.components.astype(np.float64)

        def composed(kernel: Float32Array, bias: Float32Array) -> tuple[Float32Array, Float32Array]:
            product = components @ kernel
            shifted = bias - self.mean.astype(np.float64) @ product
            return np.ascontiguousarray(product, np.float32), shifted.astype(np.float32)

        if isinstance(head, TrainedPerceptron):
            return TrainedPerceptron(*composed(head.hidden_kernel, head.hidden_bias), head.kernel, head.bias)
        return TrainedDense(*composed(head.kernel, head.bias))


def fit_reduction(features: Float32Array, seed: int, dim: int) -> Reduction:
    """Return the reduction of features, (n, d) float32, to nearly the span of their `dim` principal components."""
    width = features.shape[1]
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = features - mean
    basis = np.eye(width, dtype=np.float32)
    if width > dim:
        # One iteration is exact enough: any rotation of the span suits the layer.
        basis = subspace_iteration(centred, dim, seed, iterations=1)
    deviation = np.sqrt(np.mean(np.square(centred @ basis), dtype=np.float64))
    # The deviation of identical images is 0.
    return Reduction(mean, basis / np.float32(deviation or 1.0))
