"""Every command of Lookalike under one name."""

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lookalike import __version__
from storage import console

#: The commands in the order of the help: a module, the Typer application in it, and the command's name in that
#: application, None if the application itself is the command.
COMMANDS: dict[str, tuple[str, str, str | None]] = {
    "ingest": ("ingest.__main__", "app", None),
    "retry": ("ingest.__main__", "jobs_app", "retry"),
    "renew": ("ingest.__main__", "jobs_app", "renew"),
    "status": ("ingest.__main__", "jobs_app", "status"),
    "query": ("search.__main__", "app", "query"),
    "map": ("search.__main__", "app", "map"),
    "explore": ("search.__main__", "app", "explore"),
    "duplicates": ("search.__main__", "app", "duplicates"),
    "suspects": ("search.__main__", "app", "suspects"),
    "outliers": ("search.__main__", "app", "outliers"),
    "apply": ("search.__main__", "app", "apply"),
    "serve": ("search.__main__", "app", "serve"),
    "store": ("storage.__main__", "app", None),
}


class LazyGroup(TyperGroup):
    """The commands of `COMMANDS`, each imported only when it runs: a query does not load the modules of ingest."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Click suggests a name of this dictionary after a misspelt one; `get_command` imports the command itself.
        names: Any = dict.fromkeys(COMMANDS)
        self.commands = names

    def get_command(self, _context: Any, name: str) -> Any:
        """Return the command of this name, or None."""
        if name not in COMMANDS:
            return None
        module, application, inner_name = COMMANDS[name]
        command: Any = typer.main.get_command(getattr(import_module(module), application))
        if inner_name is not None:
            command = command.commands[inner_name]
        command.name = name
        return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(requested: bool) -> None:
    if requested:
        console.OUT.print(f"lookalike {__version__}")
        raise typer.Exit


@app.callback()
def lookalike(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Store images with their embeddings, and find the ones most similar to a given image by exact search."""
