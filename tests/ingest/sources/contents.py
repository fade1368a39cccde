"""What sources contain."""

from collections.abc import Iterable
from typing import Any

from ingest.errors import UnreadableImage
from ingest.sources import SourceImage


def described(source: Iterable[SourceImage]) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return the keys, labels and metadata of a source."""
    return [(image.key, image.label, dict(image.metadata)) for image in source]


def rejects(source: Iterable[SourceImage]) -> list[tuple[str, str]]:
    """Return the key of each image that cannot be read, and the reason."""
    reasons = []
    for image in source:
        try:
            image.read()
        except UnreadableImage as error:
            reasons.append((image.key, str(error)))
    return reasons
