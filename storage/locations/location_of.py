"""Tell a store's folder from its URL."""

from pathlib import Path

from storage.databases.address import address_of
from storage.locations.folder_location import FolderLocation
from storage.locations.location import Location


def location_of(text_or_path: str | Path) -> Location:
    """Return the location that a path or URL names; raise NotAStore for a URL of an unknown kind."""
    address = address_of(text_or_path)
    if address is None:
        return FolderLocation(Path(text_or_path))
    # Imported here: a store in a folder needs no database server.
    from storage.locations.server_location import ServerLocation

    return ServerLocation(address)
