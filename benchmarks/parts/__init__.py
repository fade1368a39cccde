"""The parts of a report, in the order of a reader's questions; each answers one of them."""

from benchmarks.errors import UnfitForBenchmark
from benchmarks.parts import (
    accuracy,
    curation,
    datasets,
    durability,
    exactness,
    figures,
    latency,
    load,
    notebook,
    peers,
    photographs,
    recipes,
    sizes,
    throughput,
)
from benchmarks.parts.part import Context, Outcome, Part

#: To add a part, add its `PART` here.
PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        exactness.PART,
        accuracy.PART,
        notebook.PART,
        datasets.MNIST,
        datasets.FASHION_MNIST,
        recipes.PART,
        photographs.PART,
        curation.PART,
        latency.PART,
        sizes.PART,
        load.PART,
        throughput.PART,
        peers.PART,
        durability.PART,
        figures.PART,
    )
}

#: Images and query images of the short form.
QUICK_LIMIT, QUICK_TEST = 500, 100


def part_named(name: str) -> Part:
    """Return a part by name; raise UnfitForBenchmark."""
    if name not in PARTS:
        raise UnfitForBenchmark(f"expected a part of {', '.join(PARTS)}, got {name!r}")
    return PARTS[name]


__all__ = ["PARTS", "QUICK_LIMIT", "QUICK_TEST", "Context", "Outcome", "Part", "part_named"]
