"""A source that a command names, which no output of the command replaces."""

from dataclasses import dataclass
from pathlib import Path

from ingest.sources import Source
from ingest.sources.source_name import SourceName
from storage.files.source_files import is_source_file


@dataclass(frozen=True)
class NamedSource:
    """A source as a command names it, and as it was opened."""

    name: str
    source: Source

    def is_own_file(self, path: Path) -> bool:
        """Return whether a file is one that the source consists of."""
        return is_source_file(path, [str(SourceName(self.name))], lambda: [image.key for image in self.source])
