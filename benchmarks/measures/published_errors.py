"""What others published on the split that MNIST and Fashion-MNIST came with: 60,000 training and 10,000 test images."""

from dataclasses import dataclass

_LECUN = "LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/"
_FASHION = "Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017, arXiv:1708.07747, table 3"


@dataclass(frozen=True)
class PublishedError:
    """A method's error on the test images of a source, as a share, with the preprocessing and where it is published.

    `short` names the method in a plot.
    """

    source: str
    short: str
    method: str
    preprocessing: str
    error: float
    where: str


#: The rows of LeCun's table on nearest neighbours that are nearest to ours or best, and two of Fashion-MNIST's own.
PUBLISHED_ERRORS = (
    *(
        PublishedError("mnist", short, method, preprocessing, error, f"{_LECUN}, {whose}")
        for short, method, preprocessing, error, whose in (
            ("K-NN, L2", "K-nearest-neighbors, Euclidean (L2)", "none", 0.0309, "Kenneth Wilder"),
            ("K-NN, L2, deskewed", "K-nearest-neighbors, Euclidean (L2)", "deskewing", 0.024, "LeCun et al. 1998"),
            ("tangent distance", "K-NN, Tangent Distance", "subsampling to 16x16 pixels", 0.011, "LeCun et al. 1998"),
            (
                "shape contexts",
                "K-NN, shape context matching",
                "shape context feature extraction",
                0.0063,
                "Belongie et al. 2002",
            ),
            (
                "P2DHMDM",
                "K-NN with non-linear deformation (P2DHMDM)",
                "shiftable edges",
                0.0052,
                "Keysers et al. 2007",
            ),
        )
    ),
    PublishedError(
        "fashion-mnist", "k-NN, k = 5, L1", "k-NN, k = 5, L1, weighted by distance", "none", 0.146, _FASHION
    ),
    PublishedError("fashion-mnist", "SVM", "support vector machine, RBF kernel", "none", 0.103, _FASHION),
)
