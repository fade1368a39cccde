"""The pause of cyclic garbage collection."""

import gc

from storage.memory.gc_pause import gc_paused


def test_garbage_collection_is_paused_and_then_as_before() -> None:
    assert gc.isenabled()
    with gc_paused():
        assert not gc.isenabled()
        with gc_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
