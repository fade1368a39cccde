"""What a process has open."""

from pathlib import Path


def open_files(below: Path) -> list[str]:
    """Return the paths of the files below a folder that this process has open, relative to it, sorted."""
    paths = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            path = descriptor.readlink()
        except FileNotFoundError:
            # The descriptor of the listing itself.
            continue
        if path.is_relative_to(below):
            paths.append(str(path.relative_to(below)))
    return sorted(paths)
