"""The import of TensorFlow: without Keras before its first use, and without its objects in garbage collections."""

from tests.processes import printed_by


def test_keras_is_imported_on_first_use() -> None:
    program = (
        "import sys; from ingest.keras.tensorflow import tf; before = 'keras' in sys.modules; "
        "print(before, tf.keras.optimizers.Adam().name, 'keras' in sys.modules)"
    )
    assert printed_by(program) == "False adam True\n"


def test_tensorflows_objects_are_frozen_for_the_garbage_collector() -> None:
    program = (
        "import gc, ingest.keras.tensorflow; frozen = gc.get_freeze_count(); gc.collect(); "
        "print(frozen > 100_000, len(gc.get_objects()) < frozen / 10)"
    )
    assert printed_by(program) == "True True\n"
