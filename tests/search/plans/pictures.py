"""A folder of grey pictures with copies, a store of it, and plans for them."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from ingest.job import ingest
from search.plans.plan import Action, Plan, PlanRow, checked_plan
from storage import Store
from tests.toys import TOY, toy_backbone, write_greys

#: Grey levels: `a/copy.png` has the bytes of `a/one.png`, `b/near.png` is nearly the same picture.
LEVELS = {"a/one.png": 10, "a/copy.png": 10, "b/near.png": 12, "b/other.png": 200}


def picture_store(folder: Path, levels: Mapping[str, int] = LEVELS) -> Path:
    """Write the folder `pictures`, each file a second newer than the one before; return the folder of its store."""
    pictures = write_greys(folder / "pictures", levels)
    for number, key in enumerate(levels):
        os.utime(pictures / key, (number, number))
    ingest(f"folder:{pictures}", folder / "store", recipe=TOY, make_backbone=toy_backbone())
    return folder / "store"


def row(folder: Path, key: str, action: Action, group: str = "1", line: int = 0) -> PlanRow:
    """Return the row of a picture as it is now."""
    path = folder / "pictures" / key
    return PlanRow(
        group=group,
        action=action,
        key=key,
        digest=hashlib.sha256(path.read_bytes()).digest(),
        root=str(folder / "pictures"),
        size=path.stat().st_size,
        line=line,
    )


def plan_of(folder: Path, actions: Mapping[str, Action], group: str = "1") -> Plan:
    """Return a plan of one group, by the keys of its pictures."""
    rows = [row(folder, key, action, group, line) for line, (key, action) in enumerate(actions.items(), 2)]
    return checked_plan(str(folder / "store"), rows)


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder, hidden ones too, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "store" not in path.relative_to(folder).parts
    }


def stored_keys(store: Path) -> dict[str, int]:
    """Return the ids of the items of a store by key, once it was verified."""
    with Store.open(store) as opened:
        assert opened.verify() == []
        return {item.key: item.id for item in opened.items()}
