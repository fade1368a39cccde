"""Checksums: any change of a row, a thumbnail or the history is seen."""

from typing import Any

import pytest

from storage.checksum import CHAIN_START, next_chain, row_checksum, thumbnail_checksum

ROW: dict[str, Any] = {
    "id": 7,
    "key": "cat.png",
    "content": b"content",
    "label": "cat",
    "metadata": '{"width": 8}',
    "vector": b"\x00\x00\x80?",
    "batch": 3,
}


def test_the_checksum_of_a_row_never_changes_from_one_release_to_the_next() -> None:
    assert row_checksum(**ROW).hex() == "8b00a7a684164a7837f70045c4b62632"
    assert row_checksum(**{**ROW, "label": None}).hex() == "116f4047b0a5ed174d3ca0586e5fcb19"
    assert thumbnail_checksum(7, b"png").hex() == "c86a8483bb7ea6102477fa8c78810b55"


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("id", 8),
        ("id", -7),
        ("key", "cat.pnh"),
        ("key", ""),
        ("content", b"contenu"),
        ("content", b""),
        ("label", "dog"),
        ("label", ""),
        ("label", None),
        ("metadata", '{"width": 9}'),
        ("vector", b"\x00\x00\x80\xbf"),
        ("vector", b""),
        ("batch", 4),
    ],
)
def test_every_field_of_a_row_counts(field: str, other: object) -> None:
    assert row_checksum(**{**ROW, field: other}) != row_checksum(**ROW)


def test_no_label_is_not_an_empty_one() -> None:
    assert row_checksum(**{**ROW, "label": None}) != row_checksum(**{**ROW, "label": ""})


@pytest.mark.parametrize(
    "moved",
    [
        {"key": "cat.pngc", "content": b"ontent"},
        {"content": b"contentcat", "label": ""},
        {"label": 'cat{"width": 8}', "metadata": ""},
        {"metadata": '{"width": 8}\x00', "vector": b"\x00\x80?"},
        {"id": 3, "batch": 7},
    ],
    ids=["key", "content", "label", "metadata", "numbers"],
)
def test_what_moves_from_one_field_to_the_next_is_seen(moved: dict[str, Any]) -> None:
    assert row_checksum(**{**ROW, **moved}) != row_checksum(**ROW)


def test_text_that_was_damaged_into_no_text_has_a_checksum_too() -> None:
    damaged = b"c\xffat".decode("utf-8", "surrogateescape")
    for field in ("key", "label", "metadata"):
        assert row_checksum(**{**ROW, field: damaged}) != row_checksum(**ROW)


def test_a_thumbnail_of_another_item_is_seen() -> None:
    checksums = {thumbnail_checksum(*shown) for shown in ((7, b"png"), (8, b"png"), (7, b"pnh"), (7, b""))}
    assert len(checksums) == 4


def test_the_chain_never_changes_from_one_release_to_the_next() -> None:
    first = next_chain(CHAIN_START, [(0, b"a" * 16), (1, b"b" * 16)], [])
    second = next_chain(first, [(2, b"c" * 16)], [0])
    assert first.hex() == "e266fe745bf066d6ec5bb78bd38b292f77b9b9af9de41bce9936ba5b6671a7fd"
    assert second.hex() == "7cd501e8d2d2c5ab10c34e8974a664972b78f9a6587bc5f107c874184b3e556e"


def test_every_row_and_deletion_of_every_batch_counts() -> None:
    one, two = (1, b"1" * 16), (2, b"2" * 16)
    chains = {
        next_chain(CHAIN_START, [], []),
        next_chain(CHAIN_START, [one], []),
        next_chain(CHAIN_START, [two], []),
        next_chain(CHAIN_START, [(1, two[1])], []),
        next_chain(CHAIN_START, [one, two], []),
        next_chain(CHAIN_START, [two, one], []),
        next_chain(CHAIN_START, [], [1]),
        next_chain(CHAIN_START, [], [2]),
        next_chain(CHAIN_START, [], [1, 2]),
        next_chain(CHAIN_START, [one], [2]),
        next_chain(CHAIN_START, [one, two], [1]),
        next_chain(next_chain(CHAIN_START, [one], []), [two], []),
        next_chain(next_chain(CHAIN_START, [two], []), [one], []),
    }
    assert len(chains) == 13
