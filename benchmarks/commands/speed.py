"""How fast ingest jobs and queries are, in this process, on servers and beside other libraries."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.options import (
    JsonOption,
    LimitOption,
    NeighboursOption,
    RecipeOption,
    SeedOption,
    SourceArgument,
    WeightsOption,
    print_report,
    recipe_of,
)
from benchmarks.measures import throughput as throughput_measure
from benchmarks.measures.latency import measure_latency
from benchmarks.measures.latency_by_size import QUICK_SIZES, SIZES, measure_latency_by_size
from benchmarks.measures.scaling import measure_scaling
from benchmarks.measures.service import FULL as FULL_SERVICE
from benchmarks.measures.service import QUICK as QUICK_SERVICE
from benchmarks.measures.service import measure_service
from benchmarks.peers import peers_report
from benchmarks.peers.measure_size import FULL_EFFORT, QUICK_EFFORT
from benchmarks.peers.registry import PEERS
from ingest.embedding.recipes import PHOTO
from ingest.sources import open_source
from storage import Store, console


def latency(
    store: Annotated[
        Path | None, typer.Option("--store", help="The store's folder; without it, random vectors in four sizes.")
    ] = None,
    k: NeighboursOption = 5,
    samples: Annotated[int, typer.Option(min=20, help="How many single queries to time.")] = 500,
    quick: Annotated[bool, typer.Option("--quick", help="Without --store: two small sizes, fewer queries.")] = False,
    json: JsonOption = False,
) -> None:
    """Time single queries, batches, filters and threads, in turn with scikit-learn and FAISS."""
    if store is not None:
        with Store.open(store) as opened:
            report = measure_latency(opened, k=k, samples=samples)
        print_report(report, report.table(), json=json)
        return
    by_size = measure_latency_by_size(
        sizes=QUICK_SIZES if quick else SIZES,
        k=k,
        samples=min(samples, 100) if quick else samples,
        on_stage=console.print_message,
    )
    print_report(by_size.as_json(), *(size.table() for size in by_size.sizes), json=json)


def throughput(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer images, and only the fastest precision.")] = False,
    json: JsonOption = False,
) -> None:
    """Time ingest jobs against Keras' `predict` in the same run, with peak memory and a second run."""
    size = throughput_measure.QUICK if quick else throughput_measure.FULL
    report = throughput_measure.measure_throughput(size, on_stage=console.print_message)
    print_report(report, report.table(), json=json)


def service(
    source: SourceArgument = "mnist-sample",
    recipe: RecipeOption = PHOTO.name,
    limit: LimitOption = 400,
    weights: WeightsOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="A small store, and few requests.")] = False,
    json: JsonOption = False,
) -> None:
    """Time the service over HTTP in turn with the library: by id, under open-loop load, by picture, and its memory."""
    pictures = open_source(source, limit)
    report = measure_service(
        pictures,
        recipe_of(recipe, pictures),
        QUICK_SERVICE if quick else FULL_SERVICE,
        weights=weights,
        on_stage=console.print_message,
    )
    print_report(report.as_json(), report.table(), json=json)


def scaling(
    store: Annotated[str, typer.Option("--store", help="The PostgreSQL URL of a new store.")],
    milvus: Annotated[
        list[str], typer.Option(help="The Milvus URL of a new collection; can be repeated, the first must be exact.")
    ],
    items: Annotated[int, typer.Option(min=100, help="How many random vectors.")] = 1_000_000,
    samples: Annotated[int, typer.Option(min=20, help="How many queries.")] = 100,
    json: JsonOption = False,
) -> None:
    """Fill a store on servers with random vectors, and time inserts, collections and queries."""
    report = measure_scaling(store, milvus, items=items, samples=samples, on_stage=console.print_message)
    print_report(report.as_json(), report.table(), json=json)


def peers(
    sizes: Annotated[list[int] | None, typer.Option(min=12, help="How many vectors; can be repeated.")] = None,
    peer: Annotated[
        list[str] | None, typer.Option(help=f"Only this one of {', '.join(PEERS)}; can be repeated.")
    ] = None,
    kills: Annotated[int | None, typer.Option(min=0, help="How often to kill each during an insert.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many processor cores each may use; without it, all.")
    ] = None,
    patience: Annotated[float | None, typer.Option(min=1, help="Seconds that each may take to insert.")] = None,
    seed: SeedOption = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Few vectors, few queries, two kills.")] = False,
    json: JsonOption = False,
) -> None:
    """Compare Lookalike with other libraries on the same vectors and queries, in turn in one run."""
    effort = QUICK_EFFORT if quick else FULL_EFFORT
    default_kills = peers_report.QUICK_KILLS if quick else peers_report.KILLS
    report = peers_report.measure_peers(
        sizes or (peers_report.QUICK_SIZES if quick else peers_report.SIZES),
        kills=default_kills if kills is None else kills,
        effort=effort if patience is None else replace(effort, patience=patience),
        threads=threads,
        seed=seed,
        peers=peer or tuple(PEERS),
        on_stage=console.print_message,
    )
    print_report(report.as_json(), *report.tables(), json=json)
    if not report.ok:
        console.fail("expected Lookalike to find every neighbour and lose nothing, got otherwise: see the tables")
