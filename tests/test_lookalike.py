"""The package `lookalike`: its public names, and what importing it and running its commands loads."""

import os
import signal
import subprocess
import sys

import pytest

import ingest
import lookalike
import search
import storage
from tests.processes import REPOSITORY, printed_by


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
        "find_duplicates": search.find_duplicates,
        "find_label_issues": search.find_label_issues,
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


def test_ctrl_c_while_modules_load_ends_a_command_without_a_traceback() -> None:
    """It is sent at the first import after the start."""
    program = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "lookalike.commands":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from lookalike.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=os.environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
