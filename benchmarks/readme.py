"""Write results from a report into the README and docs/results.md, so that no number in them was typed by hand."""

import json
from pathlib import Path

from benchmarks.errors import UnfitForBenchmark
from benchmarks.readme_results import BEGIN, END, all_results, readme_results
from benchmarks.render import is_report, read_report
from benchmarks.renewed_report import renewed_report
from storage.files.output_file import OutputFile


def write_results(
    report: Path, readme: Path, all_page: Path, copy: Path, *, renew: bool = False, force: bool = False
) -> None:
    """Replace the text between the markers of two pages by a report's results, and write a copy of the report.

    The README gets the results that matter most, the other page all of them.

    With `renew` only the parts that the report has are replaced in the copy, and shown beside its others.

    Raise UnfitForBenchmark if the report cannot be read or a page has no markers, and OutputRefused if the copy would
    replace a file that is no report; `force` replaces any.
    """
    document = read_report(report)
    if renew:
        document = renewed_report(read_report(copy), document)
    written = [
        (page, replace_results(_read(page), text).encode())
        for page, text in ((readme, readme_results(document)), (all_page, all_results(document)))
    ]
    output = OutputFile(copy, "report", is_report, force, [readme, all_page])
    output.require_replaceable()
    for page, content in written:
        # The markers say that this part of the page may be replaced.
        OutputFile(page, "page", lambda _: True, inputs=[report]).write_bytes(content)
    output.write_bytes((json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def _read(page: Path) -> str:
    try:
        return page.read_bytes().decode()
    except (OSError, ValueError) as error:
        raise UnfitForBenchmark(f"expected a page with markers, got {error}: name another page") from None


def replace_results(page: str, text: str) -> str:
    """Return a page with its markers, and what is between them, replaced by a text."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UnfitForBenchmark(f"expected a page with the markers {BEGIN!r} and {END!r}, got none: put them in")
    return before + text + after
