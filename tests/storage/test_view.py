"""What is loaded of a store's vectors is replaced once after a renewal, whoever notices it."""

from pathlib import Path

import pytest

from storage import Embedding, Store
from storage.errors import StoreRenewed
from storage.view import CurrentView, View
from tests.storage.stores import EMBEDDING, line_store, line_vectors, new_items

RENEWED = Embedding(2, "e" * 64)


def renew(folder: Path) -> None:
    with Store.open(folder, writing=True) as store, store.create_renewal(RENEWED) as staged:
        staged.append(new_items([0, 1]), line_vectors([5, 6]))
        store.change_over(staged)
        store.remove_renewal()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return line_store(tmp_path, 2)


def current_view(store: Store, loaded: list[View]) -> CurrentView:
    """Return the current view of a store, which appends to a list what it loads."""

    def load() -> View:
        loaded.append(View(store._database, store.folder, None))
        return loaded[-1]

    return CurrentView(store.location, load)


def test_a_renewal_that_two_threads_notice_is_loaded_once(folder: Path) -> None:
    loaded: list[View] = []
    with Store.open(folder) as store:
        current = current_view(store, loaded)
        renew(folder)

        def fingerprint(view: View) -> str:
            with view.reading():
                return view.embedding.fingerprint

        def noticed_by_another_first(view: View) -> str:
            assert current.up_to_date(fingerprint) == RENEWED.fingerprint
            return fingerprint(view)

        assert current.up_to_date(noticed_by_another_first) == RENEWED.fingerprint
    assert [view.embedding.fingerprint for view in loaded] == [EMBEDDING.fingerprint, RENEWED.fingerprint]


def test_query_vectors_from_before_a_renewal_do_not_drop_what_was_loaded_since(folder: Path) -> None:
    loaded: list[View] = []
    with Store.open(folder) as store:
        current = current_view(store, loaded)
        renew(folder)
        assert current.of_embedding(RENEWED.fingerprint) is current.view
        for _ in range(2):
            with pytest.raises(StoreRenewed):
                current.of_embedding(EMBEDDING.fingerprint)
    assert [view.embedding.fingerprint for view in loaded] == [EMBEDDING.fingerprint, RENEWED.fingerprint]
