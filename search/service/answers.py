"""What a request is answered: the command's JSON."""

from typing import Any

from ingest.embedding.recipes import recipe_of
from ingest.images.images import Image
from search.results import QueryResult
from search.searcher import Searcher
from search.service.bounds import MAX_RADIUS_HITS
from search.service.cursor import cursor_after, id_before, require_batch
from search.service.problems import Problem
from search.service.requests import ItemsRequest, SearchOptions, SearchRequest
from storage import Item
from storage.catalog.batch import Batch
from storage.errors import OtherEmbedding
from storage.types import query as library


def search_answer(searcher: Searcher, request: SearchRequest) -> dict[str, Any]:
    """Return the query and hits of a search by id, key, vector or examples; raise LookalikeError or Problem."""
    limit, options = _limit(request), _options(request)
    if request.id is not None:
        result = searcher.by_id(request.id, limit, **options)
    elif request.key is not None:
        result = searcher.by_key(request.key, limit, **options)
    elif request.like is not None:
        result = searcher.by_examples(request.like, request.unlike, limit, **options)
    else:
        _require_fingerprint(searcher, request.fingerprint)
        result = searcher.by_vector(request.vector or [], limit, **options)
    return _answer(result)


def answer_at_once(searcher: Searcher, request: SearchRequest) -> dict[str, Any] | None:
    """Return the answer to a search if it takes milliseconds and waits for nothing, otherwise None."""
    if request.id is None:
        return None
    result = searcher.by_id_at_once(request.id, request.k, **_options(request))
    return None if result is None else _answer(result)


def image_answer(searcher: Searcher, image: Image, options: SearchOptions) -> dict[str, Any]:
    """Return the query and hits of a search by an image's pixels; raise LookalikeError or Problem."""
    return _answer(searcher.by_image(image, _limit(options), **_options(options)))


def store_answer(searcher: Searcher, batch: Batch) -> dict[str, Any]:
    """Return what a program needs to know of a store at its loaded batch, and which embedding its vectors are of."""
    store, embedding = searcher.store, searcher.store.embedding
    return {
        "items": batch.live,
        "dim": embedding.dim,
        "recipe": recipe_of(embedding).name if "recipe" in embedding.spec else None,
        "fingerprint": embedding.fingerprint,
        "batch": batch.number,
        "chain": batch.chain.hex(),
        "fields": store.field_names(),
    }


def item_answer(searcher: Searcher, id: int) -> dict[str, Any]:
    """Return a stored item; raise UnknownItem."""
    return _item(searcher.store.items([id])[0])


def items_answer(searcher: Searcher, request: ItemsRequest) -> dict[str, Any]:
    """Return a page of the items that a filter selects, in the order of their ids; raise LookalikeError or Problem."""
    after = id_before(request.cursor, request.where)
    page = searcher.store.item_page(request.where, after=after, size=request.limit, count_labels=request.count_labels)
    require_batch(request.cursor, page.batch)
    answer = {
        "items": [_item(item) for item in page.items],
        "total": page.total,
        "cursor": cursor_after(page.items[-1].id, request.where, page.batch) if page.more else None,
    }
    if page.labels is None:
        return answer
    return answer | {"labels": [{"label": label, "items": count} for label, count in page.labels.items()]}


def thumbnail_answer(searcher: Searcher, id: int) -> bytes:
    """Return the PNG thumbnail of an item; raise Problem when it has none."""
    png = searcher.store.thumbnails([id]).get(id)
    if png is None:
        raise Problem(404, "no_thumbnail", f"expected the id of an item with a thumbnail, got {id}")
    return png


def _item(item: Item) -> dict[str, Any]:
    return {"id": item.id, "key": item.key, "label": item.label, "metadata": item.metadata}


def _limit(options: SearchOptions) -> int | None:
    """Return the k to search with; one hit more than allowed shows that a radius has too many."""
    if options.radius is None or options.k is not None:
        return options.k
    return MAX_RADIUS_HITS + 1


def _options(options: SearchOptions) -> library.SearchOptions:
    return {"radius": options.radius, "where": options.where, "exclude": options.exclude}


def _answer(result: QueryResult) -> dict[str, Any]:
    if len(result.hits) > MAX_RADIUS_HITS:
        raise Problem(
            422,
            "too_many_hits",
            f"expected a radius with at most {MAX_RADIUS_HITS:,} hits, got more: make it smaller, or give k too",
        )
    return result.as_json()


def _require_fingerprint(searcher: Searcher, fingerprint: str | None) -> None:
    stored = searcher.store.embedding.fingerprint
    if fingerprint is not None and fingerprint != stored:
        raise OtherEmbedding(f"expected a vector of the embedding {stored}, got one of another")
