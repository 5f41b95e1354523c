"""What anyone's function is asked: problems of its depth, and first of all, which depth and which activation it has.

A function over W1, b1, ... says nowhere how many layers it is written for, nor which activation its hidden layers
have. It is asked once for one, two and three layers, and its J is held against that of each activation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import ACTIVATIONS, OUTPUTS, BadInput, Declaration, Side, nearest

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.records import Answer, Case, Certification, Comparison
from crosscheck.grading.notes import Notes, noted
from crosscheck.judge.elementwise import Judge, against
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import SPECS, SQUARED, Options, Spec, build, nearest_problem

Ask = Callable[[Sequence[Case]], list[Answer | Failure]]

DIFFERENTIABLE = tuple(name for name in ACTIVATIONS if name != "step")  # as `--help` lists them
HIDDEN = ("tanh", "relu", "sigmoid", "leaky_relu")  # the first one that fits is taken
DEPTHS = (1, 2, 3)
LEFT: tuple[tuple[str, Side], ...] = (("relu", "left"), ("leaky_relu", "left"))
FORMULATIONS = ("logits", "textbook", "autodiff")
TOLD = (
    Kind.RAISES,
    Kind.RETURNS,
    Kind.SHAPE,
    Kind.MISSING,
    Kind.DEPTH,
    Kind.NOT_BUILT,
)  # by the adapter, in the user's own names
TOO_LONG = ("many_examples", "digits_777", "long_sums")  # for a learner's loop in Python; asked by name it is run

# The hard ones once more, with hidden layers; and squared error.
MORE = (
    Spec("saturated_outputs-2layer", "flower", (4,), "", "1000", 1e-6, 20, why="logits to 1e3: log(0), overflow"),
    Spec("one_class-2layer", "one_class", (4,), why="every label is 1"),
    Spec("many_outputs-2layer", "digits_by_kind", (8,), why="three labels for each example"),
    Spec("kink-3layer", "kink", (4, 3), why="Z is exactly 0: which derivative does ReLU have there?"),
    Spec("one_example-3layer", "one_example", (4, 3), why="m = 1: shapes that broadcast by accident"),
    Spec("squared_error-2layer", "breast_cancer", (8,), loss=SQUARED, why="squared error"),
    Spec("squared_error-3layer", "breast_cancer", (16, 8), loss=SQUARED, why="squared error"),
    Spec("one_example-2layer", "one_example", (4,), loss=SQUARED, why="m = 1: shapes that broadcast by accident"),
)  # fmt: skip


class Wanted(NamedTuple):
    """What the user says of the function and of the problems; None leaves it to us, as rows False does."""

    problems: tuple[str, ...] = ()
    layers: str | None = None
    activation: str | None = None
    output: str | None = None
    loss: str | None = None
    leaky_slope: float | None = None
    rows: bool = False

    def options(self, activation: str = "") -> Options:
        """Return what takes the place of a problem's own settings."""
        loss = self.loss or "cross_entropy"
        output = self.output or ("linear" if loss == SQUARED else "sigmoid")
        return Options(
            layers=self.layers, activation=activation or self.activation, output=output, loss=loss,
            relu_grad_at_zero="right",
            leaky_slope=0.01 if self.leaky_slope is None else self.leaky_slope,
        )  # fmt: skip


class How(StrEnum):
    """How the activation was found: SAID: the user says it. MISTAKE: with a known mistake it explains the answer.

    NEAREST: J is far nearer to that of this one than of any other. STEPS: by the steps of training. SLOPES: by its
    gradients, since it has no J. USUAL: J fits none of those that were tried, and two are about as near.
    """

    SAID = "said"
    J = "J"
    GRADIENTS = "gradients"
    MISTAKE = "mistake"
    NEAREST = "nearest"
    STEPS = "steps"
    SLOPES = "slopes"
    USUAL = "usual"


class Function(NamedTuple):
    """What a function is: the depths that it answers for; trouble, by depth, with the others; the activation.

    how: how that was found; own: what else it has of fit and predict; takes: the form of its parameters. at_zero:
    whether it can be asked of weights of 0 alone. loss, output: of what only trains, where its steps tell them.
    """

    depths: tuple[int, ...]
    trouble: dict[int, Failure]
    activation: str
    how: How
    own: tuple[str, ...]
    takes: str = ""
    at_zero: bool = False
    loss: str = ""
    output: str = ""


def problems(wanted: Wanted) -> list[Spec]:
    """Return the problems, the plain ones first, each in the depth that `--layers` asks for. Raises BadInput."""
    loss = wanted.loss or "cross_entropy"
    _check(wanted, loss)
    depth = None if wanted.layers is None else len([word for word in wanted.layers.split(",") if word.strip()]) + 1
    by_settings: dict[tuple[str, tuple[int, ...], str], Spec] = {}
    for spec in (*SPECS, *MORE):
        if spec.loss == loss and (spec.default or loss == SQUARED) and "," not in spec.activation:
            layers, last = len(spec.hidden) + 1, spec.name.split("-")[-1]
            name = spec.name.removesuffix(f"-{last}") if layers > 1 and last in ACTIVATIONS else spec.name
            if depth is None or layers == min(depth, DEPTHS[-1]):
                by_settings.setdefault((spec.data, spec.hidden, spec.weights), spec._replace(name=name))
    every = sorted(by_settings.values(), key=lambda spec: (len(spec.hidden), spec.data != "flower"))
    if not wanted.problems:
        return [spec for spec in every if spec.data not in TOO_LONG]
    for name in wanted.problems:
        if not any(_begins(spec, name) for spec in every):
            near = nearest_problem(name, sorted({spec.name for spec in every}))
            raise BadInput(f"{name}: no such problem here; {near}", parameter="problem")
    return [spec for spec in every if any(_begins(spec, name) for name in wanted.problems)]


def _check(wanted: Wanted, loss: str) -> None:
    """Raise BadInput for a loss, an output or an activation that has no gradient to check."""
    if loss not in OUTPUTS:
        raise BadInput(f"{loss}: unknown; {nearest(loss, list(OUTPUTS))}", parameter="loss")
    outputs = [name for name in OUTPUTS[loss] if name in DIFFERENTIABLE]
    if wanted.output is not None and wanted.output not in outputs:
        message = f"{wanted.output}: does not go with the loss {loss}, expected {' or '.join(outputs)}"
        raise BadInput(message, parameter="output")
    for name in (wanted.activation or "").split(",") if wanted.activation is not None else []:
        if name.strip() not in DIFFERENTIABLE:
            raise BadInput(f"{name.strip()}: unknown; {nearest(name.strip(), DIFFERENTIABLE)}", parameter="activation")


def _begins(spec: Spec, name: str) -> bool:
    return spec.name == name or spec.name.startswith(f"{name}-")


def case_of(
    spec: Spec, wanted: Wanted, activation: str, dtype: str, iterations: int, checkpoints: int | None = None
) -> Case:
    """Return the case; the oracle takes the problem's own number of steps to the later checkpoints, `fit` these."""
    case = make_case(build(spec, wanted.options(activation)), dtype, later=checkpoints != 1)
    return case._replace(
        iterations=iterations, checkpoints=case.checkpoints[:checkpoints], steps=case.steps[:checkpoints]
    )


def declared(formulation: str, case: Case) -> Declaration:
    """Return what is granted to a function of which nothing is known but that it may be written in this formulation."""
    kink = tuple((name, side) for name, side in LEFT if name in case.network.g)
    tiny = bool(((case.X != 0) & (np.abs(case.X) < np.finfo(case.dtype).tiny)).any())
    words = ", ".join(
        f"{name}'(0) = {value}" for name, value in (("relu", "0"), ("leaky_relu", "slope")) if name in dict(kink)
    )
    return Declaration(formulation=formulation, relu_grad_at_zero=kink, flushes=tiny, convention=words)  # type: ignore[arg-type]


def survey(ask: Ask, specs: Sequence[Spec], wanted: Wanted, choose: Choose) -> Function | Failure:
    """Ask once for each depth. Returns a Failure if there was no answer at all."""
    asked = _ask_once(ask, specs, wanted)
    failures = [answer for answer in asked.answers.values() if isinstance(answer, Failure)]
    lost = next((failure for failure in failures if failure.kind not in TOLD), None)
    if lost is not None and len(failures) == len(asked.answers):
        return lost
    depths, trouble, notes = [], {}, Notes()
    for depth in sorted(asked.depths, key=_order):
        answer = asked.answers[depth]
        if isinstance(answer, Failure):
            trouble[depth] = answer
        elif depth > 1 and _ignores_the_last(answer, asked.judges[depth, asked.names[0]]):
            trouble[depth] = Failure(Stage.JUDGE, Kind.MISSING, f"dW{depth} is zero everywhere")
        else:
            depths.append(depth)
            notes = noted(answer)
    deep = next((depth for depth in depths if depth > 1), 0)
    name, how = asked.names[0], How.SAID
    if deep and not wanted.activation and notes.activation:
        name, how = notes.activation, How.STEPS if "gradients" in notes.unjudged else How.SLOPES
    elif deep and not wanted.activation:
        shown = {each: (asked.judges[deep, each], asked.answers[deep]) for each in asked.names}
        name, how = choose(shown)
    by_steps = (notes.loss, notes.output) if "gradients" in notes.unjudged else ("", "")
    return Function(tuple(sorted(depths)), trouble, name, how, notes.own, notes.takes, notes.at_zero, *by_steps)


Shown = Mapping[str, tuple[Judge, "Answer | Failure"]]  # an answer for each activation
Choose = Callable[[Shown], tuple[str, How]]


class _Asked(NamedTuple):
    """What was asked once for each depth, and what came back: the same, whatever activation it is held against."""

    depths: list[int]
    names: tuple[str, ...]
    judges: dict[tuple[int, str], Judge]
    answers: dict[int, Answer | Failure]


def _ask_once(ask: Ask, specs: Sequence[Spec], wanted: Wanted) -> _Asked:
    first: dict[int, Spec] = {}
    for spec in specs:
        first.setdefault(len(wanted.layers.split(",")) + 1 if wanted.layers else len(spec.hidden) + 1, spec)
    names = (wanted.activation,) if wanted.activation else HIDDEN
    depths = sorted(first, key=_order)
    keys = [(depth, name) for depth in depths for name in (names if depth > 1 else names[:1])]
    cases = {(depth, name): case_of(first[depth], wanted, name, "float64", 1, 1) for depth, name in keys}
    judges = {key: Judge(case) for key, case in cases.items()}
    answers = ask([cases[depth, names[0]] for depth in depths])
    return _Asked(depths, names, judges, dict(zip(depths, answers, strict=True)))


def _order(depth: int) -> int:
    """Two layers first: what most learners write."""
    return {2: 0, 1: 1}.get(depth, depth)


def _ignores_the_last(answer: Answer, judging: Judge) -> bool:
    oracle = judging.at_checkpoint(0, Declaration()).oracle.gradient[-1]
    return not any(array.any() for array in answer.gradients[0][1][-1]) and bool(oracle.W.any())


def outside(judging: Judge, answer: Answer, under: Declaration) -> list[Comparison]:
    """Return what of J, dW and db lies outside the bound, under one declaration."""
    case = judging.case
    return [
        c
        for checkpoint, gradient in zip(answer.checkpoints, answer.gradients, strict=True)
        for c in against(judging.at_checkpoint(checkpoint, under), gradient, case.steps[checkpoint], case)
        if c.outside
    ]


def without_a_run(answer: Answer, case: Case, own: Sequence[str]) -> Answer:
    """Leave out what we, not the user, have derived from the function: the training loop, and what it trained."""
    if "fit" in own:
        return answer
    predicts = "predict" in own  # the labels of weights that are not 0, wherever these come from
    trained = answer.run.trained if predicts else case.checkpoints[0]
    nothing = answer.run._replace(
        trained=trained, costs=np.zeros(1, case.dtype), steps=[],
        certification=Certification.ALL, iterations=1,
    )  # fmt: skip
    labels = answer.labels if predicts else answer.labels_start
    return answer._replace(run=nothing, labels=labels, labels_test=None)
