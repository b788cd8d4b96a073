"""The layout keeps its promises: imports go one way, files stay small, names come from the field."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).parent.parent / "sigyn"
FOUNDATION = {"model"}
MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    "compiled": set(),
    "process": set(),
    "wire": FOUNDATION | {"compiled"},
    "languages": FOUNDATION,
    "config": FOUNDATION | {"languages"},
    "agent": FOUNDATION | {"wire", "languages", "config", "process", "engine.interpreter"},
    "store": FOUNDATION | {"compiled", "wire"},
    "engine": FOUNDATION | {"compiled", "wire", "store", "languages"},
    "services": FOUNDATION | {"compiled", "wire", "store", "languages", "engine"},
    "ruler": FOUNDATION | {"wire", "store", "languages", "engine", "services", "config.yaml_tree", "config.errors"},
    "api": FOUNDATION | {"compiled", "process", "wire", "store", "languages", "engine", "services", "ruler"},
    "ui": FOUNDATION | {"store", "languages", "engine", "services", "api"},
    "demo": FOUNDATION | {"wire", "store", "services", "ruler", "api"},
    "client": FOUNDATION | {"wire", "store", "languages", "engine", "services"},
    "cli": FOUNDATION
    | {
        "wire",
        "store",
        "languages",
        "engine",
        "services",
        "ruler",
        "api",
        "client",
        "config",
        "agent",
        "ui",
        "demo",
        "",
    },
}
"""What each package may import of the others, or of their parts; the empty name is sigyn/__init__.py,
which holds the public API. The agent's stages filter and parse lines as LogQL does, and so need the
interpreter, which itself needs no store. Settings hold selectors and expressions, which are read as
queries are. Rule files are read as configuration files are, with the lines of their keys. There is no
cycle in this table, so there is none in the imports."""

MAXIMUM_LINES = 600
MEDIAN_LINES = 200
EMPTY_WORDS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if not path.stem.endswith(("_pb2", "_pb2_grpc")))
"""Every module that a person wrote."""


def package_of(path: Path) -> str:
    """`store` for sigyn/store/catalog.py; the empty text for the modules beside the packages."""
    inside = path.relative_to(PACKAGE).parts
    return inside[0] if len(inside) > 1 else ""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of every module of ours that this one imports, at the top or inside a function."""
    package = ["sigyn", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1]
            modules = [".".join([*above, *([node.module] if node.module else [])])]
        elif isinstance(node, ast.ImportFrom) and node.module == "sigyn":
            modules = [f"sigyn.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        yield from ((node.lineno, module) for module in modules if module.split(".")[0] == "sigyn")


def is_within(module: str, allowed: set[str]) -> bool:
    """Whether a module is one of these packages or lies in one."""
    return module in allowed or any(name and module.startswith(f"{name}.") for name in allowed)


def test_every_package_has_its_place() -> None:
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert packages == set(MAY_IMPORT)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = [
        f"{path.relative_to(PACKAGE.parent)}:{line} imports {module}"
        for path in SOURCES
        if package_of(path) == package
        for line, module in imports(path)
        if not is_within(module.removeprefix("sigyn").lstrip("."), allowed)
    ]
    assert not wrong, "\n".join(wrong)


def test_files_have_one_subject() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    long = [f"{path.relative_to(PACKAGE.parent)}: {count}" for path, count in lines.items() if count > MAXIMUM_LINES]
    assert not long, f"over {MAXIMUM_LINES} lines, look for the second subject:\n" + "\n".join(long)
    assert median(lines.values()) <= MEDIAN_LINES


def test_names_come_from_the_field() -> None:
    empty = [
        str(path.relative_to(PACKAGE.parent))
        for path in SOURCES
        if EMPTY_WORDS & {word for part in path.relative_to(PACKAGE).with_suffix("").parts for word in part.split("_")}
    ]
    assert not empty, "name these after what they hold:\n" + "\n".join(empty)
