"""The commands, run within the tests' own process."""

import json
from typing import Any

import pytest
import typer

from storage import console


class Command:
    """Runs an application as `python -m` does, within this process and for lines of 200 characters."""

    def __init__(self, app: typer.Typer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._app = app
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("COLUMNS", "200")

    def __call__(self, *args: object) -> tuple[int, str, str]:
        """Return the exit status, standard output and standard error."""
        self._monkeypatch.setattr("sys.argv", ["program", *(str(arg) for arg in args)])
        with pytest.raises(SystemExit) as ended:
            console.run(self._app, "program")
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    def json(self, *args: object, status: int = 0) -> Any:
        """Return the document that a run prints, which must be all that it prints."""
        ended, out, err = self(*args, "--json")
        assert (ended, err) == (status, "")
        return json.loads(out)
