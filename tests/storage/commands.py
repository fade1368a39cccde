"""`python -m storage` within the tests' own process."""

import json
from typing import Any

import pytest

from storage import console
from storage.__main__ import app


class Command:
    """Runs `python -m storage` within this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *args: object) -> tuple[int, str, str]:
        """Return the exit status, standard output and standard error."""
        self._monkeypatch.setattr("sys.argv", ["storage", *(str(arg) for arg in args)])
        with pytest.raises(SystemExit) as ended:
            console.run(app, "python -m storage")
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def json(self, *args: object, status: int = 0) -> Any:
        """Return the document that a run prints, which must be all that it prints."""
        ended, out, err = self(*args, "--json")
        assert (ended, err) == (status, "")
        return json.loads(out)
