"""The tables of a qualification: qualify.csv, a line for each trial; bit_flips.csv; qualify.md, what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from crosscheck.core.failures import Verdict
from crosscheck.qualification import words
from crosscheck.qualification.asked import asked
from crosscheck.qualification.bit_flips import LARGEST, SEEN, Flips, Resolution, flips, resolutions
from crosscheck.qualification.design import coverage
from crosscheck.qualification.judged import Result
from crosscheck.qualification.patterns import Pattern, pattern
from crosscheck.qualification.plan import Plan, Results, probes
from crosscheck.report.machine import machine
from crosscheck.report.tables import table
from crosscheck.report.words import of_cause

FILES = ("qualify.csv", "bit_flips.csv", "qualify.md", "passport.json", "passport.html")
FLIPPED = 8  # answers of each dtype of which bits are flipped


@dataclass(frozen=True)
class Qualified:
    """All that a qualification has found. covered: of so many pairs of levels, by all implementations and by any."""

    plan: Plan
    results: Results
    flips: Sequence[Flips]
    covered: tuple[int, int] = (0, 0)
    pairs: int = 0
    begun: Mapping[str, str] = field(default_factory=dict)

    @property
    def patterns(self) -> list[Pattern]:
        """What the wrong trials of each implementation have in common."""
        found = [pattern(self.results.of(str(one))) for one in self.plan.chosen]
        return [each for each in found if each is not None]

    @property
    def resolutions(self) -> list[Resolution]:
        """The lowest bit from which on a flip is seen."""
        return resolutions(self.flips)


def qualified(plan: Plan, results: Results, begun: Mapping[str, str]) -> Qualified:
    """Return all that was found. Bits are flipped in answers to the first drawn questions that are small."""
    small = [
        (number, question) for number, question in plan.numbered()
        if question.kind == "drawn" and question.elements <= LARGEST and question.m > 1
    ]  # fmt: skip
    of = [[each for each in small if each[1].dtype == dtype][:FLIPPED] for dtype in plan.levels.dtype]
    judges = (asked(*each, plan.seed).judge for those in of for each in those)
    names = {str(one) for one in plan.chosen}
    answered: dict[int, set[str]] = {}
    for each in results.results:
        answered.setdefault(each.number, set()).add(each.implementation)
    numbered = plan.numbered()
    by_all = [question for number, question in numbered if answered.get(number, set()) >= names]
    by_any = [question for number, question in numbered if number in answered]
    (all_of, pairs), (any_of, _) = (coverage(plan.levels, each) for each in (by_all, by_any))
    return Qualified(plan, results, flips(judges), (all_of, any_of), pairs, begun)


def frame(results: Sequence[Result]) -> pd.DataFrame:
    """Return qualify.csv."""
    return pd.DataFrame.from_records([_line(each) for each in results])


def _line(it: Result) -> dict[str, object]:
    place = it.place
    return {
        "number": it.number, "implementation": it.implementation, "device": it.device, **it.question._asdict(),
        "verdict": it.verdict, "largest_ratio": it.ratio, "noise_ratio": it.noise, "tensor": it.tensor,
        "calls": it.calls, "wrong_calls": " ".join(map(str, it.wrong_calls)), "wrong_step": it.wrong_step,
        "bits_differ": it.differs, "first_of_process": it.first,
        "element": " ".join(map(str, place.element)) if place else "",
        "rows": _runs(place.rows) if place else "", "columns": _runs(place.columns) if place else "",
        "ulps": place.ulps if place else None, "cause": of_cause(it.cause), "bits": it.bits,
    }  # fmt: skip


def _runs(runs: Sequence[tuple[int, int]]) -> str:
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def summary(it: Qualified) -> list[str]:
    """Return the findings in sentences."""
    results = it.results.results
    counts = Counter(each.verdict for each in results)
    verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    by_all, by_any = it.covered
    exact = sum(each.question.kind == "exact" for each in results)
    said = [
        f"{len(results):,} trials of {', '.join(map(str, it.plan.chosen))}: {verdicts or 'none'}.",
        f"Of {it.pairs:,} pairs, such as a size with a layout or another size, {by_any:,} met in a trial of one of "
        f"them, {by_all:,} in trials of each; {exact:,} trials were on exact data, where every bit has to be right "
        "but in a declared narrow mode.",
    ]
    ratios = [each.ratio for each in results if each.ratio is not None and not each.wrong]
    noises = [each.noise for each in results if each.noise is not None and not each.wrong]
    if ratios and noises:
        said.append(
            f"The largest error of what is not wrong is {max(ratios):.2g} of the error bound and {max(noises):.2g} "
            "times the rounding noise."
        )
    said += _without_answers(it)
    for found in it.patterns:
        first, *rest = words.of_pattern(found)
        said += [f"{found.implementation}: {first}.", *(f"  {line}." for line in rest)]
    said += [
        f"{found.implementation}, question {found.number}: {words.of_finding(found)}." for found in it.results.findings
    ]
    return said


def _without_answers(it: Qualified) -> list[str]:
    """Return who was not run or has no bound in some trials, and why."""
    causes: dict[tuple[str, Verdict], list[str]] = {}
    for each in it.results.results:
        if each.verdict in (Verdict.NOT_RUN, Verdict.UNDEFINED):
            causes.setdefault((each.implementation, each.verdict), []).append(of_cause(each.cause))
    return [
        f"{name}: {len(those)} {verdict}{'' if len(set(those)) == 1 else ', for instance'}: {those[0]}."
        for (name, verdict), those in causes.items()
    ]


def of_resolution(it: Resolution) -> str:
    """Return the resolution of one kind of tensor in words."""

    def seen(bit: int | None, how: str) -> str:
        if bit is None:
            return f"{how} none"
        return f"{how} the upper {it.of - bit} of {it.of} bits, changes by {2.0 ** (bit - it.of):.1g} of the number"

    return f"{it.dtype}, {it.tensor}: {seen(it.proof, 'in proof')}; {seen(it.noise, 'in noise')}"


def resolution_statement(it: Qualified) -> list[str]:
    """Return how small a fault would have been seen; a line for each dtype and kind of tensor."""
    if not it.flips:
        return []
    seen = ", ".join(f"{share:.1f} % in {dtype}" for dtype, share in _of_the_top(it.flips).items())
    return [
        "Every bit of right answers in full precision was flipped in turn; of a declared narrow mode less is seen. "
        "Seen in proof: the number then lies outside its error bound. In noise: far above the usual rounding, a "
        f"warning. Of the flips of a sign or exponent bit these are seen in proof: {seen}; the others lie within the "
        f"bound, or their number has none. Of a mantissa at least {100 * SEEN:.0f} % are seen of the flips of:",
        *map(of_resolution, it.resolutions),
        "On exact data, where every bit has to be right, but in a declared narrow mode, one flipped bit of any number "
        "is seen, whichever it is, but for the sign of a 0.",
    ]


def _of_the_top(flips: Sequence[Flips]) -> dict[str, float]:
    """Return of each dtype the per cent of the flips of sign and exponent bits that are seen in proof."""
    top = [each for each in flips if each.part != "mantissa"]
    return {
        dtype: 100 * sum(each.proof for each in those) / sum(each.flips for each in those)
        for dtype in dict.fromkeys(each.dtype for each in top)
        if (those := [each for each in top if each.dtype == dtype])
    }


def of_products(it: Qualified) -> list[str]:
    """Return what products keep of their numbers; and of whom that is not known."""
    found = it.results.products
    silent = [
        name for name in (probe.name for probe in probes(it.plan)) if name not in {one.implementation for one in found}
    ]
    unknown = [f"{', '.join(silent)}: what products keep was not measured."] if silent else []
    return [*(f"{line}." for line in words.of_products(found)), *unknown]


def statements(it: Qualified) -> list[str]:
    """Return all that was found in sentences."""
    return [*summary(it), *of_products(it), *resolution_statement(it)]


def markdown(it: Qualified) -> str:
    """Return qualify.md."""
    here = machine()
    lines = []
    for one in it.plan.chosen:
        those = it.results.of(str(one))
        counts = Counter(each.verdict for each in those)
        ratios = [each.ratio for each in those if each.ratio is not None and not each.wrong]
        noises = [each.noise for each in those if each.noise is not None and not each.wrong]
        cells = [f"{max(values):.2g}" if values else "" for values in (ratios, noises)]
        lines.append([one, len(those), *(counts[verdict] for verdict in Verdict), *cells])
    wrong = [each for each in it.results.results if each.wrong][:50]
    return "\n".join([
        "# Qualification",
        "",
        *(f"- {line}" if not line.startswith("  ") else f"  - {line.strip()}" for line in summary(it)),
        "",
        f"Seed {it.plan.seed}, device {it.plan.device}; {here['processor']}, {here['cores']} cores.",
        "",
        "## By implementation",
        "",
        "`largest`: the largest error in units of the error bound; `noise`: in units of the rounding noise.",
        "",
        *table(["implementation", "trials", *Verdict, "largest", "noise"], lines),
        "",
        "## What products keep of their numbers",
        "",
        *([f"- {line}" for line in of_products(it)] or ["Not asked: no float32."]),
        "",
        "## How small a fault would have been seen",
        "",
        *(f"- {line}" for line in resolution_statement(it)),
        "",
        "## Wrong trials",
        "",
        *([f"- {each.implementation}: {words.of_result(each)}" for each in wrong] or ["None."]),
        "",
    ])  # fmt: skip


def flips_frame(flips: Sequence[Flips]) -> pd.DataFrame:
    """Return bit_flips.csv, with the shares."""
    records = [
        {**each._asdict(), "share_proof": each.proof / each.flips, "share_noise": each.noise / each.flips}
        for each in flips
    ]
    return pd.DataFrame.from_records(records)


def partial(results: Results) -> dict[str, str]:
    """Return the table of a run that has not ended, by its name."""
    return {"qualify.partial.csv": frame(results.results).to_csv(index=False, float_format="%.4g")}
