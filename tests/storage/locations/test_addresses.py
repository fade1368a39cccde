"""URLs and paths of stores, and URLs of vector servers."""

from pathlib import Path

import pytest

from storage import Store
from storage.databases.address import address_of
from storage.errors import ExtraMissing, InvalidMilvusUrl, NotAStore, require_extra
from storage.locations.folder_location import FolderLocation
from storage.locations.location_of import location_of
from storage.locations.server_location import ServerLocation
from storage.milvus.url import MilvusUrl, parse_milvus_url
from tests.errors import error_message
from tests.storage.stores import line_store


def test_a_path_is_no_address() -> None:
    paths = ("store", "a/b", "C:store", Path("postgresql://x/y"))
    assert [address_of(path) for path in paths] == [None] * 4
    assert [location_of(path) for path in paths] == [FolderLocation(Path(path)) for path in paths]


def test_a_url_is_the_location_of_a_store_on_a_server() -> None:
    url = "postgresql://me:secret@host/pictures"
    address = address_of(url)
    assert address is not None
    location = location_of(url)
    assert (location, location.folder) == (ServerLocation(address), None)
    assert str(location) == "postgresql+psycopg://me:***@host/pictures"


def test_an_address_is_shown_without_its_password() -> None:
    address = address_of("postgresql://me:secret@host:5433/pictures?schema=digits&sslmode=require")
    assert address is not None
    assert str(address) == "postgresql+psycopg://me:***@host:5433/pictures?schema=digits&sslmode=require"
    assert (address.schema, address.url.password) == ("digits", "secret")


@pytest.mark.parametrize("url", ["mysql://me@host/pictures", "postgresql+asyncpg://host/pictures", "postgresql://host"])
def test_a_url_of_another_kind_is_refused_in_one_line(url: str) -> None:
    shown = f"{url.partition(':')[0]}://..."
    assert error_message(NotAStore, Store.open, url) == (
        "expected a store's folder or a URL such as postgresql+psycopg://user@host/database?schema=name, "
        f"got {shown}: name one of them"
    )


def test_a_schema_has_a_plain_name() -> None:
    with pytest.raises(
        NotAStore, match="expected a schema of lowercase letters, digits and _ in a store's URL, got 'A\"b'"
    ):
        address_of('postgresql://host/pictures?schema=A"b')


def test_a_milvus_url_names_server_collection_and_index() -> None:
    url = parse_milvus_url("http://host:19530?collection=digits&index=HNSW&M=32&ef=128")
    assert url == MilvusUrl("http://host:19530", "digits", "HNSW", None, {"M": 32}, {"ef": 128})
    assert str(url) == "http://host:19530?collection=digits"
    assert parse_milvus_url("https://host") == MilvusUrl("https://host", "lookalike", None, None, {}, {})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("host:19530", "expected a Milvus server's URL such as http://localhost:19530, got 'host:19530'"),
        ("http://root:secret@host", "expected a Milvus server's URL"),
        ("http://host?collection=a-b", "expected a collection's name of letters, digits and _, got 'a-b'"),
        ("http://host?index=DISKANN", "expected an index of FLAT, IVF_FLAT, HNSW, got 'DISKANN'"),
        ("http://host?metric=HAMMING", "expected a metric of L2, IP, COSINE, got 'HAMMING'"),
        (
            "http://host?index=HNSW&nlist=5",
            "expected no parameter but M, efConstruction, ef of the index HNSW in the Milvus URL, got 'nlist'",
        ),
        ("http://host?M=5", "expected no parameter but nprobe, ef of an index in the Milvus URL, got 'M'"),
        ("http://host?index=FLAT&M=5", "expected no parameter of the index FLAT in the Milvus URL, got 'M'"),
        ("http://host?index=HNSW&M=many", "expected a positive whole number for M in the Milvus URL, got 'many'"),
    ],
)
def test_another_kind_of_milvus_url_is_refused(url: str, message: str, tmp_path: Path) -> None:
    assert error_message(InvalidMilvusUrl, Store.open, line_store(tmp_path), milvus=url).startswith(message)


def test_a_missing_package_is_named_with_the_extra_that_brings_it() -> None:
    require_extra("json", "postgres")
    assert error_message(ExtraMissing, require_extra, "no_such_package", "postgres") == (
        "expected the package no_such_package, which is not installed: run `pip install -e '.[postgres]'` in "
        "Lookalike's folder"
    )
