"""Items to store by field, as files have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from storage.types.items import NewItem, Scalar


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """The fields of `NewItem`, each with the values of all items in their order."""

    key: Sequence[str]
    content: Sequence[bytes]
    label: Sequence[str | None]
    metadata: Sequence[Mapping[str, Scalar]]
    thumbnail: Sequence[bytes | None]
    source: Sequence[str | None]

    @classmethod
    def of(cls, items: Sequence[NewItem]) -> "ItemColumns":
        """Return the columns of these items."""
        return cls(*([getattr(item, field.name) for item in items] for field in fields(NewItem)))

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.key)

    def item(self, index: int) -> NewItem:
        """Return one of the items."""
        return NewItem(*(getattr(self, field.name)[index] for field in fields(NewItem)))
