"""What counts as better and as worse between two reports."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.common.measurement import HIGHER, LOWER, NEITHER, Measurement
from benchmarks.compare import BETTER, SAME, WORSE, Change, change_of, compare_reports
from benchmarks.errors import UnfitForBenchmark


def measurement(low: float, value: float, high: float, better: str = LOWER) -> Measurement:
    return Measurement(value, low, high, "ms", better, 5)


def write_report(path: Path, measurements: dict[str, Measurement], processor: str = "a") -> Path:
    document = {
        "machine": {"processor": processor},
        "figures": {name: asdict(measurement) for name, measurement in measurements.items()},
    }
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (measurement(9, 10, 11), measurement(12, 13, 14), WORSE),
        (measurement(9, 10, 11), measurement(6, 7, 8), BETTER),
        (measurement(9, 10, 11), measurement(11, 13, 14), SAME),
        (measurement(9, 10, 11, HIGHER), measurement(12, 13, 14, HIGHER), BETTER),
        (measurement(9, 10, 11, NEITHER), measurement(12, 13, 14, NEITHER), SAME),
        (measurement(0, 0, 0), measurement(1, 1, 1), WORSE),
    ],
)
def test_a_measurement_changed_if_the_spreads_do_not_overlap(old: Measurement, new: Measurement, verdict: str) -> None:
    assert change_of("x", old, new).verdict == verdict


def test_only_what_got_worse_by_more_than_the_share_is_a_regression(tmp_path: Path) -> None:
    before = write_report(
        tmp_path / "old.json", {"a": measurement(10, 10, 10), "b": measurement(10, 10, 10), "c": measurement(1, 1, 1)}
    )
    after = write_report(
        tmp_path / "new.json",
        {"a": measurement(13, 13, 13), "b": measurement(10.5, 10.5, 10.5), "d": measurement(1, 1, 1)},
    )
    comparison = compare_reports(before, after, 0.1)
    assert comparison.regressions == [Change("a", measurement(10, 10, 10), measurement(13, 13, 13), WORSE, 0.3)]
    assert (comparison.same_machine, comparison.gone, comparison.new) == (True, ("c",), ("d",))
    assert comparison.as_json()["ok"] is False
    assert compare_reports(before, after, 0.5).regressions == []


def test_errors_where_there_were_none_are_a_regression_and_still_json(tmp_path: Path) -> None:
    before = write_report(tmp_path / "old.json", {"errors": measurement(0, 0, 0)})
    after = write_report(tmp_path / "new.json", {"errors": measurement(2, 2, 2)}, processor="b")
    comparison = compare_reports(before, after, 0.5)
    assert [change.name for change in comparison.regressions] == ["errors"]
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
        ('{"figures": {}}', "expected a measurement that OLD and NEW share, got none: compare reports of one kind"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, text: str, message: str) -> None:
    old, new = tmp_path / "old.json", write_report(tmp_path / "new.json", {"a": measurement(1, 1, 1)})
    old.write_text(text)
    with pytest.raises(UnfitForBenchmark) as caught:
        compare_reports(old, new, 0.1)
    assert str(caught.value).startswith(message.replace("OLD", str(old)).replace("NEW", str(new)))
