"""The garbage collector: what is left alone for a while, and what for good."""

import gc
import subprocess
import sys
import weakref

from storage.collecting import without_collecting, without_looking_back

_AFTER_THE_OTHER = """
import gc
from storage.collecting import without_looking_back
{before}
kept = gc.get_freeze_count()
with without_looking_back():
    during = gc.get_freeze_count()
print(kept > 0, during > kept, gc.get_freeze_count() > 0)
"""


def told(before: str) -> str:
    """Return what is frozen before, in and after `without_looking_back` in a process of its own."""
    program = _AFTER_THE_OTHER.format(before=before)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_no_garbage_is_collected_for_a_moment_and_then_as_before() -> None:
    assert gc.isenabled()
    with without_collecting():
        assert not gc.isenabled()
        with without_collecting():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_is_left_alone_for_a_while_is_looked_at_again() -> None:
    assert told(before="") == "False True False\n"


def test_what_was_left_alone_for_good_stays_so() -> None:
    assert told(before="gc.freeze()") == "True True True\n"


def test_garbage_does_not_stay_because_the_rest_is_left_alone() -> None:
    class Circle:
        """An object that only its own circle refers to."""

    gone: list[bool] = []
    circle = Circle()
    circle.itself = circle  # type: ignore[attr-defined]
    weakref.finalize(circle, gone.append, True)
    del circle
    with without_looking_back():
        assert gone == [True]
