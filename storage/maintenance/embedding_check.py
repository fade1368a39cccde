"""Ask who made an embedding whether it can be used: storage itself compares fingerprints, and interprets nothing.

Whoever makes embeddings is in a layer above, which storage must not import. So the module that knows is named here, as
`lookalike.commands` names its commands, and is imported when a store is verified that needs it.
"""

from collections.abc import Callable
from importlib import import_module

from storage.types.embedding import Embedding

#: By a field that an embedding's description has: the module of the function `problem_of` that checks such ones.
_CHECKED_BY = {"recipe": "ingest.embedding.stored_embedding"}


def embedding_problem(embedding: Embedding) -> str | None:
    """Return in a line why nothing can be embedded as a store's items were; None if it can, or storage cannot tell."""
    for field, module in _CHECKED_BY.items():
        if field in embedding.spec:
            problem_of: Callable[[Embedding], str | None] = import_module(module).problem_of
            return problem_of(embedding)
    return None
