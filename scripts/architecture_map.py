"""Renew the map in docs/architecture.md from module docstrings; `--check`: only compare."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts.generated_parts import update

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


PARTS = {"map: packages": packages_table, "map: modules": modules_list}


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


def main() -> None:
    """Update the map, or report that it is out of date."""
    update(DOCUMENT, PARTS)


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
