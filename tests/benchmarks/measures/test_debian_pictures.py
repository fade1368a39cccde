"""The sample of drawings and photographs that are installed."""

from pathlib import Path

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures import debian_pictures
from benchmarks.measures.debian_pictures import draw_pictures
from tests.errors import error_message
from tests.toys import grey, png, write_greys


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out folders as the packages do: three drawings, two wallpapers in several sizes, a photograph."""
    write_greys(tmp_path / "png", {"animals/cat.png": 1, "animals/dog.png": 2, "food/pea.png": 3, "unlabelled.png": 4})
    for name, size in (("A", 9), ("B", 20)):
        images = tmp_path / "wallpapers" / name / "contents/images"
        images.mkdir(parents=True)
        (images / "large.jpg").write_bytes(png(grey(0, 2 * size)))
        (images / "small.jpg").write_bytes(png(grey(0, size)))
        (images / "link.jpg").symlink_to("large.jpg")
        (images.parent / "screenshot.jpg").write_bytes(png(grey(0, 99)))
    write_greys(tmp_path / "nature", {"Dune.jpg": 5})
    for name in ("DRAWINGS", "WALLPAPERS", "NATURE"):
        folder = "png" if name == "DRAWINGS" else name.lower()
        monkeypatch.setattr(debian_pictures, name, tmp_path / folder)
    return tmp_path


def test_drawings_are_labelled_by_folder_and_photographs_are_the_largest_files(packages: Path) -> None:
    pictures = draw_pictures(10, 10, seed=0)
    assert sorted((image.key, image.label) for image in pictures.drawings) == [
        ("animals/cat.png", "animals"),
        ("animals/dog.png", "animals"),
        ("food/pea.png", "food"),
    ]
    assert sorted(image.key for image in pictures.photographs) == [
        str(packages / "nature/Dune.jpg"),
        str(packages / "wallpapers/A/contents/images/large.jpg"),
        str(packages / "wallpapers/B/contents/images/large.jpg"),
    ]
    assert {image.label for image in pictures.photographs} == {None}
    assert {image.decoded().shape[:2] for image in pictures.photographs} == {(8, 8), (18, 18), (40, 40)}


@pytest.mark.usefixtures("packages")
def test_a_seed_draws_the_same_sample_of_the_size_that_is_asked_for() -> None:
    def keys(seed: int) -> list[str]:
        pictures = draw_pictures(2, 1, seed)
        return [image.key for image in (*pictures.drawings, *pictures.photographs)]

    assert keys(3) == keys(3)
    assert len(keys(3)) == 3
    assert len({tuple(keys(seed)) for seed in range(20)}) > 5


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("missing", [("DRAWINGS",), ("WALLPAPERS", "NATURE")])
def test_what_is_not_installed_is_named_with_the_command_that_installs_it(
    missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in missing:
        monkeypatch.setattr(debian_pictures, name, Path("/nowhere"))
    assert error_message(UnfitForBenchmark, draw_pictures, 1, 1, 0) == (
        "expected Debian's drawings and photographs, got none: run `sudo apt-get install openclipart-png "
        "plasma-workspace-wallpapers mate-backgrounds`"
    )
