"""Where images come from."""

from ingest.sources.registry import USAGE, open_source
from ingest.sources.source import (
    InMemorySource,
    Source,
    SourceImage,
    column_kinds,
    decode_content,
    decode_readable,
    skipped_kinds,
)
from ingest.sources.subset import limited

__all__ = [
    "USAGE",
    "InMemorySource",
    "Source",
    "SourceImage",
    "column_kinds",
    "decode_content",
    "decode_readable",
    "limited",
    "open_source",
    "skipped_kinds",
]
