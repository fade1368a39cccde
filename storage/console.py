"""Output of the commands: results on standard output, alone when they are JSON; messages on standard error."""

import errno
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Column

from storage.errors import LookalikeError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: The options of every command that opens a store.
StoreOption = Annotated[str, typer.Option("--store", help="The store's folder, or its PostgreSQL URL.")]
MilvusOption = Annotated[
    str | None,
    typer.Option("--milvus", envvar="LOOKALIKE_MILVUS", help="The Milvus server that searches the store's vectors."),
]

#: Standard output, for results to be read by people.
OUT = Console(highlight=False, markup=False, emoji=False)

#: Standard error, for progress bars.
ERR = Console(stderr=True, highlight=False, markup=False, emoji=False)

#: The errors of writing to a full disk.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

EXIT_FAILED = 1
EXIT_SOME_REJECTED = 3
EXIT_INTERRUPTED = 130


def command_app(help: str) -> typer.Typer:
    """Return a Typer application with plain help texts and plain Python tracebacks."""
    return typer.Typer(help=help, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def run(app: typer.Typer, program: str) -> NoReturn:
    """Run a command and exit: 0 success, 1 error in one line, 2 wrong usage, 3 rejected inputs, 130 interrupted."""
    try:
        try:
            app(prog_name=program)
        finally:
            # Here, and not at Python's exit, where an error could not be reported in one line.
            sys.stdout.flush()
    except LookalikeError as error:
        fail(str(error))
    except SystemExit as end:
        # Typer makes this of a KeyboardInterrupt, without a message.
        if end.code == EXIT_INTERRUPTED:
            print_message("interrupted: everything acknowledged so far is kept; run the same command again to go on")
        raise
    except OSError as error:
        # Named files and servers have errors of their own; these are standard output's.
        if error.filename is not None or error.errno not in (errno.EPIPE, *_NO_ROOM):
            raise
        # Prevent a second error when Python flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno == errno.EPIPE:
            # The reader of the output has exited: it needs no message.
            sys.exit(EXIT_FAILED)
        fail(f"expected to write the results to standard output, got '{error.strerror}': write them elsewhere")
    sys.exit(0)


def fail(message: str) -> NoReturn:
    """Print an error in one line and exit."""
    print_message(f"error: {message}")
    sys.exit(EXIT_FAILED)


def print_line(text: str) -> None:
    """Print a result of one line to standard output, without wrapping it."""
    OUT.print(text, soft_wrap=True)


def print_message(message: str) -> None:
    """Print a message in one line to standard error, with unprintable characters escaped."""
    line = " ".join(message.splitlines())
    sys.stderr.write("".join(char if char.isprintable() else ascii(char)[1:-1] for char in line) + "\n")


def printable(text: str) -> str:
    """Return a text unchanged when it is printable, otherwise quoted and escaped."""
    return text if text.isprintable() else ascii(text)


def display_name(location: str | Path) -> str:
    """Return a store's folder or URL to be shown: without a password, and printable."""
    # Imported here, since it imports SQLAlchemy, which not every command needs.
    from storage.databases.address import address_of

    return printable(str(address_of(location) or location))


def right_aligned(*names: str, no_wrap: bool = False) -> list[Column]:
    """Return columns of a table for numbers."""
    return [Column(name, justify="right", no_wrap=no_wrap) for name in names]


def print_json(document: "Mapping[str, Any] | DataclassInstance") -> None:
    """Print the one JSON document of a `--json` run: a mapping, or a dataclass instance by its fields' names."""
    mapping = document if isinstance(document, Mapping) else asdict(document)
    text = json.dumps(mapping, indent=2, ensure_ascii=False, allow_nan=False)
    # A lone surrogate, which a file name can hold, has no UTF-8 encoding, but JSON can escape it.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
