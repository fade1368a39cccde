"""The servers that these tests share; the tests of a server that is not installed are skipped with a message."""

from collections.abc import Iterator

import pytest

from tests.servers.milvus import TOKEN, Server, is_another_running, program, running_milvus
from tests.servers.postgres import Cluster, programs, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    pytest.importorskip("psycopg", reason="THE TESTS OF POSTGRESQL ARE SKIPPED: psycopg is not installed")
    if programs() is None:
        pytest.skip("THE TESTS OF POSTGRESQL ARE SKIPPED: no PostgreSQL is installed")
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def milvus() -> Iterator[Server]:
    pytest.importorskip("pymilvus", reason="THE TESTS OF MILVUS ARE SKIPPED: pymilvus is not installed")
    if program() is None:
        pytest.skip("THE TESTS OF MILVUS ARE SKIPPED: no Milvus server is installed, see `make servers`")
    if is_another_running():
        pytest.skip("THE TESTS OF MILVUS ARE SKIPPED: another etcd is running, and there can be but one")
    with running_milvus() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKALIKE_MILVUS_TOKEN", TOKEN)
        yield server
