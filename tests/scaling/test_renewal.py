"""A store on servers is renewed as one in a folder: beside the old vectors, and taken over at once."""

from pathlib import Path

import pytest

from storage import Embedding, NewItem, Store
from storage.errors import StoreBusy, StoreRenewed
from storage.types.query import Query
from tests.servers.milvus import MilvusServer
from tests.servers.postgres import PostgresCluster
from tests.storage.stores import EMBEDDING, content, hit, item, line_store, line_vectors, new_item, new_items, pairs

WIDER = Embedding(3, "d" * 64, {"made": "wider"})


def stage(store: Store, numbers: list[int]) -> Store:
    """Stage vectors of three dimensions, in which the items lie in the opposite order."""
    staged = store.create_renewal(WIDER)
    items = [NewItem(f"key {n}", content(n), thumbnail=b"png") for n in numbers]
    staged.append(items, [[2.0 ** (10 - n), 1.0, 5.0] for n in numbers])
    return staged


def test_a_store_on_postgresql_is_renewed_beside_itself(postgres: PostgresCluster) -> None:
    url = postgres.url("renewed")
    with Store.create(url, EMBEDDING) as store:
        store.append(new_items(range(3)), line_vectors(range(3)))
        with Store.open(url) as reader, Store.open(url, writing=True) as other:
            reader.nearest([0, 0], 1)
            with stage(store, [0, 1, 2]) as staged:
                other.append([new_item(3)], line_vectors([3]))
                with pytest.raises(StoreBusy, match="got none for 'key 3', which was written meanwhile"):
                    store.change_over(staged)
                other.delete(keys=["key 3"])
                store.change_over(staged)
            store.remove_renewal()
            assert store.open_renewal() is None
            with pytest.raises(StoreRenewed):
                other.append([new_item(4)], line_vectors([4]))
            with pytest.raises(StoreRenewed):
                reader.nearest([0, 0], 1)
            assert pairs(reader.search_by_key(["key 0"], Query(1))) == [(item(0, 4), [hit(1, 1, 512.0, id=5)])]
            assert reader.verify() == []
    assert postgres.sql("SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'renewed_renewal'") == [
        (0,)
    ]


def test_the_collection_of_a_renewed_store_is_made_anew(milvus: MilvusServer, tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3)
    url = milvus.url()
    with Store.open(folder, writing=True, milvus=url) as store:
        store.publish()
        with Store.open(folder, milvus=url) as reader:
            reader.nearest([0, 0], 1)
            with stage(store, [0, 1, 2]) as staged:
                store.change_over(staged)
            store.remove_renewal()
            with pytest.raises(StoreRenewed):
                reader.nearest([0, 0], 1)
            assert pairs(reader.search_by_key(["key 0"], Query(1))) == [(item(0, 3), [hit(1, 1, 512.0, id=4)])]
            assert reader.verify() == []
