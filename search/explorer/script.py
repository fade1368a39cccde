"""The modules in `page/` as one script: imports and the word `export` are left out, and each comes after those it uses.

So a page needs no other file, and no tool is needed to write it. All modules then share one scope: a name may be
declared at the top of one module only, and is imported under its own name; otherwise nothing is written.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import resources

#: Returns the text of a module by its name.
Read = Callable[[str], str]

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_OTHER_IMPORT = re.compile(r"^(import\b.*|export (?:default|\{|\*).*)$", re.MULTILINE)
_DECLARATION = re.compile(
    r"^(?:export )?(?:async )?(?:function\*?|class|const|let|var) (?:(\w+)|([\[{].*))", re.MULTILINE
)


@cache
def page_file(name: str) -> str:
    """Return a file of the page."""
    return (resources.files("search.explorer") / "page" / name).read_text(encoding="utf-8")


@cache
def script(main: str = "main") -> str:
    """Return the script of the page that begins in a module."""
    return joined(main, lambda module: page_file(f"{module}.js"))


def joined(main: str, read: Read) -> str:
    """Return a module with all that it imports, in one; raise ValueError for what cannot be joined."""
    texts: dict[str, str] = {}
    _add(main, read, texts, ())
    owners: dict[str, str] = {}
    for module, text in texts.items():
        for name, pattern in _DECLARATION.findall(text):
            if pattern:
                raise ValueError(f"expected names at the top of {module}.js, got the pattern {pattern}")
            if owners.setdefault(name, module) != module:
                raise ValueError(f"expected {name} in one module, got it in {owners[name]}.js and {module}.js")
    script = "".join(f"// {module}.js\n{_plain(module, text)}\n" for module, text in texts.items())
    if re.search(r"</script|<!--", script, re.IGNORECASE):
        raise ValueError("expected a script that can be in a page, got one with the end of a script or a comment in it")
    return script


def _add(module: str, read: Read, texts: dict[str, str], importers: tuple[str, ...]) -> None:
    """Add a module after those that it imports."""
    if module in importers:
        raise ValueError(f"expected modules without circles, got {' -> '.join((*importers, module))}")
    if module in texts:
        return
    text = read(module)
    for names, other in _IMPORT.findall(text):
        if " as " in names:
            raise ValueError(f"expected imports under their own names in {module}.js, got{names}")
        _add(other, read, texts, (*importers, module))
    texts[module] = text


def _plain(module: str, text: str) -> str:
    """Return a module without imports and exports."""
    text = _IMPORT.sub("", text)
    if other := _OTHER_IMPORT.search(text):
        raise ValueError(f"expected imports and exports by name in {module}.js, got {other[0]}")
    return re.sub(r"^export ", "", text, flags=re.MULTILINE).strip() + "\n"
