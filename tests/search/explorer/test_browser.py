"""The page in a real browser: opened from disk, looked at, walked through, filtered, selected from and saved."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from search.searcher import Searcher
from tests.search.explorer.conftest import Open
from tests.search.explorer.page_data import array_of, neighbour_lists
from tests.search.explorer.stores import COUNT, ODD_KEY, ODD_LABEL, new_items, planted_store

pytestmark = pytest.mark.heavy

#: Removes WebGL2, as on machines that have none.
NO_WEBGL = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" ? null : getContext.call(this, kind, ...rest);
};
"""


#: Lets every picture of the map take 60 ms, as on a slow machine.
SLOW = """
const fences = new WeakMap();
const { fenceSync, getSyncParameter } = WebGL2RenderingContext.prototype;
WebGL2RenderingContext.prototype.fenceSync = function (...rest) {
  const fence = fenceSync.apply(this, rest);
  fences.set(fence, performance.now());
  return fence;
};
WebGL2RenderingContext.prototype.getSyncParameter = function (fence, name) {
  return performance.now() - fences.get(fence) < 60 ? this.UNSIGNALED : getSyncParameter.call(this, fence, name);
};
"""

#: Lets every picture of the map be ready at once.
FAST = """
WebGL2RenderingContext.prototype.getSyncParameter = function () { return this.SIGNALED; };
const now = performance.now.bind(performance);
performance.now = () => Math.floor(now() / 1e9);
"""


def place(page: Page, file: Path, item: int) -> tuple[float, float]:
    """Return where an item is in the window while all of the map is shown."""
    box = page.locator("#overlay").bounding_box()
    assert box is not None
    x, y = (array_of(file, "points", "<u2", 2)[item] / 65_535).tolist()
    scale = 0.92 * min(box["width"], box["height"])
    return (
        box["x"] + (x - 0.5) * scale + box["width"] / 2,
        box["y"] + (y - 0.5) * scale + box["height"] / 2,
    )


def saved(page: Page, button: str) -> str:
    """Return the file that a button saves."""
    with page.expect_download() as download:
        page.locator(button).click()
    return Path(download.value.path()).read_bytes().decode()


def wait_for_hash(page: Page, text: str) -> None:
    """Wait until the URL's hash has a text: it is written a moment after a change."""
    for _ in range(600):
        if text in page.evaluate("location.hash"):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"expected {text} in {page.evaluate('location.hash')}")


def colours(page: Page) -> int:
    """Return how many different colours the map is drawn in."""
    png = page.locator("main").screenshot()
    from PIL import Image

    found = Image.open(io.BytesIO(png)).convert("RGB").getcolors(2**24)
    assert found is not None
    return len(found)


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("script", ["", NO_WEBGL])
def test_a_page_shows_the_map_and_is_no_wider_than_the_window(open_page: Open, width: int, script: str) -> None:
    page = open_page(width, script=script)
    expect(page.locator("h1")).to_have_text("lines")
    assert page.locator("#count").inner_text() == f"{COUNT} items" or width == 400
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.wait_for_timeout(300)
    assert colours(page) > 20


def test_what_is_pointed_at_is_shown_with_its_neighbours_and_a_click_pins_it(open_page: Open, lines_page: Path) -> None:
    page = open_page()
    page.mouse.move(*place(page, lines_page, 10))
    expect(page.locator("#hover .key")).to_have_text("key 10")
    expect(page.locator("#hover .label")).to_have_text("axis 1")
    page.mouse.click(*place(page, lines_page, 10))
    page.mouse.move(300, 790)
    expect(page.locator("#item .card .key")).to_have_text("key 10")
    expected = neighbour_lists(lines_page)[10]
    assert page.locator("#item .neighbours .note").all_inner_texts() == [f"{far:.4f}" for _, far in expected]
    keys = [new_items()[id].key for id, _ in expected]
    assert page.locator("#item .neighbours .key").all_text_contents() == keys


def test_the_arrows_walk_to_neighbours_and_backspace_goes_back(open_page: Open, lines_page: Path) -> None:
    page = open_page()
    page.mouse.click(*place(page, lines_page, 10))
    page.locator("#overlay").focus()
    neighbours = {f"key {id}" for id, _ in neighbour_lists(lines_page)[10]}
    walked = set()
    for arrow in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(arrow)
        key = page.locator("#item .card .key").inner_text()
        if key != "key 10":
            walked.add(key)
            page.keyboard.press("Backspace")
        expect(page.locator("#item .card .key")).to_have_text("key 10")
    assert walked
    assert walked <= neighbours
    page.mouse.move(300, 790)
    page.keyboard.press("Escape")
    expect(page.locator("#item .hint")).to_be_visible()


@pytest.mark.parametrize(("script", "transforms"), [(SLOW, ["translate(50px, 30px) scale(1)", ""]), (FAST, [])])
def test_on_a_slow_machine_a_picture_is_moved_until_all_is_drawn_again(
    open_page: Open, script: str, transforms: list[str]
) -> None:
    page = open_page(script=script)
    page.wait_for_timeout(300)
    page.evaluate(
        """() => {
          const map = document.getElementById("map");
          window.transforms = [];
          new MutationObserver(() => window.transforms.push(map.style.transform)).observe(map, { attributes: true });
        }"""
    )
    page.mouse.move(500, 400)
    page.mouse.down()
    page.mouse.move(550, 430)
    page.mouse.up()
    wait_for_hash(page, "at=")
    assert page.evaluate("window.transforms") == transforms
    assert page.locator("#map").evaluate("map => map.style.transform") == ""


def test_a_lasso_around_everything_selects_all_and_a_rectangle_takes_some_out(
    open_page: Open, lines_page: Path
) -> None:
    page = open_page()
    box = page.locator("#overlay").bounding_box()
    assert box is not None
    left, top, right, bottom = box["x"] + 4, box["y"] + 4, box["x"] + box["width"] - 60, box["y"] + box["height"] - 4
    page.keyboard.press("l")
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right + 50, top), (right + 50, bottom), (left, bottom), (left, top + 9)):
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    expect(page.locator("#selected-count")).to_have_text(str(COUNT))
    x, y = place(page, lines_page, 10)
    page.locator("#tool-rectangle").click()
    page.locator("#subtract").check()
    page.mouse.move(x - 7, y - 7)
    page.mouse.down()
    page.mouse.move(x + 7, y + 7, steps=4)
    page.mouse.up()
    left_over = int(page.locator("#selected-count").inner_text())
    assert 0 < left_over < COUNT
    page.locator("#tab-selection").click()
    rows = list(csv.DictReader(io.StringIO(saved(page, "#save-csv"))))
    assert len(rows) == left_over
    assert "10" not in {row["id"] for row in rows}


def test_what_is_saved_is_what_the_store_has(open_page: Open, lines_page: Path) -> None:
    page = open_page()
    page.locator("#tab-list").click()
    page.get_by_role("button", name="Select these").click()
    page.locator("#tab-selection").click()
    rows = list(csv.DictReader(io.StringIO(saved(page, "#save-csv"), newline="")))
    with Searcher.open(lines_page.parent / "lines") as searcher:
        items = searcher.store.items()
    fields = ("even", "note", "number")
    assert rows == [
        {"id": str(item.id), "key": item.key, "label": item.label or ""}
        | {field: csv_text(item.metadata.get(field)) for field in fields}
        for item in items
    ]
    assert json.loads(saved(page, "#save-json")) == [
        {"id": item.id, "key": item.key, "label": item.label, "metadata": dict(item.metadata)} for item in items
    ]


def csv_text(value: object) -> str:
    """Return a value as a script writes it."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_search_and_facets_filter_the_map_and_the_list_at_once(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("/")
    page.keyboard.type("KEY 1")
    expect(page.locator("#count")).to_have_text(f"11 of {COUNT} items")
    page.locator("#tab-list").click()
    expect(page.locator("#list [role=option]").first).to_have_attribute("aria-setsize", "11")
    page.get_by_role("checkbox", name="axis 1").check()
    expect(page.locator("#count")).to_have_text(f"5 of {COUNT} items")
    # The counts are of what there would be to choose from: those of the same field do not shrink.
    row = page.locator("label.value", has_text="axis 2")
    assert row.locator(".note").inner_text() == "3"
    page.locator("#clear").click()
    expect(page.locator("#count")).to_have_text(f"{COUNT} items")


def test_the_url_brings_back_place_filter_pin_and_selection(open_page: Open, lines_page: Path) -> None:
    page = open_page()
    page.mouse.click(*place(page, lines_page, 10))
    page.keyboard.press("x")
    page.get_by_role("checkbox", name="axis 0").check()
    page.locator("#colour").select_option("even")
    page.locator("#zoom-in").click()
    wait_for_hash(page, "1.500")
    again = open_page(anchor=page.evaluate("location.hash"))
    expect(again.locator("#item .card .key")).to_have_text("key 10")
    expect(again.locator("#selected-count")).to_have_text("1")
    expect(again.locator("#colour")).to_have_value("even")
    expect(again.get_by_role("checkbox", name="axis 0")).to_be_checked()
    again.locator("#zoom-in").click()
    wait_for_hash(again, "2.250")


def test_the_texts_of_a_store_are_never_markup(open_page: Open) -> None:
    page = open_page()
    page.locator("#search").fill("longlong")
    page.locator("#search").press("Enter")
    shown = page.locator("#item .card .key").inner_text()
    assert shown.startswith("<script>document.title = 'broken'</script>\"'&amp;\\u001b[2J\\u202elonglong")
    assert len(shown) < 300 < len(ODD_KEY)
    page.locator("#search").fill("onerror")
    page.locator("#search").press("Enter")
    assert page.locator("#item .card .label").inner_text() == ODD_LABEL
    assert page.title() == "lines – Lookalike"  # noqa: RUF001 - a dash is meant
    assert page.locator("main script, #item img, #facets img").count() == 0


def test_suspects_can_be_found_and_saved_by_keys_alone(open_page: Open) -> None:
    page = open_page()
    page.locator("#tab-item").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("sus")
    expect(page.locator("#list [role=option]")).to_have_count(1)
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "list":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#list [role=option][aria-selected=true] .key")).to_have_text("key 4")
    page.locator("#tab-list").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "save-csv"
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert Path(download.value.path()).read_text().splitlines()[1] == "4,key 4,axis 2,true,,4"


def test_a_tap_pins_on_a_narrow_screen(open_page: Open, lines_page: Path) -> None:
    page = open_page(400, touch=True)
    page.touchscreen.tap(*place(page, lines_page, 10))
    expect(page.locator("#item .card .key")).to_have_text(re.compile(r"key \d+"))


def test_a_page_of_a_querys_hits_opens_on_their_list_with_the_item_pinned(
    open_page: Open, lines_page: Path, tmp_path: Path
) -> None:
    with Searcher.open(lines_page.parent / "lines") as searcher:
        result = searcher.by_id(10, 4, exclude=[13])
        file = result.explore(tmp_path / "hits.html").path
    page = open_page(file=file)
    expect(page.locator("#listing-about")).to_have_text("Nearest to item 10 (key 10).")
    assert page.locator("#list .key").all_text_contents() == [hit.key for hit in result.hits]
    assert page.locator("#list .note").all_text_contents() == [f"{hit.distance:.4f}" for hit in result.hits]
    page.locator("#tab-item").click()
    expect(page.locator("#item .card .key")).to_have_text("key 10")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until an element of an id or text has the focus."""
    focused: list[str] = []
    while name not in focused and len(focused) < 40:
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert focused[-1] == name


def saved_by_keys(page: Page) -> set[str]:
    """Return the keys of the selection as its CSV has them, which is saved, and cleared, by keys alone."""
    page.keyboard.press("3")
    tab_to(page, "save-csv")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    rows = csv.DictReader(io.StringIO(Path(download.value.path()).read_text()))
    tab_to(page, "clear-selection")
    page.keyboard.press("Enter")
    return {row["key"] for row in rows}


def test_wrong_labels_and_copies_are_found_and_saved_by_keys_alone(open_page: Open, tmp_path: Path) -> None:
    planted = planted_store(tmp_path)
    with Searcher.open(planted.store) as searcher:
        file = searcher.explore(tmp_path / "planted.html").path
    page = open_page(file=file)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "listing"
    page.keyboard.type("su")
    tab_to(page, "list")
    expect(page.locator("#list [role=option]").first).to_have_attribute("aria-setsize", "5")
    for row in range(5):
        page.keyboard.press("ArrowDown")
        expect(page.locator(f"#list-{row}")).to_have_class(re.compile("active"))
        expect(page.locator("#hover .strip > span")).to_have_count(10)
        page.keyboard.press("Space")
    assert saved_by_keys(page) == planted.moved
    expect(page.locator("#hover")).to_be_hidden()
    page.keyboard.press("2")
    tab_to(page, "listing")
    page.keyboard.type("ne")
    expect(page.locator("#listing-about")).to_have_text(re.compile(r"10 groups within 0\.\d{4}, 10 items more"))
    tab_to(page, "Select all but one each")
    page.keyboard.press("Enter")
    assert saved_by_keys(page) == planted.copies
