"""A group of pictures of which one is to be kept: its members, what each is a copy by, and how sure that is."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from search.results import identity
from storage import Hit, Item
from storage.types.items import Scalar

#: Metadata that follows from where a picture lies, and from its pixels.
_OF_THE_FILE = frozenset(("source", "path", "width", "height"))


class Kind(StrEnum):
    """How a picture relates to the one that is kept; only the last is no copy of it."""

    IDENTICAL_FILE = "identical file"
    IDENTICAL_PIXELS = "identical pixels"
    REENCODED = "re-encoded or resized"
    CROPPED = "cropped or bordered"
    TURNED = "turned or mirrored"
    EDITED = "edited"
    LOOKS_ALIKE = "looks alike"

    @property
    def is_copy(self) -> bool:
        """Return whether it says that the two show the same picture."""
        return self is not Kind.LOOKS_ALIKE


@dataclass(frozen=True)
class Member:
    """A picture of a group.

    `kind` and `confidence` (0 to 1, the share of such pairs that are copies) compare it with the one that is kept, to
    which `distance` is Euclidean; a pair whose pictures were not compared has no confidence. `reason` says in words why
    it is kept or not. `path` is the file that it came from, None if its source has no files.
    """

    item: Item
    distance: float
    kind: Kind
    confidence: float | None
    keep: bool
    reason: str
    path: Path | None = None

    @property
    def id(self) -> int:
        """Return the item's id."""
        return self.item.id

    @property
    def key(self) -> str:
        """Return the item's key."""
        return self.item.key

    @property
    def label(self) -> str | None:
        """Return the item's label."""
        return self.item.label

    @property
    def sides(self) -> str:
        """Return the picture's width and height to read, an empty text if the store does not record them."""
        width, height = (self.item.metadata.get(name) for name in ("width", "height"))
        return f"{width} × {height}" if width and height else ""  # noqa: RUF001 - a multiplication sign is meant

    def differs_from(self, kept: "Member") -> dict[str, tuple[Scalar, Scalar]]:
        """Return the label and metadata that are not those of the one that is kept, with its own and the other's."""
        here = {"label": kept.label, **kept.item.metadata}
        there = {"label": self.label, **self.item.metadata}
        names = [name for name in here | there if name not in _OF_THE_FILE]
        return {name: (here.get(name), there.get(name)) for name in names if here.get(name) != there.get(name)}

    def as_hit(self, rank: int) -> Hit:
        """Return the member as a hit of a query by the one that is kept."""
        return Hit(rank, self.id, self.key, self.label, self.distance, self.item.metadata)


@dataclass(frozen=True)
class DuplicateGroup:
    """Two or more members: the one to keep, then the others, the least sure first, then the nearest."""

    members: tuple[Member, ...]

    @property
    def kept(self) -> Member:
        """Return the member to keep."""
        return self.members[0]

    @property
    def least_sure(self) -> float:
        """Return the lowest confidence of a member, 0 if pictures were not compared."""
        return min(member.confidence or 0.0 for member in self.others)

    @property
    def others(self) -> tuple[Member, ...]:
        """Return all other members."""
        return self.members[1:]

    def as_json(self) -> dict[str, Any]:
        """Return the group as JSON."""
        return {
            "kept": identity(self.kept.item) | {"keep": True, "reason": self.kept.reason},
            "others": [
                identity(member.item)
                | {
                    "distance": member.distance,
                    "kind": str(member.kind),
                    "confidence": member.confidence,
                    "keep": member.keep,
                    "reason": member.reason,
                    "differs": {name: list(values) for name, values in member.differs_from(self.kept).items()},
                }
                for member in self.others
            ],
        }
