"""Replace parts of the product in this process, and restore them afterwards."""

from collections.abc import MutableMapping
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any


class Patches(ExitStack[None]):
    """Replacements that are undone, last first, by `close` or at the end of a `with` block."""

    def set(self, owner: object, name: str, new: object) -> None:
        """Replace an attribute; raise AttributeError when there is none, so that an outdated patch is noticed."""
        old = vars(owner)[name] if name in vars(owner) else getattr(owner, name)
        self.callback(setattr, owner, name, old)
        setattr(owner, name, new)

    def set_item(self, mapping: MutableMapping[str, Any], name: str, new: object) -> None:
        """Replace a value; raise KeyError when there is none."""
        old = mapping[name]
        self.callback(mapping.__setitem__, name, old)
        mapping[name] = new

    def set_in_module(self, owner: Any, module: str, name: str, new: object) -> None:
        """Replace `module.name` for the owner alone, which imports the module by that name."""
        imported = getattr(owner, module)
        if not hasattr(imported, name):
            raise AttributeError(f"expected {module} to have {name}")
        self.set(owner, module, SimpleNamespace(**{**vars(imported), name: new}))
