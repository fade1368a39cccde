"""Choose the labelled images that a head is trained on."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from ingest.errors import SourceUnusable
from ingest.sources import Source, SourceImage
from storage.console import printable
from storage.types.items import is_storable_text


def labelled_sample(source: Source, limit: int) -> list[SourceImage]:
    """Return at most `limit` labelled images in the source's order, spread evenly over those of each label.

    Above the limit, frequent labels lose images before rare ones do. Raise SourceUnusable unless there are at least two
    labels.
    """
    counts = Counter(label for label, _ in _labelled(source))
    require_labels(source.name, counts)
    quota = _quota(list(counts.values()), limit)
    seen: Counter[str] = Counter()
    sample: list[SourceImage] = []
    for label, image in _labelled(source):
        number, count = seen[label], counts[label]
        seen[label] += 1
        chosen = min(quota, count)
        # The label's images are cut into `chosen` equal parts, and the last of each part is taken.
        if number * chosen // count < (number + 1) * chosen // count:
            sample.append(image)
    return sample[:limit]


def require_labels(name: str, labels: Collection[str]) -> None:
    """Raise SourceUnusable unless the images of the source of this name have at least two labels."""
    if len(labels) < 2:
        got = f"{printable(next(iter(labels)))!r} only" if labels else "none"
        raise SourceUnusable(
            f"expected images of at least 2 labels in {name} to train on, got {got}: choose the recipe auto, "
            "which needs no labels"
        )


def _labelled(source: Source) -> Iterator[tuple[str, SourceImage]]:
    for image in source:
        if image.label is not None and is_storable_text(image.label) and is_storable_text(image.key):
            yield image.label, image


def _quota(counts: Sequence[int], limit: int) -> int:
    """Return the largest number of images per label, at least 1, with which all labels have at most `limit`."""
    remaining, labels = limit, len(counts)
    for count in sorted(counts):
        if count * labels > remaining:
            return max(1, remaining // labels)
        remaining -= count
        labels -= 1
    return max(counts)
