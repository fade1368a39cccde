"""`python -m storage`: what it prints where, and how it ends."""

import os
import sqlite3
from pathlib import Path

import faiss
import numpy as np
import pyarrow.parquet as pq
import pytest

from storage import Embedding, NewItem, Store
from storage.__main__ import app
from tests.commands import Command
from tests.full_disk import largest_file
from tests.processes import run_python
from tests.storage.stores import content, item, line_store, line_vector, new_item, sql


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store of items 0 to 3, of which 1 is deleted, published, and of item 4 without a label."""
    folder = line_store(tmp_path, 4, batch=2)
    with Store.open(folder, writing=True) as opened:
        opened.delete(ids=[1])
        opened.publish()
        opened.append([NewItem("key 4", content(4), None, {"number": 4})], line_vector(4))
    return folder


def index_file(store: Path) -> Path:
    (path,) = (store / "index").glob("*.faiss")
    return path


def index_bytes(store: Path) -> int:
    return sum(path.stat().st_size for path in (store / "index").iterdir())


def format_of(store: Path) -> int:
    return int(sql(store, "PRAGMA user_version")[0][0])


def test_info_shows_what_a_store_holds(storage: Command, store: Path) -> None:
    status, out, err = storage("info", "--store", store)
    assert (status, err) == (0, "")
    assert [line.rstrip() for line in out.splitlines()] == [
        "items        4, in 4 batches; 1 deleted",
        "dimensions   2",
        "recipe       embedding ffffffffffff",
        f"fingerprint  {'f' * 64}",
        "labels       label 0: 1, label 2: 1, label 3: 1, (none): 1",
        f"catalog      {(store / 'catalog.sqlite').stat().st_size / 2**20:.1f} MiB, format {format_of(store)}",
        f"index        0.0 MiB, 3 items, up to batch 3: {index_file(store).name}",
        "batches by   FAISS, float32",
        f"made with    SQLite {sqlite3.sqlite_version}, FAISS {faiss.__version__}",
    ]


def test_info_as_json(storage: Command, store: Path) -> None:
    chain = sql(store, "SELECT chain FROM batches ORDER BY number DESC")[0][0].hex()
    assert storage.json("info", "--store", store) == {
        "items": 4,
        "deleted": 1,
        "batches": 4,
        "chain": chain,
        "dim": 2,
        "embedding": "embedding ffffffffffff",
        "fingerprint": "f" * 64,
        "fitted_on": None,
        "spec": {"made": "by hand"},
        "labels": {"label 0": 1, "label 2": 1, "label 3": 1},
        "unlabelled": 1,
        "sources": {},
        "catalog_bytes": (store / "catalog.sqlite").stat().st_size,
        "index_bytes": index_bytes(store),
        "generations": [
            {"file": index_file(store).name, "batch": 3, "items": 3, "bytes": index_bytes(store), "covers_all": False}
        ],
        "format": format_of(store),
        "batch_engine": "FAISS, float32",
        "versions": {"sqlite": sqlite3.sqlite_version, "faiss": faiss.__version__},
    }


def test_info_shows_how_vectors_were_computed_and_any_label(storage: Command, tmp_path: Path) -> None:
    spec = {"recipe": {"name": "photo"}, "weights": {"origin": "a file"}, "decoder": "cv2", "precision": "float32"}
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64, spec)) as opened:
        opened.append([NewItem("a", b"", "(none)"), NewItem("b", b""), NewItem("c", b"", "\x1b[2J\n")], [[1, 2]] * 3)
    status, out, _ = storage("info", "--store", tmp_path / "store")
    shown = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith("made"))
    assert status == 0
    assert {name: shown[name].rstrip() for name in ("recipe", "weights", "decoder", "precision", "labels")} == {
        "recipe": "photo",
        "weights": "a file",
        "decoder": "cv2",
        "precision": "float32",
        "labels": r"'\x1b[2J\n': 1, (none): 1, (none): 1",
    }
    document = storage.json("info", "--store", tmp_path / "store")
    assert (document["labels"], document["unlabelled"]) == ({"(none)": 1, "\x1b[2J\n": 1}, 1)


def test_verify_finds_a_store_intact(storage: Command, store: Path) -> None:
    assert storage("verify", "--store", store) == (0, f"{store} is intact: 4 items\n", "")
    assert storage.json("verify", "--store", store) == {"ok": True, "items": 4, "problems": []}


def test_verify_fails_with_a_line_for_each_problem(storage: Command, store: Path) -> None:
    sql(store, "UPDATE items SET label = 'x' WHERE id = 2")
    index_file(store).rename(store / "taken")
    name = f"index/g-000001-{sql(store, 'SELECT sha256 FROM generations')[0][0].hex()[:16]}.faiss"
    problems = [
        "item 2: its fields do not match its checksum",
        f"{name}: missing or damaged; searching works without it, from the rows",
        "expected item 2 to match its checksum, but it was damaged after it was written: run "
        "`lookalike store repair`, or restore the store from a backup",
    ]
    assert storage("verify", "--store", store) == (1, "", "".join(f"{line}\n" for line in problems))
    assert storage.json("verify", "--store", store, status=1) == {"ok": False, "items": 4, "problems": problems}


def test_repair_prints_what_it_did(storage: Command, store: Path) -> None:
    sql(store, "UPDATE items SET label = 'x' WHERE id = 2")
    assert storage("repair", "--store", store) == (0, f"item 2: damaged, quarantined\n{store} is intact: 3 items\n", "")
    assert storage("repair", "--store", store) == (0, f"{store} is intact: 3 items\n", "")
    assert storage.json("repair", "--store", store) == {"items": 3, "done": []}
    sql(store, "UPDATE items SET label = 'x' WHERE id = 3")
    assert storage.json("repair", "--store", store) == {"items": 2, "done": ["item 3: damaged, quarantined"]}


def test_delete_takes_ids_and_keys_together(storage: Command, store: Path) -> None:
    arguments = ("--id", 0, "--id", 3, "--key", "key 4", "--key", "key 0")
    assert storage("delete", "--store", store, *arguments) == (0, f"3 deleted; {store} holds 1 item\n", "")
    with Store.open(store) as opened:
        assert opened.items() == [item(2)]
    assert len(index_file(store).read_bytes()) == 69
    assert storage("delete", "--store", store, "--compact") == (0, f"0 deleted; {store} holds 1 item\n", "")
    assert (store / "index.faiss").stat().st_size == 45 + 2 * 4


def test_a_deletion_is_kept_when_the_disk_is_too_full_to_compact(
    storage: Command, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compact = Store.compact

    def compact_on_a_full_disk(opened: Store) -> None:
        with largest_file(4096):
            compact(opened)

    with monkeypatch.context() as patches:
        patches.setattr(Store, "compact", compact_on_a_full_disk)
        status, out, err = storage("delete", "--store", store, "--id", 0, "--compact")
        again = storage("delete", "--store", store, "--compact")
    told = (
        ": everything acknowledged so far is kept; free space or change the permissions and run the same command again"
    )
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.endswith(f"{told} (the 1 item stays deleted: then leave --id and --key out)\n")
    assert again[2].endswith(f"{told}\n")
    with Store.open(store) as opened:
        assert [item.id for item in opened.items()] == [2, 3, 4]
        assert opened.verify() == []
    assert storage("delete", "--store", store, "--compact") == (0, f"0 deleted; {store} holds 3 items\n", "")


def test_delete_deletes_nothing_unless_it_can_delete_all(storage: Command, store: Path) -> None:
    message = (
        f"error: expected an item of {store}, got id 1, which it does not hold: see `lookalike store info` for what "
        "it holds\n"
    )
    assert storage("delete", "--store", store, "--id", 0, "--id", 1) == (1, "", message)
    status, out, err = storage("delete", "--store", store)
    assert (status, out) == (2, "")
    assert "expected at least one of --id, --key and --compact" in err
    with Store.open(store) as opened:
        assert len(opened) == 4


def test_backup_makes_a_store_of_its_own(storage: Command, store: Path, tmp_path: Path) -> None:
    assert storage("backup", tmp_path / "copy", "--store", store) == (0, f"{tmp_path / 'copy'} holds 4 items\n", "")
    assert storage("verify", "--store", tmp_path / "copy")[0] == 0
    message = (
        f"error: expected a new or empty folder for the store, got the store {tmp_path / 'copy'}: open it instead\n"
    )
    assert storage("backup", tmp_path / "copy", "--store", store) == (1, "", message)


def test_export_and_import_move_items(storage: Command, store: Path, tmp_path: Path) -> None:
    for name in ("items.parquet", "items.npz", "items.faiss"):
        written = f"Wrote 4 items to {tmp_path / name}\n"
        assert storage("export", tmp_path / name, "--store", store) == (0, written, "")
    assert pq.read_table(tmp_path / "items.parquet")["id"].to_pylist() == [0, 2, 3, 4]
    assert faiss.read_index(str(tmp_path / "items.faiss")).ntotal == 4
    copy = tmp_path / "copy"
    into = ("--store", copy, "--model", "theirs")
    assert storage("import", tmp_path / "items.npz", *into) == (
        0,
        f"4 added, 0 replaced, 0 unchanged; see {copy}\n",
        "",
    )
    np.savez(tmp_path / "more.npz", key=["key 0", "new"], vector=np.array([[9, 9], [8, 8]]))
    assert storage("import", tmp_path / "more.npz", *into)[1] == f"1 added, 1 replaced, 0 unchanged; see {copy}\n"
    assert storage("import", tmp_path / "more.npz", *into)[1] == f"0 added, 0 replaced, 2 unchanged; see {copy}\n"
    message = f"error: expected a file that ends in .parquet, .npz, got {tmp_path / 'items.faiss'}\n"
    assert storage("import", tmp_path / "items.faiss", *into) == (1, "", message)


@pytest.mark.parametrize(
    "arguments",
    [["info"], ["verify"], ["repair"], ["delete", "--id", "1"], ["backup", "copy"], ["export", "items.npz"]],
    ids=lambda arguments: arguments[0],
)
def test_every_command_names_a_store_that_is_not_there(storage: Command, tmp_path: Path, arguments: list[str]) -> None:
    nowhere = tmp_path / "nowhere"
    message = (
        f"error: expected a store at {nowhere}, found nothing there: make one with `lookalike ingest SOURCE --store "
        f"{nowhere}`, or name the right folder\n"
    )
    assert storage(*arguments, "--store", nowhere) == (1, "", message)


def test_a_store_that_is_being_written_to_is_read_but_not_written(storage: Command, store: Path) -> None:
    with Store.open(store, writing=True) as writer:
        writer.append([new_item(5)], line_vector(5))
        message = (
            f"error: expected to be the only writer of {store}, got one at work already (process {os.getpid()}): wait "
            "for it to end, or stop it, and run the same command again\n"
        )
        for command in (["repair"], ["delete", "--id", 0]):
            assert storage(*command, "--store", store) == (1, "", message)
        assert storage("verify", "--store", store) == (0, f"{store} is intact: 5 items\n", "")


def test_a_folder_name_that_cannot_be_printed_is_escaped(storage: Command, store: Path) -> None:
    odd = store.rename(store.with_name("\udcff\x1b[2J"))
    assert storage("verify", "--store", odd)[1] == f"{str(odd)!a} is intact: 4 items\n"


NO_MILVUS_URL = (
    "error: expected a Milvus server's URL such as http://localhost:19530, got 'nowhere': name the server alone; its "
    "token is taken from the environment\n"
)


@pytest.mark.parametrize(
    "command", [["verify"], ["repair"], ["delete", "--id", 1], ["import", "items.npz", "--model", "m"]]
)
def test_a_vector_server_is_named_by_an_option_or_by_the_environment(
    storage: Command, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[object]
) -> None:
    np.savez(tmp_path / "items.npz", key=["new"], vector=np.array([[9, 9]]))
    monkeypatch.chdir(tmp_path)
    assert storage(*command, "--store", store, "--milvus", "nowhere") == (1, "", NO_MILVUS_URL)
    monkeypatch.setenv("LOOKALIKE_MILVUS", "nowhere")
    assert storage(*command, "--store", store) == (1, "", NO_MILVUS_URL)


@pytest.mark.parametrize("option", ["--from-milvus", "--to-milvus", "--milvus", "--other-milvus"])
def test_each_of_two_stores_may_have_a_vector_server(
    storage: Command, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    # A variable for one store says nothing about two.
    monkeypatch.setenv("LOOKALIKE_MILVUS", "elsewhere")
    migrate = ("migrate", "--from", store, "--to", tmp_path / "copy")
    command = migrate if option in ("--from-milvus", "--to-milvus") else ("compare", store, store)
    assert storage(*command, option, "nowhere") == (1, "", NO_MILVUS_URL)


@pytest.mark.parametrize("arguments", [["inform"], ["info"], ["info", "--store"], ["info", "--stroe", "x"], ["delete"]])
def test_wrong_usage_ends_with_two(storage: Command, arguments: list[str]) -> None:
    status, out, err = storage(*arguments)
    assert (status, out) == (2, "")
    assert err


def test_every_command_is_in_the_help(storage: Command) -> None:
    _, out, _ = storage("--help")
    commands = ["info", "verify", "repair", "delete", "relabel", "corrections"]
    commands += ["backup", "export", "import", "migrate", "compare"]
    assert [command.name or command.callback.__name__ for command in app.registered_commands if command.callback] == (
        commands
    )
    for command in commands:
        assert f" {command} " in out


def test_it_runs_as_a_program_of_its_own(store: Path, tmp_path: Path) -> None:
    def run(*args: object) -> tuple[int, str, str]:
        ended = run_python("-m", "storage", *args)
        return ended.returncode, ended.stdout, ended.stderr

    assert run("verify", "--store", store) == (0, f"{store} is intact: 4 items\n", "")
    status, out, err = run("verify", "--store", tmp_path)
    assert (status, out, err.count("\n"), err[:35]) == (1, "", 1, f"error: expected a store at {tmp_path}"[:35])
