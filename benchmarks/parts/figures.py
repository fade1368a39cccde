"""What does it look like? A map, and queries with their neighbours, for every recipe."""

from collections.abc import Sequence

import numpy as np

from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Block, Heading, Page, Picture, Section
from search import Searcher
from search.results import QueryResult

#: Rows of the neighbours figure: random queries, then queries whose nearest neighbour has another label.
_RANDOM_ROWS = 4
_WRONG_ROWS = 3

#: Random queries among which the wrong ones are looked for.
_QUERIES = 500
_SEED = 31


def measure(context: Context) -> Outcome:
    """Draw the figures of every recipe's store, and write an explorer of each."""
    blocks: list[Block] = []
    for recipe in reversed(list(context.recipes.values())):
        with Searcher.open(context.store_of(recipe)) as searcher:
            context.on_stage(f"{recipe.name}: figures")
            blocks += [Heading(recipe.name), _neighbours(searcher, recipe.name), _map(searcher, recipe.name)]
            blocks.append(_explorer(searcher, recipe.name))
    return Outcome(None, [], {}, Section(blocks))


def select_rows(results: Sequence[QueryResult]) -> list[QueryResult]:
    """Return the first four results, and the first three others whose nearest neighbour has another label."""
    wrong = [
        result
        for result in results[_RANDOM_ROWS:]
        if result.item and result.hits and result.hits[0].label != result.item.label
    ]
    return [*results[:_RANDOM_ROWS], *wrong[:_WRONG_ROWS]]


def _neighbours(searcher: Searcher, recipe: str) -> Picture:
    from search.figures import figure_file
    from search.figures.neighbours_figure import draw_neighbours

    ids = np.random.RandomState(_SEED).permutation(searcher.store.ids())[:_QUERIES].tolist()
    results = select_rows(searcher.by_ids(ids))
    shown = {hit.id for result in results for hit in result.hits}
    shown |= {result.item.id for result in results if result.item}
    return Picture(
        f"neighbours-{recipe}.png",
        figure_file.encode(draw_neighbours(results, searcher.store.thumbnails(sorted(shown)))),
        f"Queries with their nearest neighbours, one row each, recipe {recipe}",
        "Left: the query; right: its nearest neighbours with label and distance, green with the query's label, red "
        "with another. The first rows are random queries; the last are queries whose nearest neighbour has another "
        "label, if there are any.",
    )


def _map(searcher: Searcher, recipe: str) -> Picture:
    from search.figures import figure_file
    from search.figures.map_figure import draw_map

    return Picture(
        f"map-{recipe}.png",
        figure_file.encode(draw_map(searcher.store)),
        f"Map of the embeddings, recipe {recipe}",
        "t-SNE of the embeddings, perplexity 30, seed 31. The labels determine the colours only.",
    )


def _explorer(searcher: Searcher, recipe: str) -> Page:
    from search.explorer.explore import PageOptions, made_page
    from search.figures.map_figure import MAX_ITEMS

    page = made_page(searcher, PageOptions(max_items=MAX_ITEMS))
    return Page(
        f"explorer-{recipe}.html",
        "".join(page.parts).encode(),
        f"Look around in this store yourself: its explorer, recipe {recipe}",
    )


PART = Part("looks", "What does it look like?", measure)
