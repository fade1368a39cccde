"""The files that items of a store came from."""

from pathlib import Path

import pytest

from ingest.sources.source_file import folder_of, source_file


def file_of(source: str, key: str) -> Path | None:
    folder = folder_of(source)
    return None if folder is None else source_file(folder, key)


def test_an_items_file_is_where_its_source_had_it(tmp_path: Path) -> None:
    assert file_of(f"folder:{tmp_path}", "a/b.png") == tmp_path / "a/b.png"
    assert file_of(f"folder:{tmp_path} --flat", "gone.png") == tmp_path / "gone.png"
    assert file_of(f"manifest:{tmp_path}/list.csv", "a/b.png") == tmp_path / "a/b.png"
    assert file_of(f"'folder:{tmp_path}/with space'", "a.png") == tmp_path / "with space/a.png"


@pytest.mark.parametrize("source", ["mnist-sample", "npz:data.npz", "(InMemorySource greys)", "'folder:", ""])
def test_a_source_without_files_has_none(source: str) -> None:
    assert folder_of(source) is None


def test_a_key_that_leads_out_of_the_folder_names_no_file(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/link").symlink_to(tmp_path / "outside.png")
    source = f"folder:{tmp_path}/inside"
    assert [file_of(source, key) for key in ("../outside.png", "link", "a\0b")] == [None, None, None]
