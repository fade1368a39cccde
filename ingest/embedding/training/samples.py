"""Which labelled images a head is trained on, and which of them are held back to tell when to stop."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from ingest.errors import SourceUnusable
from ingest.sources import Source, SourceImage
from storage.console import printable
from storage.types.items import is_storable_text

#: Of each label's images, one in so many is held back. Labels with fewer images are trained on whole.
HOLD_BACK_ONE_IN = 20


def labelled_sample(source: Source, most: int) -> list[SourceImage]:
    """Return at most `most` labelled images in the source's order, spread evenly over each label's.

    Where there are more, frequent labels give up images before rare ones do. Raise SourceUnusable unless there are
    two labels to tell apart.
    """
    counts = Counter(label for label, _ in _labelled(source))
    require_labels(source.name, counts)
    quota = _quota(list(counts.values()), most)
    seen: Counter[str] = Counter()
    sample: list[SourceImage] = []
    for label, image in _labelled(source):
        number, count = seen[label], counts[label]
        seen[label] += 1
        wanted = min(quota, count)
        # Cut into `wanted` equal parts, the label's images give the last one of each.
        if number * wanted // count < (number + 1) * wanted // count:
            sample.append(image)
    return sample[:most]


def require_labels(name: str, labels: Collection[str]) -> None:
    """Raise SourceUnusable unless the source of this name has two labels to tell apart."""
    if len(labels) < 2:
        found = f"{printable(next(iter(labels)))!r} only" if labels else "none"
        raise SourceUnusable(
            f"expected images of at least 2 labels in {name} to train on, got {found}: take the recipe retrieval, "
            "which needs no labels"
        )


class HeldBack:
    """Tells of each image in turn, by its label, whether it is held back: every HOLD_BACK_ONE_IN-th of a label."""

    def __init__(self) -> None:
        self._seen: Counter[int] = Counter()

    def __call__(self, label: int) -> bool:
        """Count an image of this label, and tell whether it is held back."""
        self._seen[label] += 1
        return self._seen[label] % HOLD_BACK_ONE_IN == 0


def _labelled(source: Source) -> Iterator[tuple[str, SourceImage]]:
    for image in source:
        if image.label is not None and is_storable_text(image.label) and is_storable_text(image.key):
            yield image.label, image


def _quota(counts: Sequence[int], most: int) -> int:
    """Return how many images a label may give, at least one, so that all give at most `most` together."""
    left, labels = most, len(counts)
    for count in sorted(counts):
        if count * labels > left:
            return max(1, left // labels)
        left -= count
        labels -= 1
    return max(counts)
