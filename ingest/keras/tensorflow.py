"""TensorFlow, and the only file that imports it: without what its libraries say about drivers while they load."""

import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Iterator

from storage.memory.gc_pause import gc_paused


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what TensorFlow's libraries write about drivers and processors while they load out of standard error."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextlib.contextmanager
def _without_keras() -> Iterator[None]:
    """Have TensorFlow leave Keras to its first use, as it does where there is none: it takes a third of the time."""
    held_back = "keras.src.optimizers"
    if "keras" in sys.modules:
        yield
        return
    # Python's own way to say that a module cannot be imported.
    sys.modules[held_back] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[held_back]


with _quiet(), _without_keras(), gc_paused():
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        # The same image has the same bits in every run, and float32 is what its name says.
        tf.config.experimental.enable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(False)

# Its objects stay as long as the process, which would look through all of them for garbage again and again, and for
# most of a second when it ends.
gc.freeze()
atexit.register(gc.freeze)

__all__ = ["tf"]
