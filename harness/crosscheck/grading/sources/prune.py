"""Which statements of a program are kept: imports, constants, definitions, and what those need; training is not.

Left out are prints, plots, assertions, loops, what reads data, and what calls the program's own functions on them.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
SETTINGS = ("config.", "jax.config.", "torch.set_", "np.seterr", "numpy.seterr", "sys.path.", "sys.setrecursionlimit")
WRAPPERS = ("jit", "grad", "value_and_grad", "vmap", "partial", "vectorize", "compile", "wraps", "njit", "staticmethod")
BUILDING = ("add", "append", "add_layer")  # model.add(Dense(2, 4))
PLAIN = (
    "array", "zeros", "ones", "arange", "linspace", "eye", "float64", "float32", "tensor", "int", "float", "tuple",
    "list", "dict", "set", "range", "len", "sorted", "namedtuple", "asarray", "default_rng", "Path", "device",
    "PRNGKey",
)  # fmt: skip


class Kept(NamedTuple):
    """A statement that is kept. needed: whether something that is kept reads it; what it defines may be missing."""

    label: str
    statement: ast.stmt


def prune(parts: Iterable[tuple[str, ast.Module]]) -> tuple[list[Kept], int]:
    """Return the statements of a program's parts that are kept, in order, and how many are left out."""
    statements = [Kept(label, each) for label, tree in parts for each in _flat(tree.body)]
    defined: set[str] = {each.statement.name for each in statements if isinstance(each.statement, DEFINITIONS)}
    classes = {each.statement.name for each in statements if isinstance(each.statement, ast.ClassDef)}
    classes |= {
        e.statement.name for e in statements if isinstance(e.statement, ast.FunctionDef) and _makes(e.statement)
    }
    needed = set[str]()
    for each in statements:
        if isinstance(each.statement, (*DEFINITIONS, ast.If, ast.Try, ast.With)):
            needed |= read_by(each.statement)
    chosen = [_kept(each.statement, defined, classes, needed) for each in statements]
    while True:  # what is kept may need more
        for each, keeps in zip(statements, chosen, strict=True):
            if keeps and not isinstance(each.statement, IMPORTS):
                needed |= read_by(each.statement)
        again = [_kept(each.statement, defined, classes, needed) for each in statements]
        if again == chosen:
            break
        chosen = again
    kept = [each for each, keeps in zip(statements, chosen, strict=True) if keeps]
    useful = [each for each in kept if not (isinstance(each.statement, IMPORTS) and _unused(each.statement, needed))]
    return useful, len(statements) - len(kept)


def _makes(function: ast.FunctionDef) -> bool:
    """Return whether a function has a function in it, which it may return."""
    return any(isinstance(each, ast.FunctionDef | ast.Lambda) for each in list(ast.walk(function))[1:])


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements; of what runs only as a program, its definitions."""
    for each in body:
        if isinstance(each, ast.If) and "__name__" in {n.id for n in ast.walk(each.test) if isinstance(n, ast.Name)}:
            yield from (inner for inner in each.body if isinstance(inner, (*DEFINITIONS, *IMPORTS)) or _is_stack(inner))
        else:
            yield each


def _is_stack(statement: ast.stmt) -> bool:
    """Return whether a statement makes a list of objects: network = [Dense(2, 3), Tanh(), Dense(3, 1), Sigmoid()]."""
    match statement:
        case ast.Assign(value=ast.List(elts=[*parts])) if len(parts) > 1:
            return all(isinstance(each, ast.Call) and _last(ast.unparse(each.func))[:1].isupper() for each in parts)
    return False


def _kept(statement: ast.stmt, defined: set[str], classes: set[str], needed: set[str]) -> bool:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(), attr=method), args=[*parts])) if (
            method in BUILDING
        ):
            return bool(parts) and all(isinstance(each, ast.Call) and _is_made(each, classes) for each in parts)
        case ast.Expr(value=ast.Call(func=function)):
            return ast.unparse(function).startswith(SETTINGS)
        case ast.If() | ast.Try() | ast.With():
            inside = list(ast.walk(statement))
            return any(isinstance(each, (*DEFINITIONS, *IMPORTS)) for each in inside) and not any(
                isinstance(each, ast.For | ast.While) for each in statement.body
            )
        case ast.Assign() | ast.AnnAssign(value=ast.expr()):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            assert statement.value is not None
            return _kept_value(targets, statement.value, defined, classes, needed)
    return False


def _is_made(call: ast.Call, classes: set[str]) -> bool:
    """Return whether a call makes an object: Dense(2, 4), layers.Dense(4)."""
    name = ast.unparse(call.func)
    return _last(name)[:1].isupper() or name in classes


def _kept_value(
    targets: Sequence[ast.expr], value: ast.expr, defined: set[str], classes: set[str], needed: set[str]
) -> bool:
    """Return whether an assignment is kept: of a constant, a wrapped function, an object, or of what is needed."""
    names = {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    calls = [ast.unparse(each.func) for each in _now(value) if isinstance(each, ast.Call)]
    if not all(isinstance(target, ast.Name | ast.Tuple | ast.List) for target in targets):
        return bool(names & (defined | needed)) and not calls  # Net.forward = forward, TABLE["relu"] = relu
    if all(_last(call) in PLAIN for call in calls):
        return True
    if isinstance(value, ast.Call) and _last(ast.unparse(value.func)) in WRAPPERS:
        return True
    if calls and all(_last(call)[:1].isupper() or call in classes for call in calls):  # an object: Net(2, 4, 1)
        return True
    return bool(names & needed) and not any(call in defined - classes for call in calls)


def _now(value: ast.expr) -> Iterator[ast.AST]:
    """Yield the nodes of a value that are computed at once: not what is inside a lambda."""
    waiting: list[ast.AST] = [value]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, ast.Lambda):
            yield each
            waiting += ast.iter_child_nodes(each)


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def read_by(statement: ast.stmt) -> set[str]:
    """Return the global names that a statement reads, in its functions' bodies too.

    >>> sorted(read_by(ast.parse("def f(x): return g(x) + K").body[0]))
    ['K', 'g']
    """
    try:
        top = symtable.symtable(ast.unparse(statement), "statement", "exec")
    except (SyntaxError, RecursionError, ValueError):
        return {each.id for each in ast.walk(statement) if isinstance(each, ast.Name)}
    found = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    waiting = list(top.get_children())
    while waiting:
        table = waiting.pop()
        found |= {s.get_name() for s in table.get_symbols() if s.is_global() or (s.is_free() and s.is_referenced())}
        waiting += table.get_children()
    return found


def _unused(statement: ast.Import | ast.ImportFrom, needed: set[str]) -> bool:
    """Return whether nothing that is kept reads what a statement imports; a star or __future__ is always used."""
    if isinstance(statement, ast.ImportFrom) and (statement.module == "__future__" or statement.names[0].name == "*"):
        return False
    return not {(alias.asname or alias.name).split(".")[0] for alias in statement.names} & needed
