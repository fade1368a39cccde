"""`python -m ingest SOURCE --store DIR`: bring a store up to date with a source of images."""

from pathlib import Path
from typing import Annotated

import typer

from ingest.job import BATCH_SIZE, ingest
from ingest.outcome import IngestReport
from ingest.precision import ASKED
from ingest.progress import shown_progress
from ingest.recipes import DEFAULT, RECIPES
from ingest.sources import USAGE
from storage import console

app = console.command_app("Embed images with VGG16 and keep their vectors in a store.")


@app.command()
def main(
    source: Annotated[str, typer.Argument(help=f"Where the images come from: {USAGE}.")],
    store: Annotated[Path, typer.Option(help="The store's folder; made if there is none.")],
    recipe: Annotated[
        str | None, typer.Option(help=f"How to embed: {' or '.join(RECIPES)}. A new store takes {DEFAULT.name}.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N images of the source.")] = None,
    batch_size: Annotated[int, typer.Option(help="Images made durable together.")] = BATCH_SIZE,
    precision: Annotated[
        str, typer.Option(help=f"What to compute in: {', '.join(ASKED)}. A store keeps to what it was made with.")
    ] = "auto",
    weights: Annotated[Path | None, typer.Option(help="VGG16 weights: .h5, .npz or .onnx.")] = None,
    download: Annotated[
        bool,
        typer.Option("--download", help="Let Keras download weights, mnist or fashion-mnist that are found nowhere."),
    ] = False,
    flat: Annotated[bool, typer.Option("--flat", help="Give the images of a folder no labels.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Add the new images of SOURCE to a store, replace the changed ones, and leave the others alone."""
    with shown_progress() as show:
        report = ingest(
            source,
            store,
            recipe=recipe,
            precision=precision,
            weights=weights,
            download=download,
            flat=flat,
            limit=limit,
            batch_size=batch_size,
            on_progress=show,
        )
    for reject in report.rejects:
        console.say(f"rejected {reject.key}: {reject.reason}")
    if json:
        console.print_json(report.as_json())
    else:
        console.OUT.print(summary(report, store), soft_wrap=True)
    if report.rejected:
        raise typer.Exit(console.EXIT_SOME_REJECTED)


def summary(report: IngestReport, store: Path) -> str:
    """Say in one line what a job did."""
    rejected = f", {report.rejected} rejected" if report.rejected else ""
    holds = f"{store} holds {report.items} items (recipe {report.recipe})"
    if not report.added and not report.replaced:
        return f"Nothing to do: {report.unchanged} images unchanged{rejected}; {holds}."
    replaced = f", {report.replaced} replaced" if report.replaced else ""
    unchanged = f", {report.unchanged} unchanged" if report.unchanged else ""
    speed = f"in {report.seconds:.1f} s, {report.images_per_second:.0f} images/s"
    return f"{report.added} added{replaced}{unchanged}{rejected} {speed}; {holds}."


if __name__ == "__main__":
    console.run(app, "python -m ingest")
