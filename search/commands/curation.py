"""Find what is wrong with a collection: copies, leaks, wrong labels, outliers; and act on it by a plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import (
    ForceOption,
    checked_radius_option,
    drawing,
    figure_file_of,
    opened,
    plan_file_of,
    print_found,
)
from search.where_option import where_of
from storage import Store, Where, console
from storage.console import MilvusOption, StoreOption

if TYPE_CHECKING:
    from search.plans.label_plan import LabelReport
    from search.plans.report import ApplyReport, UndoReport


def duplicates(
    store: StoreOption,
    radius: Annotated[
        str, typer.Option(help="Items within this distance, or auto: copies, by comparing the pictures.")
    ] = "auto",
    check: Annotated[bool, typer.Option("--check", help="With a --radius: compare the pictures too.")] = False,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="FILTER FILTER",
            help="Find leaks: items that fulfil the first, such as split=train, and are copies of some of the second.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Which of a group to keep: largest, oldest, first or a pattern of keys; repeat it in order."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="With --radius auto: the VGG16 weights the store was made with.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the groups, the doubtful first, to this file and more of that name.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Write what to keep and remove to this CSV file, for `apply`.")
    ] = None,
    force: ForceOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the groups as JSON.")] = False,
) -> None:
    """Find copies of the same picture, and say which to keep; with --between, those that two parts share."""
    from search.curation.duplicates import find_duplicates
    from search.curation.leaks import find_leaks
    from search.plans.duplicate_plan import plan_of_duplicates
    from search.plans.plan_file import write_plan

    limit = _radius_of(radius)
    if between and keep:
        raise typer.BadParameter("expected --keep without --between, which keeps the items of its second filter")
    output = figure_file_of(figure, force, weights)
    plan_file = plan_file_of(plan, force)
    with opened(store, output, plan_file, weights=weights) as searcher:
        if between is None:
            groups = find_duplicates(searcher, limit, check=check, keep=keep or [], on_stage=console.print_message)
        else:
            groups = find_leaks(
                searcher,
                *_filters(between),
                limit,
                check=check,
                names=between,
                on_stage=console.print_message,
            )
        if plan_file is not None:
            write_plan(plan_of_duplicates(groups, searcher.store), plan_file)
        if output is not None:
            from search.figures import curation_figures, figure_file

            with drawing():
                figure_file.save_pages(curation_figures.draw_duplicates(groups, searcher.store), output, searcher.store)
    print_found(groups, json=json)


def _radius_of(text: str) -> float | None:
    """Return the number of --radius, or None for `auto`."""
    if text == "auto":
        return None
    try:
        radius = float(text)
    except ValueError:
        raise typer.BadParameter(f"expected --radius to be a number or auto, got {text!r}") from None
    return checked_radius_option(radius)


def _filters(between: tuple[str, str]) -> tuple[Where, Where]:
    """Return the filters of --between; an empty text is none."""
    first, second = (where_of([text]) for text in between)
    return first or {}, second or {}


def suspects(
    store: StoreOption,
    k: Annotated[int, typer.Option("-k", min=1, help="How many neighbours vote.")] = 20,
    min_precision: Annotated[
        float, typer.Option(min=0, max=1, help="List no more issues than keep this expected precision; 0 lists all.")
    ] = 0.5,
    limit: Annotated[int | None, typer.Option(min=1, help="List at most so many issues, the clearest.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the clearest issues to this file.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Write the issues to this CSV file, for `apply`.")] = None,
    force: ForceOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the label issues as JSON.")] = False,
) -> None:
    """Find label issues: items with another label than their neighbours, the largest margin first."""
    from search.curation.label_issues import find_label_issues
    from search.plans.label_plan import write_label_plan

    output = figure_file_of(figure, force)
    plan_file = plan_file_of(plan, force)
    with opened(store, output, plan_file) as searcher:
        issues = find_label_issues(searcher, k).cut(min_precision, limit)
        if plan_file is not None:
            write_label_plan(issues, searcher.store, plan_file)
        if issues.trained_on_labels:
            console.print_message(
                "the vectors of this store were trained on its labels, which hides wrong ones and is no measurement: "
                "ingest into another store with --recipe auto"
            )
        if output is not None:
            from search.figures import curation_figures, figure_file

            with drawing():
                figure_file.save(curation_figures.draw_label_issues(issues, searcher.store), output)
    print_found(issues, json=json)


def outliers(
    store: StoreOption,
    k: Annotated[
        int, typer.Option("-k", min=1, help="Which neighbour's distance counts: a smaller group can be outliers.")
    ] = 20,
    min_score: Annotated[
        float, typer.Option(min=0, help="List only items that are at least so many times as far as usual.")
    ] = 0.0,
    limit: Annotated[int, typer.Option(min=1, help="List at most so many, the farthest.")] = 20,
    figure: Annotated[Path | None, typer.Option(help="Draw the farthest, with what is nearest, to this file.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Write them to this CSV file, for `apply`.")] = None,
    force: ForceOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the outliers as JSON.")] = False,
) -> None:
    """Find outliers: items that are far from all others, the farthest first."""
    from search.curation.outliers import find_outliers
    from search.plans.outlier_plan import plan_of_outliers
    from search.plans.plan_file import write_plan

    output = figure_file_of(figure, force)
    plan_file = plan_file_of(plan, force)
    with opened(store, output, plan_file) as searcher:
        found = find_outliers(searcher, k, min_score=min_score, limit=limit)
        if plan_file is not None:
            write_plan(plan_of_outliers(found, searcher.store), plan_file)
        if output is not None:
            from search.figures import curation_figures, figure_file

            with drawing():
                figure_file.save(curation_figures.draw_outliers(found, searcher.store), output)
    print_found(found, json=json)


def apply_plan(
    plan: Annotated[
        Path | None, typer.Argument(help="A plan that --plan wrote; with --undo also none, for the last one applied.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="The store's folder, if it is not where the plan says.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only what would be done is shown.")] = False,
    trash: Annotated[
        bool, typer.Option("--trash", help="Move files to the trash, not to a folder beside their source.")
    ] = False,
    hard_links: Annotated[
        bool, typer.Option("--hard-links", help="Replace identical files by hard links to the one that is kept.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what the plan did.")] = False,
    milvus: MilvusOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print what becomes of each file as JSON.")] = False,
) -> None:
    """Do what a plan says with files and their items: nothing is deleted for good, and --undo takes it back."""
    from search.plans.apply import apply_plan as apply
    from search.plans.journal import How
    from search.plans.label_plan import is_label_plan, read_label_plan, relabel
    from search.plans.plan_file import read_plan
    from search.plans.undo import undo as take_back

    if plan is None and not (undo and store):
        raise typer.BadParameter("expected a plan, or --undo and --store")
    if trash + hard_links + undo > 1:
        raise typer.BadParameter("expected at most one of --trash, --hard-links and --undo")
    labels = read_label_plan(plan) if plan is not None and is_label_plan(plan) else None
    if labels is not None and (trash or hard_links):
        raise typer.BadParameter("expected a plan for files with --trash and --hard-links, got one for labels")
    checked = None if plan is None or labels is not None else read_plan(plan)
    location = store or (labels.store if labels else checked.store if checked else "")
    with Store.open(location, writing=yes, milvus=milvus) as opened:
        report: ApplyReport | UndoReport | LabelReport
        if labels is not None:
            report = relabel(labels, opened, undo=undo, dry_run=not yes)
        elif undo:
            report = take_back(opened, checked, dry_run=not yes)
        elif checked is not None:
            how = How.TRASH if trash else How.LINK if hard_links else How.MOVE
            report = apply(checked, opened, how, dry_run=not yes)
    if json:
        console.print_json(report.as_json())
    else:
        if report.table().row_count:
            console.OUT.print(report.table())
        console.print_line(report.summary())
    if report.problems:
        raise typer.Exit(console.EXIT_SOME_REJECTED)
