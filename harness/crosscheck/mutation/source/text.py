"""Where the nodes of a syntax tree stand in their source, in bytes, since that is what `ast` counts in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple


class Edit(NamedTuple):
    """The bytes from start to end become text."""

    start: int
    end: int
    text: str


class Place(NamedTuple):
    """The statement in which a node stands: its function, `Class.method`, and the lines that show that it was reached.

    first, last: of a simple statement all of its lines, of a compound one those of its head.
    """

    function: str
    first: int
    last: int


class Source:
    """A module's text, its tree, and the place of every node of it that is computed when the module runs.

    Annotations, the words of an error and type aliases are not: whatever stands there, the same is computed.
    """

    def __init__(self, text: str) -> None:
        self.raw, self.tree = text.encode(), ast.parse(text)
        self._starts = [0]
        for line in self.raw.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.parents: dict[ast.AST, ast.AST] = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the first byte of a node and the one after its last."""
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.AST) -> str:
        """Return the text of a node, without parentheses around it."""
        start, end = self.span(node)
        return self.between(start, end)

    def between(self, start: int, end: int) -> str:
        """Return the text between two bytes."""
        return self.raw[start:end].decode()

    def line(self, position: int) -> int:
        """Return the number of the line in which a byte stands, from 1."""
        return self.raw.count(b"\n", 0, position) + 1

    def lines(self, edit: Edit) -> tuple[str, str]:
        """Return the lines that an edit touches, before it and after it, each in one line without its comment."""
        start = self._starts[self.line(edit.start) - 1]
        end = self._starts[self.line(max(edit.start, edit.end - 1))]
        before = self.between(start, end)
        after = self.between(start, edit.start) + edit.text + self.between(edit.end, end)
        return _in_one(before), _in_one(after)

    def around(self, edit: Edit) -> tuple[int, int]:
        """Return the span of the outermost statement, with its decorators, in which an edit lies."""
        for node in self.tree.body:
            start, end = self.span(node)
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            if min(start, self._starts[first - 1]) <= edit.start and edit.end <= end:
                return min(start, self._starts[first - 1]), end
        return 0, len(self.raw)

    def changed(self, edit: Edit) -> str:
        """Return the whole text after an edit."""
        return self.between(0, edit.start) + edit.text + self.between(edit.end, len(self.raw))

    def computed(self) -> Iterator[tuple[ast.AST, Place]]:
        """Yield every node that is computed, with its place, in the order of the text."""
        yield from self._under(self.tree, Place("", 1, 1))

    def _under(self, node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
        for child in ast.iter_child_nodes(node):
            if _idle(child, node):
                continue
            here = _place(child, place)
            yield child, here
            if not isinstance(child, ast.Raise):
                inside = here
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    inside = here._replace(function=f"{place.function}.{child.name}".lstrip("."))
                yield from self._under(child, inside)


def _in_one(lines: str) -> str:
    """Return lines in one, without their comments, which are set off by two spaces."""
    return " ".join(" ".join(line.split("  #")[0].split()) for line in lines.strip().splitlines()).strip()


def _idle(node: ast.AST, parent: ast.AST) -> bool:
    """Return whether nothing that counts is computed in a node."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.JoinedStr | ast.expr_context):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
        return True
    if isinstance(node, ast.AnnAssign) and (node.value is None or ast.unparse(node.annotation) == "TypeAlias"):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
        return True
    annotations = (getattr(parent, "annotation", None), getattr(parent, "returns", None))
    return any(node is annotation for annotation in annotations)


def _place(node: ast.AST, place: Place) -> Place:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        return place._replace(first=first, last=max(first, node.body[0].lineno - 1))
    if isinstance(node, ast.stmt):
        body = getattr(node, "body", None)
        last = max(node.lineno, body[0].lineno - 1) if body else (node.end_lineno or node.lineno)
        return place._replace(first=node.lineno, last=last)
    return place
