"""Keras' cache folder, and what Keras downloads into it."""

import contextlib
import os
import sys
from pathlib import Path


def keras_home() -> Path:
    """Return Keras' own folder: KERAS_HOME, or else `.keras` in the home folder."""
    home = os.environ.get("KERAS_HOME")
    return Path(home) if home else Path.home() / ".keras"


def download_weights() -> None:
    """Have Keras download VGG16's ImageNet weights into its cache."""
    # Imported here: TensorFlow takes seconds to load.
    from ingest.keras.tensorflow import tf

    # Keras prints its progress on standard output, which is for a command's results.
    with contextlib.redirect_stdout(sys.stderr):
        tf.keras.applications.VGG16(include_top=False, weights="imagenet", input_shape=(32, 32, 3))


def download_dataset(name: str) -> None:
    """Have Keras download one of its data sets, `mnist` or `fashion_mnist`, into its cache."""
    from ingest.keras.tensorflow import tf

    with contextlib.redirect_stdout(sys.stderr):
        getattr(tf.keras.datasets, name).load_data()
