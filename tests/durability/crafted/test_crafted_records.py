"""Jobs, sources, thumbnails, index files and embeddings with right checksums that no job can have written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.types.storable import MAX_TEXT_BYTES, MAX_THUMBNAIL_BYTES
from tests.durability.crafted.commands import Matrix
from tests.durability.forging import alter, seal, unconstrained
from tests.storage.stores import sql
from tests.toys import grey, png

#: The numbers from 10 to 200,000 as `n`.
MANY = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
FIRST = "(SELECT * FROM generations WHERE number = 1)"

#: What changes a record that others can do without: it is reported, and `repair` removes it.
REMOVABLE = {
    "UPDATE thumbnails SET png = 'text' WHERE item = 3": "thumbnail of item 3",
    f"UPDATE thumbnails SET png = zeroblob({MAX_THUMBNAIL_BYTES + 1}) WHERE item = 3": "thumbnail of item 3",
    "INSERT INTO thumbnails SELECT 7, png, checksum FROM thumbnails WHERE item = 1": "thumbnail of item 7",
    "INSERT INTO thumbnails SELECT -7, png, checksum FROM thumbnails WHERE item = 1": "thumbnail of item -7",
    "INSERT INTO item_sources SELECT 7, source, checksum FROM item_sources WHERE item = 1": "source of item 7",
    "DELETE FROM sources": "source of item 0",
    "UPDATE sources SET name = x'ff'": "source of item 0",
    "UPDATE sources SET name = CAST(x'ff' AS TEXT)": "source of item 0",
    f"UPDATE sources SET name = printf('%.{MAX_TEXT_BYTES + 1}c', 'x')": "source of item 0",
    "UPDATE jobs SET number = 9223372036854775807": "job 9223372036854775807",
    "UPDATE jobs SET number = -1": "job -1",
    "UPDATE jobs SET source = x'ff'": "job 1",
    "UPDATE jobs SET source = CAST(x'ff' AS TEXT)": "job 1",
    f"UPDATE jobs SET source = printf('%.{MAX_TEXT_BYTES + 1}c', 'x')": "job 1",
    "UPDATE jobs SET total = 'text'": "job 1",
    "UPDATE jobs SET added = -1": "job 1",
    "UPDATE jobs SET rejected = 4611686018427387904": "job 1",
    "INSERT INTO job_changes VALUES (1, 1, 'text', 1)": "job 1",
    "UPDATE rejects SET job = 9": "rejected inputs",
    "UPDATE rejects SET key = x'ff'": "rejected inputs",
    "UPDATE rejects SET key = CAST(x'ff' AS TEXT)": "rejected inputs",
    f"UPDATE rejects SET reason = printf('%.{MAX_TEXT_BYTES + 1}c', 'x')": "rejected inputs",
    "UPDATE generations SET number = 9223372036854775807 WHERE number > 1": "index files",
    "UPDATE generations SET sha256 = '../../../../precious'": "index files",
    "UPDATE generations SET items = 'text'": "index files",
    "UPDATE generation_columns SET sha256 = '../../../../precious'": "index/g-000002-.arrow",
    "UPDATE generation_columns SET size = 'text'": "index/g-000002-.arrow",
    "INSERT INTO generations SELECT 9, 99, chain, items, size, sha256 FROM generations WHERE number = 1": "index files",
    f"{MANY} INSERT OR REPLACE INTO generations SELECT i, batch, randomblob(32), items, size, sha256 FROM n, {FIRST}": (
        "index files"
    ),
    f"{MANY} INSERT OR REPLACE INTO generations SELECT i, batch, chain, items, size, sha256 FROM n, {FIRST}": (
        "index files"
    ),
}


@pytest.mark.parametrize("statement", REMOVABLE)
def test_a_record_that_others_can_do_without_is_named_and_removed(store: Path, matrix: Matrix, statement: str) -> None:
    alter(store, statement)
    verified = matrix.run("store verify --store STORE", store)
    assert (verified.status, verified.err.splitlines()[0].partition(":")[0]) == (1, REMOVABLE[statement])
    assert matrix.run("store repair --store STORE", store).status == 0
    assert matrix.failing(store, short=True) == {}
    assert matrix.run("ingest folder:DIR/pictures --store STORE", store).status == 3
    assert matrix.run("store verify --store STORE", store).status == 0


def test_all_commands_work_on_a_store_with_all_records_repaired(store: Path, matrix: Matrix) -> None:
    for statement in REMOVABLE:
        alter(store, statement)
    assert matrix.run("store verify --store STORE", store).status == 1
    assert matrix.run("store repair --store STORE", store).status == 0
    assert matrix.failing(store) == {}


def test_a_thumbnail_that_is_no_image_counts_as_none(store: Path, matrix: Matrix) -> None:
    pictures = [b"", b"nonsense", png(grey(1))[:-20], png(np.zeros((4000, 4000), np.uint8)), b"%!PS-Adobe-3.0 EPSF"]
    for id, picture in enumerate(pictures):
        alter(store, "UPDATE thumbnails SET png = ? WHERE item = ?", picture, id)
    assert matrix.run("store verify --store STORE", store).status == 0
    assert matrix.failing(store) == {}


#: Sources that a job of a received store can name; nothing but the folders and files that a user names is opened.
SOURCES = [
    "folder:'unclosed",
    "folder:",
    "folder:/missing --limit=x",
    "folder:/missing --limit=99999999999999999999999",
    "manifest:/dev/stdin",
    "manifest:/dev/zero",
    "npz:/dev/zero",
    "idx:/dev",
    "https://example.org",
    "",
    "(an object)",
    "\x1b[31m",
]


def test_a_source_that_cannot_be_opened_is_refused_in_a_line(store: Path, matrix: Matrix) -> None:
    for source in SOURCES:
        alter(store, "UPDATE jobs SET source = ?, finished = 0", source)
        alter(store, "UPDATE sources SET name = ?", source)
        assert matrix.run("store verify --store STORE", store).status == 0
        assert matrix.failing(store, short=True) == {}
        assert matrix.run("jobs retry --store STORE", store).status == 1
        assert matrix.run("store repair --store STORE", store).status == 0


def change_spec(store: Path, change: Callable[[dict[str, Any]], object]) -> None:
    ((text,),) = sql(store, "SELECT spec FROM embedding")
    spec = json.loads(text)
    change(spec)
    alter(store, "UPDATE embedding SET spec = ?", json.dumps(spec))


def of_recipe(**fields: object) -> Callable[[dict[str, Any]], object]:
    return lambda spec: spec["recipe"].update(fields)


#: Changes of an embedding's description that no version of Lookalike makes.
IMPOSSIBLE_SPECS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a recipe that is none": lambda spec: spec.update(recipe=[1]),
    "a recipe without fields": lambda spec: spec.update(recipe={}),
    "an unknown field": of_recipe(more=1),
    "an unknown head": of_recipe(head="other"),
    "another head": of_recipe(head="dense"),
    "a head that is none": of_recipe(head="none"),
    "no pixels": of_recipe(side=0),
    "many pixels": of_recipe(side=10**9),
    "an endless number": of_recipe(side=10**400),
    "a negative seed": of_recipe(seed=-1),
    "NaN": of_recipe(whiten=float("nan")),
    "other dimensions": of_recipe(dim=7),
    "weights that are a list": lambda spec: spec.update(weights=[1]),
    "a digest that is a number": lambda spec: spec.update(weights={"digest": 5}),
    "a decoder that is a list": lambda spec: spec.update(decoder=[1]),
    "an unknown precision": lambda spec: spec.update(precision="other"),
    "a text for a number": lambda spec: spec.update(fitted_on="text"),
    "a negative number": lambda spec: spec.update(fitted_on=-1),
    "infinity": lambda spec: spec.update(more=float("inf")),
    "a text that is no Unicode": lambda spec: spec.update(more="\ud800"),
    "a large text": lambda spec: spec.update(more="x" * 2**20),
}

MEAN, COMPONENTS, CANARIES = "head.mean", "head.components", "canaries"

#: Changes of its arrays.
IMPOSSIBLE_ARRAYS = {
    **{f"no {name}": f"DELETE FROM arrays WHERE name = '{name}'" for name in (MEAN, COMPONENTS, CANARIES)},
    **{
        f"{name}: {statement}": f"UPDATE arrays SET {statement} WHERE name = '{name}'"
        for name in (COMPONENTS, CANARIES)
        for statement in (
            "name = x'ff'",
            "name = CAST(x'ff' AS TEXT)",
            "name = 'other'",
            "shape = '[-1]'",
            "shape = '[2, 2, 1]'",
            "shape = '[true]'",
            "shape = 'nonsense'",
            "shape = '{}'",
            "shape = '[4611686018427387904, 4]'",
            "data = x'00'",
            "data = 'text'",
            "data = NULL",
            "data = x''",
            "(shape, data) = ('[1, 2]', zeroblob(8))",
        )
    },
    f"NaN in {MEAN}": f"UPDATE arrays SET data = x'0000c07f' || substr(data, 5) WHERE name = '{MEAN}'",
    f"NaN in {CANARIES}": f"UPDATE arrays SET data = x'0000c07f' || substr(data, 5) WHERE name = '{CANARIES}'",
    "one more": "INSERT INTO arrays VALUES ('head.more', '[1]', x'00000000')",
    "a dimension more": "UPDATE embedding SET dim = 5",
    "no embedding": "DELETE FROM embedding",
    "two embeddings": "INSERT INTO embedding SELECT 2, dim, fingerprint, spec, sha256 FROM embedding",
    "an embedding of a later batch": "UPDATE embedding SET id = 2",
}


def require_reported(store: Path, matrix: Matrix) -> None:
    """Raise AssertionError unless a store is reported, not repaired, and no image is embedded as its items were."""
    assert matrix.run("store verify --store STORE", store).status == 1
    assert matrix.run("store repair --store STORE", store).status == 1
    assert matrix.run("search query --store STORE --image DIR/query.png", store).status == 1


def test_an_embedding_that_is_described_as_none_can_be_is_reported(store: Path, matrix: Matrix) -> None:
    ((text,),) = sql(store, "SELECT spec FROM embedding")
    for change in IMPOSSIBLE_SPECS.values():
        change_spec(store, change)
        require_reported(store, matrix)
        alter(store, "UPDATE embedding SET spec = ?", text)
    assert matrix.failing(store, short=True) == {}


def test_an_embedding_whose_arrays_are_not_its_recipes_is_reported(store: Path, matrix: Matrix) -> None:
    arrays, embedding = sql(store, "SELECT * FROM arrays"), sql(store, "SELECT * FROM embedding")
    for statement in IMPOSSIBLE_ARRAYS.values():
        alter(store, statement)
        require_reported(store, matrix)
        with unconstrained(store) as connection:
            for table, rows in (("arrays", arrays), ("embedding", embedding)):
                connection.execute(f"DELETE FROM {table}")
                connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    seal(store)
    assert matrix.failing(store) == {}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table, column)
        for table, columns in {
            "embedding": ("dim", "fingerprint", "spec", "sha256"),
            "arrays": ("name", "shape", "data"),
            "batches": ("live", "next_id", "chain"),
            "items": ("batch", "key", "content", "metadata", "vector", "checksum"),
            "thumbnails": ("png", "checksum"),
            "generations": ("batch", "chain", "items", "size", "sha256"),
            "jobs": ("source", "total", "finished"),
            "rejects": ("key", "job", "reason"),
            "sources": ("name",),
            "item_sources": ("source", "checksum"),
        }.items()
        for column in columns
    ],
)
def test_a_missing_value_is_reported_and_repaired_or_refused(
    store: Path, matrix: Matrix, table: str, column: str
) -> None:
    with unconstrained(store) as connection:
        connection.execute(f"UPDATE {table} SET {column} = NULL")
    verified = matrix.run("store verify --store STORE", store)
    assert verified.status == 1
    matrix.failing(store, short=True)
    if matrix.run("store repair --store STORE", store).status == 0:
        assert matrix.run("store verify --store STORE", store).status == 0
        assert matrix.failing(store, short=True) == {}
