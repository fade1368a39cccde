"""What counts as better and worse between two reports."""

import json
from pathlib import Path

import pytest

from benchmarks.common.measurement import HIGHER, LOWER, NEITHER, Measurement
from benchmarks.compare import BETTER, SAME, WORSE, Change, changed, compare
from benchmarks.errors import UnfitForBenchmark


def figure(low: float, value: float, high: float, better: str = LOWER) -> Measurement:
    return Measurement(value, low, high, "ms", better, 5)


def written(path: Path, figures: dict[str, Measurement], processor: str = "a") -> Path:
    document = {
        "machine": {"processor": processor},
        "figures": {name: figure.as_json() for name, figure in figures.items()},
    }
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (figure(9, 10, 11), figure(12, 13, 14), WORSE),
        (figure(9, 10, 11), figure(6, 7, 8), BETTER),
        (figure(9, 10, 11), figure(11, 13, 14), SAME),
        (figure(9, 10, 11, HIGHER), figure(12, 13, 14, HIGHER), BETTER),
        (figure(9, 10, 11, NEITHER), figure(12, 13, 14, NEITHER), SAME),
        (figure(0, 0, 0), figure(1, 1, 1), WORSE),
    ],
)
def test_a_figure_changed_when_the_spreads_do_not_overlap(old: Measurement, new: Measurement, verdict: str) -> None:
    assert changed("x", old, new).verdict == verdict


def test_only_what_got_worse_by_more_than_the_share_is_too_bad(tmp_path: Path) -> None:
    before = written(tmp_path / "old.json", {"a": figure(10, 10, 10), "b": figure(10, 10, 10), "c": figure(1, 1, 1)})
    after = written(
        tmp_path / "new.json", {"a": figure(13, 13, 13), "b": figure(10.5, 10.5, 10.5), "d": figure(1, 1, 1)}
    )
    comparison = compare(before, after, 0.1)
    assert comparison.too_bad == [Change("a", figure(10, 10, 10), figure(13, 13, 13), WORSE, 0.3)]
    assert (comparison.same_machine, comparison.gone, comparison.new) == (True, ("c",), ("d",))
    assert comparison.as_json()["ok"] is False
    assert compare(before, after, 0.5).too_bad == []


def test_errors_where_there_were_none_are_too_bad_and_still_json(tmp_path: Path) -> None:
    before = written(tmp_path / "old.json", {"errors": figure(0, 0, 0)})
    after = written(tmp_path / "new.json", {"errors": figure(2, 2, 2)}, processor="b")
    comparison = compare(before, after, 0.5)
    assert [change.name for change in comparison.too_bad] == ["errors"]
    assert not comparison.same_machine
    assert json.loads(json.dumps(comparison.as_json(), allow_nan=False))["changes"][0]["share"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "expected a report at OLD, got Expecting property name"),
        ("[]", "expected a report with figures at OLD, got none: write it with `benchmarks all`"),
        (
            '{"figures": {"x": {"value": 1}}}',
            "expected figures of this version in OLD, got Measurement.__init__() missing",
        ),
        ('{"figures": {}}', "expected a figure that OLD and NEW share, got none: compare reports of one kind"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, message: str) -> None:
    old, new = tmp_path / "old.json", written(tmp_path / "new.json", {"a": figure(1, 1, 1)})
    old.write_text(text)
    with pytest.raises(UnfitForBenchmark) as caught:
        compare(old, new, 0.1)
    assert str(caught.value).startswith(message.replace("OLD", str(old)).replace("NEW", str(new)))
