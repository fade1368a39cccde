"""Where images come from."""

from ingest.sources.folder import Folder
from ingest.sources.in_memory import InMemorySource
from ingest.sources.manifest import Manifest
from ingest.sources.registry import KINDS, USAGE, open_source
from ingest.sources.source import Source, SourceImage, decode_content, decode_readable
from ingest.sources.subset import limited

__all__ = [
    "KINDS",
    "USAGE",
    "Folder",
    "InMemorySource",
    "Manifest",
    "Source",
    "SourceImage",
    "decode_content",
    "decode_readable",
    "limited",
    "open_source",
]
