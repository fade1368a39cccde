"""Replace parts of the product in this process, and put them back."""

from collections.abc import Callable, MutableMapping
from types import SimpleNamespace
from typing import Any


class Patches:
    """What was replaced, so that it can be put back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def set(self, owner: object, name: str, new: object) -> None:
        """Replace an attribute; raise AttributeError when there is none, so that a stale patch shows."""
        old = vars(owner)[name] if name in vars(owner) else getattr(owner, name)
        self._undo.append(lambda: setattr(owner, name, old))
        setattr(owner, name, new)

    def set_item(self, mapping: MutableMapping[str, Any], name: str, new: object) -> None:
        """Replace a value; raise KeyError when there is none."""
        old = mapping[name]
        self._undo.append(lambda: mapping.__setitem__(name, old))
        mapping[name] = new

    def set_in_module(self, owner: Any, module: str, name: str, new: object) -> None:
        """Replace `module.name` as the owner sees it, where the module was imported whole; others see the old one."""
        seen = getattr(owner, module)
        if not hasattr(seen, name):
            raise AttributeError(f"expected {module} to have {name}")
        self.set(owner, module, SimpleNamespace(**{**vars(seen), name: new}))

    def undo(self) -> None:
        """Put everything back, last first."""
        while self._undo:
            self._undo.pop()()
