"""How every command talks: JSON alone on standard output, everything else on standard error, errors in one line."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from storage.errors import LookalikeError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: The options of every command that opens a store.
StoreOption = Annotated[str, typer.Option("--store", help="The store's folder, or its PostgreSQL URL.")]
MilvusOption = Annotated[
    str | None,
    typer.Option("--milvus", envvar="LOOKALIKE_MILVUS", help="The Milvus server that searches the store's vectors."),
]

#: For results that people read.
OUT = Console(highlight=False, markup=False, emoji=False)

#: For progress, notes and errors.
ERR = Console(stderr=True, highlight=False, markup=False, emoji=False)

EXIT_FAILED = 1
EXIT_SOME_REJECTED = 3
EXIT_INTERRUPTED = 130


def command_app(help: str) -> typer.Typer:
    """Return an application whose commands print plain help and never a traceback of ours."""
    return typer.Typer(help=help, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def run(app: typer.Typer, program: str) -> NoReturn:
    """Run a command and exit: 0 done, 1 a failure named in one line, 2 wrong usage, 3 done but inputs were rejected."""
    try:
        app(prog_name=program)
    except LookalikeError as error:
        fail(str(error))
    except KeyboardInterrupt:
        say("interrupted: everything acknowledged so far is kept; run the same command again to go on")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone; keep Python from complaining again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def fail(message: str) -> NoReturn:
    """End the command with one line that says what was expected, what was given and what to do."""
    say(f"error: {message}")
    sys.exit(EXIT_FAILED)


def say(message: str) -> None:
    """Print one line to standard error, whatever is in the message."""
    line = " ".join(message.splitlines())
    sys.stderr.write("".join(char if char.isprintable() else ascii(char)[1:-1] for char in line) + "\n")


def printable(text: str) -> str:
    """Return a text as it can be shown anywhere: as it is, or quoted and escaped when parts of it cannot be printed."""
    return text if text.isprintable() else ascii(text)


def shown(place: str | Path) -> str:
    """Return a store's place as it can be shown: without a password, and without what cannot be printed."""
    # Imported here: only what has a store to show needs it.
    from storage.databases.address import address_of

    return printable(str(address_of(place) or place))


def print_json(document: "Mapping[str, Any] | DataclassInstance") -> None:
    """Print the one JSON document of a `--json` run: a mapping, or a dataclass instance by its fields' names."""
    mapping = document if isinstance(document, Mapping) else asdict(document)
    text = json.dumps(mapping, indent=2, ensure_ascii=False, allow_nan=False)
    # A lone surrogate, which a file name can hold, has no UTF-8 encoding, but JSON can escape it.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
