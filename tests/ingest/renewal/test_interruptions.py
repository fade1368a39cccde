"""An interrupted renewal goes on where it was, and queries are answered meanwhile."""

from pathlib import Path

import numpy as np
import pytest

from ingest.renew_job import renew
from search import Searcher
from storage import Store
from storage.errors import StoreRenewed
from tests.ingest.jobs import Killed
from tests.ingest.renewal.stores import NARROW, TURNED, contents, kill_after, make
from tests.processes import python
from tests.toys import ToyBackbone, grey, toy_backbone


def test_an_interrupted_renewal_by_labels_begins_anew_when_labels_changed(images: Path, store: Path) -> None:
    with pytest.raises(Killed):
        renew(store, recipe="labelled", on_progress=kill_after(0, "changing over"))
    (images / "dim").mkdir()
    for level in (0, 30, 60, 90):
        (images / f"dark/{level}.png").rename(images / f"dim/{level}.png")
    make(images, store)
    assert renew(store, recipe="labelled").renewed == 18
    # Its head is the one that these labels give.
    assert renew(store, recipe="labelled").renewed == 0


@pytest.mark.parametrize("kills", [1, 2])
def test_an_interrupted_renewal_is_resumed_and_queries_are_answered_from_the_old_vectors(
    images: Path, store: Path, tmp_path: Path, kills: int
) -> None:
    before = contents(store)
    for _ in range(kills):
        with pytest.raises(Killed):
            renew(store, recipe="narrow", batch_size=4, on_progress=kill_after(1))
        assert contents(store) == before
    backbone = ToyBackbone()
    renew(store, recipe="narrow", make_backbone=toy_backbone(backbone))
    assert backbone.batches <= 3
    make(images, tmp_path / "fresh", NARROW)
    assert contents(store) == contents(tmp_path / "fresh")


def test_an_interrupted_renewal_by_another_recipe_is_begun_anew(images: Path, store: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        renew(store, recipe="narrow", batch_size=4, on_progress=kill_after(1))
    renew(store, recipe="turned")
    make(images, tmp_path / "fresh", TURNED)
    assert contents(store) == contents(tmp_path / "fresh")


def test_a_renewal_interrupted_after_it_had_changed_over_is_finished(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(opened: Store) -> None:
        if opened.folder == store:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Store, "publish", publish)
        with pytest.raises(Killed):
            renew(store, recipe="narrow")
    renewed = contents(store)
    assert (store / "renewal").exists()
    backbone = ToyBackbone()
    assert renew(store, recipe="narrow", make_backbone=toy_backbone(backbone)).renewed == 18
    assert backbone.batches == 0
    assert contents(store) == renewed
    assert not (store / "renewal").exists()
    assert renew(store, recipe="narrow").renewed == 0


#: Renews the store that is its argument to and fro, by a recipe of another dimension each time.
RENEWER = """
import sys
from ingest.renew_job import renew
from tests.ingest.renewal.stores import NARROW
from tests.toys import TOY, toy_backbone
print("started", flush=True)
for number in range(int(sys.argv[2])):
    renew(sys.argv[1], recipe=(NARROW, TOY)[number % 2], make_backbone=toy_backbone())
"""


def test_every_answer_while_a_store_is_renewed_is_entirely_from_the_old_or_the_new_vectors(
    images: Path, store: Path, tmp_path: Path
) -> None:
    renew(store)
    make(images, tmp_path / "narrow", NARROW)
    with opened(store) as old, opened(tmp_path / "narrow") as new:
        expected = [set(results) for results in zip(answers(old), answers(new), strict=True)]
    seen: list[set[str]] = [set(), set()]
    refused = 0
    with python(RENEWER, store, 4) as renewer, opened(store) as searcher:
        while renewer.poll() is None:
            for results, answer in zip(seen, answers(searcher), strict=True):
                results.add(answer)
            try:
                searcher.by_vector(np.zeros(searcher.store.dim))
            except StoreRenewed:
                refused += 1
                searcher.refresh()
        assert renewer.wait() == 0
    assert seen == expected
    assert refused


def opened(store: Path) -> Searcher:
    return Searcher.open(store, make_backbone=toy_backbone())


def answers(searcher: Searcher) -> list[str]:
    """Return the answers to a query by key and to one by image; their distances tell which vectors were compared."""
    results = searcher.by_key("dark/0.png", k=3), searcher.by_image(grey(40), k=3)
    return [str([(hit.key, hit.distance) for hit in result.hits]) for result in results]
