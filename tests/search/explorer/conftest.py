"""A real browser, and pages of the store of lines in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from search.explorer.explore import PageOptions, page_output, write_page
from search.searcher import Searcher
from tests.search.browser import PATIENCE
from tests.search.explorer.stores import lines_store

#: Opens the page in a window of a width.
Open = Callable[..., Page]


@pytest.fixture(scope="session")
def lines_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lines")
    with Searcher.open(lines_store(folder)) as searcher:
        write_page(searcher, page_output(folder / "page.html"), PageOptions(5))
    return folder / "page.html"


@pytest.fixture
def open_page(chromium: Browser, lines_page: Path) -> Iterator[Open]:
    """Return a function that opens the page; it may ask for nothing and write nothing to the console."""
    heard: list[str] = []
    with ExitStack() as contexts:

        def open_in(
            width: int = 1280, anchor: str = "", script: str = "", *, touch: bool = False, file: Path = lines_page
        ) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": 800}, has_touch=touch, accept_downloads=True
            )
            contexts.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on("console", lambda message: heard.append(message.text))
            page.on("pageerror", lambda error: heard.append(str(error)))
            page.on("request", lambda request: heard.append(request.url) if request.url != page.url else None)
            if script:
                page.add_init_script(script)
            page.goto(file.as_uri() + anchor)
            page.wait_for_selector("html[data-ready=yes]")
            heard[:] = [line for line in heard if not line.startswith((file.as_uri(), "data:", "blob:"))]
            return page

        yield open_in
    assert heard == []
