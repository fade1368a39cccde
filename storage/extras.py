"""Optional parts: what is imported only where it is asked for, and which extra brings it."""

import importlib.util

from storage.errors import ExtraMissing


def require_extra(module: str, extra: str) -> None:
    """Raise ExtraMissing unless a module is installed that an extra of this project brings."""
    if importlib.util.find_spec(module) is None:
        raise ExtraMissing(
            f"expected the package {module}, which is not installed: install it with `pip install 'lookalike[{extra}]'`"
        )
