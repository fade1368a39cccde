"""No command prints a control character or an escape sequence that comes from a store, a source or a file's name."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import app as benchmarks_app
from ingest import job
from ingest.__main__ import app as ingest_app
from ingest.__main__ import jobs_app
from ingest.job import ingest
from ingest.sources import InMemorySource, SourceImage
from ingest.sources.source import unusable
from search import searcher
from search.__main__ import app as search_app
from storage import Store
from storage.__main__ import app as storage_app
from storage.types.jobs import Job, JobUpdate, Rejected
from tests.commands import Command
from tests.toys import TOY, grey, png, toy_backbone, write_greys

#: Colours, a cleared screen, a title, a bell, carriage return and backspace, an escape of one byte, delete, right to
#: left, a break of lines and a space that are not ASCII's.
NASTY = "\x1b[31m\x1b[2J\x1b]0;x\x07\r\b\x9b1m\x7f\u202e\u2028\xa0end"

APPS = {
    "ingest": ingest_app,
    "jobs": jobs_app,
    "search": search_app,
    "storage": storage_app,
    "benchmarks": benchmarks_app,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store, pictures, a manifest and files that are none, nasty wherever they can be."""
    folder = tmp_path_factory.mktemp("nasty") / NASTY
    images = [
        SourceImage(f"{NASTY} {level}", lambda level=level: grey(level), f"{NASTY} {level // 90}", {NASTY: NASTY})  # type: ignore[misc]
        for level in (0, 0, 51, 102, 153, 204, 255)
    ]
    images = [replace(image, key=f"{image.key} {number}") for number, image in enumerate(images)]
    source = InMemorySource(NASTY, [*images, unusable(f"{NASTY} unusable", NASTY)])
    ingest(source, folder / NASTY, recipe=replace(TOY, name=NASTY), make_backbone=toy_backbone())
    with Store.open(folder / NASTY, writing=True) as store:
        # A stopped job, as a store that was received from others may have it.
        store.append([], [], JobUpdate(Job(9, f"folder:{NASTY}", 3), [Rejected(NASTY, NASTY)]))
    write_greys(folder / "pictures", {f"{NASTY}/{NASTY}.png": 9, "plain.png": 99})
    (folder / "pictures" / f"{NASTY} broken.png").write_bytes(NASTY.encode())
    (folder / f"{NASTY}.png").write_bytes(png(grey(60)))
    (folder / f"{NASTY}.csv").write_text(f'path,"{NASTY}"\n"{NASTY}",1\n')
    for suffix in ("npy", "npz", "parquet", "toml", "h5", "onnx"):
        (folder / f"{NASTY}.{suffix}").write_bytes(NASTY.encode())
    return folder


@pytest.fixture(autouse=True)
def toy_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searcher, "vgg16_factory", lambda _=None: toy_backbone())
    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: toy_backbone())


#: STORE is the nasty store's folder, NASTY a nasty path, OUT a path for output.
COMMANDS = [
    "search query --store STORE --id 0",
    "search query --store STORE --key KEY -k 2",
    "search query --store STORE --key NASTY",
    "search query --store STORE --image NASTY.png --figure OUT.png",
    "search query --store STORE --image NASTY.npz",
    "search query --store STORE --vector NASTY.npy",
    "search query --store STORE --id 0 --where NASTY=NASTY",
    "search query --store STORE --id 0 --where label=NASTY",
    "search query --store STORE --id 0 --where NASTY>=1",
    "search query --store NASTY.png --id 0",
    "search map --store STORE --figure OUT-map.png",
    "search duplicates --store STORE --radius 0",
    "search duplicates --store STORE --radius NASTY",
    "search suspects --store STORE -k 3",
    "jobs status --store STORE",
    "jobs retry --store STORE",
    "storage info --store STORE",
    "storage verify --store STORE",
    "storage delete --store STORE --key NASTY",
    "storage export OUT.npz --store STORE",
    "storage export OUT.parquet --store STORE",
    "storage export NASTY --store STORE",
    "storage import OUT.npz --store OUT-imported --model NASTY",
    "storage import NASTY.npz --store OUT-imported --model other",
    "storage import NASTY.parquet --store OUT-imported --model other",
    "storage backup OUT-backup --store STORE",
    "storage migrate --from STORE --to OUT-copy",
    "storage compare STORE OUT-copy --queries 3",
    "storage compare STORE OUT-imported --queries 3",
    "storage repair --store STORE",
    "ingest folder:PICTURES --store OUT-new --recipe NASTY.toml",
    "ingest folder:PICTURES --store OUT-new --recipe NASTY",
    "ingest folder:PICTURES --store STORE",
    "ingest folder:NASTY --store STORE",
    "ingest NASTY --store STORE",
    "ingest manifest:NASTY.csv --store STORE",
    "ingest manifest:NASTY.parquet --store STORE",
    "ingest npz:NASTY.npz --store STORE",
    "benchmarks exactness --store STORE --queries 2 -k 2",
    "benchmarks latency --store STORE --samples 20 -k 2",
    "benchmarks compare NASTY.npz NASTY.npz",
    "benchmarks accuracy folder:PICTURES",
]


def test_no_command_prints_what_a_terminal_would_obey(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(folder / NASTY) as store:
        key = store.items()[0].key
    values = {"STORE": NASTY, "PICTURES": "pictures", "OUT": f"{NASTY} out", "KEY": key, "NASTY": NASTY}
    monkeypatch.chdir(folder)
    printed = {}
    for command in COMMANDS:
        program, *words = command.split()
        for option in ([], ["--json"]):
            run = Command(APPS[program], monkeypatch, capsys)
            arguments = [
                re.sub("STORE|PICTURES|OUT|KEY|NASTY", lambda match: values[match.group()], word) for word in words
            ]
            status, out, err = run(*arguments, *option)
            assert status in (0, 1, 2, 3)
            printed[f"{command} {''.join(option)}"] = out + err
    obeyed = {
        command: [line for line in text.split("\n") if not line.isprintable()] for command, text in printed.items()
    }
    assert {command: lines for command, lines in obeyed.items() if lines} == {}
    # All of it went through here: nothing was printed that is not nasty.
    assert sum("end" in text for text in printed.values()) > len(COMMANDS)
