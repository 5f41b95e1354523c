"""Whether a form is one: tried on tiny networks, its answers held against the right ones of every activation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import OUTPUTS, Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.core.records import flat
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.form import Form
from crosscheck.grading.forms.returned import cost_of
from crosscheck.grading.forms.training import Draws, Training
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.problems.catalogue import SQUARED

SIZES = {2: (3, 4, 1), 1: (3, 1), 3: (3, 5, 4, 1)}  # what most people write first
EXAMPLES = 7
HIDDEN = ("tanh", "relu", "sigmoid", "leaky_relu")
ALPHA = 0.5
OF_SQUARED = ("sigmoid", "linear")  # outputs of squared error
NEAR = 1e-5  # float32 is near


class Model(NamedTuple):
    """What steps of training are held against."""

    activation: str = ""
    output: str = ""
    loss: str = ""


class Score(NamedTuple):
    """How well a form answers. right: at how many depths all that it returns is right. agreeing: the share of tensors,
    at the best depth. answers: at how many depths it answers. J: whether it returns one. activation: that fits best.
    converted: how many arrays came in another shape. shaped: how many costs were no plain number. model: which one's
    steps are nearest, for what only trains. sloped: at how many depths every gradient is right.
    """

    right: int = 0
    agreeing: float = 0.0
    answers: int = 0
    J: bool = False
    activation: str = ""
    converted: int = 0
    deepest: int = 0
    shaped: int = 0
    model: Model = Model()
    sloped: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of its answers are right."""
        return self.right > 0 and self.right == self.answers and self.J and not self.converted


class Settings(NamedTuple):
    """What the networks have beside their sizes."""

    activations: tuple[str, ...] = HIDDEN
    output: str = "sigmoid"
    loss: str = "cross_entropy"
    slope: float = 0.01

    @classmethod
    def of(cls, network: Network) -> Settings:
        """Return those of a network that is asked about."""
        hidden = tuple(dict.fromkeys((*(g for g in network.g[:-1]), *HIDDEN)))
        return cls(hidden, network.g[-1], network.loss, network.leaky_slope)

    def network(self, depth: int, activation: str) -> Network:
        """Return a tiny network."""
        return Network.of(SIZES[depth], activation, self.output, loss=self.loss, leaky_slope=self.slope)


@cache
def question(depth: int, settings: Settings) -> tuple[Params, Array, Array]:
    """Return params, X and Y of a tiny network."""
    random, sizes = np.random.default_rng(depth), SIZES[depth]
    params = tuple(
        Layer(random.normal(size=(n, before)), random.normal(size=(n, 1)))
        for n, before in zip(sizes[1:], sizes, strict=False)
    )
    Y = (random.random((1, EXAMPLES)) < 0.5) * 1.0
    return params, random.normal(size=(sizes[0], EXAMPLES)), Y


@cache
def answers(depth: int, settings: Settings) -> dict[str, list[Array]]:
    """Return J and every gradient of a tiny network, for each activation."""
    params, X, Y = question(depth, settings)
    ask, found = framework().gradients[VARIANT], {}
    for activation in settings.activations[: None if depth > 1 else 1]:
        J, gradient = ask(settings.network(depth, activation), params, X, Y)
        found[activation] = [np.asarray(J), *flat(gradient)]
    return found


def score(form: Form | Training, settings: Settings) -> tuple[Score, Trouble | None]:
    """Return how well a form answers, and its first trouble."""
    if isinstance(form, Training):
        return score_of_steps(form, settings)
    best, trouble = Score(), None
    for depth in SIZES:
        params, X, Y = question(depth, settings)
        network = settings.network(depth, settings.activations[0])
        try:
            reading = form.ask(network, params, X, Y)
            J, shape = (None, ()) if reading.J is None else cost_of(reading.J, X)
        except Trouble as error:
            trouble = trouble or error
            continue
        got = [J, *flat(reading.gradient)]
        ignored = depth > 1 and not np.any(got[-2])
        if ignored:
            continue
        count = {name: sum(map(_near, got, right)) for name, right in answers(depth, settings).items()}
        activation = max(count, key=lambda name: count[name])
        whole = count[activation] == len(got) - (J is None)
        slopes = [sum(map(_near, got[1:], right[1:])) for right in answers(depth, settings).values()]
        best = Score(
            best.right + whole,
            max(best.agreeing, count[activation] / len(got)),
            best.answers + 1,
            best.J or J is not None,
            activation if depth > 1 and not best.activation else best.activation,
            best.converted + len(reading.conversions),
            max(best.deepest, depth),
            best.shaped + bool(shape),
            sloped=best.sloped + (max(slopes) == len(got) - 1),
        )
    return best, trouble


def score_of_steps(form: Training, settings: Settings) -> tuple[Score, Trouble | None]:
    """Return how well two steps of training answer, held against the right ones of every activation and loss."""
    best, trouble = Score(), None
    for depth in SIZES:
        params, X, Y = question(depth, settings)
        network = settings.network(depth, settings.activations[0])
        try:
            once = flat(form.train(network, params, X, Y, ALPHA, 1).params)
            if form.at_zero:
                params = tuple(Layer(0 * W, 0 * b) for W, b in params)
                once = flat(form.train(network, params, X, Y, ALPHA, 1).params)
            twice = flat(form.train(network, params, X, Y, ALPHA, 2).params)
        except Trouble as error:
            trouble = error if trouble is None or isinstance(error, Draws) else trouble
            continue
        if all(np.array_equal(a, b) for a, b in zip(twice, flat(params), strict=True)):
            trouble = trouble or Trouble(Kind.MISSING, "it leaves its weights as they are")
            continue
        if depth > 1 and np.array_equal(twice[-2], params[-1].W):
            continue  # it knows nothing of so many layers
        begun, got = flat(params), [*once, *twice]
        first = twice if all(map(np.array_equal, once, begun)) else once  # it may leave out one step
        fits = {
            model: (sum(map(_near, got, right)), _along(first, right, begun))
            for model, right in stepped(depth, settings, form.at_zero).items()
        }
        model = max(fits, key=lambda each: fits[each])
        share = fits[model][0] / len(got)
        clear = depth > 1 and not best.activation
        best = Score(
            best.right + (share == 1),
            max(best.agreeing, share),
            best.answers + 1,
            True,
            model.activation if clear else best.activation,
            0,
            max(best.deepest, depth),
            0,
            model if fits[model][1] else best.model,
        )
    return best, trouble


def _along(once: Sequence[Array], right: Sequence[Array], begun: Sequence[Array]) -> int:
    """Return how many tensors have moved in the right direction or against it, however far."""
    count = 0
    for got, expected, start in zip(once, right, begun, strict=False):
        moved, due = (got - start).ravel(), (expected - start).ravel()
        if moved.shape == due.shape and due.any() and moved.any():
            left = moved - due * (moved @ due) / (due @ due)
            count += bool(np.linalg.norm(left) < NEAR * np.linalg.norm(moved))
    return count


@cache
def stepped(depth: int, settings: Settings, at_zero: bool) -> dict[Model, list[Array]]:
    """Return the params after one step of gradient descent, and after two, for each activation and loss."""
    params, X, Y = question(depth, settings)
    params = tuple(Layer(0 * W, 0 * b) for W, b in params) if at_zero else params
    fit, found = framework().fit, {}
    models = [(settings.output, settings.loss), *((each, SQUARED) for each in OUTPUTS[SQUARED] if each in OF_SQUARED)]
    for output, loss in dict.fromkeys(models):
        for activation in settings.activations[: None if depth > 1 else 1]:
            network = settings._replace(output=output, loss=loss).network(depth, activation)
            found[Model(activation, output, loss)] = [
                array for count in (1, 2) for array in flat(fit(VARIANT, network, params, X, Y, ALPHA, count)[0])
            ]
    return found


def _near(got: Array | None, right: Array) -> bool:
    if got is None or got.shape != right.shape or not np.isfinite(got).all():
        return False
    return bool(np.allclose(got, right, rtol=NEAR, atol=NEAR * max(1e-3, float(np.abs(right).max()))))
