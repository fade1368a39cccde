"""`lookalike`: every command of Lookalike under one name; `python -m lookalike` is the same."""

import signal


def main() -> None:
    """Run the command line; the entry point of the console script."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:
        # While modules load there is nothing to keep: Ctrl-C ends the process at once, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from lookalike.commands import app
    from storage import console

    signal.signal(signal.SIGINT, handler)
    console.run(app, "lookalike")


if __name__ == "__main__":
    main()
