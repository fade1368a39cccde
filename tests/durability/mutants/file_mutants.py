"""Mutants of how files are created, renamed and removed."""

import os
import stat
from pathlib import Path

from storage.catalog.batch import Batch, Generation
from storage.columns.columns import Columns
from storage.files import durable, generations, layout
from storage.nearest.faiss_flat import FaissFlat
from tests.durability.mutants.patches import Patches


def file_not_flushed(patches: Patches) -> None:
    """Rename a file before its bytes are on the disk."""

    def fsync(descriptor: int) -> None:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fsync(descriptor)

    patches.set_in_module(durable, "os", "fsync", fsync)


def folder_not_flushed(patches: Patches) -> None:
    """Do not sync a folder after its names changed."""
    patches.set(durable, "sync_folder", lambda _: None)


def recorded_before_named(patches: Patches) -> None:
    """Record a generation before its file has its name."""
    write, link_fixed_name = generations.write, generations.link_fixed_name

    def hidden_path(path: Path) -> Path:
        return path.with_name(f"hidden-{path.name}")

    def write_hidden(index: FaissFlat, columns: Columns, number: int, batch: Batch, store: Path) -> Generation:
        generation = write(index, columns, number, batch, store)
        path = generations.path_of(generation, store)
        durable.rename(path, hidden_path(path))
        return generation

    def link_hidden(generation: Generation, store: Path) -> None:
        path = generations.path_of(generation, store)
        if hidden_path(path).exists():
            durable.rename(hidden_path(path), path)
        link_fixed_name(generation, store)

    patches.set(generations, "write", write_hidden)
    patches.set(generations, "link_fixed_name", link_hidden)


def replaced_in_place(patches: Patches) -> None:
    """Overwrite the published file in place."""

    def link(target: Path, name: Path) -> None:
        with name.open("wb") as raw:
            durable.HashedFile(raw).write(target.read_bytes())
            os.fsync(raw.fileno())

    patches.set(durable, "link", link)


def created_in_place(patches: Patches) -> None:
    """Write a new catalog under its final name."""
    patches.set(layout, "NEW_CATALOG", layout.CATALOG)


def old_removed_first(patches: Patches) -> None:
    """Remove older generations' files before the new one is recorded."""
    write = generations.write

    def remove_and_write(index: FaissFlat, columns: Columns, number: int, batch: Batch, store: Path) -> Generation:
        if (store / "index").exists():
            generations.remove_all_but((), store)
        return write(index, columns, number, batch, store)

    patches.set(generations, "write", remove_and_write)
