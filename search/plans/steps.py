"""The steps of one file: moved, linked or trashed and its item deleted, or all of that taken back.

Each step is recorded in the journal after it is done, and what is intended before: whatever a process that died has
left, `finish` brings to an end.
"""

import os
from contextlib import suppress

from search.errors import ApplyStopped
from search.plans import file_moves, hard_links, trash
from search.plans.file_moves import Place
from search.plans.file_spot import SeenFile, look, problem_of
from search.plans.journal import Entry, How, Journal, Step
from storage import NewItem, Store
from storage.console import printable


def act(journal: Journal, entry: Entry, seen: SeenFile, seen_kept: SeenFile | None, store: Store) -> None:
    """Do what the plan says with a file that was seen; raise OSError with the file left alone, or ApplyStopped.

    `seen_kept` is the file that it is to become a link to, if it is.
    """
    journal.begin(entry)
    try:
        if journal.how is How.MOVE and entry.aside is not None:
            file_moves.move(entry.home, entry.aside, seen, entry.token)
        elif entry.kept is not None and seen_kept is not None:
            hard_links.replace_by_link(entry.home, seen, entry.kept, seen_kept, entry.token)
        elif journal.how is How.TRASH:
            trash.send_to_trash(entry.home)
    except OSError:
        if _place(journal, entry) is not Place.ASIDE:
            journal.mark(entry, Step.LEFT)
            raise
    journal.mark(entry, Step.FILE)
    finish(journal, entry, store)


def take_back(journal: Journal, entry: Entry, store: Store) -> bool:
    """Take back what was done with a file; return whether the item came back too.

    Raise OSError with the file where it was moved to, or ApplyStopped.
    """
    journal.mark(entry, Step.BACK, aside=entry.aside)
    try:
        if journal.how is How.LINK:
            seen = SeenFile(entry.digest, 0, 0, entry.size, entry.mtime_ns, entry.mode)
            hard_links.separate(entry.home, seen, entry.token)
        elif entry.aside is not None:
            seen_aside = look(entry.aside)
            if seen_aside is None or seen_aside.digest != entry.digest:
                raise FileNotFoundError(0, "it is not there any more", str(entry.aside))
            file_moves.move(entry.aside, entry.home, seen_aside, entry.token)
    except OSError:
        if _place(journal, entry) is not Place.HOME:
            journal.mark(entry, Step.DONE)
            raise
    journal.mark(entry, Step.BACK_FILE)
    return finish(journal, entry, store)


def finish(journal: Journal, entry: Entry, store: Store) -> bool:
    """Bring an entry to an end that is between two steps; return whether an item that it had is in the store again."""
    step = journal.steps[entry.number]
    came_back = False
    if step is Step.INTENT:
        step = Step.FILE if _place(journal, entry) is Place.ASIDE else Step.LEFT
        journal.mark(entry, step)
    if step is Step.BACK:
        step = Step.BACK_FILE if _place(journal, entry) is Place.HOME else Step.DONE
        journal.mark(entry, step)
    if step is Step.FILE:
        if journal.how is not How.LINK:
            _delete_item(entry, store)
        journal.mark(entry, Step.DONE)
    if step is Step.BACK_FILE:
        came_back = journal.how is How.LINK or _restore_item(entry, store)
        _tidy(journal.how, entry)
        journal.mark(entry, Step.UNDONE)
    return came_back


def _place(journal: Journal, entry: Entry) -> Place:
    """Return where the file of an interrupted entry is, at home or moved, linked or trashed; raise ApplyStopped."""
    try:
        if journal.how is How.LINK and entry.kept is not None:
            linked = hard_links.settle_link(entry.home, entry.digest, entry.kept, entry.token)
            return Place.ASIDE if linked else Place.HOME
        if entry.aside is not None:
            return file_moves.settle(entry.home, entry.aside, entry.digest, entry.token)
        return trash.place_of(entry.home, entry.digest)
    except OSError as error:
        raise ApplyStopped(
            f"expected to find {printable(str(entry.home))} where it was or was to be, got '{problem_of(error)}': "
            "nothing of it is lost; see to that, and run the same command again"
        ) from error


def _delete_item(entry: Entry, store: Store) -> None:
    """Delete the item of a file that is gone, unless it was replaced or deleted since."""
    if store.sourced_items_by_id([entry.item]):
        store.delete(ids=[entry.item])


def _restore_item(entry: Entry, store: Store) -> bool:
    """Add the item of a file that is back, by a new id and with its vector; return whether the store has it now.

    Its vector is that of the deleted row. If that was compacted away, or all vectors were renewed, the next job over
    its source adds it.
    """
    stored = store.sourced_items([entry.home.path]).get(entry.home.path)
    if stored is not None:
        return stored.item.content == entry.digest
    for deleted in store.reusable_items([entry.item]):
        item = deleted.item
        again = NewItem(item.key, item.content, item.label, item.metadata, deleted.thumbnail, entry.source)
        store.append([again], deleted.vector[None])
        return True
    return False


def _tidy(how: How, entry: Entry) -> None:
    """Remove what is of no use after a file is back: empty folders, and a note in the trash."""
    if entry.aside is None:
        return
    with suppress(OSError):
        if how is How.TRASH:
            trash.remove_trash_info(entry.aside)
            return
        folder = os.path.dirname(str(entry.aside))  # noqa: PTH120 - a path may be no UTF-8
        while len(folder) >= len(entry.aside.root):
            os.rmdir(folder)  # noqa: PTH106
            folder = os.path.dirname(folder)  # noqa: PTH120
