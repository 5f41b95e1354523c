"""The report of `crosscheck check`, in words for the one who wrote the function: one diagnosis, not twenty."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.attribution import where
from harness.exam import Found
from harness.faults import FAULTS
from harness.lockstep import Case, Comparison
from harness.verdict import BAD, Row, first
from impls.interface import Network

KINK = {fault.name for fault in FAULTS if fault.kind == "switch" and "'(0)" in fault.name}
LAYERS = {1: "1 layer (logistic regression)", 2: "2 layers", 3: "3 layers"}
TAKES = {"dictionary": "a dictionary of W1, b1, ...", "layers": "a tuple of Layer(W, b)", "w, b": "w and b", "": "?"}
LOGITS = (
    "the exact J is finite: compute it from Z[L] instead of A[L], mean of max(Z, 0) + log1p(exp(-|Z|)) - Y Z,\n"
    "and dZ[L] = A - Y without a division"
)
ADVICE = {
    "raises": "it raises an error",
    "returns": "it returns something else than the cost and the gradients",
    "shape": "an array has the wrong shape",
    "missing": "gradients are missing",
    "depth": "it is written for another network",
    "lost": "it never answers",
}


class Result(NamedTuple):
    """One problem: the case, the verdict, where a stable form would first differ, and why the problem is there."""

    case: Case
    row: Row
    unstable: Comparison | None = None
    why: str = ""

    @property
    def wrong(self) -> list[Comparison]:
        """What lies outside the budget."""
        return [c for c in self.row.comparisons if c.ratio > 1]


def report(
    name: str, found: Found, results: Sequence[Result], notes: Mapping[str, Any] | Sequence[Any], dtypes: Sequence[str]
) -> tuple[bool, str]:
    """Return whether it is right, and the report."""
    said = dict(notes) if isinstance(notes, Mapping) else {}
    if not found.depths:
        depth = _told(found.trouble)
        return False, "\n".join([name, "", *_trouble(found.trouble[depth], None, depth)])
    lines = [f"{name}: takes {TAKES[said.get('takes', '')]}; checked with {_depths(found, results)}"]
    wrong = [result for result in results if result.row.verdict in BAD]
    extra = _misfits(found)
    kinked = [r for r in wrong if r.row.explained and r.row.explained.exactly and r.row.explained.fault.name in KINK]
    several = [r for r in wrong if r.case.network.n[-1] > 1]
    some = [r for r in wrong if r not in kinked]
    if several and len(several) == len(some) < len(results) - len(kinked):
        some = []  # it is for one output only, as the course's are
    else:
        several = []
    changed = said.get("changed", [])
    right = not some and not extra and not changed
    lines += ["", *(_right(results, wrong, dtypes) if not some else _wrong(some, results, found))]
    for depth in extra:
        lines += [
            "",
            f"wrong: with {LAYERS[depth]}, though it works with another number",
            *_trouble(found.trouble[depth], None, depth),
        ]
    if changed:
        lines += [
            "",
            f"wrong: it changes what it is given: {', '.join(changed)} {'are' if len(changed) > 1 else 'is'} "
            "different after the call.",
            _indent(
                "A caller who goes on with them gets another result: copy first, or write `W = W - ...` for `W -= ...`."
            ),
        ]
    notices = _notices(found, results, kinked, several, said)
    if notices:
        lines += ["", "Notes:", *(f"- {note}" for note in notices)]
    return right, "\n".join(line.rstrip() for line in lines)


def _depths(found: Found, results: Sequence[Result]) -> str:
    depths = sorted({result.case.network.L for result in results})
    names = [LAYERS.get(depth, f"{depth} layers") for depth in depths]
    hidden = ", ".join(dict.fromkeys(g for r in results for g in r.case.network.g[:-1]))
    words = " and ".join([", ".join(names[:-1]), names[-1]] if names[:-1] else names)
    return words + (f", {hidden} in the hidden ones ({found.how or 'as you say'})" if hidden else "")


def _told(trouble: Mapping[int, str]) -> int:
    """Return the depth whose trouble says most: a shape more than an error, two layers more than one."""
    kinds = ["lost", "shape", "returns", "raises", "missing", "depth"]
    return min(
        trouble, key=lambda depth: (kinds.index(trouble[depth].partition(":")[0]), {2: 0, 1: 1}.get(depth, depth))
    )


def _misfits(found: Found) -> list[int]:
    """Return the depths that it should have had: a function for one and two layers is meant for three."""
    if len(found.depths) == 1:
        return []
    return [depth for depth in found.trouble if depth > max(found.depths)]


def _trouble(words: str, case: Case | None, depth: int) -> list[str]:
    kind, _, rest = words.partition(": ")
    if kind not in ADVICE:
        kind, rest = "raises", words
    lines = [f"wrong: {ADVICE[kind]}.", _indent(rest)]
    if case is not None:
        lines.append(
            _indent(f"It was given {case.network.dimensions.replace('m)', f'{case.X.shape[1]})')} ({case.problem}).")
        )
    elif kind in ("raises", "shape", "missing"):
        lines.append(_indent(f"It was given a network of {LAYERS.get(depth, f'{depth} layers')}."))
    if kind == "lost":
        lines.append(
            _indent("Is there a loop that does not end, or one over numbers that an array operation could do?")
        )
    return lines


def _right(results: Sequence[Result], wrong: Sequence[Result], dtypes: Sequence[str]) -> list[str]:
    good = [result for result in results if result not in wrong]
    lines = [
        f"right: J and every gradient lie within what rounding can do, on {_problems(good)} in {' and '.join(dtypes)}"
    ]
    if undefined := [result for result in good if result.row.verdict == "undefined"]:
        lines[0] = lines[0].replace("right:", "right, but undefined at saturated outputs:", 1)
        c = undefined[0].unstable
        where = "saturated outputs" if c is None else f"{_place(c)} is {c.got:.6g}, and should be {c.truth:.6g}"
        lines.append(
            _indent(
                f"On {', '.join(r.case.problem for r in undefined)}: {where}. A sigmoid there rounds to exactly 0 or 1,"
            )
        )
        lines += [_indent(line) for line in ("and log(0) and 0/0 have no value; " + LOGITS).splitlines()]
    return [*lines, "", *_table(good)]


def _problems(results: Sequence[Result]) -> str:
    count = len({result.case.problem for result in results})
    return f"{count} problem{'s' if count != 1 else ''}"


def _table(results: Sequence[Result]) -> list[str]:
    """Return the largest error of each tensor, over all problems."""
    worst: dict[str, tuple[Comparison, Result]] = {}
    for result in results:
        for c in result.row.comparisons:
            name = c.tensor
            if c.ratio == c.ratio and (name not in worst or c.ratio > worst[name][0].ratio):
                worst[name] = c, result
    lines = ["  tensor     largest error: of what rounding can do (1 is the limit), in ulps, on"]
    for name in sorted(
        worst, key=lambda name: (name.startswith("fit"), name != "J", name[-1:] if name != "J" else "", name)
    ):
        c, result = worst[name]
        where = f"{result.case.problem}, {result.case.dtype}"
        lines.append(f"  {name:10} {c.ratio:<22.2g} {c.ulps:<12.3g} {where}")
    return lines


def _wrong(wrong: Sequence[Result], results: Sequence[Result], found: Found) -> list[str]:
    """Return the diagnosis: the main group on its simplest problem, then the others in a line each."""
    groups: dict[str, list[Result]] = {}
    for result in wrong:
        groups.setdefault(_key(result), []).append(result)
    main, *others = groups.values()
    example = main[0]
    row, case, L = example.row, example.case, example.case.network.L
    lines = [
        f"wrong: on {len({r.case.problem for r in wrong})} of {_problems(results)}"
        + (", all for the same reason." if not others else ".")
    ]
    if row.verdict == "failed":
        return [lines[0], *_trouble(row.cause, case, L)[1:], *_others(others)]
    shapes = case.network.dimensions.replace("m)", f"{case.X.shape[1]})")
    lines += ["", f"  the simplest  {case.problem}, {case.dtype}: {shapes}"]
    if not example.wrong:  # dtypes, labels
        lines.append(_item("what", _sentence(row)))
    else:
        c = first(example.wrong, L)
        names = ["J", *(f"d{kind}{l}" for l in range(L, 0, -1) for kind in "Wb")]
        bad = {each.tensor for each in example.wrong}
        good = [name for name in names if name not in bad]
        lines.append(_item("right", ", ".join(good) or "nothing"))
        lines.append(_item("wrong first", f"{_place(c)}: yours {c.got:.9g}, should be {c.truth:.9g}, {_when(c)}"))
        if not math.isfinite(c.got):
            lines.append(_item("not a number", _odd(c, example, results)))
        lines.append(_item("where", where(example.wrong, L)))
        lines.append(_item("notes", _equation(example.wrong, case.network)))
    lines += _cause(example, found)
    return [*lines, *_others(others)]


def _key(result: Result) -> str:
    """Return what two results with the same mistake have in common."""
    row = result.row
    if row.verdict == "failed":
        return " ".join(re.findall(r"^\w+|line \d+", row.cause))
    if row.explained is not None and row.explained.exactly:
        return row.explained.fault.name
    if not result.wrong:
        return re.sub(r"\d", "", row.cause.partition(";")[0])
    return first(result.wrong, result.case.network.L).tensor.rstrip("0123456789")


def _others(groups: Sequence[Sequence[Result]]) -> list[str]:
    lines = []
    for group in groups:
        row = group[0].row
        names = ", ".join(dict.fromkeys(result.case.problem for result in group))
        if row.verdict == "failed":
            what = row.cause.partition(": ")[2]
        elif row.explained is not None:
            what = str(row.explained)
        elif group[0].wrong:
            c = first(group[0].wrong, group[0].case.network.L)
            what = f"{_place(c)}: yours {c.got:.6g}, should be {c.truth:.6g}"
        else:
            what = row.cause
        lines += ["", f"  also, on {names}: {what}"]
    return lines


def _cause(example: Result, found: Found) -> list[str]:
    cause = example.row.explained
    if cause is None:
        return [_item("known mistake", "none that we know gives these numbers")]
    likeness = "your numbers are exactly those of" if cause.exactly else "your numbers are near those of"
    lines = [_item("known mistake", f"{likeness} `{cause.fault.name}`: {cause.fault.words}")]
    if cause.also:
        lines.append(_item("", f"(the same on this problem: {', '.join(cause.also)})"))
    for old, new in cause.fault.changes[:1]:
        lines.append(_item("right", f"`{_line(old)}`"))
        lines.append(_item("wrong", f"`{_line(new)}`"))
    return lines


def _line(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines())


def _sentence(row: Row) -> str:
    """Return why an answer was not even compared, in words."""
    broken = row.cause.split("; equals")[0].split("; unexplained")[0]
    if " is float32, expected float64" in broken:
        names = ", ".join(re.findall(r"(\w+) is float32", broken))
        return f"float64 went in, and {names} came back as float32: half of the digits are lost on the way"
    return broken


def _place(c: Comparison) -> str:
    return c.tensor + (f"[{', '.join(map(str, c.element))}]" if c.element else "")


def _when(c: Comparison) -> str:
    return "at the initial parameters" if c.iteration == 0 else f"after {c.iteration} steps of training"


def _odd(c: Comparison, example: Result, results: Sequence[Result]) -> str:
    """Return where NaN or inf begins, and what makes them."""
    mine = [r.case.problem for r in results if any(not math.isfinite(each.got) for each in r.wrong)]
    fine = [r.case.problem for r in results if r.row.verdict not in BAD]
    begins = f"it begins in {c.tensor}"
    on = f"on {', '.join(dict.fromkeys(mine))}" + (f", not on {fine[0]}" if fine else ", on every problem")
    return f"{begins}, {on}; NaN and inf come from log(0), 0/0 and exponentials that overflow"


def _equation(wrong: Sequence[Comparison], network: Network) -> str:
    """Return the notes' equation for what is wrong first, with its id in the notes' list."""
    L = network.L
    model = {1: "N10", 2: "N16"}.get(L, "N18")
    names = {c.tensor for c in wrong}
    layers = sorted({int(name[2:]) for name in names if re.fullmatch(r"d[Wb]\d+", name)}, reverse=True)
    if not layers and "J" not in names:
        return "N5: W := W - alpha dW, b := b - alpha db; J[t] is the cost before step t"
    squared = network.loss == "squared_error"
    cost = "N4: J = 1/m Σ ½ (A - Y)²" if squared else "N3: J = -1/m Σ Y log A + (1 - Y) log(1 - A)"
    if not layers:
        return cost
    if "J" in names:
        forward = "Z = W X + b, A = σ(Z)" if L == 1 else "Z[l] = W[l] A[l-1] + b[l], A[l] = g[l](Z[l])"
        return f"{ {1: 'N10', 2: 'N14'}.get(L, 'N18') }: {forward}; {cost}"
    l = layers[0]
    before = "X" if l == 1 else f"A{l - 1}"
    at = "" if L == 1 else str(l)
    kinds = {name[1] for name in names if name.endswith(str(l)) and name != "J"}
    if kinds == {"W"}:
        return f"{model}: dW{at} = dZ{at} {before}ᵀ / m"
    if kinds == {"b"}:
        return f"{model}: db{at} = sum of dZ{at} over the examples / m"
    if l == L:
        return f"{model}: dZ{at} = A{at} - Y" + (f" times g′(Z{at}), N15" if squared else "")
    return f"{model}: dZ{l} = W{l + 1}ᵀ dZ{l + 1} ∘ g′(Z{l}); N15: g′ of {network.g[l - 1]}"


def _notices(
    found: Found,
    results: Sequence[Result],
    kinked: Sequence[Result],
    several: Sequence[Result],
    said: Mapping[str, Any],
) -> list[str]:
    notes = []
    kinds = [r.row.cause for r in results if r.row.verdict == "convention"]
    if kinked or any("(0)" in cause for cause in kinds):
        value = kinked[0].row.explained.fault.name if kinked and kinked[0].row.explained else "relu'(0) = 0"
        notes.append(f"your {value}: a convention, of which several are in use; the notes say 1 (z >= 0, N15)")
    if any("flushed" in cause for cause in kinds):
        notes.append("numbers below the normal range become 0, as XLA does on the CPU; it matters to hardly anybody")
    if several:
        notes.append(
            f"right for one output; with several ({several[0].case.problem}) it is not: {several[0].row.cause[:150]}"
        )
    if len(found.depths) == 1 and found.trouble and found.depths != (1,):
        depth = found.depths[0]
        notes.append(f"it is written for {LAYERS[depth]}, which is what it was judged on")
    elif missing := [
        depth for depth in found.trouble if found.depths and depth < min(found.depths) and len(found.depths) > 1
    ]:
        notes.append(f"with {LAYERS[missing[0]]} it does not work: {found.trouble[missing[0]].partition(': ')[2]}")
    suspects = [r for r in results if r.row.verdict == "suspect"]
    if suspects:
        notes.append(f"noisier than usual on {suspects[0].case.problem}: {suspects[0].row.cause}")
    if said.get("cost_shape"):
        notes.append(f"J has shape {tuple(said['cost_shape'])}; a plain number is easier to use: float(np.squeeze(J))")
    if said.get("printed"):
        notes.append(f"it prints, up to {said['printed']} lines a call; none of it is shown here")
    for name, words in (
        (
            "fit",
            "your training loop was not checked: give fit(parameters, X, Y, alpha, iterations), returning parameters, costs",
        ),
        ("predict", "your predictions were not checked: give predict(parameters, X), returning labels 0 and 1"),
    ):
        if name not in found.own:
            notes.append(
                words.replace("parameters, X", "w, b, X").replace("returning parameters", "returning w, b")
                if said.get("takes") == "w, b"
                else words
            )
    return notes


def _item(name: str, text: str) -> str:
    return f"  {name:13} {text}"


def _indent(text: str) -> str:
    return f"  {text}"
