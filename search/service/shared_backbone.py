"""One network for every searcher that a service opens one after the other, and for all requests at once.

It takes seconds to load.
"""

import threading

from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from search.service.batching_backbone import BatchingBackbone


def shared(make_backbone: BackboneFactory) -> BackboneFactory:
    """Return a factory that makes a backbone when it is first needed, and again only for another recipe.

    Its callers share its batches.
    """
    lock = threading.Lock()
    made: dict[tuple[Recipe, PrecisionOption], Backbone] = {}

    def make(recipe: Recipe, precision: PrecisionOption = "auto", /) -> Backbone:
        with lock:
            if (recipe, precision) not in made:
                # The one before is of an embedding that was renewed.
                made.clear()
                made[recipe, precision] = BatchingBackbone(make_backbone(recipe, precision))
            return made[recipe, precision]

    return make
