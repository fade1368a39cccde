"""The part that goes through the notebook: what it shows of the measurement."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measures.notebook import measure_notebook
from benchmarks.parts import PARTS, Context
from benchmarks.parts import notebook as module
from benchmarks.parts.section import Grid, Picture
from tests.benchmarks.measures.test_notebook import predict
from tests.toys import grey_source, toy_backbone


def test_accuracies_steps_and_figures_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    levels = {f"grey {number}": number for number in np.random.default_rng(4).permutation(250).tolist()}
    source = grey_source(levels, {key: str(level >= 120) for key, level in levels.items()})
    monkeypatch.setattr(module, "notebook_source", lambda limit: (source, f"Up to {limit} greys."))
    monkeypatch.setattr(module, "measure_notebook", partial(measure_notebook, predict=predict, others=()))
    stages: list[str] = []
    outcome = PARTS["notebook"].measure(
        Context(source, tmp_path, 10, toy_backbone(), quick=True, on_stage=stages.append)
    )
    assert stages[0] == outcome.document["digits"] == "Up to 500 greys."
    assert outcome.ok
    assert outcome.measurements["1-NN accuracy"].value == outcome.document["mean"]
    accuracies, steps = (block for block in outcome.section.blocks if isinstance(block, Grid))
    assert [row[:2] for row in accuracies.rows] == [
        ("published, one unknown seed", "0.8700"),
        ("the notebook's code here, seed 0", f"{outcome.document['their_accuracy']:.4f}"),
        ("notebook, seed 0", f"{outcome.document['own_accuracy']:.4f}"),
        ("notebook, mean of 3 seeds", f"{outcome.document['mean']:.4f}"),
    ]
    assert [row[0] for row in steps.rows] == [step["name"] for step in outcome.document["steps"]]
    pictures = [block.name for block in outcome.section.blocks if isinstance(block, Picture)]
    assert pictures == ["notebook.svg", "notebook-map.png", "notebook-neighbours.png"]
