"""`lookalike ingest --prune`: what is removed, and when it asks first."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from storage import Store, console
from tests.ingest.command.outputs import Ingest


def test_what_changed_in_a_folder_is_told_and_removed_only_when_asked(ingest: Ingest, images: Path) -> None:
    ingest()
    (images / "dark" / "51.png").unlink()
    (images / "dark" / "0.png").rename(images / "black.png")
    status, out, err = ingest()
    assert (status, out) == (0, "0 added, 1 moved, 1 unchanged in TIME; STORE holds 3 items (recipe toy).\n")
    gone = "items of this source that are no longer there: 1; the same command with --prune removes them"
    assert err.splitlines()[-1] == gone
    status, out, err = ingest("--prune")
    assert (status, out) == (0, "0 added, 1 removed, 2 unchanged in TIME; STORE holds 2 items (recipe toy).\n")
    assert gone not in err


def test_more_than_half_is_removed_with_yes_only(ingest: Ingest, images: Path, store: Path) -> None:
    ingest()
    for level in (0, 51):
        (images / "dark" / f"{level}.png").unlink()
    status, out, err = ingest("--prune")
    assert (status, out, err.splitlines()[-1]) == (
        1,
        "",
        f"error: expected at most half of the 3 items of folder:{images} to be gone, got 2: none was removed, and all "
        "else was stored; check the source, or add --yes",
    )
    with Store.open(store) as opened:
        assert len(opened) == 3
    assert ingest("--prune", "--yes")[:2] == (
        0,
        "0 added, 2 removed, 1 unchanged in TIME; STORE holds 1 item (recipe toy).\n",
    )
    assert ingest("--yes")[0] == 2


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("n\n", False)])
def test_on_a_terminal_the_user_is_asked(
    answer: str, removed: bool, ingest: Ingest, images: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest()
    for level in (0, 51):
        (images / "dark" / f"{level}.png").unlink()
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr(console, "ERR", Console(file=sys.stderr, force_terminal=True))
    status, _, err = ingest("--prune")
    assert "2 of the 3 items of the source are no longer there. Remove them? [y/N]:" in err
    with Store.open(store) as opened:
        assert (status, len(opened)) == ((0, 1) if removed else (1, 3))
