"""A folder of pictures, manifests of it, and the keys of a store."""

from pathlib import Path

from storage import Store

FILES = ["a/1.png", "a/2.png", "b/3.png", "b/4.png", "5.png", "6.png"]


def keys(store: Path) -> list[str]:
    with Store.open(store) as opened:
        assert opened.verify() == []
        return sorted(item.key for item in opened.items())


def without(*names: str) -> list[str]:
    return sorted(set(FILES) - set(names))


def manifest(pictures: Path, *rows: str) -> str:
    (pictures / "list.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    return f"manifest:{pictures / 'list.csv'}"
