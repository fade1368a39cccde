"""The source `folder:DIR`."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.errors import SourceUnusable, UnreadableImage
from ingest.sources import SourceImage, confined_folder, limited, skipped_kinds
from ingest.sources.folder import Folder
from tests.errors import error_message
from tests.ingest.sources.contents import described, rejects
from tests.toys import grey, png, write_greys


def write(root: Path, *paths: str) -> None:
    write_greys(root, {path: len(path) for path in paths})


def keys(root: Path) -> list[str]:
    return [image.key for image in Folder(root)]


@pytest.fixture
def readable_by_owner() -> Iterator[Path]:
    """Return a folder that another user can reach, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Act as an unprivileged user, if this one is root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_huge(path: Path) -> None:
    os.truncate(path, 2**40)


def test_the_first_sub_folder_is_the_label(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png", "dog/brown/2.png", "3.png")
    assert described(Folder(tmp_path)) == [
        ("3.png", None, {"source": "folder", "path": "3.png"}),
        ("cat/1.png", "cat", {"source": "folder", "path": "cat/1.png"}),
        ("dog/brown/2.png", "dog", {"source": "folder", "path": "dog/brown/2.png"}),
    ]


def test_an_image_is_read_as_the_bytes_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png")
    (image,) = Folder(tmp_path)
    assert image.read() == (tmp_path / "cat" / "1.png").read_bytes()


def test_files_come_in_the_order_of_their_paths_whatever_the_order_they_were_made_in(tmp_path: Path) -> None:
    write(tmp_path, "b/1.png", "a.png", "b/10.png", "c.png", "a/2.png", "b/2.png")
    assert keys(tmp_path) == ["a.png", "a/2.png", "b/1.png", "b/10.png", "b/2.png", "c.png"]


def test_a_folder_can_be_iterated_again_and_has_a_length(tmp_path: Path) -> None:
    write(tmp_path, "b.png", "a.png")
    folder = Folder(tmp_path)
    passes: list[list[SourceImage]] = [list(folder), list(folder)]
    assert [[image.key for image in images] for images in passes] == [["a.png", "b.png"], ["a.png", "b.png"]]
    assert len(folder) == 2


def test_hidden_files_and_folders_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, ".hidden.png", ".git/1.png", "cat/.thumbnails/2.png", "cat/._3.png", "cat/4.png")
    assert keys(tmp_path) == ["cat/4.png"]


def test_links_to_folders_and_links_that_lead_out_are_ignored(tmp_path: Path) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "root"
    write(elsewhere, "1.png")
    write(root, "2.png", "dog/3.png")
    (root / "out.png").symlink_to(elsewhere / "1.png")
    (root / "up.png").symlink_to("../elsewhere/1.png")
    (root / "nowhere.png").symlink_to(elsewhere / "nothing.png")
    (root / "twice.png").symlink_to("out.png")
    (root / "cat").symlink_to(elsewhere)
    (root / "hound").symlink_to("dog")
    (root / "self").symlink_to(root)
    (root / "beside.png").symlink_to(f"{root}-2")
    assert keys(root) == ["2.png", "dog/3.png"]


def test_a_link_to_a_file_inside_is_an_image_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "dog/1.png", ".store/2")
    (tmp_path / "best.png").symlink_to("dog/1.png")
    (tmp_path / "best").symlink_to(tmp_path / "best.png")
    (tmp_path / "hidden").symlink_to(".store/2")
    images = list(Folder(tmp_path))
    assert [(image.key, image.label) for image in images] == [
        ("best", None),
        ("best.png", None),
        ("dog/1.png", "dog"),
        ("hidden", None),
    ]
    assert [image.read() for image in images] == [png(grey(9))] * 3 + [png(grey(8))]


def test_a_link_to_a_missing_file_inside_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to("nothing")
    (tmp_path / "round.png").symlink_to("round.png")
    (tmp_path / "gone").symlink_to("nothing")
    assert dict(rejects(Folder(tmp_path))) == {
        "gone.png": f"expected a readable image file, got {tmp_path}/gone.png: No such file or directory",
        "round.png": f"expected a readable image file, got {tmp_path}/round.png: Too many levels of symbolic links",
    }


@pytest.mark.parametrize("target", ["elsewhere.png", "images"])
def test_a_link_that_changes_after_the_folder_was_listed_is_not_followed(tmp_path: Path, target: str) -> None:
    write(tmp_path, "elsewhere.png", "images/1.png")
    link = tmp_path / "images" / "link.png"
    link.symlink_to("1.png")
    image = list(Folder(tmp_path / "images"))[-1]
    link.unlink()
    link.symlink_to(tmp_path / target)
    reason = {
        "elsewhere.png": f"it leads to {tmp_path}/elsewhere.png, out of the folder; copy the image into it",
        "images": "not an ordinary file",
    }
    assert error_message(UnreadableImage, image.read) == f"expected a readable image file, got {link}: {reason[target]}"


def test_a_file_that_becomes_a_link_after_the_folder_was_listed_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere.png", "images/1.png")
    (image,) = Folder(tmp_path / "images")
    (tmp_path / "images" / "1.png").unlink()
    (tmp_path / "images" / "1.png").symlink_to(tmp_path / "elsewhere.png")
    assert error_message(UnreadableImage, image.read) == (
        f"expected a readable image file, got {tmp_path}/images/1.png: Too many levels of symbolic links"
    )


def test_a_link_to_the_folder_itself_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "images", "cat/1.png")
    (tmp_path / "link").symlink_to(tmp_path / "images")
    assert keys(tmp_path / "link") == ["cat/1.png"]


def test_a_file_is_an_image_by_its_suffix_or_by_its_first_bytes(tmp_path: Path) -> None:
    write(tmp_path, "1.PNG", "2.data", "3", "4.png.bak")
    for name in ("5.JpEg", "6.heic", "7.txt", "8", "9.csv", "README.txt"):
        (tmp_path / name).write_bytes(b"P.S. this is BMP or II* no image")
    (tmp_path / "10").write_bytes(b"")
    assert keys(tmp_path) == ["1.PNG", "2.data", "3", "4.png.bak", "5.JpEg", "6.heic"]


def test_pictures_of_kinds_that_are_not_read_are_counted_by_suffix_and_by_first_bytes(tmp_path: Path) -> None:
    write(tmp_path, "a/1.png")
    for name in ("a/1.CR2", "a/2.dng", "b/drawing.svg", "b/report.pdf", "c/new.jxl", "notes.txt", ".hidden.nef"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"whatever")
    (tmp_path / "scan").write_bytes(b"%PDF-1.7")
    folder = Folder(tmp_path)
    assert [image.key for image in folder] == ["a/1.png"]
    assert folder.skipped == {"RAW": 2, "SVG": 1, "PDF": 2, "JPEG XL": 1}
    assert skipped_kinds(limited(folder, 1)) == folder.skipped


def test_pipes_and_folders_are_no_images_and_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")
    os.mkfifo(tmp_path / "2")
    write(tmp_path, "3.png/4.png")
    assert [(image.key, image.label) for image in Folder(tmp_path)] == [("3.png/4.png", "3.png")]


def test_flat_gives_no_labels_and_the_same_keys(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png", "2.png")
    assert [(image.key, image.label) for image in Folder(tmp_path, flat=True)] == [("2.png", None), ("cat/1.png", None)]


def test_names_may_be_of_any_letters_and_as_long_as_the_system_allows(tmp_path: Path) -> None:
    names = ["a" * 251 + ".png", "two\nlines.png", "Ähre, 山.png", "-k 5.png", " .png", "%s{}\\.png"]
    write(tmp_path, *names)
    assert keys(tmp_path) == sorted(names)
    assert {image.key: image.read() for image in Folder(tmp_path)} == {name: png(grey(len(name))) for name in names}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Path.unlink, "expected a readable image file, got {}: No such file or directory"),
        (become_a_folder, "expected a readable image file, got {}: not an ordinary file"),
        (become_a_pipe, "expected a readable image file, got {}: not an ordinary file"),
        (become_huge, "expected an image file of at most 1073741824 bytes, got {}: 1099511627776 bytes"),
    ],
)
def test_a_file_that_changes_after_the_folder_was_listed_is_rejected(
    tmp_path: Path, change: Callable[[Path], None], reason: str
) -> None:
    write(tmp_path, "1.png", "2.png")
    first, second = Folder(tmp_path)
    change(tmp_path / "1.png")
    assert error_message(UnreadableImage, first.read) == reason.format(tmp_path / "1.png")
    assert second.read() == png(grey(5))


@pytest.mark.parametrize("change", [-3, 3], ids=["cut", "longer"])
def test_a_file_that_changes_while_it_is_read_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: int
) -> None:
    write(tmp_path, "1.png")
    (image,) = Folder(tmp_path)
    size = (tmp_path / "1.png").stat().st_size

    def size_before_the_change(_: object) -> int:
        os.truncate(tmp_path / "1.png", size + change)
        return size

    monkeypatch.setattr(confined_folder, "size_of", size_before_the_change)
    assert error_message(UnreadableImage, image.read) == (
        f"expected {tmp_path}/1.png to stay as it was, but it changed while it was read: try again"
    )


def test_files_and_folders_without_permission_are_rejected(readable_by_owner: Path) -> None:
    root = readable_by_owner
    write(root, "1.png", "2", "closed/3.png", "4.png")
    for name in ("1.png", "2", "closed"):
        (root / name).chmod(0)
    with unprivileged():
        assert keys(root) == ["1.png", "2", "4.png", "closed/"]
        assert dict(rejects(Folder(root))) == {
            "1.png": f"expected a readable image file, got {root}/1.png: Permission denied",
            "2": f"expected a readable image file, got {root}/2: Permission denied",
            "closed/": f"expected a folder that can be listed, got {root}/closed: Permission denied",
        }
        message = error_message(SourceUnusable, Folder, root / "closed")
        assert message == f"expected a folder that can be listed, got {root}/closed: Permission denied"
        with pytest.raises(SourceUnusable):
            Folder(root / "closed" / "below")


def test_a_file_name_that_is_not_utf_8_stays_as_the_system_gives_it(tmp_path: Path) -> None:
    write(tmp_path, os.fsdecode(b"caf\xe9.png"), "tea.png")
    assert keys(tmp_path) == ["caf\udce9.png", "tea.png"]
    assert [image.read() for image in Folder(tmp_path)] == [png(grey(8)), png(grey(7))]


def test_a_missing_folder_and_a_file_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "1.png")
    for path in (tmp_path / "nothing", tmp_path / "1.png"):
        assert error_message(SourceUnusable, Folder, path) == (
            f"expected a folder of images, got {path}, which is not a folder: name one that exists"
        )
