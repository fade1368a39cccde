"""Counting what was found of altered copies."""

from pathlib import Path

import pytest

from benchmarks.measures import copies_found
from benchmarks.measures.altered_files import AlteredCopy
from benchmarks.measures.copies_found import CopiesFoundReport, Draw, HashedDraw, _summary, judge, judge_hashes
from search.curation.calibration import Calibration
from search.curation.duplicate_group import DuplicateGroup, Kind, Member
from search.curation.duplicates import Duplicates
from storage import Item
from tests.toys import noise, png


def member(key: str, kind: Kind, *, keep: bool = False) -> Member:
    return Member(Item(0, key, None, {}, bytes(32)), 0.0, kind, 1.0, keep, "")


def test_copies_are_found_in_the_group_of_their_original_and_called_pairs_are_right_if_they_show_one_picture(
    tmp_path: Path,
) -> None:
    pictures = {"picture-0.png": 0, "picture-1.png": 1, "picture-2.png": 2, "picture-3.png": 2, "picture-4.png": 4}
    for name, seed in pictures.items():
        (tmp_path / name).write_bytes(png(noise(40, 40, 3, seed=seed)))
    copies = [AlteredCopy(f"copy-{number}.png", f"picture-{number}.png", "grey") for number in range(3)]
    calibration = Calibration(1, 1, {"grey": 1.0}, {}, called=4, expected_copies=3.5)
    groups = (
        # Found, and another original, which is wrong.
        DuplicateGroup(
            (
                member("picture-0.png", Kind.IDENTICAL_FILE, keep=True),
                member("copy-0.png", Kind.EDITED),
                member("picture-1.png", Kind.EDITED),
            )
        ),
        # Two originals of the same pixels; what looks alike is not called a copy.
        DuplicateGroup(
            (
                member("picture-2.png", Kind.IDENTICAL_FILE, keep=True),
                member("picture-3.png", Kind.IDENTICAL_PIXELS),
                member("copy-2.png", Kind.LOOKS_ALIKE, keep=True),
            )
        ),
        # A copy with a wrong picture.
        DuplicateGroup(
            (member("copy-1.png", Kind.IDENTICAL_FILE, keep=True), member("picture-4.png", Kind.CROPPED)),
        ),
    )
    assert judge(tmp_path, copies, Duplicates(None, 8, groups, calibration)) == Draw(
        copies, [True, False, False], called=4, right=2, variants=0, calibration=calibration
    )


def test_pairs_of_perceptual_hashes_are_judged_as_those_of_duplicates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seed in {"picture-0.png": 0, "picture-1.png": 1, "copy-0.png": 0, "copy-1.png": 1}.items():
        (tmp_path / name).write_bytes(png(noise(40, 40, 3, seed=seed)))
    copies = [AlteredCopy(f"copy-{number}.png", f"picture-{number}.png", "grey") for number in range(2)]
    pairs = [("copy-0.png", "picture-0.png"), ("picture-0.png", "picture-1.png")]
    monkeypatch.setattr(copies_found, "phash_pairs", lambda *_: pairs)
    hashed = judge_hashes(tmp_path, copies, ["unused"])
    assert hashed == HashedDraw([True, False], called=2, right=1)
    summary = _summary(2, [Draw(copies, [True, True], 3, 3, 0, None, hashed)])
    assert summary.hashed is not None
    assert (summary.hashed.recall, summary.hashed.precision, summary.precision) == (0.5, 0.5, 1.0)
    cells = [next(iter(column.cells)) for column in CopiesFoundReport([summary]).table().columns]
    assert cells == ["2", "1", "1.000", "0.342 to 1.000", "", "", "3", "1.000", "0", "", "0.500", "2", "0.500"]
