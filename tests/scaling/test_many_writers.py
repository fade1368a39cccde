"""Several writers of one store on a server: ids are unique and dense, the history is one chain."""

import threading

import pytest
import sqlalchemy as sa

from storage import Store
from storage.databases.postgres_server import PostgresServer
from storage.errors import ServerUnusable
from tests.scaling.stores import EMBEDDING, VECTORS, fill, items
from tests.servers.postgres import PostgresCluster


def test_concurrent_writers_assign_dense_ids_in_one_history(postgres: PostgresCluster) -> None:
    url = postgres.url()
    Store.create(url, EMBEDDING).close()

    def write(first: int) -> None:
        with Store.open(url, writing=True) as store:
            fill(store, first, first + 200, batch=10)

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 200, 400, 600)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with Store.open(url) as store:
        assert store.ids().tolist() == list(range(800))
        assert sorted(item.key for item in store.items()) == sorted(f"key {number}" for number in range(800))
        assert (store.last_batch().number, store.verify()) == (80, [])


def test_concurrent_jobs_have_different_numbers(postgres: PostgresCluster) -> None:
    url = postgres.url()
    with Store.create(url, EMBEDDING) as first, Store.open(url, writing=True) as second:
        assert len({first.next_job(), second.next_job(), first.next_job()}) == 3


@pytest.mark.parametrize("when", ["before COMMIT", "after COMMIT"])
def test_a_batch_whose_acknowledgement_was_lost_is_written_exactly_once(when: str, postgres: PostgresCluster) -> None:
    url = postgres.url()
    with Store.create(url, EMBEDDING) as store:
        fill(store, 0, 10, batch=10)
        server = store._database
        assert isinstance(server, PostgresServer)
        lost: list[str] = []

        def lose(connection: sa.Connection) -> None:
            """Close the connection at its first COMMIT, before or after it, as if the network had failed."""
            if not lost and connection.get_execution_options().get("isolation_level") == "READ COMMITTED":
                lost.append(when)
                driver = connection.connection.dbapi_connection
                assert driver is not None
                if when == "after COMMIT":
                    driver.commit()
                driver.close()

        sa.event.listen(server._engine, "commit", lose)
        appended = store.append(items(range(10, 20)), VECTORS[10:20])
        assert lost == [when]
        assert (appended.ids, appended.replaced) == (tuple(range(10, 20)), 0)
        assert (store.last_batch().number, len(store), store.verify()) == (2, 20, [])


def test_a_batch_is_refused_while_the_server_is_down_and_written_once_it_is_back(postgres: PostgresCluster) -> None:
    url = postgres.url()
    with Store.create(url, EMBEDDING) as store:
        postgres.process.kill()
        try:
            with pytest.raises(ServerUnusable, match="everything acknowledged so far is kept"):
                fill(store, 0, 10)
        finally:
            postgres.process.start()
        fill(store, 0, 10)
        assert (store.last_batch().number, store.verify()) == (1, [])
