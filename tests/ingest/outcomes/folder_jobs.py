"""Jobs of a folder of which one picture is none, and what is stored of them."""

from collections.abc import Callable
from pathlib import Path

from ingest.job import ingest
from ingest.pipeline.progress import IngestReport, Progress
from storage import Job, Rejected, Store
from tests.ingest.images.refusals import DECODABLE
from tests.ingest.jobs import Killed
from tests.toys import TOY

WEB_PAGE = f"{DECODABLE} b.png: a web page"


def ingest_folder(
    images: Path, store: Path, batch_size: int = 512, on_progress: Callable[[Progress], None] = lambda _: None
) -> IngestReport:
    recipe = None if Store.exists_at(store) else TOY
    return ingest(f"folder:{images}", store, recipe=recipe, batch_size=batch_size, on_progress=on_progress)


def kill_after_a_batch(progress: Progress) -> None:
    if progress.done:
        raise Killed


def jobs_and_rejects(store: Path) -> tuple[list[Job], list[Rejected]]:
    with Store.open(store) as opened:
        return opened.jobs(), opened.rejects()
