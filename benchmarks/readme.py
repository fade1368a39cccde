"""The README's table of results, made from a report so that no number in it was typed."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common.measurement import NO_VALUE, format_number
from benchmarks.errors import UnfitForBenchmark
from ingest.embedding.recipes import DEFAULT
from storage.files import durable

BEGIN = "<!-- results: written by `python -m benchmarks readme` -->"
END = "<!-- end of results -->"

_WIDTH = 120

#: Figures of the peers' table in the README, and what each is called.
_PEER_COLUMNS = {
    "one_p50": "one query (ms)",
    "many": "at once (queries/s)",
    "recall": "recall@10",
    "insert": "insert (rows/s)",
    "open": "open (ms)",
    "memory": "memory (MiB)",
}


def results(document: Mapping[str, Any]) -> str:
    """Return the results of a report as Markdown, between the markers; what it lacks is left out."""
    parts = [
        _accuracy(document) if "accuracy" in document else "",
        _sentences(document),
        _peers(document["peers"]) if "peers" in document else "",
        _kept(document["peers"]) if document.get("peers", {}).get("kept") else "",
        _measured_on(document),
    ]
    return "\n\n".join([BEGIN, *(part for part in parts if part), END])


def write_results(report: Path, page: Path, kept: Path) -> None:
    """Put a report's results between the markers of a page, and keep the report.

    Raise UnfitForBenchmark when the report cannot be read or the page has no markers.
    """
    try:
        document = json.loads(report.read_text())
        text = page.read_text()
    except (OSError, ValueError) as error:
        raise UnfitForBenchmark(f"expected a report.json and a page, got {error}: write the report first") from None
    if "figures" not in document:
        raise UnfitForBenchmark(f"expected a report with figures at {report}, got none: write it with `benchmarks all`")
    durable.replace_file(page, replaced(text, results(document)).encode())
    durable.replace_file(kept, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def replaced(page: str, shown: str) -> str:
    """Return a page with other results between its markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UnfitForBenchmark(f"expected a page with the markers {BEGIN!r} and {END!r}, got none: put them in")
    return before + shown + after


def _accuracy(document: Mapping[str, Any]) -> str:
    reports = document["accuracy"]
    first = reports[0]
    rows = [
        f"`{first['source']}`: {first['test']:,} images asked of a store of {first['train']:,} others.",
        "",
        "| recipe | 1-NN accuracy | 95 % interval | recall@5 | mAP@10 | published |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in sorted(reports, key=lambda one: -one["one_nn_accuracy"]):
        name = f"`{one['recipe']}`" + (" (default)" if one["recipe"] == DEFAULT.name else "")
        name += f", mean of {len(one['per_seed'])} seeds" if len(one["per_seed"]) > 1 else ""
        low, high = one["ci95"]
        published = "" if one["published"] is None else f"{one['published']:.4f}"
        rows.append(
            f"| {name} | {one['one_nn_accuracy']:.4f} | {low:.3f} to {high:.3f} | {one['recall_at']['5']:.4f} | "
            f"{one['mean_average_precision']:.4f} | {published} |"
        )
    return "\n".join(rows)


def _sentences(document: Mapping[str, Any]) -> str:
    said = []
    if "exactness" in document:
        compared = sum(one["queries"] * one["k"] for one in document["exactness"])
        wrong = sum(one["errors"] + one["alone_differs"] for one in document["exactness"])
        said.append(f"Compared with scikit-learn's search in float64, {wrong} of {compared:,} neighbours are wrong.")
    if "latency" in document:
        one = document["latency"][-1]
        said.append(
            f"One query of {one['vectors']:,} items, with labels and checks, takes {one['single']['p50_ms']:.2f} ms "
            f"(scikit-learn, distances only: {one['sklearn_single']['p50_ms']:.2f} ms)."
        )
        if one["batch_qps"]:
            said.append(
                f"{one['batch']:,} at once are answered at {one['batch_qps']:,.0f} a second (scikit-learn: "
                f"{one['sklearn_batch_qps']:,.0f})."
            )
    if "sizes" in document:
        shown = ", ".join(
            f"{one['single']['p50_ms']:.2f} ms of {one['vectors']:,} ({one['ratio_product']:.1f})"
            for one in document["sizes"]["sizes"]
        )
        said.append(
            "One query of made-up vectors takes, in brackets as many times what one product of all vectors with it "
            f"takes, {shown}."
        )
    if document.get("throughput", {}).get("jobs"):
        jobs = ", ".join(
            f"{one['images_per_second']:,.0f} a second with `{one['recipe']}` in {one['precision']} "
            f"({one['ratio']:.1f})"
            for one in document["throughput"]["jobs"]
        )
        said.append(
            f"Of {document['throughput']['images']:,} images, whole jobs from the files to committed rows embed "
            f"{jobs}; in brackets as many times Keras' `predict` alone."
        )
    return _wrapped(" ".join(said))


def _peers(peers: Mapping[str, Any]) -> str:
    size = sorted({one["vectors"] for one in peers["measured"]})[:2][-1]
    rows = [
        f"What a user would pick instead, {size:,} vectors of {peers['dim']} dimensions, k = {peers['k']}:",
        "",
        f"| | {' | '.join(_PEER_COLUMNS.values())} | labels |",
        f"|---|{'---:|' * len(_PEER_COLUMNS)}---|",
    ]
    for one in peers["measured"]:
        if one["vectors"] == size:
            cells = [
                format_number(one["figures"][name]["value"]) if name in one["figures"] else NO_VALUE
                for name in _PEER_COLUMNS
            ]
            labels = "no" if one["labels_right"] is None else "yes" if one["labels_right"] == 1 else "wrong ones"
            labels = labels if "recall" in one["figures"] else NO_VALUE
            rows.append(f"| {one['name']} | {' | '.join(cells)} | {labels} |")
    return "\n".join(rows)


def _kept(peers: Mapping[str, Any]) -> str:
    rows = [
        "Killed during an insert, after others were acknowledged:",
        "",
        "| | kills | acknowledged rows lost | half inserts | do not open | flushes an insert |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in peers["kept"]:
        flushes = NO_VALUE if one["flushes"] is None else f"{one['flushes']:.0f}"
        rows.append(
            f"| {one['name']} | {one['kills']} | {one['lost']:,} | {one['half']} | {one['unopened']} | {flushes} |"
        )
    return "\n".join(rows)


def _measured_on(document: Mapping[str, Any]) -> str:
    machine = document["machine"]
    memory = f", {machine['memory_gib']:.0f} GiB" if machine["memory_gib"] else ""
    flags = f", {' '.join(machine['flags'])}" if machine["flags"] else ""
    return _wrapped(
        f"Measured on {document['made']} with `python -m benchmarks all` on {machine['cores']} cores of "
        f"{machine['processor']}{flags}{memory}. [docs/report.json](docs/report.json) has every figure with its spread."
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
