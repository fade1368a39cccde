"""Output of the commands: results on standard output, alone when they are JSON; messages on standard error."""

import errno
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Column

from storage import interrupts
from storage.errors import LookalikeError
from storage.standard_streams import prepare_standard_streams

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: The options of every command that opens a store.
StoreOption = Annotated[str, typer.Option("--store", help="The store's folder, or its PostgreSQL URL.")]
MilvusOption = Annotated[
    str | None,
    typer.Option("--milvus", envvar="LOOKALIKE_MILVUS", help="The Milvus server that searches the store's vectors."),
]


class PrintableConsole(Console):
    """A console without markup, which escapes every unprintable character of what it is given to print.

    What comes from a store or a source could otherwise move a terminal's cursor, or worse.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts and tables."""
        super().print(*map(_Printable, objects), **options)


class _Printable:
    """A text or table, with unprintable characters escaped."""

    def __init__(self, content: Any) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        content = escaped(self._content) if isinstance(self._content, str) else self._content
        for segment in console.render(content, options):
            yield segment if segment.control else Segment(escaped(segment.text), segment.style)


#: Standard output, for results to be read by people.
OUT = PrintableConsole()

#: Standard error, for progress bars.
ERR = PrintableConsole(stderr=True)

#: The errors of writing to a standard output whose reader has exited, that is closed, or whose disk is full.
_UNWRITABLE = (errno.EPIPE, errno.EBADF, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

#: What the loader of libraries, C++ and Python's threads say when there is not enough memory.
_OUT_OF_MEMORY = ("failed to map segment", "annot allocate memory", "bad_alloc", "can't start new thread")

EXIT_FAILED = 1
EXIT_SOME_REJECTED = 3
EXIT_INTERRUPTED = 130


def command_app(help: str) -> typer.Typer:
    """Return a Typer application with plain help texts and plain Python tracebacks."""
    return typer.Typer(help=help, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def run(app: typer.Typer, program: str) -> NoReturn:
    """Run a command and exit: 0 success, 1 error in one line, 2 wrong usage, 3 rejected inputs, 130 interrupted."""
    prepare_standard_streams()
    try:
        try:
            interrupts.raise_again()
            app(prog_name=program)
        finally:
            # Here, and not at Python's exit, where an error could not be reported in one line.
            sys.stdout.flush()
    except KeyboardInterrupt:
        _end_interrupted()
    except SystemExit as end:
        # Typer makes this of a KeyboardInterrupt, without a message.
        if end.code == EXIT_INTERRUPTED:
            _end_interrupted()
        raise
    except Exception as error:
        if reason := _memory_reason(error):
            fail(f"expected enough memory for this command, got {reason}: give the process more, or less to do at once")
        if isinstance(error, LookalikeError):
            fail(str(error))
        # Named files and servers have errors of their own; these are standard output's.
        if not isinstance(error, OSError) or error.filename is not None or error.errno not in _UNWRITABLE:
            raise
        # Prevent a second error when Python flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            # The reader of the output has exited: it needs no message.
            sys.exit(EXIT_FAILED)
        fail(f"expected to write the results to standard output, got '{error.strerror}': write them elsewhere")
    sys.exit(0)


def _memory_reason(error: BaseException | None) -> str | None:
    """Return what an error says of too little memory, if this or an error before it is of that; otherwise None."""
    while error is not None:
        says = str(error)
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return f"'{says}'" if says else "an allocation that failed"
        if isinstance(error, ImportError | RuntimeError) and any(sign in says for sign in _OUT_OF_MEMORY):
            return f"'{says}'"
        error = error.__cause__ or error.__context__
    return None


def _end_interrupted() -> NoReturn:
    print_message("interrupted: everything acknowledged so far is kept; run the same command again to go on")
    sys.exit(EXIT_INTERRUPTED)


def fail(message: str) -> NoReturn:
    """Print an error in one line and exit."""
    print_message(f"error: {message}")
    sys.exit(EXIT_FAILED)


@contextmanager
def shown_stages() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows on a terminal what is being done, on standard error, until it is done."""
    with ERR.status("") as status:
        yield status.update


def print_line(text: str) -> None:
    """Print a result of one line to standard output, without wrapping it."""
    OUT.print(text, soft_wrap=True)


def print_message(message: str) -> None:
    """Print a message in one line to standard error, with unprintable characters escaped."""
    sys.stderr.write(escaped(" ".join(message.splitlines())) + "\n")


def escaped(text: str) -> str:
    """Return a text with unprintable characters escaped, line breaks excepted."""
    return _with_escapes(text, lambda char: ascii(char)[1:-1])


def _with_escapes(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else escape(char) for char in text)


def printable(text: str) -> str:
    """Return a text unchanged when it is printable, otherwise quoted and escaped."""
    return text if text.isprintable() else ascii(text)


def display_name(location: str | Path) -> str:
    """Return a store's folder or URL to be shown: without a password, and printable."""
    # Imported here, since it imports SQLAlchemy, which not every command needs.
    from storage.databases.address import address_of

    return printable(str(address_of(location) or location))


def store_argument(location: str | Path) -> str:
    """Return a store's folder or URL as `display_name` does, quoted where a shell would take it for something else."""
    return shlex.quote(display_name(location))


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: 1 item, 2,000 items."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def right_aligned(*names: str, no_wrap: bool = False) -> list[Column]:
    """Return columns of a table for numbers."""
    return [Column(name, justify="right", no_wrap=no_wrap) for name in names]


def print_json(document: "Mapping[str, Any] | DataclassInstance") -> None:
    """Print the one JSON document of a `--json` run: a mapping, or a dataclass instance by its fields' names."""
    mapping = document if isinstance(document, Mapping) else asdict(document)
    # JSON can escape what the encoding of standard output cannot express, and what no terminal should be sent.
    utf_8 = (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"
    text = json.dumps(mapping, indent=2, ensure_ascii=not utf_8, allow_nan=False)
    sys.stdout.write(_with_escapes(text, lambda char: json.dumps(char)[1:-1]) + "\n")
