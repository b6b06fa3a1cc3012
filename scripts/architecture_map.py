"""Renew the map in docs/architecture.md from module docstrings; `--check`: only compare."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "architecture.md"
PACKAGE = ROOT / "src" / "passport_scorer"
WIDTH = 100


def packages_table() -> str:
    """Return the table of the packages and modules right below the top."""
    rows = [f"| `{_name(path)}` | {summary(path)} |\n" for path in _children(PACKAGE)]
    return "".join(("| package or module | what it holds |\n", "| --- | --- |\n", *rows))


def modules_list() -> str:
    """Return a collapsible list of the modules of each package."""
    packages = [path for path in _children(PACKAGE) if path.is_dir()]
    return "\n".join(
        f"<details>\n<summary>{_name(package)}</summary>\n\n"
        + "".join(_items(_below(package)))
        + "\n</details>\n"
        for package in packages
    )


PARTS = {"packages": packages_table, "modules": modules_list}


def summary(path: Path) -> str:
    """Return the first sentence of the docstring of a module or package.

    Raises:
        SystemExit: it has no docstring.
    """
    module = path / "__init__.py" if path.is_dir() else path
    docstring = ast.get_docstring(ast.parse(module.read_text("utf-8")))
    if not docstring:
        raise SystemExit(f"{module.relative_to(ROOT)} has no docstring")
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return re.split(r"(?<=[.])\s+(?=[A-Z`])|\s+Source:|:$", paragraph)[0]


def renewed(document: str) -> str:
    """Return the document with the map as it is now.

    Raises:
        SystemExit: there is no place for it.
    """
    for name, part in PARTS.items():
        begin, end = f"<!-- map: {name} -->\n", "<!-- end of map -->"
        before, found, rest = document.partition(begin)
        if not found:
            raise SystemExit(f"docs/architecture.md has no place for the map: {begin}")
        document = before + begin + part() + end + rest.partition(end)[2]
    return document


def main() -> None:
    """Renew the map, or say that it is out of date."""
    document = DOCUMENT.read_text("utf-8")
    now = renewed(document)
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(now, "utf-8")
    elif now != document:
        raise SystemExit("The map in docs/architecture.md is out of date: make docs")


def _children(package: Path) -> list[Path]:
    """The packages below a package, then its modules."""
    packages = [path.parent for path in package.glob("*/__init__.py")]
    modules = [path for path in package.glob("*.py") if not path.name.startswith("__")]
    return [*sorted(packages), *sorted(modules)]


def _below(package: Path) -> Iterator[Path]:
    """All modules and packages below a package, each package before what it holds."""
    for path in _children(package):
        yield path
        if path.is_dir():
            yield from _below(path)


def _items(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        text = f"- `{_name(path)}`: {summary(path)}"
        yield _filled(text) + "\n"


def _filled(text: str) -> str:
    """An item in lines of bounded length, no line break inside code."""
    whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    lines = textwrap.fill(
        whole, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return lines.replace("\0", " ")


def _name(path: Path) -> str:
    name = path.relative_to(PACKAGE).as_posix()
    return f"{name}/" if path.is_dir() else name


if __name__ == "__main__":
    main()
