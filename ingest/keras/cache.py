"""Where Keras keeps what it has downloaded."""

import os
from pathlib import Path


def keras_home() -> Path:
    """Return Keras' own folder, which KERAS_HOME may name."""
    home = os.environ.get("KERAS_HOME")
    return Path(home) if home else Path.home() / ".keras"
