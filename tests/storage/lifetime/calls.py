"""Call every public method and property of a class, found by reflection, so that a new one cannot be forgotten."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

#: The special methods that a user calls; the others are Python's own.
_SPECIAL = ("__enter__", "__len__")


def public_calls(opened: object, arguments: Mapping[str, Any]) -> dict[str, Callable[[], object]]:
    """Return a call of each public method and property of an object by its name.

    `arguments` has a value for each parameter that has no default, by the parameter's name: a KeyError says that a new
    one is missing. What is called on the class alone, such as `open`, is no use of the object and left out.
    """
    calls: dict[str, Callable[[], object]] = {}
    for name, member in inspect.getmembers_static(type(opened)):
        if name.startswith("_") and name not in _SPECIAL:
            continue
        if isinstance(member, property):
            calls[name] = lambda name=name: getattr(opened, name)  # type: ignore[misc]
        elif inspect.isfunction(member):
            calls[name] = lambda name=name: _call(getattr(opened, name), arguments)  # type: ignore[misc]
    return calls


def _call(method: Callable[..., object], arguments: Mapping[str, Any]) -> object:
    """Call a method, take the first step of an iterator that it returns, and open and close anything else."""
    parameters = inspect.signature(method).parameters.values()
    named = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    required = [each.name for each in parameters if each.default is each.empty and each.kind not in named]
    result = method(**{name: arguments[name] for name in required})
    if isinstance(result, Iterator):
        return next(result)
    if isinstance(result, AbstractContextManager):
        with result:
            return None
    return result
