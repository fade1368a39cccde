"""Plans as CSV files: written, edited in a spreadsheet, read back, and refused when they make no sense."""

import codecs
import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from search.errors import PlanRefused
from search.plans.plan import Action, Plan, PlanRow, checked_plan
from search.plans.plan_file import COLUMNS, plan_output, read_plan, write_plan
from storage.errors import OutputRefused

ODD = ("=cmd|' /C calc'!A0.png", 'a;b,c\t"d".png', "line\nbreak.png", "'quoted.png", "007", "ß/漢字.png", "-x=1.png")


def plan_row(key: str, action: Action, group: str = "1", root: str | None = "/data/pictures") -> PlanRow:
    return PlanRow(group, action, key, key.encode().ljust(32, b".")[:32], root, "edited", 0.954, "largest", "=label", 7)


PLAN = Plan("/data/-store", tuple(plan_row(key, Action.REMOVE if n else Action.KEEP) for n, key in enumerate(ODD)))


def written(tmp_path: Path, plan: Plan = PLAN) -> Path:
    path = tmp_path / "plan.csv"
    write_plan(plan, plan_output(path, force=True))
    return path


def cells(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def decided(plan: Plan) -> list[tuple[object, ...]]:
    return [(row.group, row.action, row.key, row.root, row.digest, row.kind) for row in plan.rows]


def test_a_plan_is_a_table_that_says_all_of_each_file(tmp_path: Path) -> None:
    path = written(tmp_path, checked_plan("/store", [plan_row("cats/tom.jpg", Action.KEEP)]))
    digest = "sha256:" + plan_row("cats/tom.jpg", Action.KEEP).digest.hex()
    path_cells = ["cats/tom.jpg", "/data/pictures/cats/tom.jpg", digest, "7", "/data/pictures", "/store"]
    assert path.read_bytes().startswith(codecs.BOM_UTF8)
    assert cells(path) == [list(COLUMNS), ["1", "keep", "edited", "0.95", "largest", "'=label", *path_cells]]


def test_a_plan_is_read_as_it_was_written_whatever_is_in_its_keys(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path))
    assert decided(plan) == decided(PLAN)
    assert (plan.store, plan.digest) == (PLAN.store, PLAN.digest)


def semicolons(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def tabs_in_utf_16(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t", lineterminator="\r\n").writerows(rows)
    return codecs.BOM_UTF16_LE + text.getvalue().encode("utf-16-le")


def everything_quoted(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return ("sep=,\r\n" + text.getvalue()).encode()


def own_columns(rows: list[list[str]]) -> bytes:
    head, *others = rows
    table = [["my note", *reversed([name.upper() for name in head])]]
    table += [["?", *reversed(row)] for row in others] + [[""] * 13]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table)
    return text.getvalue().encode()


@pytest.mark.parametrize("save", [semicolons, tabs_in_utf_16, everything_quoted, own_columns])
def test_what_spreadsheets_save_is_read(tmp_path: Path, save: Callable[[list[list[str]]], bytes]) -> None:
    path = written(tmp_path)
    rows = cells(path)
    for row in rows[1:]:
        # A spreadsheet where a comma separates decimals.
        row[COLUMNS.index("confidence")] = "0,95"
    path.write_bytes(save(rows))
    assert decided(read_plan(path)) == decided(PLAN)


def test_words_are_read_in_any_case_and_an_empty_one_keeps_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, checked_plan("/store", [plan_row("a", Action.KEEP), plan_row("b", Action.REMOVE)]))
    text = path.read_bytes().replace(b",keep,", b", Different ,").replace(b",remove,", b",,")
    path.write_bytes(text)
    assert [row.action for row in read_plan(path).rows] == [Action.DIFFERENT, Action.KEEP]


def test_a_plan_that_is_there_is_replaced_only_when_forced(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(OutputRefused) as refused:
        plan_output(path).require_replaceable()
    assert str(refused.value) == (
        f"expected a new file for the plan, got {path}, which is there already: name another path, or give "
        "--force to replace it"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            ",remove,",
            ",delete,",
            "expected keep, remove, set aside or different in line 3, got 'delete': nothing was done",
        ),
        (
            "sha256:",
            "",
            f"expected a digest in line 2, sha256: and 64 digits, got '{(b'a.png'.ljust(32, b'.')).hex()}': make the "
            "plan again",
        ),
        (
            "/pictures/b.png",
            "/pictures/c.png",
            "expected the path of b.png below /data/pictures in line 3, got /data/pictures/c.png: make the plan "
            "again, and change its column action only",
        ),
        (
            "1,keep",
            "1,remove",
            "expected a file to keep in each group, got none in group 1 (line 2): keep one of it, or call the others "
            "different",
        ),
        (
            "group,",
            "groups,",
            "expected a plan with the columns group, action, key, path, digest, root, store, got {path} without group: "
            "apply a file that --plan wrote",
        ),
        (
            "kind,",
            "action,",
            "expected each column once, got action twice: leave one of the two",
        ),
        (
            "store\r\n",
            'store\r\n"',
            "expected a plan in CSV, got in line 3 of {path}: unexpected end of data: save it as CSV",
        ),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_whole(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = written(tmp_path, checked_plan("/store", [plan_row("a.png", Action.KEEP), plan_row("b.png", Action.REMOVE)]))
    text = path.read_bytes().decode("utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8", newline="")
    with pytest.raises(PlanRefused) as refused:
        read_plan(path)
    assert str(refused.value) == message.format(path=path)


KEPT = plan_row("a.png", Action.KEEP)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [KEPT, plan_row("b.png", Action.REMOVE), plan_row("b.png", Action.KEEP, "2")],
            "expected one decision on b.png, got remove in line 0 and keep in line 0: leave one of the two",
        ),
        (
            [KEPT, plan_row("../b.png", Action.REMOVE)],
            "expected the path of a file below /data/pictures, got ../b.png in line 0: make the plan again",
        ),
        (
            [KEPT, plan_row("b.png", Action.REMOVE, root=None)],
            "expected to remove files, got b.png in line 0, which is no file of its own: keep it, or delete its item "
            "with `lookalike store delete`",
        ),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(rows: list[PlanRow], message: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        checked_plan("/store", rows)
    assert str(refused.value) == message


def test_a_plan_for_two_stores_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, checked_plan("/store", [KEPT, plan_row("b.png", Action.REMOVE)]))
    text = path.read_bytes()
    path.write_bytes(text[: text.rindex(b"/store")] + b"/other\r\n")
    with pytest.raises(PlanRefused) as refused:
        read_plan(path)
    assert str(refused.value) == (
        "expected a plan for one store, got /store and, in line 3, /other: apply them one by one"
    )
    with pytest.raises(PlanRefused) as refused:
        read_plan(tmp_path / "none.csv")
    assert str(refused.value) == (
        f"expected a plan that --plan wrote, got {tmp_path / 'none.csv'}, which is no file: name one that exists"
    )
