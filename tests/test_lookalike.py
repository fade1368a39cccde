"""The package `lookalike`: its public names, and what importing it and running its commands loads."""

import signal
import sys

import pytest

import ingest
import lookalike
import search
import storage
from tests.processes import printed_by, run_python


def test_every_public_name_is_that_of_its_package() -> None:
    public = {name: getattr(lookalike, name) for name in lookalike.__all__ if name != "__version__"}
    assert public == {
        "Hit": storage.Hit,
        "IngestReport": ingest.IngestReport,
        "LookalikeError": storage.LookalikeError,
        "Plan": ingest.Plan,
        "QueryResult": search.QueryResult,
        "QueryResults": search.QueryResults,
        "RenewalReport": ingest.RenewalReport,
        "Searcher": search.Searcher,
        "SourceImage": ingest.SourceImage,
        "Store": storage.Store,
        "explore": search.explore,
        "find_duplicates": search.find_duplicates,
        "find_label_issues": search.find_label_issues,
        "find_leaks": search.find_leaks,
        "find_outliers": search.find_outliers,
        "ingest": ingest.ingest,
        "plan": ingest.plan,
        "renew": ingest.renew,
        "retry": ingest.retry,
    }
    assert dir(lookalike) == lookalike.__all__


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lookalike' has no attribute 'Sercher'"):
        _ = lookalike.Sercher


HEAVY = "{'cv2', 'tensorflow', 'matplotlib', 'ray', 'pymilvus', 'psycopg', 'sklearn', 'benchmarks'}"


@pytest.mark.parametrize(
    "program",
    [
        "import lookalike; lookalike.Searcher, lookalike.Store",
        "import lookalike.commands as commands; commands.LazyGroup().get_command(None, 'query')",
        "import lookalike.commands as commands; commands.LazyGroup().get_command(None, 'store')",
    ],
)
def test_what_a_query_needs_loads_nothing_that_it_does_not_need(program: str) -> None:
    assert printed_by(f"{program}\nimport sys; print({HEAVY} & sys.modules.keys())") == "set()\n"


def test_a_service_starts_without_the_packages_of_one_request_or_another() -> None:
    heavy = "{'tensorflow', 'matplotlib', 'ray', 'sklearn', 'scipy.stats'}"
    assert printed_by(f"import search.service.serve, sys; print({heavy} & sys.modules.keys())") == "set()\n"


#: Runs a module as a program, and sends SIGINT to itself when it begins to import another; lists what it imports.
#: Processes in the background of a shell are started to ignore SIGINT.
INTERRUPTED = """
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
program, interrupting, *sys.argv[1:] = sys.argv[1:]
class Interrupting:
    def find_spec(self, name, *_):
        if interrupting == "nothing":
            print(name, file=sys.stderr)
        if name == interrupting:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
runpy.run_module(program, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("program", ["lookalike", "ingest", "search", "storage", "benchmarks"])
def test_ctrl_c_while_modules_load_ends_a_command_without_a_traceback(program: str) -> None:
    """From the first module after `storage.interrupts`, before which a program loads nothing but the packages."""
    loading = run_python("-c", INTERRUPTED, program, "nothing", "--help").stderr.splitlines()
    ready = loading.index("storage.interrupts")
    assert {name for name in loading[:ready] if name.split(".")[0] not in sys.stdlib_module_names} == (
        {program, f"{program}.__main__", "storage"}
    )
    for module in (loading[ready + 1], "storage.console"):
        assert module in loading
        done = run_python("-c", INTERRUPTED, program, module, "--help")
        assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", ""), module


def test_ctrl_c_while_a_command_of_lookalike_loads_its_modules_is_one_line() -> None:
    done = run_python("-c", INTERRUPTED, "lookalike", "faiss", "store", "info", "--store", "nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (
        130,
        "",
        "interrupted: everything acknowledged so far is kept; run the same command again to go on\n",
    )


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "print"])
def test_a_program_that_handles_ctrl_c_otherwise_keeps_its_handler(handler: str) -> None:
    code = f"""
import signal
from storage import interrupts
signal.signal(signal.SIGINT, {handler})
interrupts.end_at_once()
interrupts.raise_again()
print(signal.getsignal(signal.SIGINT) == {handler})
"""
    assert printed_by(code) == "True\n"
