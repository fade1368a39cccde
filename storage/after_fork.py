"""What a forked process does with the open resources that it inherits: it leaves them to the process it came from."""

import os
import weakref
from typing import Protocol


class Inheritable(Protocol):
    """Something open that a forked process must neither use nor close, such as a connection or a lock."""

    def leave_to_parent(self) -> None:
        """Forget, in a process that was just forked, what the process that it was forked from has open."""


_INHERITABLE: "weakref.WeakSet[Inheritable]" = weakref.WeakSet()


def register(resource: Inheritable) -> None:
    """Call a resource's `leave_to_parent` in every process that is forked while it exists."""
    _INHERITABLE.add(resource)


def _leave_all_to_parent() -> None:
    for resource in list(_INHERITABLE):
        resource.leave_to_parent()


os.register_at_fork(after_in_child=_leave_all_to_parent)
