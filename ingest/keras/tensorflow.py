"""Import TensorFlow without its start-up messages. The only file that imports it."""

import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Iterator

from storage.memory.gc_pause import gc_paused


@contextlib.contextmanager
def _stderr_discarded() -> Iterator[None]:
    """Discard what TensorFlow's libraries write to standard error about drivers and processors while they load."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr = os.dup(2)
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(devnull)


@contextlib.contextmanager
def _keras_deferred() -> Iterator[None]:
    """Defer the import of Keras to its first use, as if it were not installed: this takes a third of the time."""
    blocked = "keras.src.optimizers"
    if "keras" in sys.modules:
        yield
        return
    # None in sys.modules makes Python raise ModuleNotFoundError for the module.
    sys.modules[blocked] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[blocked]


with _stderr_discarded(), _keras_deferred(), gc_paused():
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        # Features have the same bits in every run, and float32 is not computed as TensorFloat-32.
        tf.config.experimental.enable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(False)

# TensorFlow's objects live as long as the process. Frozen, they are not traversed by full collections, of which the one
# at exit alone would take most of a second.
gc.freeze()
atexit.register(gc.freeze)

__all__ = ["tf"]
