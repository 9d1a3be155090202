"""The plan of the house in figures: rooms, floors, arrows, sizes, docstrings, names used twice.

Put here: what can be read off the sources of any checkout.
Do not put here: rules (`pyproject.toml` has the contracts, `test_house.py` the rest).
`python benchmarks/house.py [CHECKOUT ...]`: this checkout, or those named side by side. A room is a
folder at the top of the package with all that is in it, or a module that lies loose there; floors
are the rooms of the longest chain of imports. Shims, which only hand on a name, are left out.
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "profiling_assets"
DOORS = ("cli", "demo")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def modules(checkout: Path) -> dict[str, Path]:
    """Return the modules of the package by dotted name, without `profiling_assets.`."""
    package = checkout / PACKAGE
    return {
        ".".join(file.relative_to(package).with_suffix("").parts).removesuffix(".__init__"): file
        for file in sorted(package.rglob("*.py"))
    }


def is_shim(tree: ast.Module) -> bool:
    """Say whether a module does nothing but hand on what lies elsewhere."""
    body = [node for node in tree.body[1:] if not isinstance(node, ast.If)]
    return bool(body) and all(
        isinstance(node, ast.ImportFrom) and str(node.module).startswith(PACKAGE) for node in body
    )


def folder_of(module: str, known: dict[str, Path]) -> str:
    """Return the folder of a module, nested ones by their own name."""
    parts = module.split(".")
    return ".".join(parts if known[module].name == "__init__.py" else parts[:-1]) or module


def arrows(checkout: Path) -> dict[str, set[str]]:
    """Return for each room the rooms that it imports from, anywhere in its modules."""
    known = modules(checkout)
    found: dict[str, set[str]] = {}
    for module, file in known.items():
        mine = module.partition(".")[0]
        found.setdefault(mine, set())
        for name in _imported(ast.parse(file.read_text(encoding="utf-8"))):
            parts = name.split(".")
            while parts and ".".join(parts) not in known:
                parts.pop()
            if parts and parts[0] != mine:
                found[mine].add(parts[0])
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    prefix = f"{PACKAGE}."
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix(prefix) for name in names if name.startswith(prefix))


def floors(graph: dict[str, set[str]]) -> int:
    """Return how many rooms the longest chain of imports has; 0 where there is a cycle."""
    heights: dict[str, int] = {}

    def height(room: str, above: tuple[str, ...]) -> int:
        if room in above:
            raise RecursionError(" -> ".join((*above, room)))
        if room not in heights:
            lower = (height(other, (*above, room)) for other in graph.get(room, ()))
            heights[room] = 1 + max(lower, default=0)
        return heights[room]

    try:
        return max(height(room, ()) for room in graph)
    except RecursionError as cycle:
        print(f"cycle: {cycle}", file=sys.stderr)
        return 0


def lines(file: Path) -> Counter[str]:
    """Count a file's lines: all, code, docstring, comment."""
    text = file.read_text(encoding="utf-8")
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            docstrings |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    written = text.splitlines()
    comments = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and written[token.start[0] - 1].lstrip().startswith("#")
    }
    blank = {number for number, line in enumerate(written, 1) if not line.strip()} - docstrings
    return Counter(
        all=len(written),
        docstring=len(docstrings),
        comment=len(comments),
        code=len(written) - len(docstrings) - len(comments) - len(blank),
    )


def twice(names: Iterator[str]) -> list[str]:
    """Return the names that occur more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def figures(checkout: Path) -> dict[str, str]:
    """Measure a checkout: what, and how much."""
    known = modules(checkout)
    trees = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in known.items()}
    shims = {name for name, tree in trees.items() if is_shim(tree)}
    loose = [n for n in known if "." not in n and known[n].name != "__init__.py" and n not in shims]
    house = {name: file for name, file in known.items() if name not in shims}
    emptied = {name.partition(".")[0] for name in shims}
    graph = {room: others for room, others in arrows(checkout).items() if room not in emptied}
    inner = [name for name in house if name.partition(".")[0] not in DOORS]
    sizes = {name: lines(file) for name, file in house.items()}
    total = sum(sizes.values(), Counter[str]())
    longest = max(sizes, key=lambda name: sizes[name]["all"])
    per_room = Counter(folder_of(n, known) for n in house if known[n].name != "__init__.py")
    largest = ", ".join(f"{room} {count}" for room, count in per_room.most_common(3))
    files = twice(f.name for f in house.values() if f.name != "__init__.py")
    classes = twice(
        node.name
        for name in house
        for node in ast.walk(trees[name])
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    share = f"{100 * total['docstring'] / total['all']:.0f} %"
    return {
        "loose modules (shims apart)": f"{len(loose)} ({len(shims)})",
        "modules, without cli and demo": str(len(inner)),
        "rooms": str(sum(room in known and room in per_room for room in graph)),
        "folders": str(len(per_room)),
        "floors": str(floors(graph)),
        "arrows between rooms": str(sum(map(len, graph.values()))),
        "modules in the largest folders": largest,
        "lines": f"{total['all']:,}",
        "code": f"{total['code']:,}",
        "docstring": f"{total['docstring']:,} ({share})",
        "comment": f"{total['comment']:,}",
        "longest module": f"{longest} {sizes[longest]['all']}",
        "file names twice": f"{len(files)}" + (f": {', '.join(files[:6])}" if files else ""),
        "class names twice": f"{len(classes)}" + (f": {', '.join(classes[:6])}" if classes else ""),
    }


def main() -> None:
    """Print a table in Markdown, a column a checkout."""
    checkouts = [Path(word).resolve() for word in sys.argv[1:]] or [ROOT]
    measured = [figures(checkout) for checkout in checkouts]
    print("| |", " | ".join(str(checkout) for checkout in checkouts), "|")
    print("|---|" + "---|" * len(checkouts))
    for name in measured[0]:
        print(f"| {name} |", " | ".join(one[name] for one in measured), "|")


if __name__ == "__main__":
    main()
