"""The messages of errors, to be compared as a whole."""

import re
from collections.abc import Callable
from typing import ParamSpec

import pytest

P = ParamSpec("P")


def error_message(error: type[Exception], function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> str:
    """Return the message of the error that a call raises; assert that it is one line."""
    with pytest.raises(error) as raised:
        function(*args, **kwargs)
    message = str(raised.value)
    assert "\n" not in message
    return message


def exactly(message: str) -> str:
    """Return a pattern that matches exactly this message."""
    return f"^{re.escape(message)}$"
