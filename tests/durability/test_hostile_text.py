"""SQL, markup and control characters in keys, labels, metadata and arguments have no effect."""

from pathlib import Path

import pytest

from storage import Embedding, NewItem, Store
from storage.errors import UnknownItem
from tests.commands import Command

TEXTS = [
    "'; DROP TABLE items; --",
    '"; DELETE FROM items; --',
    "' OR '1'='1",
    "%",
    "_",
    "*",
    "?",
    ":asked",
    "$1",
    "[\"']",
    "x' UNION SELECT vector FROM items --",
    "NULL",
    "rowid",
    "a\nb",
    "\x1b[2J\x1b]0;title\x07",
    "[bold red]markup[/]",
    "../../etc/passwd",
    "ключ 鍵 🔑",
    "{}",
    "\\",
    "\u202egnp.exe",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a store whose items have these texts for keys, labels and metadata."""
    with Store.create(tmp_path / "store", Embedding(1, "f" * 64, {"imported": TEXTS[0]})) as store:
        items = [NewItem(text, text.encode(), text, {text: text}, text.encode()) for text in TEXTS]
        store.append(items, [[number] for number in range(len(TEXTS))])
        store.publish()
    return tmp_path / "store"


def test_a_key_of_hostile_text_finds_its_item_and_no_other(folder: Path) -> None:
    with Store.open(folder) as store:
        for number, text in enumerate(TEXTS):
            item = store.by_key(text)
            assert (item.id, item.key, item.label, item.metadata) == (number, text, text, {text: text})
            assert store.content_digests([text]) == {text: text.encode()}
            assert store.thumbnails([number]) == {number: text.encode()}
            (hit,) = store.nearest([float(number)], 1)[0]
            assert (hit.key, hit.label, hit.metadata) == (text, text, {text: text})
            with pytest.raises(UnknownItem):
                store.by_key(f"{text} ")
        assert store.label_counts() == dict.fromkeys(sorted(TEXTS), 1)
        assert store.verify() == []


def test_deleting_a_key_of_hostile_text_deletes_nothing_else(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        for deleted, text in enumerate(reversed(TEXTS[1:]), start=1):
            assert store.delete(keys=[text]) == 1
            assert len(store) == len(TEXTS) - deleted
        assert [item.key for item in store.items()] == TEXTS[:1]
        store.compact()
        assert store.verify() == []


def test_commands_take_hostile_text_literally_and_print_no_control_characters(folder: Path, storage: Command) -> None:
    for text in TEXTS:
        status, out, err = storage("delete", "--store", folder, "--key", f"no {text}")
        assert (status, out) == (1, "")
        assert err.count("\n") == 1
        assert err.startswith("error: expected an item of ")
        assert err.rstrip("\n").isprintable()
    status, out, err = storage("info", "--store", folder)
    assert (status, err) == (0, "")
    assert "".join(out.split("\n")).isprintable()
    assert storage.json("info", "--store", folder)["labels"] == dict.fromkeys(TEXTS, 1)
    assert storage.json("verify", "--store", folder) == {"ok": True, "items": len(TEXTS), "problems": []}
    for text in TEXTS[:3]:
        assert storage("delete", "--store", folder, "--key", text)[0] == 0
    with Store.open(folder) as store:
        assert [item.key for item in store.items()] == TEXTS[3:]
