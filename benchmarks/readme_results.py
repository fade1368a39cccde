"""A report's results as small tables in Markdown: those that the README has, and all of them."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.common.measurement import NO_VALUE, format_number
from benchmarks.parts.section import Grid, grid_of
from benchmarks.renewed_report import RENEWED
from ingest.embedding.recipes import NOTEBOOK, RECIPES, RETRIEVAL

BEGIN = "<!-- results: written by `python -m benchmarks readme` -->"
END = "<!-- end of results -->"

_WIDTH = 120

#: The part of a report, and what makes Markdown of it.
_Section = tuple[str, Callable[[Any], str]]

#: Measurements in the README's table of peers, with their column titles.
_PEER_COLUMNS = {
    "one_p50": "one query (ms)",
    "many": "batch (queries/s)",
    "recall": "recall@10",
    "insert": "insert (rows/s)",
    "open": "open (ms)",
    "memory": "memory (MiB)",
}


def readme_results(document: Mapping[str, Any]) -> str:
    """Return the results that matter most to a person with pictures, as Markdown with the markers."""
    text = (
        f"Measured with `python -m benchmarks all` on {_cores(document['machine'])}: "
        "[docs/results.md](docs/results.md) has all results, the days and the machines, "
        "[docs/report.json](docs/report.json) every number with its spread."
    )
    sections: Sequence[_Section] = (
        ("notebook", _notebook),
        ("photographs", _photographs),
        ("curation", _curation),
        ("exactness", _exactness),
        ("peers", _peers),
    )
    return _marked(document, sections, _wrap(text))


def all_results(document: Mapping[str, Any]) -> str:
    """Return the results of a report as Markdown with the markers, in a section for each part that the report has."""
    sections: Sequence[_Section] = (
        ("notebook", _notebook),
        ("mnist", _dataset),
        ("fashion-mnist", _dataset),
        ("accuracy", _accuracy),
        ("photographs", _photographs),
        ("curation", _curation),
        ("exactness", _exactness),
        ("latency", _latency),
        ("sizes", _latency_by_size),
        ("throughput", _throughput),
        ("peers", _peers),
        ("peers", _kills),
    )
    # The README has them one level deeper, below its own heading.
    return _marked(document, sections, _measured_on(document)).replace("\n### ", "\n## ")


def _marked(document: Mapping[str, Any], sections: Sequence[_Section], measured_on: str) -> str:
    """Return the sections of the parts that a report has, and what they were measured on, between the markers."""
    shown = [section(document[part]) for part, section in sections if part in document]
    return "\n\n".join([BEGIN, *filter(None, shown), measured_on, END])


def _accuracy(reports: Sequence[Mapping[str, Any]]) -> str:
    first = reports[0]
    table = grid_of(
        sorted(reports, key=lambda report: -report["one_nn_accuracy"]),
        {
            "recipe": _recipe_name,
            "1-NN accuracy": lambda report: f"{report['one_nn_accuracy']:.4f}",
            "95 % interval": lambda report: f"{report['ci95'][0]:.3f} to {report['ci95'][1]:.3f}",
            "recall@5": lambda report: f"{report['recall_at']['5']:.4f}",
            "mAP@10": lambda report: f"{report['mean_average_precision']:.4f}",
            "published": lambda report: "" if report["published"] is None else f"{report['published']:.4f}",
        },
    )
    text = f"`{first['source']}`: {first['test']:,} query images, searched among {first['train']:,} others."
    return _section("Accuracy", text, table)


def _recipe_name(report: Mapping[str, Any]) -> str:
    name = f"`{report['recipe']}`" + (" (default)" if report["recipe"] == RETRIEVAL.name else "")
    return name + (f", mean of {len(report['per_seed'])} seeds" if len(report["per_seed"]) > 1 else "")


def _notebook(report: Mapping[str, Any]) -> str:
    seeds, (low, high) = len(report["accuracies"]), report["range95"]
    rows = [
        ("published, one unknown seed", f"{report['published']:.4f}", ""),
        ("the notebook's code here, seed 0", f"{report['their_accuracy']:.4f}", ""),
        (f"`{NOTEBOOK.name}`, mean of {seeds} seeds", f"{report['mean']:.4f}", f"{low:.4f} to {high:.4f}"),
        *(
            (
                f"`{other['recipe']}`",
                f"{other['one_nn_accuracy']:.4f}",
                f"{other['ci95'][0]:.3f} to {other['ci95'][1]:.3f}",
            )
            for other in report["others"]
        ),
    ]
    return _section(
        "The notebook",
        f"{report['digits']} The first {report['queries']:,} are queries, searched among the other "
        f"{report['stored']:,}. The notebook's dense layer is never trained: of {seeds} drawn ones "
        f"{report['share_below']:.0%} are at or below the published accuracy, and the interval holds 95 % of them.",
        Grid(("", "1-NN accuracy", "95 % interval"), rows),
    )


def _dataset(report: Mapping[str, Any]) -> str:
    most = max(score["stored"] for score in report["scores"])
    rows = [
        *((_published_name(row), f"{row['error']:.2%}", "published") for row in report["published"]),
        *(
            (
                _name_and_seeds(score),
                f"{score['error']:.2%}",
                f"{score['ci95'][0]:.2%} to {score['ci95'][1]:.2%}",
            )
            for score in report["scores"]
            if score["stored"] == most
        ),
    ]
    wheres = dict.fromkeys(row["where"].rsplit(", ", 1)[0] for row in report["published"])
    return _section(
        f"All of `{report['source']}`",
        f"Each of the {report['queries']:,} test images gets the label of its nearest neighbour among {most:,}. "
        f"Published: {'; '.join(wheres)}.",
        Grid(("", "test error", "95 % interval"), sorted(rows, key=lambda row: -float(row[1].rstrip("%")))),
    )


def _published_name(row: Mapping[str, Any]) -> str:
    return str(row["method"]) if row["preprocessing"] == "none" else f"{row['method']}, {row['preprocessing']}"


def _name_and_seeds(score: Mapping[str, Any]) -> str:
    name, seeds = _scored_name(score["recipe"]), len(score["per_seed"])
    return name if seeds == 1 else f"{name}, mean of {seeds} seeds"


def _photographs(report: Mapping[str, Any]) -> str:
    times = report["times"]
    table = _section(
        "Photographs",
        f"{report['drawings']:,} labelled drawings of Debian's `openclipart-png`, from {report['labels']} folders, "
        f"each searched among the others, and {report['copies']:,} altered copies of {report['photographs']} "
        "photographs (compressed, halved, cropped, turned, mirrored, grey, written on, framed, brighter), searched "
        "among all.",
        grid_of(
            report["scores"],
            {
                "recipe": lambda score: _scored_name(score["name"]),
                "1-NN accuracy": lambda score: f"{score['one_nn_accuracy']:.3f}",
                "95 % interval": lambda score: f"{score['one_nn_ci95'][0]:.3f} to {score['one_nn_ci95'][1]:.3f}",
                "precision@5": lambda score: f"{score['precision_at_5']:.3f}",
                "copies, recall@1": lambda score: f"{score['copies_recall_at_1']:.3f}",
                "least found kind": lambda score: f"{min(score['recall_by_kind'].values()):.3f}",
            },
        ),
    )
    time = (
        f"From the file of a photograph of {times['megapixels']:.0f} megapixels to the answer: "
        f"{format_number(times['cold']['value'])} s in a new process, {format_number(times['warm']['value'])} s in a "
        "running one."
    )
    return f"{table}\n\n{_wrap(time)}"


def _curation(report: Mapping[str, Any]) -> str:
    copies, labels = report["copies"], report["labels"]
    parts = []
    if copies is not None:
        columns: dict[str, Callable[[Any], str]] = {
            "pictures": lambda size: f"{size['pictures']:,}",
            "copies found": lambda size: f"{size['recall']:.3f}",
            "foretold": lambda size: f"{size['forecast']:.3f}",
            "right": lambda size: f"{size['right'] / size['called']:.3f}" if size["called"] else NO_VALUE,
        }
        if all(size["hashed"] for size in copies["sizes"]):
            columns |= {
                "PHash: found": lambda size: f"{size['hashed']['recall']:.3f}",
                "PHash: right": lambda size: f"{size['hashed']['right'] / max(1, size['hashed']['called']):.3f}",
            }
        parts.append(
            _section(
                "Copies",
                "Sixty altered copies among drawings and wallpapers of Debian's packages, from one or two folders of "
                "each size. A pair is right if both show one picture; PHash calls two pictures copies if at most 10 of "
                "64 bits differ.",
                grid_of(copies["sizes"], columns),
            )
        )
    if labels is not None and labels["cleanlab"] is not None:
        ours, theirs = labels["lookalike"], labels["cleanlab"]
        text = (
            f"Of {labels['items']:,} labels ({labels['source']}) {labels['moved']:,} are moved at random. Among as "
            f"many of the likeliest issues {ours['precision_first']:.1%} are moved ones, by cleanlab "
            f"{theirs['precision_first']:.1%}; the area under the precision-recall curve is "
            f"{ours['average_precision']:.3f}, cleanlab's {theirs['average_precision']:.3f}."
        )
        parts.append(_wrap(text))
    return "\n\n".join(parts)


def _scored_name(name: str) -> str:
    return f"`{name}`" if name in RECIPES else name


def _exactness(reports: Sequence[Mapping[str, Any]]) -> str:
    compared = sum(report["queries"] * report["k"] for report in reports)
    errors = sum(report["errors"] + report["alone_differs"] for report in reports)
    stores = f"{len(reports)} stores" if len(reports) > 1 else "one store"
    return _wrap(
        f"Compared with scikit-learn's brute-force search in float64, {errors:,} of {compared:,} neighbours of "
        f"{stores} are wrong."
    )


def _latency(reports: Sequence[Mapping[str, Any]]) -> str:
    report = reports[-1]
    rows = [("one query (ms)", *(f"{report[side]['p50_ms']:.2f}" for side in ("single", "sklearn_single")))]
    if report["batch_qps"]:
        rates = (f"{report[side]:,.0f}" for side in ("batch_qps", "sklearn_batch_qps"))
        rows.append((f"batch of {report['batch']:,} (queries/s)", *rates))
    return _section(
        "Queries",
        f"{report['vectors']:,} images, k = {report['k']}. Lookalike returns labels and metadata and checks every row; "
        "scikit-learn returns positions and distances.",
        Grid(("", "Lookalike", "scikit-learn"), rows),
    )


def _latency_by_size(report: Mapping[str, Any]) -> str:
    sizes = report["sizes"]
    return _section(
        "Speed of one query",
        f"Random vectors of {sizes[0]['dim']} dimensions, k = {sizes[0]['k']}. The ratio is to one matrix-vector "
        "product of all float32 vectors with the query; below 1, 8-bit quantized vectors are searched first.",
        grid_of(
            sizes,
            {
                "vectors": lambda size: f"{size['vectors']:,}",
                "one query (ms)": lambda size: f"{size['single']['p50_ms']:.2f}",
                "ratio to one matrix-vector product": lambda size: f"{size['ratio_product']:.2f}",
            },
        ),
    )


def _throughput(report: Mapping[str, Any]) -> str:
    return _section(
        "Embedding",
        f"Whole ingest jobs of {report['images']:,} images of `{report['source']}`, from the files to committed rows.",
        grid_of(
            report["jobs"],
            {
                "recipe": lambda job: f"`{job['recipe']}`",
                "precision": lambda job: job["precision"],
                "images/s": lambda job: f"{job['images_per_second']:,.0f}",
                "ratio to Keras `predict`": lambda job: f"{job['ratio']:.1f}",
            },
        ),
    )


def _peers(report: Mapping[str, Any]) -> str:
    size = sorted({peer["vectors"] for peer in report["measured"]})[:2][-1]
    return _section(
        "Compared with other libraries",
        f"{size:,} vectors of {report['dim']} dimensions, k = {report['k']}, in turn in one run.",
        Grid(
            ("", *_PEER_COLUMNS.values(), "labels"),
            [_peer_row(peer) for peer in report["measured"] if peer["vectors"] == size],
        ),
    )


def _kills(report: Mapping[str, Any]) -> str:
    if not report.get("kept"):
        return ""
    return _section(
        "Killed during an insert",
        "Each library's process is killed after it acknowledged earlier inserts, and its store is opened again.",
        grid_of(
            report["kept"],
            {
                "": lambda peer: peer["name"],
                "kills": lambda peer: f"{peer['kills']}",
                "acknowledged rows lost": lambda peer: f"{peer['lost']:,}",
                "partial inserts": lambda peer: f"{peer['half']}",
                "stores that fail to open": lambda peer: f"{peer['unopened']}",
                "fsyncs per insert": lambda peer: NO_VALUE if peer["flushes"] is None else f"{peer['flushes']:.0f}",
            },
        ),
    )


def _peer_row(peer: Mapping[str, Any]) -> tuple[str, ...]:
    measurements = peer["figures"]
    cells = (format_number(measurements[name]["value"]) if name in measurements else NO_VALUE for name in _PEER_COLUMNS)
    if "recall" not in measurements:
        labels = NO_VALUE
    elif peer["labels_right"] is None:
        labels = "no"
    else:
        labels = "yes" if peer["labels_right"] == 1 else "wrong ones"
    return (peer["name"], *cells, labels)


def _measured_on(document: Mapping[str, Any]) -> str:
    text = f"Measured on {document['made']} with `python -m benchmarks all` on {_machine(document['machine'])}"
    later: dict[str, list[str]] = {}
    for part, origin in document.get(RENEWED, {}).items():
        later.setdefault(f"on {origin['made']} on {_machine(origin['machine'])}", []).append(f"`{part}`")
    renewed = "".join(f"; {', '.join(parts)} {origin}" for origin, parts in later.items())
    return _wrap(f"{text}{renewed}. [report.json](report.json) has every number with its spread.")


def _machine(machine: Mapping[str, Any]) -> str:
    memory = f", {machine['memory_gib']:.0f} GiB" if machine["memory_gib"] else ""
    flags = f", {' '.join(machine['flags'])}" if machine["flags"] else ""
    return f"{_cores(machine)} of {machine['processor']}{flags}{memory}"


def _cores(machine: Mapping[str, Any]) -> str:
    return f"{machine['cores']} core{'s' if machine['cores'] != 1 else ''}"


def _section(title: str, text: str, table: Grid) -> str:
    """Return a heading, a paragraph, and a table whose first column is left-aligned."""
    rows = [table.columns, ("---", *("---:" for _ in table.columns[1:])), *table.rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([f"### {title}", "", _wrap(text), "", *lines])


def _wrap(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
