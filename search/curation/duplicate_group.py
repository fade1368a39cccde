"""A group of pictures of which one is to be kept: its members, what each is a copy by, and how sure that is."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from search.results import identity
from storage import Hit, Item


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
                    "keep": False,
                    "reason": member.reason,
                }
                for member in self.others
            ],
        }
