"""Checksums: any change of a row, a thumbnail or the history is detected."""

from typing import Any

import pytest

from storage.catalog.checksum import CHAIN_START, next_chain, row_checksum, source_checksum, thumbnail_checksum

ROW: dict[str, Any] = {
    "id": 7,
    "key": b"cat.png",
    "content": b"content",
    "label": b"cat",
    "metadata": b'{"width": 8}',
    "vector": b"\x00\x00\x80?",
    "batch": 3,
}


def test_the_checksum_of_a_row_never_changes_from_one_release_to_the_next() -> None:
    assert row_checksum(**ROW).hex() == "4aeccadc53015a7b0c3d5200e4e157f8"
    assert row_checksum(**{**ROW, "label": None}).hex() == "bce753683117b3a29303dc774408e4a3"
    assert thumbnail_checksum(7, b"png").hex() == "c86a8483bb7ea6102477fa8c78810b55"
    assert source_checksum(7, "folder:/été").hex() == "83f0675ddc589d15dc4efac2552c6f53"


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("id", 8),
        ("id", -7),
        ("key", b"cat.pnh"),
        ("key", b""),
        ("content", b"contenu"),
        ("content", b""),
        ("label", b"dog"),
        ("label", b""),
        ("label", None),
        ("metadata", b'{"width": 9}'),
        ("vector", b"\x00\x00\x80\xbf"),
        ("vector", b""),
        ("batch", 4),
    ],
)
def test_every_field_of_a_row_is_covered(field: str, other: object) -> None:
    assert row_checksum(**{**ROW, field: other}) != row_checksum(**ROW)


def test_no_label_is_not_an_empty_one() -> None:
    assert row_checksum(**{**ROW, "label": None}) != row_checksum(**{**ROW, "label": b""})


@pytest.mark.parametrize(
    "moved",
    [
        {"key": b"cat.pngc", "label": b"at"},
        {"label": b"catc", "content": b"ontent"},
        {"content": b"conten", "metadata": b't{"width": 8}'},
        {"metadata": b'{"width": 8}\x00', "vector": b"\x00\x80?"},
        {"id": 3, "batch": 7},
    ],
    ids=["key", "label", "content", "metadata", "numbers"],
)
def test_bytes_that_move_from_one_field_to_the_next_are_detected(moved: dict[str, Any]) -> None:
    assert row_checksum(**{**ROW, **moved}) != row_checksum(**ROW)


def test_a_thumbnail_of_another_item_is_detected() -> None:
    checksums = {thumbnail_checksum(*pair) for pair in ((7, b"png"), (8, b"png"), (7, b"pnh"), (7, b""))}
    assert len(checksums) == 4


def test_the_chain_never_changes_from_one_release_to_the_next() -> None:
    first = next_chain(CHAIN_START, [(0, b"a" * 16), (1, b"b" * 16)], [])
    second = next_chain(first, [(2, b"c" * 16)], [0])
    assert first.hex() == "e266fe745bf066d6ec5bb78bd38b292f77b9b9af9de41bce9936ba5b6671a7fd"
    assert second.hex() == "7cd501e8d2d2c5ab10c34e8974a664972b78f9a6587bc5f107c874184b3e556e"


def test_every_row_and_deletion_of_every_batch_is_covered() -> None:
    first, second = (1, b"1" * 16), (2, b"2" * 16)
    chains = {
        next_chain(CHAIN_START, [], []),
        next_chain(CHAIN_START, [first], []),
        next_chain(CHAIN_START, [second], []),
        next_chain(CHAIN_START, [(1, second[1])], []),
        next_chain(CHAIN_START, [first, second], []),
        next_chain(CHAIN_START, [second, first], []),
        next_chain(CHAIN_START, [], [1]),
        next_chain(CHAIN_START, [], [2]),
        next_chain(CHAIN_START, [], [1, 2]),
        next_chain(CHAIN_START, [first], [2]),
        next_chain(CHAIN_START, [first, second], [1]),
        next_chain(next_chain(CHAIN_START, [first], []), [second], []),
        next_chain(next_chain(CHAIN_START, [second], []), [first], []),
    }
    assert len(chains) == 13
