"""The tables of the mutation score: mutation.csv and false_alarms.csv for machines, mutation.md for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

import pandas as pd
from crosscheck_impls.interface import DTYPES

from crosscheck.evaluation.baselines import CRITERIA
from crosscheck.evaluation.false_alarms import HonestRun
from crosscheck.evaluation.score import Pair
from crosscheck.mutation.distributed import SIGN
from crosscheck.mutation.mutants import Kind, find
from crosscheck.oracle.noise import FACTOR
from crosscheck.report.tables import table

FILES = ("mutation.csv", "false_alarms.csv", "mutation.md")
PROOFS, UNSEEN = ("error", "shapes", "bound", "steps", "labels"), ("missed", "undecided")


def alive(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs in which the mutant is one: not those that are proved to compute the same."""
    return [pair for pair in pairs if pair.caught != "equivalent"]


def share(part: int, whole: int) -> str:
    """Return a share as people read it."""
    return f"{100 * part / whole:.1f} % ({part} of {whole})" if whole else ""


def detected(pairs: Sequence[Pair], caught: Callable[[Pair], bool | None]) -> str:
    """Return the share of the living pairs that a criterion catches, among those where it applies."""
    said = [verdict for pair in alive(pairs) if (verdict := caught(pair)) is not None]
    return share(sum(said), len(said))


def false_alarms(runs: Sequence[HonestRun], alarm: Callable[[HonestRun], bool | None]) -> str:
    """Return the share of right implementations that a criterion calls wrong, among those where it applies."""
    said = [verdict for each in runs if (verdict := alarm(each)) is not None]
    return share(sum(said), len(said))


def larger_than_noise(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the living pairs whose effect is larger than the rounding noise; that of a caught one always is."""
    return [pair for pair in alive(pairs) if pair.caught not in UNSEEN or (pair.effect or 0.0) > 1]


def csv(pairs: Sequence[Pair]) -> str:
    """Return mutation.csv: a line for each mutant that is called on a problem, and dtype."""
    columns = [field.name for field in fields(Pair) if field.name != "baselines"]
    records = [vars(pair) | pair.baselines for pair in pairs]
    return pd.DataFrame.from_records(records, columns=[*columns, *CRITERIA]).to_csv(index=False, float_format="%.4g")


def false_alarms_csv(runs: Sequence[HonestRun]) -> str:
    """Return false_alarms.csv: a line for each run."""
    records = []
    for each in runs:
        row, worst, noisiest = each.row, each.row.worst(), each.row.noisiest()
        record = {name: getattr(row, name) for name in ("problem", "implementation", "dtype", "verdict")}
        record |= {"ratio": worst and worst.ratio, "noise": noisiest and noisiest.noise, "steps": row.certified}
        records.append(record | dict(each.baselines) | {"cause": row.cause})
    return pd.DataFrame.from_records(records).to_csv(index=False, float_format="%.4g")


def criteria(pairs: Sequence[Pair], runs: Sequence[HonestRun]) -> list[list[str]]:
    """Return a line for each criterion: what it catches, and its false alarms, by dtype."""
    caught_in_64 = {(p.mutant, p.problem) for p in pairs if p.dtype == "float64" and p.caught in PROOFS}
    harness: list[tuple[str, Callable[[Pair], bool | None], Callable[[HonestRun], bool | None]]] = [
        ("`disagrees`", lambda p: p.caught in PROOFS, lambda h: h.row.verdict in ("disagrees", "failed")),
        (
            "`disagrees` or `suspect`",
            lambda p: p.caught in (*PROOFS, "noise"),
            lambda h: h.row.verdict in ("disagrees", "failed", "suspect"),
        ),
        (
            "the verdict: float32 with its float64 twin",
            lambda p: p.caught in (*PROOFS, "noise") or (p.mutant, p.problem) in caught_in_64,
            lambda h: h.row.verdict in ("disagrees", "failed", "suspect"),
        ),
    ]
    baselines = [
        (name, lambda p, n=name: p.baselines.get(n), lambda h, n=name: h.baselines.get(n)) for name in CRITERIA
    ]
    lines = []
    for name, caught, alarm in [*harness, *baselines]:
        line = [name]
        for dtype in DTYPES:
            line.append(detected([p for p in pairs if p.dtype == dtype], caught))
            line.append(false_alarms([h for h in runs if h.row.dtype == dtype], alarm))
        lines.append(line)
    return lines


def summary(pairs: Sequence[Pair], runs: Sequence[HonestRun]) -> list[str]:
    """Return the findings in sentences."""
    lines = []
    for dtype in DTYPES:
        these = [pair for pair in pairs if pair.dtype == dtype]
        living = alive(these)
        if not living:
            continue
        checks = Counter(pair.caught for pair in living)
        seen = sum(pair.caught not in UNSEEN for pair in living)
        large = larger_than_noise(these)
        never = sorted({p.mutant for p in living} - {p.mutant for p in living if p.caught not in UNSEEN})
        lines.append(
            f"- {dtype}: {len(these)} pairs in which a mutant is called; {len(these) - len(living)} proved to "
            f"compute the same. Of the others {share(seen, len(living))} are caught: "
            f"{', '.join(f'{n} by {check}' for check, n in checks.most_common() if check not in UNSEEN)}. Of those "
            "whose effect is larger than the rounding noise "
            f"{share(sum(p.caught not in UNSEEN for p in large), len(large))}. "
            + (
                f"On no problem: {', '.join(f'`{name}`' for name in never)}."
                if never
                else "Each mutant on some problem."
            )
        )
    asked = [pair for pair in pairs if pair.diagnosis]
    if asked:
        right = sum(pair.diagnosis == "right" for pair in asked)
        lines.append(f"- The diagnosis names the mutant in {share(right, len(asked))} of those asked.")
    if runs:
        verdicts = Counter(each.row.verdict for each in runs)
        noisiest = [c for each in runs if not each.row.straddles_zero and (c := each.row.noisiest())]
        noises = sorted(c.noise for c in noisiest if c.noise is not None)
        ratios = [c.ratio for each in runs if (c := each.row.worst())]
        lines.append(
            f"- {len(runs)} runs of right implementations: "
            f"{', '.join(f'{n} {name}' for name, n in verdicts.most_common())}. The largest "
            f"error is {max(ratios):.3g} of the bound; in units of the rounding noise 99 % lie below "
            f"{noises[int(0.99 * (len(noises) - 1))]:.2g}, the largest is {noises[-1]:.3g}, and `suspect` begins at "
            f"{FACTOR:g}."
        )
    return lines


def markdown(pairs: Sequence[Pair], runs: Sequence[HonestRun]) -> str:
    """Return mutation.md."""
    lines = [
        "# Mutation score",
        "",
        *summary(pairs, runs),
        "",
        "A pair is a mutant on a default problem, in one dtype. `bound`: J or a gradient lies outside the "
        "proved error bound; `steps`: a step of `fit` does; `labels`, `shapes`, `error`: what must be exact is not; "
        "`noise`: above the rounding noise only. Equivalent: the results are the same to 100 digits over exact "
        "numbers, or, for a mutant that only rounds, to the last bit. The runs of right implementations: random "
        "networks, data and weights, after a random number of iterations, in all implementations; any alarm there is "
        "a false one.",
        "",
        "## Beside the baselines",
        "",
        *table(
            ["criterion", "caught, float64", "false alarms, float64", "caught, float32", "false alarms, float32"],
            criteria(pairs, runs),
        ),
        "",
        "The baselines see the same J, gradients, costs and parameters after a run, beside a right reference's in "
        "the same dtype; gradcheck compares gradients with central differences in float64.",
        "",
        "## Missed",
        "",
        "`effect`: the largest difference that the mutant makes in exact numbers, in units of the rounding noise.",
        "",
        *table(
            ["mutant", "problem", "dtype", "", "effect", "largest / bound", "largest / noise"],
            (
                (p.mutant, p.problem, p.dtype, p.caught, _short(p.effect), _short(p.ratio), _short(p.noise))
                for p in sorted(pairs, key=lambda p: (p.dtype, -(p.effect or 0.0)))
                if p.caught in UNSEEN
            ),
        ),
        "",
    ]
    there = {pair.kind for pair in pairs}
    for kind in (each for each in Kind if each in there):
        lines += [
            f"## {kind}: {kind.words}",
            "",
            *table(["mutant", "what it is", "pairs", "same", *DTYPES, "by"], _mutants(pairs, kind)),
            "",
        ]
    if Kind.DISTRIBUTED in there:
        lines += _of_teams(pairs)
    return "\n".join(lines).rstrip() + "\n"


def _of_teams(pairs: Sequence[Pair]) -> list[str]:
    """Return for each problem a table of the largest error over the bound, by mutant, dtype and number of ranks."""
    of = {pair.mutant: pair.mutant.partition(SIGN) for pair in pairs if pair.kind == Kind.DISTRIBUTED}
    ranks, names = dict.fromkeys(P for P, _, _ in of.values()), dict.fromkeys(name for _, _, name in of.values())
    lines = [
        "## Teams: the largest error over the bound",
        "",
        f"On {', '.join(ranks)} ranks. –: no mistake there, the ranks divide the examples, or there is no such layer.",
        "",
    ]
    for problem in dict.fromkeys(pair.problem for pair in pairs):
        there = {(pair.mutant, pair.dtype): pair for pair in pairs if pair.problem == problem}
        rows = [
            (name, *(", ".join(_ratio(there.get((f"{P}{SIGN}{name}", dtype))) for P in ranks) for dtype in DTYPES))
            for name in names
        ]
        lines += [f"### {problem}", "", *table(["mutant", *DTYPES], rows), ""]
    return lines


def _ratio(pair: Pair | None) -> str:
    return "–" if pair is None or pair.caught == "equivalent" or pair.ratio is None else f"{pair.ratio:.1g}"


def _mutants(pairs: Sequence[Pair], kind: str) -> Iterable[list[object]]:
    """Yield a line for each mutant: in how many pairs it is one, and how many are caught, of each dtype."""
    for name in dict.fromkeys(pair.mutant for pair in pairs if pair.kind == kind):
        these = [pair for pair in pairs if pair.mutant == name]
        counts = []
        for dtype in DTYPES:
            living = alive(pair for pair in these if pair.dtype == dtype)
            counts.append(f"{sum(p.caught not in UNSEEN for p in living)} of {len(living)}")
        checks = Counter(pair.caught for pair in alive(these) if pair.caught not in UNSEEN)
        by = ", ".join(check for check, _ in checks.most_common())
        yield [name, find(name).words, len(these), len(these) - len(alive(these)), *counts, by]


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def contents(pairs: Sequence[Pair], runs: Sequence[HonestRun]) -> dict[str, str]:
    """Return the three files, by name."""
    return dict(zip(FILES, (csv(pairs), false_alarms_csv(runs), markdown(pairs, runs)), strict=True))


def partial(pairs: Sequence[Pair]) -> dict[str, str]:
    """Return the table of a run that has not ended, by its name."""
    return {"mutation.partial.csv": csv(pairs)}
