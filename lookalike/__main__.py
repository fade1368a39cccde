"""`lookalike`: every command of Lookalike under one name; `python -m lookalike` is the same."""

from storage import interrupts


def main() -> None:
    """Run the command line; the entry point of the console script."""
    interrupts.end_at_once()
    # Imported here: they take a moment to load.
    from lookalike.commands import app
    from storage import console

    console.run(app, "lookalike")


if __name__ == "__main__":
    main()
