"""What is said of the training loop and of the predictions that stand beside a gradient, right or wrong."""

from __future__ import annotations

from collections.abc import Sequence

from crosscheck.grading.diagnosis.findings import Diagnosis
from crosscheck.grading.diagnosis.words import sentence, steps_of
from crosscheck.grading.hints import Result

NOTHING = "nothing that we know gives these numbers"
COSTS = "of the costs that it reports, "
TRAINING, PREDICTIONS = "training", "predictions"

Items = list[tuple[str, str]]


def of_training(diagnoses: Sequence[Diagnosis], pair: bool) -> Items:
    """Return the mistakes of the training loop, each once, and what of its steps nothing explains."""
    items: Items = []
    shown = set[str]()
    told = any(diagnosis.steps for diagnosis in diagnoses)
    for diagnosis in diagnoses:
        new = [finding for finding in diagnosis.steps if finding.key not in shown]
        shown |= {finding.key for finding in new}
        items += [(TRAINING, sentence(finding, pair, implied=diagnosis.implied)) for finding in new]
        items += [
            (TRAINING, COSTS + sentence(finding, pair)) for finding in diagnosis.costs if finding.key not in shown
        ]
        shown |= {finding.key for finding in diagnosis.costs}
        if diagnosis.untold and not (items or (told and diagnosis.implied)):
            along = "the right gradient" if diagnosis.implied else "your own gradient"
            items.append((TRAINING, f"{steps_of(diagnosis.untold, pair)} are not alpha times {along}: {NOTHING}"))
    return items


def of_predictions(results: Sequence[Result]) -> Items:
    """Return the first label that is wrong, and whose labels these are."""
    for result in results:
        predicted, known = result.row.predictions, result.labels
        k = None if predicted is None else predicted.first
        if k is None or result.case.network.g[-1] != "sigmoid":
            continue
        because = f"; your labels are those of `{known.name}`: {known.words}" if known is not None else ""
        when = "" if k.when == "start" else ", after training"
        where = f"on {result.case.problem} that of example {k.example} is {k.predicted:g}{when}"
        return [(PREDICTIONS, f"{where}, it should be {int(k.oracle > 0.5)}: A[L] is {k.oracle:.9g} there{because}")]
    return []
