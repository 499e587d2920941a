"""The house rules as functions: sources in, one sentence for each breach out. ``tests/test_house.py`` asks them.

docs/design/rules.md gives the reasons. A rule that allows an exception wants a comment, on the line or above it, that
says why it is one, with the word that the rule looks for: "state", "wall", "wire", "bound" or "deadline".
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.house.source import DEFINITIONS, FUNCTIONS, Source


def sizes(house: list[Source], *, core_lines: int = 2450, file_lines: int = 350, median: float = 15) -> Iterator[str]:
    """Rule 1: small enough to be read."""
    lengths = {source: len(source.text.splitlines()) for source in house}
    core = sum(length for source, length in lengths.items() if source.is_core)
    if core >= core_lines:
        yield f"mape/*.py: the core has {core} lines, it must stay under {core_lines}"
    for source, length in lengths.items():
        if length > file_lines:
            yield source.breach(length, f"{length} lines, at most {file_lines}")
    functions = [node for source in house for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS)]
    middle = statistics.median([(node.end_lineno or 0) - node.lineno + 1 for node in functions] or [0])
    if middle >= median:
        yield f"mape: the median function has {middle:g} lines, it must stay under {median:g}"


CONTAINERS = {"list", "dict", "set", "bytearray", "collections.deque", "collections.defaultdict", "threading.local"}
# Declarations that happen to be calls; a context variable's value belongs to the task, not to the module.
STATELESS = {"contextvars.ContextVar", "typing.TypeVar", "typing.ParamSpec", "typing.NewType", "typer.Typer"}
DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
CHANGES = {"append", "add", "update", "setdefault", "pop", "popitem", "clear", "extend", "insert", "remove", "discard"}


def module_state(house: list[Source]) -> Iterator[str]:
    """Rule 2: module state only in application.py; constants are UPPER_CASE and nothing changes them."""
    for source in house:
        if source.place == Path("mape/application.py"):
            continue
        constants = set()
        for node in source.tree.body:
            names = assigned(node)
            constants.update(names)
            for name in names:
                if is_mutable(source, getattr(node, "value", None)) and not name.isupper() and name != "__all__":
                    yield source.breach(node, f"{name} is module state: put it into an object")
        for each in ast.walk(source.tree):
            if isinstance(each, ast.Global):
                yield source.breach(each, f"global {', '.join(each.names)}: only application.py has module state")
            changed = changed_name(each)
            if changed in constants and changed.isupper() and not source.excused(each, "state"):
                yield source.breach(each, f"changes the constant {changed}")


def is_mutable(source: Source, value: object) -> bool:
    """Whether `value` is a container or an object, which somebody may change."""
    if not isinstance(value, ast.Call):
        return isinstance(value, DISPLAYS)
    called = source.called(value)
    makes_object = called.rpartition(".")[2][:1].isupper()
    return called in CONTAINERS or (makes_object and called not in STATELESS)


def changed_name(node: ast.AST) -> str:
    """The name of the container that `node` changes, if it does: ``X[0] = 1``, ``del X[0]``, ``X.append(1)``."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return ast.unparse(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
        return ast.unparse(node.func.value)
    return ""


ENTRY = {"sys.argv", "sys.path"}  # what `mape run` sets for a program, as python itself does


def monkey_patches(house: list[Source]) -> Iterator[str]:
    """Rule 2: nobody sets an attribute of what was imported."""
    for source in house:
        for node in ast.walk(source.tree):
            name = ""
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
                name = source.full_name(node)
            elif isinstance(node, ast.Call) and source.called(node) in {"setattr", "delattr"} and node.args:
                name = source.full_name(node.args[0])
            if name and name not in ENTRY:
                yield source.breach(node, f"sets {name}, which it imported: no monkey patching")


def import_cycles(house: list[Source]) -> Iterator[str]:
    """Rule 2: no file imports itself by way of others, late imports counted too."""
    modules = {source.module for source in house}
    graph: dict[str, set[str]] = {source.module: set() for source in house}
    for source in house:
        for _, _, full in source.imports(source.running):
            known = next((name for name in (full, full.rpartition(".")[0]) if name in modules), None)
            if known and known != source.module:
                graph[source.module].add(known)
    for start in sorted(graph):
        if way := shortest_way(graph, start):
            yield f"import cycle: {' -> '.join(way)}"


def shortest_way(graph: dict[str, set[str]], start: str) -> list[str]:
    """The shortest way in `graph` from `start` back to it, told once: from its first name in the alphabet."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for target in sorted(graph[way[-1]]):
            if target == start:
                return [*way, start] if start == min(way) else []
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


COMPOSERS = {"__main__.py", "runtime.py"}  # they put core and edges together, and are loaded late themselves
FOUNDATION = {"reactivex", "typing_extensions"}  # typing_extensions comes with reactivex


def core_imports(house: list[Source]) -> Iterator[str]:
    """Rule 3: at import time the core reads the standard library, reactivex and itself."""
    edges = {source.module.split(".")[1] for source in house if not source.is_inner}
    for source in house:
        if not source.is_inner or source.place.name in COMPOSERS:
            continue
        for node, _, full in source.imports(source.at_import):
            top, _, rest = full.partition(".")
            if top not in {*sys.stdlib_module_names, *FOUNDATION, "mape"}:
                yield source.breach(node, f"the core imports {top}: import it when it is first used")
            elif top == "mape" and rest.partition(".")[0] in edges:
                yield source.breach(node, f"the core imports the edge {full}: import it when it is first used")


AMBIENT = ("time.", "random.", "uuid.", "secrets.", "socket.", "ssl.", "os.urandom", "os.getrandom", "os.times",
           "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
           "asyncio.open_connection", "asyncio.start_server", "asyncio.open_unix_connection")  # fmt: skip


def ambient_calls(house: list[Source]) -> Iterator[str]:
    """Rule 4: the core gets time, chance and transports by argument; only clock.py asks the machine."""
    for source in house:
        if not source.is_inner or source.place.name == "clock.py":
            continue
        for node in source.running:
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                name = source.full_name(node)
                if name.startswith(AMBIENT) and name != "random.Random":
                    yield source.breach(node, f"reads {name}: take it from the app's clock or rng")
            if isinstance(node, ast.Call) and source.called(node) == "random.Random":
                yield source.breach(node, "makes its own random numbers: take the app's rng")


def unnamed_walls(house: list[Source]) -> Iterator[str]:
    """Rule 5: what catches everything says which wall it is."""
    for source in house:
        for node in ast.walk(source.tree):
            caught: list[ast.expr | None] = []
            if isinstance(node, ast.ExceptHandler):
                caught = list(node.type.elts) if isinstance(node.type, ast.Tuple) else [node.type]
            elif isinstance(node, ast.Call) and source.called(node) == "contextlib.suppress":
                caught = list(node.args)
            names = {ast.unparse(each) if each else "everything" for each in caught}
            if names & {"Exception", "BaseException", "everything"} and not source.excused(node, "wall"):
                yield source.breach(node, f"catches {', '.join(sorted(names))}: say in a comment which wall this is")


UNSAFE_MODULES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "jsonpickle", "marshal", "shelve"}
UNSAFE_NAMES = {"eval", "exec", "yaml.unsafe_load", "yaml.full_load", "yaml.UnsafeLoader", "yaml.FullLoader"}


def code_from_data(house: list[Source]) -> Iterator[str]:
    """Rule 6: nothing that runs code from data."""
    for source in house:
        for node, _, full in source.imports(ast.walk(source.tree)):
            if full.partition(".")[0] in UNSAFE_MODULES:
                yield source.breach(node, f"imports {full}: it runs code from data")
        for node in ast.walk(source.tree):
            name = source.called(node) if isinstance(node, ast.Call) else source.full_name(node)
            if name in UNSAFE_NAMES:
                yield source.breach(node, f"uses {name}: it runs code from data")
            elif name == "yaml.load" and isinstance(node, ast.Call) and "Safe" not in ast.unparse(node):
                yield source.breach(node, "calls yaml.load without a safe loader")


NAME_READERS = {"getattr": 1, "operator.attrgetter": 0, "operator.methodcaller": 0}


def names_from_wires(house: list[Source]) -> Iterator[str]:
    """Rule 6: where an attribute's name is not written in the code, a comment says why it is not from a wire."""
    for source in house:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or source.called(node) not in NAME_READERS:
                continue
            name = node.args[NAME_READERS[source.called(node)]]
            if not isinstance(name, ast.Constant) and not source.excused(node, "wire"):
                yield source.breach(node, f"{ast.unparse(node)}: say in a comment why no name from a wire gets here")


QUEUES = {"collections.deque": "maxlen", "asyncio.Queue": "maxsize", "asyncio.LifoQueue": "maxsize",
          "asyncio.PriorityQueue": "maxsize", "queue.Queue": "maxsize", "queue.LifoQueue": "maxsize",
          "queue.PriorityQueue": "maxsize", "queue.SimpleQueue": "", "multiprocessing.Queue": "maxsize"}  # fmt: skip


def unbound_queues(house: list[Source]) -> Iterator[str]:
    """Rule 7: every queue has a bound, by itself or by what a comment names."""
    for source in house:
        for node in source.running:
            if not isinstance(node, ast.Call) or source.called(node) not in QUEUES or source.excused(node, "bound"):
                continue
            called = source.called(node)
            given = {keyword.arg for keyword in node.keywords}
            by_position = len(node.args) > (1 if called.endswith("deque") else 0)
            if QUEUES[called] not in given and not by_position:
                yield source.breach(
                    node, f"{ast.unparse(node)} has no bound: give one, or say in a comment what bounds it"
                )


NETWORK = {"open_connection", "open_unix_connection", "start_server", "create_connection", "create_server", "connect",
           "read", "readline", "readexactly", "readuntil", "drain", "wait_closed", "aclose", "recv", "send", "sendall",
           "sock_recv", "sock_sendall", "sock_connect", "request", "publish", "execute_command", "unsubscribe", "ping",
           "getresponse", "urlopen"}  # fmt: skip
DEADLINES = {"asyncio.timeout", "asyncio.timeout_at", "asyncio.wait_for"}
BLOCKING = {"socket.create_connection", "urllib.request.urlopen", "http.client.HTTPConnection"}


def endless_waits(house: list[Source]) -> Iterator[str]:
    """Rule 8: a wait for the network stands under a deadline."""
    for source in house:
        under = {inner for node in ast.walk(source.tree) if is_deadline(source, node) for inner in ast.walk(node)}
        for node in ast.walk(source.tree):
            if source.excused(node, "deadline"):
                continue
            if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and node not in under:
                name = source.called(node.value).rpartition(".")[2]
                if name in NETWORK:
                    yield source.breach(
                        node, f"await {ast.unparse(node.value.func)}(...) has no deadline: asyncio.timeout"
                    )
            if isinstance(node, ast.Call) and source.called(node) in BLOCKING:
                given = {keyword.arg for keyword in node.keywords}
                yield from () if "timeout" in given else [source.breach(node, f"{source.called(node)} has no timeout")]


def is_deadline(source: Source, node: ast.AST) -> bool:
    """Whether what stands in `node` is cut off in time."""
    if isinstance(node, ast.AsyncWith):
        return any(
            isinstance(item.context_expr, ast.Call) and source.called(item.context_expr) in DEADLINES
            for item in node.items
        )
    return isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and source.called(node.value) in DEADLINES


def public_names(house: list[Source]) -> Iterator[str]:
    """Rule 9: ``__all__`` is there, sorted, and says all that is public; pytest finds its hooks by their names."""
    for source in house:
        if source.place.name == "__main__.py":
            continue
        names = {node.name for node in source.tree.body if isinstance(node, DEFINITIONS)}
        defined = {name for name in names if not name.startswith(("_", "pytest_"))}
        statement = next((node for node in source.tree.body if "__all__" in assigned(node)), None)
        if statement is None:
            if defined or source.tree.body[1:]:
                yield source.breach(1, "has no __all__")
            continue
        listed = strings(statement)
        if missing := sorted(defined - set(listed)):
            yield source.breach(statement, f"public, but not in __all__: {', '.join(missing)}")
        if not isinstance(getattr(statement, "value", None), (ast.List, ast.Tuple)):
            continue  # computed: a test looks at what comes out
        if listed != sorted(listed, key=place_in_all):
            yield source.breach(statement, f"__all__ is not sorted: {', '.join(sorted(listed, key=place_in_all))}")
        if unknown := sorted(set(listed) - names_at_top(source)):
            yield source.breach(statement, f"in __all__, but not there: {', '.join(unknown)}")


def strings(node: ast.AST) -> list[str]:
    """All strings in `node`, in the order in which they are written."""
    return [each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def assigned(node: ast.stmt) -> list[str]:
    """The names that `node` gives a value."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def place_in_all(name: str) -> tuple[int, list[tuple[int, str | int]]]:
    """Order as ruff does: CONSTANTS, Classes, functions; numbers in a name by value."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    parts = re.split(r"(\d+)", name)
    return rank, [(0, int(part)) if part.isdigit() else (1, part) for part in parts if part]


def names_at_top(source: Source) -> set[str]:
    """The names that a module has; with a ``__getattr__`` also the strings in it, which are its lazy names."""
    names = {name for _, name, _ in source.imports(source.at_import)}
    for node in source.at_import:
        if isinstance(node, DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    names |= {node.name for node in source.tree.body if isinstance(node, DEFINITIONS)}
    if "__getattr__" in names:
        names |= set(strings(source.tree))
    return names


def docstrings(house: list[Source]) -> Iterator[str]:
    """Rule 9: every public name has a docstring."""
    for source in house:
        if source.text.strip() and not ast.get_docstring(source.tree):
            yield source.breach(1, "the module has no docstring")
        yield from undocumented(source, source.tree, "")


def undocumented(source: Source, parent: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    """Yield what is public in `parent` and says nothing; an overload speaks through the function it belongs to."""
    for node in parent.body:
        if not isinstance(node, DEFINITIONS) or node.name.startswith("_"):
            continue
        decorators = {ast.unparse(each).rpartition(".")[2] for each in node.decorator_list}
        if not ast.get_docstring(node) and not decorators & {"overload", "override", "setter", "deleter"}:
            yield source.breach(node, f"{prefix}{node.name} has no docstring")
        if isinstance(node, ast.ClassDef):
            yield from undocumented(source, node, f"{node.name}.")


BANNED = {"utils", "util", "helper", "helpers", "common", "misc", "manager", "agent", "data", "info"}


def vague_names(house: list[Source]) -> Iterator[str]:
    """Rule 10: no name that says nothing."""
    for source in house:
        names = [(1, source.place.stem), *((1, part) for part in source.place.parts[:-1])]
        names += [(node.lineno, node.name) for node in ast.walk(source.tree) if isinstance(node, DEFINITIONS)]
        for line, name in names:
            words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
            if vague := sorted(words & BANNED):
                yield source.breach(line, f"{name}: {', '.join(vague)} says nothing, name what it is")


Rule = Callable[[list[Source]], Iterator[str]]

RULES: tuple[Rule, ...] = (
    sizes,
    module_state,
    monkey_patches,
    import_cycles,
    core_imports,
    ambient_calls,
    unnamed_walls,
    code_from_data,
    names_from_wires,
    unbound_queues,
    endless_waits,
    public_names,
    docstrings,
    vague_names,
)
