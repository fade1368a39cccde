"""Measure what `duplicates` finds of altered copies among drawings and wallpapers, beside perceptual hashes."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks.measures.altered_files import ALTERED, AlteredCopy, make_folder
from benchmarks.measures.intervals import wilson_interval
from benchmarks.measures.phash_copies import is_installed, phash_pairs
from benchmarks.measures.same_pictures import Relation, relation
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import PHOTO
from ingest.job import ingest
from search import Searcher
from search.curation.calibration import Calibration
from search.curation.duplicates import Duplicates, find_duplicates
from storage.console import right_aligned

Pair = frozenset[str]


#: How many folders are made, by the number of their originals.
FULL: Mapping[int, int] = {6: 10, 60: 10, 600: 10, 6000: 1}
QUICK: Mapping[int, int] = {6: 1}


@dataclass(frozen=True)
class HashedCopies:
    """What perceptual hashes find: the shares of copies, and of `called` pairs how many are right."""

    found: Mapping[str, float]
    recall: float
    called: int
    right: int

    @property
    def precision(self) -> float:
        """Return the share of the called pairs that are copies."""
        return self.right / self.called if self.called else 1.0


@dataclass(frozen=True)
class FoundCopies:
    """What was found in the folders of a size: of `copies` by kind, and of `called` pairs how many are copies.

    `variants` of the others are pairs that the packages have already: one picture turned, mirrored or in other colours,
    as their pixels or people tell; they count as wrong in `precision`. `forecast` and `held_back` are the shares of
    copies that the store's own calibration expects to find and found of those held back, `expected` the share of called
    pairs that it expects to be copies; None where there is none.
    """

    pictures: int
    folders: int
    found: Mapping[str, float]
    copies: int
    recall: float
    recall_ci95: tuple[float, float]
    called: int
    right: int
    variants: int
    forecast: float | None = None
    held_back: float | None = None
    expected: float | None = None
    hashed: HashedCopies | None = None

    @property
    def precision(self) -> float:
        """Return the share of the called pairs that are copies."""
        return self.right / self.called if self.called else 1.0


@dataclass(frozen=True)
class CopiesFoundReport:
    """What was found in folders of each size."""

    sizes: Sequence[FoundCopies]

    def table(self) -> Table:
        """Return the report as a table to print."""
        columns = right_aligned(
            *("pictures", "folders", "found", "95 %", "forecast", "held back"),
            *("called", "right", "variants", "expected", "PHash: found", "called", "right"),
        )
        table = Table(*columns, title="Altered copies found", title_justify="left")
        for size in self.sizes:
            low, high = size.recall_ci95
            shares = (size.forecast, size.held_back, size.expected)
            forecast, held_back, expected = ("" if share is None else f"{share:.3f}" for share in shares)
            cells = (
                f"{size.pictures:,}",
                str(size.folders),
                f"{size.recall:.3f}",
                f"{low:.3f} to {high:.3f}",
                forecast,
            )
            hashed = size.hashed
            theirs = ("-",) * 3
            if hashed is not None:
                theirs = (f"{hashed.recall:.3f}", f"{hashed.called:,}", f"{hashed.precision:.3f}")
            ours = (held_back, f"{size.called:,}", f"{size.precision:.3f}", f"{size.variants:,}", expected)
            table.add_row(*cells, *ours, *theirs)
        return table


@dataclass(frozen=True)
class Draw:
    """One folder's outcome: which copies were found, how many pairs were called copies, and how many of them are."""

    copies: Sequence[AlteredCopy]
    found: Sequence[bool]
    called: int
    right: int
    variants: int
    calibration: Calibration | None
    hashed: "HashedDraw | None" = None


@dataclass(frozen=True)
class HashedDraw:
    """What perceptual hashes find in one folder."""

    found: Sequence[bool]
    called: int
    right: int


def measure_copies_found(
    folders_of: Mapping[int, int],
    *,
    make_backbone: BackboneFactory,
    seed: int = 0,
    on_stage: Callable[[str], None] = lambda _: None,
) -> CopiesFoundReport:
    """Find duplicates in as many folders of each number of originals, and count; raise UnfitForBenchmark."""
    sizes = []
    for pictures, folders in folders_of.items():
        draws = []
        for number in range(folders):
            on_stage(f"copies among {pictures:,} pictures, folder {number + 1} of {folders}")
            with tempfile.TemporaryDirectory(prefix="lookalike-") as name:
                draws.append(_draw(Path(name), pictures, seed + number, make_backbone))
        sizes.append(_summary(pictures, draws))
    return CopiesFoundReport(sizes)


def _draw(place: Path, pictures: int, seed: int, make_backbone: BackboneFactory) -> Draw:
    folder = place / "pictures"
    folder.mkdir()
    copies = make_folder(folder, pictures, seed)
    ingest(f"folder:{folder}", place / "store", recipe=PHOTO, make_backbone=make_backbone)
    with Searcher.open(place / "store", make_backbone=make_backbone) as searcher:
        draw = judge(folder, copies, find_duplicates(searcher))
        names = [item.key for item in searcher.store.items()]
    return replace(draw, hashed=judge_hashes(folder, copies, names)) if is_installed() else draw


def judge(folder: Path, copies: Sequence[AlteredCopy], duplicates: Duplicates) -> Draw:
    """Compare what was found in a folder with what is known of it."""
    group_of: dict[str, int] = {}
    called = []
    for number, group in enumerate(duplicates.groups):
        members = [group.kept, *(member for member in group.others if member.kind.is_copy)]
        group_of |= {member.key: number for member in members}
        called += [frozenset((group.kept.key, member.key)) for member in members[1:]]
    found = [group_of.get(copy.name, -1) == group_of.get(copy.original, -2) for copy in copies]
    relations = _relations(folder, copies, called)
    right, variants = (relations.count(relation) for relation in (Relation.SAME, Relation.VARIANT))
    return Draw(copies, found, len(called), right, variants, duplicates.auto)


def judge_hashes(folder: Path, copies: Sequence[AlteredCopy], names: Sequence[str]) -> HashedDraw:
    """Compare the pairs that perceptual hashes call copies with what is known of a folder."""
    called = [frozenset(pair) for pair in phash_pairs(folder, names)]
    pairs = set(called)
    found = [frozenset((copy.name, copy.original)) in pairs for copy in copies]
    return HashedDraw(found, len(called), _relations(folder, copies, called).count(Relation.SAME))


def _relations(folder: Path, copies: Sequence[AlteredCopy], called: Sequence[Pair]) -> list[Relation]:
    """Return how the originals of each pair are related; one original is the same picture as itself."""
    origin = {copy.name: copy.original for copy in copies}
    originals = [[origin.get(name, name) for name in sorted(pair)] for pair in called]
    return [
        Relation.SAME if first == second else relation(folder / first, folder / second) for first, second in originals
    ]


def _by_kind(copies: Sequence[Sequence[AlteredCopy]], found: Sequence[Sequence[bool]]) -> dict[str, list[bool]]:
    """Return which copies of each kind were found in all folders."""
    by_kind: dict[str, list[bool]] = {kind: [] for kind in ALTERED}
    for folder_copies, folder_found in zip(copies, found, strict=True):
        for copy, is_found in zip(folder_copies, folder_found, strict=True):
            by_kind[copy.kind].append(is_found)
    return by_kind


def _hashed(draws: Sequence[Draw]) -> HashedCopies | None:
    hashed = [draw.hashed for draw in draws if draw.hashed is not None]
    if len(hashed) < len(draws):
        return None
    found = _by_kind([draw.copies for draw in draws], [draw.found for draw in hashed])
    every = [is_found for kind in found.values() for is_found in kind]
    shares = {kind: float(np.mean(hits)) for kind, hits in found.items() if hits}
    return HashedCopies(
        shares, float(np.mean(every)), sum(draw.called for draw in hashed), sum(draw.right for draw in hashed)
    )


def _summary(pictures: int, draws: Sequence[Draw]) -> FoundCopies:
    found = _by_kind([draw.copies for draw in draws], [draw.found for draw in draws])
    every = [is_found for kind in found.values() for is_found in kind]
    recall, called = float(np.mean(every)), sum(draw.called for draw in draws)
    calibrations = [draw.calibration for draw in draws if draw.calibration is not None]
    held_back = [share for calibration in calibrations if (share := calibration.came_true_share) is not None]
    return FoundCopies(
        pictures,
        len(draws),
        {kind: float(np.mean(hits)) for kind, hits in found.items() if hits},
        len(every),
        recall,
        wilson_interval(recall, len(every)),
        called,
        sum(draw.right for draw in draws),
        sum(draw.variants for draw in draws),
        float(np.mean([calibration.forecast_share for calibration in calibrations])) if calibrations else None,
        float(np.mean(held_back)) if held_back else None,
        sum(calibration.expected_copies for calibration in calibrations) / called if called and calibrations else None,
        _hashed(draws),
    )
