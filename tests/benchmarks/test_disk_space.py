"""The space that a store takes on disk."""

from pathlib import Path

from benchmarks.peers.disk_space import disk_space


def test_a_file_with_several_names_counts_once_and_a_symbolic_link_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "a").write_bytes(bytes(1000))
    (tmp_path / "below" / "b").write_bytes(bytes(20))
    (tmp_path / "below" / "a again").hardlink_to(tmp_path / "a")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert disk_space(tmp_path) == 1020


def test_files_of_equal_content_count_each(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(bytes(10))
    assert disk_space(tmp_path) == 20
