"""The page of a service in a real browser."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from ingest import ingest
from storage import Store
from tests.search.browser import PATIENCE
from tests.search.service.conftest import KEY
from tests.search.service.served import Served, served
from tests.toys import TOY, grey, png, toy_backbone, write_greys

pytestmark = pytest.mark.heavy

#: Drops or pastes a file on the page, as a person does.
BRING = """
([kind, name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const transfer = new DataTransfer();
  if (name) transfer.items.add(new File([bytes], name, { type }));
  const event = kind === "drop"
    ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}
"""

#: Greys of twelve files; the key of each has its level.
LEVELS = {f"{'dark' if level < 120 else 'light'}/{level}.png": level for level in range(0, 240, 20)}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("greys")
    pictures = write_greys(folder / "pictures", LEVELS)
    ingest(f"folder:{pictures}", folder / "store", recipe=TOY, make_backbone=toy_backbone())
    return folder / "store"


@pytest.fixture(scope="module")
def service(store: Path) -> Iterator[Served]:
    with served(store, explorer=True, toy=True) as service:
        yield service


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Return a function that opens the page of a service; nothing but that may be asked, and no error be written."""
    heard: list[str] = []
    with ExitStack() as contexts:

        def open_in(service: Served, width: int = 1280) -> Page:
            address = f"http://localhost:{service.port}"
            context = chromium.new_context(viewport={"width": width, "height": 800})
            contexts.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on("console", lambda message: heard.append(message.text))
            page.on("pageerror", lambda error: heard.append(str(error)))
            own = (f"{address}/", "data:", f"blob:{address}/")
            page.on("request", lambda request: None if request.url.startswith(own) else heard.append(request.url))
            page.goto(address)
            return page

        yield open_in
    assert heard == []


def ready(page: Page) -> Page:
    page.wait_for_selector("html[data-ready=yes]")
    return page


def bring(page: Page, kind: str, name: str, media_type: str, data: bytes) -> None:
    page.evaluate(BRING, [kind, name, media_type, base64.b64encode(data).decode()])


def hits(page: Page) -> list[str]:
    expect(page.locator("#query .neighbours li").first).to_be_visible(timeout=PATIENCE)
    return page.locator("#query .neighbours .key").all_inner_texts()


def jpeg(level: int) -> bytes:
    """Return a photograph, as a camera writes it, of a wall in one grey."""
    encoded, data = cv2.imencode(".jpg", cv2.cvtColor(grey(level, 640), cv2.COLOR_GRAY2BGR))
    assert encoded
    return data.tobytes()


@pytest.mark.parametrize("width", [1280, 400])
def test_a_photograph_that_is_dropped_finds_those_like_it(open_page: OpenPage, service: Served, width: int) -> None:
    page = ready(open_page(service, width))
    expect(page.locator("#query [role=status]")).to_contain_text("Drop a picture anywhere")
    bring(page, "drop", "wall.jpg", "image/jpeg", jpeg(61))
    assert hits(page)[:3] == ["dark/60.png", "dark/80.png", "dark/40.png"]
    expect(page.locator("#query [role=status]")).to_have_text("12 items like the picture")
    assert page.locator("#query img.picture").first.evaluate("image => image.naturalWidth") == 640
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.locator("#query .neighbours button").first.click()
    # The list stays, and the map shows the item.
    expect(page.locator("#query")).to_be_visible()
    page.locator("#tab-item").click()
    expect(page.locator("#item .card .key")).to_have_text("dark/60.png")


def test_a_picture_is_pasted_and_what_is_none_is_said_so(open_page: OpenPage, service: Served) -> None:
    page = ready(open_page(service))
    bring(page, "paste", "", "image/png", b"")
    expect(page.locator("#query [role=status]")).to_contain_text("That was no file")
    bring(page, "drop", "notes.txt", "text/plain", b"hello")
    expect(page.locator("#query [role=status]")).to_have_text("That is no picture.")
    bring(page, "paste", "image.png", "image/png", png(grey(199)))
    assert hits(page)[0] == "light/200.png"


def test_neighbours_of_any_item_are_asked_from_the_service(open_page: OpenPage, service: Served) -> None:
    page = ready(open_page(service))
    page.get_by_label("Key of an item").fill("light/120.png")
    page.get_by_label("Key of an item").press("Enter")
    assert len(hits(page)) == 11
    expect(page.locator("#query .card .key")).to_have_text("light/120.png")
    page.locator("#query .neighbours button").first.click()
    page.locator("#tab-item").click()
    page.get_by_role("button", name="More neighbours").click()
    expect(page.locator("#query .card .key")).to_have_text("dark/100.png")


def test_an_item_that_came_after_the_map_is_shown_with_its_thumbnail(
    open_page: OpenPage, service: Served, store: Path
) -> None:
    page = ready(open_page(service))
    pictures = write_greys(store.parent / "more", {"other/71.png": 71})
    ingest(f"folder:{pictures}", store, make_backbone=toy_backbone())
    try:
        for _ in range(600):
            bring(page, "drop", "wall.png", "image/png", png(grey(71)))
            if hits(page)[0] == "other/71.png":
                break
            page.wait_for_timeout(100)
        first = page.locator("#query .neighbours li").first
        expect(first.locator("img")).to_be_visible(timeout=PATIENCE)
        first.locator("button").click()
        expect(page.locator("#query .card .key")).to_have_text("other/71.png")
    finally:
        with Store.open(store, writing=True) as writer:
            writer.delete(keys=["other/71.png"])


def test_with_a_key_the_page_asks_for_it_and_keeps_it_out_of_the_url(open_page: OpenPage, store: Path) -> None:
    with served(store, explorer=True, toy=True, api_key=KEY) as service:
        page = open_page(service)
        expect(page.locator("dialog.ask-key")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog.ask-key")).to_be_visible()
        page.get_by_label("API key").last.fill(KEY)
        page.keyboard.press("Enter")
        ready(page)
        bring(page, "drop", "wall.jpg", "image/jpeg", jpeg(200))
        assert hits(page)[0] == "light/200.png"
        assert KEY not in page.url
        assert page.evaluate("localStorage.length") == 0
        # The tab keeps it.
        page.reload()
        ready(page)
        expect(page.locator("dialog.ask-key")).to_have_count(0)
