"""Record the operations of a writer on its files, from strace's log."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.durability.tracing.call_parser import Call, CallParser
from benchmarks.durability.tracing.operations import Operation
from benchmarks.durability.tracing.strace import run_traced
from benchmarks.durability.writer import Job
from benchmarks.errors import BenchmarkFailed

#: Every call that can change a file, its names, or what a descriptor refers to.
CALLS = (
    "open,creat,openat,openat2,close,dup,dup2,dup3,fcntl,lseek,write,writev,pwrite64,pwritev,pwritev2,"
    "truncate,ftruncate,fallocate,sendfile,copy_file_range,splice,mmap,fsync,fdatasync,sync_file_range,syncfs,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
)

_LINE = re.compile(r"\d+ +(?P<call>\w+)\((?P<args>.*)\) += (?P<result>-?\d+|0x[0-9a-f]+)")
_CUT_LINE = re.compile(r"(?P<start>\d+ +\w+\(.*) <unfinished \.\.\.>$|(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<end>.*)")


def record(job: Job, existing: Mapping[str, int | None], options: Sequence[str] = ()) -> list[Operation]:
    """Do a writer's job and return its operations below `job.root`; `existing`: see `parse_log`.

    `options` are further options of strace. Raise BenchmarkFailed when the writer does not come to its end.
    """
    result = run_traced(job, ["-e", f"trace={CALLS}", *options])
    if not result.done:
        raise BenchmarkFailed(f"expected a writer to come to its end, got {result.last_line!r} {result.errors}")
    return list(parse_log(result.log, job.root, existing))


def parse_log(log: str, root: Path, existing: Mapping[str, int | None]) -> Iterator[Operation]:
    """Yield the operations of a log in order; calls that failed have none.

    `existing` maps each path below `root` that existed before to its file's number, or to None for a folder. Raise
    UnmodelledCall for a call on these files that no operation describes.
    """
    parser = CallParser(root, existing)
    for line in _joined_lines(log):
        match = _LINE.match(line)
        if match and not match["result"].startswith("-"):
            yield from parser.parse(Call(match["call"], match["args"], int(match["result"], 0)))


def _joined_lines(log: str) -> Iterator[str]:
    """Yield the lines; those that another thread's call has cut in two are joined."""
    started: dict[str, str] = {}
    for line in log.splitlines():
        cut = _CUT_LINE.match(line)
        if cut is None:
            yield line
        elif cut["start"]:
            started[line.split()[0]] = cut["start"]
        else:
            yield started.pop(cut["pid"]) + cut["end"]
