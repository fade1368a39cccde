"""The servers that these tests share; the tests of a server that is not installed are skipped with a message."""

from collections.abc import Generator, Iterator
from functools import partial

import pytest

from storage.milvus.client import TOKEN as TOKEN_VARIABLE
from tests.servers import milvus as milvus_server
from tests.servers import postgres as postgres_server
from tests.servers.milvus import TOKEN, MilvusServer, running_milvus
from tests.servers.postgres import PostgresCluster, running_postgres
from tests.servers.shared_server import SharedServer, shared_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process run all tests of Milvus, which is costly to start, while others run the others."""
    for item in items:
        if isinstance(item, pytest.Function) and "shared_milvus" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("milvus"))


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[SharedServer[PostgresCluster]]:
    pytest.importorskip("psycopg", reason="THE TESTS OF POSTGRESQL ARE SKIPPED: psycopg is not installed")
    programs = postgres_server.programs()
    if programs is None:
        pytest.skip("THE TESTS OF POSTGRESQL ARE SKIPPED: no PostgreSQL is installed")
    with shared_server("POSTGRESQL", partial(running_postgres, programs)) as shared:
        yield shared


@pytest.fixture(scope="session")
def shared_milvus() -> Iterator[SharedServer[MilvusServer]]:
    pytest.importorskip("pymilvus", reason="THE TESTS OF MILVUS ARE SKIPPED: pymilvus is not installed")
    programs = milvus_server.programs()
    if programs is None:
        pytest.skip("THE TESTS OF MILVUS ARE SKIPPED: no Milvus server is installed, see `make servers`")
    with shared_server("MILVUS", partial(running_milvus, programs)) as shared, pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, TOKEN)
        yield shared


@pytest.fixture
def postgres(shared_postgres: SharedServer[PostgresCluster]) -> PostgresCluster:
    """Return a running cluster."""
    return shared_postgres.get()


@pytest.fixture
def milvus(shared_milvus: SharedServer[MilvusServer]) -> MilvusServer:
    """Return a running server, whose token is in the environment."""
    return shared_milvus.get()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of a server's log with the failure of a test that used it."""
    report = yield
    if report.failed:
        for name, server in item.funcargs.items():
            if isinstance(server, PostgresCluster | MilvusServer):
                report.sections.append((f"The end of the log of {name}", server.process.log_end()))
    return report
