"""The garbage collector, kept from working for a moment."""

import gc

from storage.memory.gc_pause import gc_paused


def test_no_garbage_is_collected_for_a_moment_and_then_as_before() -> None:
    assert gc.isenabled()
    with gc_paused():
        assert not gc.isenabled()
        with gc_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
