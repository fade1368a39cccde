"""The servers that these tests share; the tests of a server that is not installed are skipped with a message."""

from collections.abc import Iterator

import pytest

from storage.milvus.client import TOKEN as TOKEN_VARIABLE
from tests.servers.milvus import TOKEN, MilvusServer, is_another_running, program, running_milvus
from tests.servers.postgres import PostgresCluster, programs, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    pytest.importorskip("psycopg", reason="THE TESTS OF POSTGRESQL ARE SKIPPED: psycopg is not installed")
    folder = programs()
    if folder is None:
        pytest.skip("THE TESTS OF POSTGRESQL ARE SKIPPED: no PostgreSQL is installed")
    with running_postgres(folder) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def milvus() -> Iterator[MilvusServer]:
    pytest.importorskip("pymilvus", reason="THE TESTS OF MILVUS ARE SKIPPED: pymilvus is not installed")
    path = program()
    if path is None:
        pytest.skip("THE TESTS OF MILVUS ARE SKIPPED: no Milvus server is installed, see `make servers`")
    if is_another_running():
        pytest.skip("THE TESTS OF MILVUS ARE SKIPPED: another etcd is running, and only one can")
    with running_milvus(path) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, TOKEN)
        yield server
