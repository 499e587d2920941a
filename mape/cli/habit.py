"""Looks for habits in a program's source that make trouble later: each finding has a file, a line and a cure."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterable, Iterator

from mape.application import App
from mape.cli.finding import Finding, Kind
from mape.cli.source import FUNCTIONS, Source, dotted, inside
from mape.knowledge import Knowledge
from mape.path import nearest

__all__ = ["fed_by_hand", "habits"]

BLOCKING = {
    "time.sleep": "write `async def` and `await asyncio.sleep(...)`",
    "input": "write `async def` and `await asyncio.to_thread(input)`",
    **dict.fromkeys(
        (
            *(f"requests.{method}" for method in ("delete", "get", "head", "patch", "post", "put", "request")),
            *(f"subprocess.{name}" for name in ("call", "check_call", "check_output", "run")),
            *("os.system", "socket.create_connection", "urllib.request.urlopen"),
        ),
        "write `async def` and `await asyncio.to_thread(...)`, or take an asynchronous library",
    ),
}
"""What keeps the event loop, and all elements with it, waiting."""

SILENT = (
    "asyncio.open_connection",
    "asyncio.open_unix_connection",
    "asyncpg.connect",
    "redis.asyncio.",
    "websockets.connect",
)
"""What waits for a network without an end, unless told otherwise."""

FEEDING = {"on_next", "put"}


def habits(app: App, sources: Iterable[Source], *, has_router: bool) -> list[Finding]:
    """Look at the files of a program.

    Args:
        app: What it made when it was loaded.
        has_router: Whether items go to where they are addressed.
    """
    read = list(sources)
    found = [*_unknown(app, read)]
    for source in read:
        found += _waiting(source)
        if has_router:
            found += _addresses(app, source)
    return found


def fed_by_hand(app: App, sources: Iterable[Source]) -> set[str]:
    """Return the paths of the elements that the program's own code gives items: ``policy(True)``, ``policy.put(...)``.

    An element is known by its function's name or by its uid, whatever loop it is in; too many is better than a
    finding that is none.
    """
    named: set[str] = set()
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                named |= _fed(node)
    return {element.path for element in app.elements if named & {element.uid, element.path}}


def _fed(call: ast.Call) -> set[str]:
    parts = dotted(call.func).split(".")
    if parts[-1] == "post" and call.args:  # app.post("loop.element", item)
        place = call.args[0]
        return {str(place.value)} if isinstance(place, ast.Constant) else {dotted(place).rpartition(".")[2]}
    if parts[-1] in FEEDING:
        return {name for name in parts[:-1] if name not in {"port_in", "p_in", "source"}}
    return {parts[-1]}


# -- waiting ----------------------------------------------------------------------------------------------------------


def _waiting(source: Source) -> Iterator[Finding]:
    """Look at the functions that run in the event loop: those of elements, and all that are async."""
    elements = {definition.node: definition.uid for definition in source.definitions}
    silent = _silent_names(source)
    for node in ast.walk(source.tree):
        if not isinstance(node, FUNCTIONS):
            continue
        if node in elements or isinstance(node, ast.AsyncFunctionDef):
            yield from _blocking(source, node, elements.get(node, node.name))
        if node in elements and isinstance(node, ast.AsyncFunctionDef):
            yield from _endless(source, node, elements[node], silent)


def _blocking(source: Source, function: ast.AST, name: str) -> Iterator[Finding]:
    for node in inside(function):
        if isinstance(node, ast.Call) and (cure := BLOCKING.get(source.called(node))):
            problem = f"{source.called(node)}() keeps every element of the process waiting"
            yield Finding(Kind.BLOCKING, name, problem, cure, source.place(node))


def _endless(source: Source, function: ast.AsyncFunctionDef, name: str, silent: Collection[str]) -> Iterator[Finding]:
    """Find a wait for a network in a function that nowhere speaks of a timeout."""
    if "timeout" in ast.unparse(function) or "wait_for" in ast.unparse(function):
        return
    for node in inside(function):
        call = node.value if isinstance(node, ast.Await) else None
        if isinstance(call, ast.Call) and _is_silent(source, call, silent):
            problem = f"waits for {dotted(call.func)}() without an end: one answer that never comes stops it for good"
            cure = "put `async with asyncio.timeout(5):` around it"
            yield Finding(Kind.DEADLINE, name, problem, cure, source.place(node))
            return


def _silent_names(source: Source) -> set[str]:
    """Return the names that hold what a silent library made: ``client = redis.asyncio.Redis()``."""
    names: set[str] = set()
    for node in ast.walk(source.tree):
        value = node.value if isinstance(node, ast.Assign) else None
        value = value.value if isinstance(value, ast.Await) else value
        if isinstance(value, ast.Call) and source.called(value).startswith(SILENT):
            targets = node.targets if isinstance(node, ast.Assign) else []
            names |= {name for target in targets for name in _bound(target)}
    return names


def _bound(target: ast.AST) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _bound(each)
    elif name := dotted(target):
        yield name


def _is_silent(source: Source, call: ast.Call, silent: Collection[str]) -> bool:
    return source.called(call).startswith(SILENT) or dotted(call.func).rpartition(".")[0] in silent


# -- knowledge --------------------------------------------------------------------------------------------------------


def _unknown(app: App, sources: list[Source]) -> Iterator[Finding]:
    """Find knowledge that is read, and that nobody ever sets: not while loading, and nowhere in the source."""
    known = {*app.k, *(key for level in app.levels for key in level.k), *(key for loop in app for key in loop.k)}
    read: dict[str, str] = {}
    for source in sources:
        for node in ast.walk(source.tree):
            name, is_set = _knowledge(node)
            if name is None:  # set under a name that only the running program knows
                return
            if is_set:
                known.add(name)
            elif name:
                read.setdefault(name, source.place(node))
    for name in sorted(read.keys() - known):
        near = difflib.get_close_matches(name, known, 1)
        cure = f"did you mean k.{near[0]}?" if near else f"set it before the app starts, as loop.k.{name} = ..."
        yield Finding(Kind.KNOWLEDGE, f"k.{name}", "is read, and nobody ever sets it", cure, read[name])


def _knowledge(node: ast.AST) -> tuple[str | None, bool]:
    """Return the name in ``loop.k.name`` or ``loop.k["name"]`` ("" if it is neither, None if it varies), and if set."""
    if isinstance(node, ast.Attribute) and _is_k(node.value):
        return ("" if hasattr(Knowledge, node.attr) else node.attr), not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Subscript) and _is_k(node.value):
        is_set = not isinstance(node.ctx, ast.Load)
        if isinstance(node.slice, ast.Constant):
            return str(node.slice.value), is_set
        return (None if is_set else ""), is_set
    if isinstance(node, ast.Call) and dotted(node.func) == "setattr" and node.args and _is_k(node.args[0]):
        return None, True
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _is_k(node.value):
        return None, True  # an alias, by which anything may be set
    return "", False


def _is_k(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "k"


# -- addresses --------------------------------------------------------------------------------------------------------


def _addresses(app: App, source: Source) -> Iterator[Finding]:
    """Find addresses, written out in a message or in a router's function, where nothing is."""
    for node in ast.walk(source.tree):
        for place in _destinations(source, node):
            if place.value not in app:
                paths = (element.path for element in app.elements)
                problem = f"items are sent to {place.value!r:.80}, and nothing is there"
                cure = f"{nearest(str(place.value), paths)}; such items are reported and lost"
                yield Finding(Kind.ADDRESS, str(place.value)[:80], problem, cure, source.place(place))


def _destinations(source: Source, node: ast.AST) -> Iterator[ast.Constant]:
    if not isinstance(node, ast.Call):
        return
    name = source.called(node).rpartition(".")[2]
    if name in {"create", "Message"}:
        yield from (each for word in node.keywords if word.arg == "dst" for each in _texts(word.value))
    elif name in {"router", "gateway"}:
        functions = [*node.args, *(word.value for word in node.keywords if word.arg == "destination")]
        yield from (
            each for function in functions if isinstance(function, ast.Lambda) for each in _texts(function.body)
        )


def _texts(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield the texts that an expression may become."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for each in node.elts:
            yield from _texts(each)
