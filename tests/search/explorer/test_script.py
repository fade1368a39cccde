"""Modules joined into one script."""

import pytest

from search.explorer.script import joined, script


def join(**modules: str) -> str:
    return joined("main", modules.__getitem__)


def test_each_module_comes_once_after_those_that_it_uses() -> None:
    assert join(
        main='/** Start. */\n\nimport { b } from "./b.js";\nimport {\n  a,\n} from "./a.js";\n\nb(a);\n',
        a="export const a = 1;\n",
        b='import { a } from "./a.js";\n\nexport function b() {\n  return a;\n}\n',
    ) == (
        "// a.js\nconst a = 1;\n\n// b.js\nfunction b() {\n  return a;\n}\n\n// main.js\n/** Start. */\n\n\nb(a);\n\n"
    )


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (
            {"main": 'import { a } from "./a.js";\nconst b = 1;\n', "a": "export const a = 1;\nlet b;\n"},
            "expected b in one module, got it in a.js and main.js",
        ),
        (
            {"main": 'import { a } from "./a.js";\n', "a": 'import { m } from "./main.js";\nexport const a = m;\n'},
            "expected modules without circles, got main -> a -> main",
        ),
        (
            {"main": 'import { a as c } from "./a.js";\n', "a": "export const a = 1;\n"},
            "expected imports under their own names in main.js, got a as c",
        ),
        (
            {"main": 'import a from "./a.js";\n'},
            'expected imports and exports by name in main.js, got import a from "./a.js";',
        ),
        (
            {"main": "const { a, b } = c;\n"},
            "expected names at the top of main.js, got the pattern { a, b } = c;",
        ),
        (
            {"main": 'const a = "</SCRIPT>";\n'},
            "expected a script that can be in a page, got one with the end of a script or a comment in it",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(modules: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match="expected") as error:
        join(**modules)
    assert " ".join(str(error.value).split()) == message


def test_the_script_of_a_page_imports_nothing() -> None:
    lines = script().splitlines()
    assert [line for line in lines if line.startswith(("import ", "export "))] == []
    assert lines[-1] == "" or lines[-1] == "});"
