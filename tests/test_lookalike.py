"""The package `lookalike`: its public names, and what importing it and running its commands loads."""

import pytest

import ingest
import lookalike
import search
import storage
from tests.processes import printed_by


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
        "import lookalike.__main__ as main; main.LazyGroup().get_command(None, 'query')",
        "import lookalike.__main__ as main; main.LazyGroup().get_command(None, 'store')",
    ],
)
def test_what_a_query_needs_loads_nothing_that_it_does_not_need(program: str) -> None:
    assert printed_by(f"{program}\nimport sys; print({HEAVY} & sys.modules.keys())") == "set()\n"
