"""The import of TensorFlow: without Keras before its first use, and without its objects in garbage collections."""

import json
from typing import Any

import pytest

from tests.processes import printed_by

PROGRAM = """
import gc, json, sys
from ingest.keras.tensorflow import tf
frozen = gc.get_freeze_count()
gc.collect()
collected = len(gc.get_objects())
before = "keras" in sys.modules
optimizer = tf.keras.optimizers.Adam().name
print(json.dumps({"frozen": frozen, "collected": collected, "keras": [before, optimizer, "keras" in sys.modules]}))
"""


@pytest.fixture(scope="module")
def imported() -> Any:
    """Return what a new process sees of its modules and objects after the import."""
    return json.loads(printed_by(PROGRAM))


def test_keras_is_imported_on_first_use(imported: Any) -> None:
    assert imported["keras"] == [False, "adam", True]


def test_tensorflows_objects_are_frozen_for_the_garbage_collector(imported: Any) -> None:
    assert imported["frozen"] > 100_000
    assert imported["collected"] < imported["frozen"] / 10
