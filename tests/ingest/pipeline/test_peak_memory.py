"""A process's peak memory is its own, whatever the process had that began it."""

from ingest.pipeline.peak_memory import peak_memory
from tests.programs import printed_by


def test_a_process_is_told_of_its_own_memory_only() -> None:
    ours = b"x" * 2**28
    program = "from ingest.pipeline.peak_memory import peak_memory; print(peak_memory())"
    theirs = int(printed_by(program))
    assert peak_memory() > len(ours)
    assert 2**20 < theirs < 2**27


def test_what_was_let_go_of_is_in_the_peak() -> None:
    del (let_go := [bytes(2**27)])[:]
    assert not let_go
    assert peak_memory() > 2**27
