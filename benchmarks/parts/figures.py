"""What does it look like? The map, and right and wrong neighbours, of every recipe."""

from collections.abc import Sequence

import numpy as np

from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Block, Heading, Picture, Section
from search import Searcher
from search.figures import figure_file
from search.figures.map_figure import draw_map
from search.figures.neighbours_figure import draw_neighbours
from search.results import QueryResult

#: Rows in the neighbours figure: queries drawn at random, then some whose nearest neighbour has another label.
_RANDOM_ROWS = 4
_WRONG_ROWS = 3
_ASKED_FOR_WRONG = 500
_SEED = 31


def measure(context: Context) -> Outcome:
    """Draw every recipe's store, the default first."""
    blocks: list[Block] = []
    for recipe in reversed(list(context.recipes.values())):
        with Searcher.open(context.store_of(recipe)) as searcher:
            context.on_stage(f"{recipe.name}: figures")
            blocks += [Heading(recipe.name), _neighbours(searcher, recipe.name), _map(searcher, recipe.name)]
    return Outcome(None, [], {}, Section(blocks))


def shown_queries(results: Sequence[QueryResult]) -> list[QueryResult]:
    """Return the first results, and then the first of the others whose nearest neighbour has another label."""
    wrong = [
        result
        for result in results[_RANDOM_ROWS:]
        if result.item and result.hits and result.hits[0].label != result.item.label
    ]
    return [*results[:_RANDOM_ROWS], *wrong[:_WRONG_ROWS]]


def _neighbours(searcher: Searcher, recipe: str) -> Picture:
    """Draw a few random queries, and a few whose nearest neighbour has another label, if there are any."""
    ids, _ = searcher.store.all_vectors()
    drawn = np.random.RandomState(_SEED).permutation(ids)[:_ASKED_FOR_WRONG].tolist()
    chosen = shown_queries(searcher.by_id(drawn))
    shown = {hit.id for result in chosen for hit in result.hits} | {result.item.id for result in chosen if result.item}
    return Picture(
        f"neighbours-{recipe}.png",
        figure_file.encode(draw_neighbours(chosen, searcher.store.thumbnails(sorted(shown)))),
        f"Queries, each in a row with its nearest neighbours, recipe {recipe}",
        "Left, the query; right, its nearest neighbours with label and distance. Green has the query's label, red "
        "another. The first rows are drawn at random, the last are queries whose nearest neighbour is wrong, where "
        "there are any.",
    )


def _map(searcher: Searcher, recipe: str) -> Picture:
    return Picture(
        f"map-{recipe}.png",
        figure_file.encode(draw_map(searcher.store)),
        f"Map of the embeddings, recipe {recipe}",
        "t-SNE of the embeddings, perplexity 30, seed 31. The labels are used for the colours only.",
    )


PART = Part("looks", "What does it look like?", measure)
