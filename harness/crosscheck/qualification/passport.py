"""The passport of a machine: what it is, what was run on it, what was found, how small a fault would have been seen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from crosscheck.core.failures import Verdict
from crosscheck.qualification import words
from crosscheck.qualification.judged import Result
from crosscheck.qualification.tables import (
    Qualified,
    flips_frame,
    frame,
    markdown,
    of_resolution,
    resolution_statement,
    summary,
)
from crosscheck.report.machine import environment
from crosscheck.runs.passport import SCHEMA

DIGITS = 16  # of a digest


def passport(it: Qualified) -> dict[str, Any]:
    """Return passport.json as data; `runs.passport` has the schema."""
    plan, results = it.plan, it.results.results
    settings = {
        "seed": plan.seed, "device": plan.device, "budget_minutes": plan.seconds / 60, "questions": plan.most,
        "threads": list(plan.levels.threads), "dtypes": list(plan.levels.dtype),
        "implementations": [str(one) for one in plan.chosen],
    }  # fmt: skip
    return {
        "schema": SCHEMA,
        "begun": dict(it.begun),
        "environment": environment(it.results.environments, settings),
        "run": {
            "trials": len(results), "pairs_met_by_all": it.covered[0], "pairs_met": it.covered[1], "pairs": it.pairs,
        },
        "implementations": {str(one): _of(it.results.of(str(one))) for one in plan.chosen},
        "findings": [
            {"implementation": each.implementation, "question": each.number, "nature": str(each.nature),
             "wrong": each.wrong, "repeats": len(each.repeats), "words": words.of_finding(each)}
            for each in it.results.findings
        ],
        "resolution": [
            {"dtype": each.dtype, "tensor": each.tensor, "mantissa_bits": each.of, "seen_from_bit": each.proof,
             "noticed_from_bit": each.noise, "words": of_resolution(each)}
            for each in it.resolutions
        ],
        "products": [each._asdict() | {"words": words.of_product(each)} for each in it.results.products],
        "words": summary(it),
        "bits": {f"{each.implementation} {each.question.dtype} {_name(each)}": each.bits for each in results},
    }  # fmt: skip


def _name(it: Result) -> str:
    q = it.question
    return f"{q.n0}-{q.n1}-{q.n2} m={q.m} {q.layout} threads={q.threads} {q.kind}"


def _of(results: Sequence[Result]) -> dict[str, Any]:
    """Return what was found of one implementation: verdicts, and the largest errors by dtype."""
    verdicts = Counter(each.verdict for each in results)
    right = [each for each in results if not each.wrong]
    return {
        "verdicts": {str(verdict): verdicts[verdict] for verdict in Verdict if verdicts[verdict]},
        "largest": {
            dtype: {
                "ratio": max(
                    (e.ratio for e in right if e.question.dtype == dtype and e.ratio is not None), default=None
                ),
                "noise": max(
                    (e.noise for e in right if e.question.dtype == dtype and e.noise is not None), default=None
                ),
            }
            for dtype in sorted({each.question.dtype for each in results})
        },
        "bits": hashlib.sha256("".join(f"{e.number}:{e.bits};" for e in results).encode()).hexdigest()[:DIGITS],
    }


def contents(it: Qualified) -> dict[str, str]:
    """Return the files of a qualification that has ended, by name."""
    from crosscheck.report.html.passport import page

    data = passport(it)
    tables = {"qualify.csv": frame(it.results.results), "bit_flips.csv": flips_frame(it.flips)}
    heats = [each for each in it.results.results if each.heat is not None]
    pictures = [(f"{each.implementation}: {words.of_result(each)}", each.heat) for each in heats[:12]]
    shares = [(f.dtype, f.tensor, f.bit, f.part, f.proof / f.flips, f.noise / f.flips) for f in it.flips]
    return {
        **{name: each.to_csv(index=False, float_format="%.6g") for name, each in tables.items()},
        "qualify.md": markdown(it),
        "passport.json": json.dumps(data, indent=1, allow_nan=False, default=str) + "\n",
        "passport.html": page(data, shares, pictures, resolution_statement(it)),
    }
