"""What `crosscheck.check` returns: the verdict, the causes, a table, and the whole report in words."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, NamedTuple

from crosscheck.core.plain import to_plain
from crosscheck.grading.facts import Facts

if TYPE_CHECKING:
    import pandas as pd

RIGHT, WRONG = "right", "wrong"
COLUMNS = ("tensor", "right on", "of", "error / bound", "ulps", "largest on", "yours", "exact")
STYLE = "font-family: monospace; white-space: pre-wrap"


class Report(NamedTuple):
    """Whether it is right, the whole report as people read it, and what was found as data."""

    right: bool
    text: str
    facts: Facts = Facts()
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """`right`, `wrong`, `right, but for epsilon in cost`, or `right, but undefined at saturated outputs`, say.

        `cut off` for `undefined` where J is a number there that is not the right one, as of a clipped logarithm.
        """
        if not self.right:
            return WRONG
        if self.causes:
            return f"{RIGHT}, but for {', '.join(self.causes)}"
        return f"{RIGHT}, but {self.facts.saturated} at saturated outputs" if self.facts.saturated else RIGHT

    @property
    def causes(self) -> tuple[str, ...]:
        """The known mistakes whose numbers these are, by name; none where none is proved."""
        return self.facts.causes

    @property
    def table(self) -> pd.DataFrame:
        """A row for each tensor and part: on how many problems it is right, and its largest error.

        The error is in units of what rounding can do (1 is the bound) and in units in the last place.
        """
        import pandas as pd

        return pd.DataFrame(self._rows(), columns=list(COLUMNS)).set_index("tensor")

    def _rows(self) -> list[tuple[Any, ...]]:
        errors = {error.name: error for error in self.facts.errors}
        nothing = (None,) * 5
        rows: list[tuple[Any, ...]] = []
        for name in [*self.facts.parts, *(name for name in errors if name not in self.facts.parts)]:
            part, error = self.facts.parts.get(name), errors.get(name)
            shown = (
                nothing
                if error is None
                else (error.ratio, error.ulps, f"{error.problem}, {error.dtype}", error.got, error.expected)
            )
            rows.append((name, *(part or (None, None)), *shown))
        return rows

    def data(self, **more: Any) -> dict[str, Any]:
        """Return all of it as JSON has it; a number that is not finite is a word."""
        facts = self.facts
        return {
            **more,
            "right": self.right,
            "verdict": self.verdict,
            "first": facts.first,
            "causes": list(facts.causes),
            "parts": {name: {"right": part.right, "of": part.asked} for name, part in facts.parts.items()},
            "errors": [{k: v for k, v in to_plain(error).items() if k != "is"} for error in facts.errors],
            "answers": facts.answers,
            "seconds": round(self.seconds, 2),
            "report": self.text,
        }

    def __str__(self) -> str:
        """Return the report."""
        return self.text

    def __repr__(self) -> str:
        """Return the verdict, what is wrong first, and why, in a line."""
        first = f", {self.facts.first} first" if self.facts.first else ""
        causes = f": {', '.join(self.causes)}" if self.causes else ""
        return f"<Report {self.verdict}{first}{causes}; print it to read it>"

    def _repr_html_(self) -> str:
        """Return the report and the table for a notebook's cell."""
        words = f'<pre style="{STYLE}">{html.escape(self.text)}</pre>'
        if not self.facts.parts and not self.facts.errors:
            return words
        table = self.table.to_html(border=0, na_rep="", float_format=lambda x: f"{x:.3g}", notebook=True)
        return f"{words}<details><summary>Every tensor</summary>{table}</details>"
