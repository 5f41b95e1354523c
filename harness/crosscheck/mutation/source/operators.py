"""The operators: each yields the edits that it makes of one node. They know Python and arrays, not what is computed."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from crosscheck.mutation.source.text import Edit, Source

Operator: TypeAlias = Callable[[ast.AST, Source], Iterator[Edit]]

SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.FloorDiv: "//",
    ast.Mod: "%", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip
INSTEAD = {
    "+": "-", "-": "+", "*": "/", "/": "*", "@": "*", "**": "*", "//": "*", "%": "*", "<": "<=", "<=": "<", ">": ">=",
    ">=": ">", "==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in", "and": "or",
    "or": "and",
}  # fmt: skip
ORDERED = (ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)  # where a op b is not b op a
AXES, KEPT = ("axis", "dim"), ("keepdims", "keepdim")
SHAPED = ("range", "reshape", "view", "flatten", "unflatten", "transpose")  # whose arguments are whole numbers
COUNTS = ("start", "maxsize", "static_argnums", "argnums", "ndmin")  # arguments that are whole numbers
SMALL = (1e-3, 1e-9)  # relative; absolute for 0


def _symbol(left: ast.AST, op: ast.AST, right: ast.AST, source: Source, equals: str = "") -> Iterator[Edit]:
    """Replace the symbol that stands between two nodes."""
    start, end = source.span(left)[1], source.span(right)[0]
    between, symbol = source.between(start, end), SYMBOLS.get(type(op), "")
    if symbol and "#" not in between:
        at = start + len(between[: between.index(symbol)].encode())
        yield Edit(at, at + len(symbol + equals), INSTEAD[symbol] + equals)


def _atom(node: ast.AST, source: Source) -> str:
    """Return a node's text so that it can stand beside any operator."""
    text = source.of(node)
    return text if isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript) else f"({text})"


def _all(node: ast.AST, source: Source, text: str) -> Edit:
    return Edit(*source.span(node), text)


def arithmetic(node: ast.AST, source: Source) -> Iterator[Edit]:
    """+ for -, * for /, * for @ and **; a minus left out."""
    if isinstance(node, ast.BinOp):
        yield from _symbol(node.left, node.op, node.right, source)
    elif isinstance(node, ast.AugAssign):
        yield from _symbol(node.target, node.op, node.value, source, "=")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        start = source.span(node)[0]
        yield Edit(start, start + 1, "")


def operands(node: ast.AST, source: Source) -> Iterator[Edit]:
    """b - a for a - b, and so for every operator for which that is not the same."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ORDERED):
        text = f"{_atom(node.right, source)} {SYMBOLS[type(node.op)]} {_atom(node.left, source)}"
        yield _all(node, source, text if isinstance(source.parents[node], ast.stmt) else f"({text})")


def comparison(node: ast.AST, source: Source) -> Iterator[Edit]:
    """< for <=, == for !=, and so on."""
    if isinstance(node, ast.Compare):
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            yield from _symbol(left, op, right, source)


def boolean(node: ast.AST, source: Source) -> Iterator[Edit]:
    """`and` for `or`; a `not` left out; a condition the other way round; True for False."""
    if isinstance(node, ast.BoolOp):
        for left, right in itertools.pairwise(node.values):
            yield from _symbol(left, node.op, right, source)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield Edit(source.span(node)[0], source.span(node.operand)[0], "")
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        yield _all(node.test, source, f"not ({source.of(node.test)})")
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool) and not _keyword(node, source, KEPT):
        yield _all(node, source, str(not node.value))


def constants(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A number plus 1, and larger by 1e-3 and 1e-9; an index or a count plus and minus 1."""
    if not isinstance(node, ast.Constant) or type(node.value) not in (int, float) or _keyword(node, source, AXES):
        return
    number = node.value
    assert isinstance(number, int | float)
    yield _all(node, source, repr(number + 1))
    if _counts(node, source):
        yield _all(node, source, repr(number - 1))
        return
    for small in SMALL:
        yield _all(node, source, repr(number * (1 + small) if number else small))


def _keyword(node: ast.AST, source: Source, names: tuple[str, ...]) -> bool:
    parent = source.parents[node]
    return isinstance(parent, ast.keyword) and parent.arg in names


def _counts(node: ast.AST, source: Source) -> bool:
    """Return whether a number is a whole one: in an index, a range or a tuple, or compared with a count."""
    while not isinstance(node, ast.stmt):
        parent = source.parents[node]
        if isinstance(parent, ast.Slice | ast.Tuple) or (isinstance(parent, ast.Subscript) and node is parent.slice):
            return True
        if isinstance(parent, ast.Call) and ast.unparse(parent.func).split(".")[-1] in SHAPED:
            return True
        if _keyword(node, source, COUNTS) or (isinstance(parent, ast.Compare) and _whole(node)):
            return True
        node = parent
    return False


def _whole(node: ast.AST) -> bool:
    """Return whether a node is a whole number other than 0, with which a count is compared."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value != 0


def arguments(node: ast.AST, source: Source) -> Iterator[Edit]:
    """f(b, a) for f(a, b)."""
    if isinstance(node, ast.Call):
        yield from _swapped(node.args, source)


def returns(node: ast.AST, source: Source) -> Iterator[Edit]:
    """Return b, a for a, b."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        yield from _swapped(node.value.elts, source)


def _swapped(nodes: list[ast.expr], source: Source) -> Iterator[Edit]:
    for left, right in itertools.pairwise(nodes):
        if isinstance(left, ast.Starred) or isinstance(right, ast.Starred) or source.of(left) == source.of(right):
            continue
        (start, middle), (resumed, end) = source.span(left), source.span(right)
        yield Edit(start, end, source.of(right) + source.between(middle, resumed) + source.of(left))


def transposes(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A for Aᵀ."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT", "H"):
        yield _all(node, source, source.of(node)[: -len(node.attr) - 1])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("transpose", "t"):
        if isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy", "jnp", "torch"):
            yield _all(node, source, source.of(node.args[0]))
        else:
            yield _all(node, source, source.of(node.func)[: -len(node.func.attr) - 1])


def axes(node: ast.AST, source: Source) -> Iterator[Edit]:
    """axis=0 for axis=1; a sum over one axis for a sum over all."""
    if isinstance(node, ast.Constant) and type(node.value) is int and _keyword(node, source, AXES):
        yield _all(node, source, "1" if node.value == 0 else "0")
        yield _all(node, source, "None")


def keepdims(node: ast.AST, source: Source) -> Iterator[Edit]:
    """keepdims=False for keepdims=True."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool) and _keyword(node, source, KEPT):
        yield _all(node, source, str(not node.value))


def statements(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A statement left out."""
    kinds = ast.Expr | ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete | ast.Raise | ast.Assert
    if isinstance(node, kinds):
        yield _all(node, source, "pass" + "\n" * source.of(node).count("\n"))


def ranges(node: ast.AST, source: Source) -> Iterator[Edit]:
    """A range or a slice that begins one later or ends one earlier; not reversed."""
    if isinstance(node, ast.Slice):
        if node.lower is not None:
            yield _all(node.lower, source, f"{_atom(node.lower, source)} + 1")
        if node.upper is not None:
            yield _all(node.upper, source, f"{_atom(node.upper, source)} - 1")
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        first = node.args[0]
        if node.func.id == "reversed":
            yield _all(node, source, _atom(first, source))
        elif node.func.id == "range" and len(node.args) == 1:
            yield _all(first, source, f"1, {source.of(first)}")
            yield _all(first, source, f"{_atom(first, source)} - 1")
        elif node.func.id == "range":
            yield _all(first, source, f"{_atom(first, source)} + 1")
            yield _all(node.args[1], source, f"{_atom(node.args[1], source)} - 1")


OPERATORS: Mapping[str, Operator] = {
    "arithmetic": arithmetic,
    "operands": operands,
    "comparison": comparison,
    "boolean": boolean,
    "constants": constants,
    "arguments": arguments,
    "returns": returns,
    "transposes": transposes,
    "axes": axes,
    "keepdims": keepdims,
    "statements": statements,
    "ranges": ranges,
}
