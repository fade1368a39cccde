"""Which picture of a group is kept."""

import os
from pathlib import Path

import pytest

from ingest.job import ingest
from search.curation.duplicates import find_duplicates
from search.curation.keep_rule import KeepRule, StoredPicture
from search.searcher import Searcher
from storage import Item
from storage.errors import InvalidQuery
from tests.errors import exactly
from tests.toys import TOY, grey, png, toy_backbone


def picture(id: int, width: int, height: int, **facts: int) -> StoredPicture:
    item = Item(id, f"{id}.png", None, {"width": width, "height": height}, bytes(32))
    return StoredPicture(
        item,
        Path(f"{id}.png"),
        bool(facts.get("gone")),
        facts.get("size", 9),
        facts.get("time", 5),
        bool(facts.get("bordered")),
    )


BEST = picture(3, 20, 10)


@pytest.mark.parametrize(
    ("other", "kept_reason", "other_reason"),
    [
        (picture(0, 90, 90, gone=1), "its file is still there", "its file is gone or has changed"),
        (picture(0, 30, 30, bordered=1), "has no border", "has a border"),
        (picture(0, 10, 19), "largest: 20 × 10", "smaller: 10 × 19"),  # noqa: RUF001
        (picture(0, 10, 20, size=8), "least compressed: 9 bytes", "more compressed: 8 bytes"),
        (picture(0, 10, 20, time=6), "oldest file", "newer file"),
        (picture(4, 10, 20), "first", "later"),
    ],
)
def test_a_picture_is_kept_by_the_first_rule_that_tells_two_apart(
    other: StoredPicture, kept_reason: str, other_reason: str
) -> None:
    rule = KeepRule()
    assert rule.rank(BEST) < rule.rank(other)
    assert (rule.reason(BEST, other), rule.reason(other, BEST)) == (kept_reason, other_reason)


def test_rules_that_are_asked_for_come_first_in_their_order_but_never_keep_a_file_that_is_gone() -> None:
    pictures = [picture(0, 9, 9, time=1), picture(1, 5, 5, time=1), picture(2, 7, 7, time=0), picture(3, 8, 8, gone=1)]

    def kept(*order: str) -> int:
        return min(pictures, key=KeepRule(order).rank).item.id

    assert [kept(), kept("oldest"), kept("first"), kept("[12].*"), kept("[12].*", "oldest"), kept("3.png")] == [
        *(0, 2, 0, 2, 2, 0)
    ]
    assert KeepRule(["1.*"]).reason(pictures[1], pictures[0]) == "matches 1.*"
    assert KeepRule(["1.*"]).reason(pictures[0], pictures[1]) == "does not match 1.*"


def test_an_empty_rule_is_refused() -> None:
    message = "expected --keep to be largest, oldest, first or a pattern of keys, got an empty text"
    with pytest.raises(InvalidQuery, match=exactly(message)):
        KeepRule(["largest", ""])


def test_the_files_of_a_folder_are_asked_for_their_size_and_time_and_whether_they_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, side, time in (("a", 8, 3), ("b", 8, 2), ("c", 16, 9), ("d", 8, 1)):
        (folder / f"{name}.png").write_bytes(png(grey(50, side)))
        os.utime(folder / f"{name}.png", (time, time))
    ingest(f"folder:{folder}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    (folder / "d.png").unlink()
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        (group,) = find_duplicates(searcher, 0).groups
        (oldest,) = find_duplicates(searcher, 0, keep=["oldest"]).groups
        (renamed,) = find_duplicates(searcher, 0, keep=["a.*"]).groups
    told = [(member.key, member.keep, member.reason, str(member.kind), member.path) for member in group.members]
    assert told == [
        ("c.png", True, "largest: 16 × 16", "identical file", folder / "c.png"),  # noqa: RUF001
        ("a.png", False, "smaller: 8 × 8", "looks alike", folder / "a.png"),  # noqa: RUF001
        ("b.png", False, "smaller: 8 × 8", "looks alike", folder / "b.png"),  # noqa: RUF001
        ("d.png", False, "its file is gone or has changed", "looks alike", folder / "d.png"),
    ]
    assert [(member.key, member.reason) for member in oldest.members[:2]] == [
        ("b.png", "oldest file"),
        ("a.png", "newer file"),
    ]
    assert (renamed.kept.key, renamed.kept.reason) == ("a.png", "matches a.*")
