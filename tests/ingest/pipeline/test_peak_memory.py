"""A process's peak memory is its own, and not its parent's."""

from ingest.pipeline.peak_memory import peak_memory
from tests.processes import printed_by


def test_a_child_process_reports_its_own_memory_only() -> None:
    block = b"x" * 2**28
    program = "from ingest.pipeline.peak_memory import peak_memory; print(peak_memory())"
    peak_of_child = int(printed_by(program))
    assert peak_memory() > len(block)
    assert 2**20 < peak_of_child < 2**27


def test_freed_memory_is_in_the_peak() -> None:
    del (blocks := [bytes(2**27)])[:]
    assert not blocks
    assert peak_memory() > 2**27
