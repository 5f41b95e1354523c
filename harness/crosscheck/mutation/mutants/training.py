"""Training loops that do something else than plain gradient descent."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.mutation.mutant import Kind, mutant
from crosscheck.mutation.rounding import through_half, through_single
from crosscheck.oracle.reference import Moment, Reference


@mutant("momentum", Kind.TRAINING, "the step carries 0.9 of the step before: that is momentum", Reference.direction)
def _(self: Reference, now: Moment) -> Params:
    if now.before is None:
        return now.gradients
    pairs = zip(now.before.direction, now.gradients, strict=True)
    return tuple(Layer(0.9 * v.W + g.W, 0.9 * v.b + g.b) for v, g in pairs)


@mutant(
    "gradient accumulates",
    Kind.TRAINING,
    "the gradient is added to those of the steps before; zero_grad is forgotten",
    Reference.direction,
)
def _(self: Reference, now: Moment) -> Params:
    if now.before is None:
        return now.gradients
    pairs = zip(now.before.direction, now.gradients, strict=True)
    return tuple(Layer(v.W + g.W, v.b + g.b) for v, g in pairs)


@mutant("stale gradient", Kind.TRAINING, "each step uses the gradient of the step before", Reference.direction)
def _(self: Reference, now: Moment) -> Params:
    return now.gradients if now.before is None else now.before.gradients


@mutant(
    "gradient of the start for ever",
    Kind.TRAINING,
    "the gradient is computed once and used in every step",
    Reference.direction,
)
def _(self: Reference, now: Moment) -> Params:
    return now.gradients if now.before is None else now.before.direction


@mutant(
    "alpha rounded to float32",
    Kind.TRAINING,
    "the learning rate is rounded to float32",
    Reference.step,
    only_rounds=True,
)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    return self.update(now.params, now.direction, float(np.float32(alpha)))


@mutant("alpha halves after 10 steps", Kind.TRAINING, "the learning rate is halved after ten steps", Reference.step)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    return self.update(now.params, now.direction, alpha if now.t < 10 else alpha / 2)


@mutant("alpha decays", Kind.TRAINING, "the learning rate decays, alpha / (1 + t / 1000)", Reference.step)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    return self.update(now.params, now.direction, alpha / (1 + now.t / 1000))


@mutant("alpha without sign", Kind.TRAINING, "the step goes uphill: W - alpha dW", Reference.update_layer)
def _(self: Reference, W: Array, b: Array, dW: Array, db: Array, alpha: float) -> Layer:
    return Layer(W + alpha * dW, b + alpha * db)


@mutant("b is not updated", Kind.TRAINING, "the biases are never updated", Reference.update_layer)
def _(self: Reference, W: Array, b: Array, dW: Array, db: Array, alpha: float) -> Layer:
    return Layer(W - alpha * dW, b)


@mutant("only the last layer is updated", Kind.TRAINING, "only the last layer learns", Reference.step)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    return now.params[:-1] + self.update(now.params[-1:], now.direction[-1:], alpha)


@mutant("b learns twice as fast", Kind.TRAINING, "the biases have twice the learning rate", Reference.update_layer)
def _(self: Reference, W: Array, b: Array, dW: Array, db: Array, alpha: float) -> Layer:
    return Layer(W - alpha * dW, b - 2 * alpha * db)


@mutant(
    "W updated before dA",
    Kind.TRAINING,
    "W[l] is updated before dA[l-1] = W[l]^T dZ[l] is taken: compute all gradients first",
    Reference.ask,
)
def _(
    self: Reference, network: Network, params: Params, X: Array, Y: Array, t: int, alpha: float
) -> tuple[Array, Params]:
    early = self.replaced(dA=lambda _, l, params, dZ, dW: (params[l - 1].W - alpha * dW).T @ dZ)
    return early.cost_and_gradients(network, params, X, Y)


@mutant(
    "cost one step late",
    Kind.TRAINING,
    "the cost is computed after the update: J[t] must belong to the parameters before step t",
    Reference.record,
)
def _(self: Reference, now: Moment, after: Params) -> Array:
    return self.cost_and_gradients(now.network, after, now.X, now.Y)[0]


@mutant(
    "cost one step late, the first right",
    Kind.TRAINING,
    "J[t] is the cost of the step before, but for the first",
    Reference.record,
)
def _(self: Reference, now: Moment, after: Params) -> Array:
    return now.J if now.before is None else now.before.J


@mutant(
    "one iteration too few",
    Kind.TRAINING,
    "the loop ends one step early: range(iterations) makes all of them",
    Reference.step,
)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    if now.t == now.iterations - 1 > 0:
        return now.params
    return self.update(now.params, now.direction, alpha)


@mutant(
    "one iteration too many",
    Kind.TRAINING,
    "one step is made after the last: the number of steps is iterations",
    Reference.step,
)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    after = self.update(now.params, now.direction, alpha)
    if now.t < now.iterations - 1:
        return after
    return self.update(after, self.cost_and_gradients(now.network, after, now.X, now.Y)[1], alpha)


@mutant("every seventh step is skipped", Kind.TRAINING, "now and then a step is left out", Reference.step)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    if now.t % 7 == 6:
        return now.params
    return self.update(now.params, now.direction, alpha)


@mutant("step 5 is made twice", Kind.TRAINING, "one step in the middle is made twice", Reference.step)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    after = self.update(now.params, now.direction, alpha)
    return self.update(after, now.direction, alpha) if now.t == 5 else after


@mutant("stops when J rises", Kind.TRAINING, "training stops as soon as the cost rises", Reference.step)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    if now.before is not None and not now.J <= now.before.J:
        return now.params
    return self.update(now.params, now.direction, alpha)


@mutant(
    "weight decay of the parameters",
    Kind.TRAINING,
    "the parameters shrink by alpha 1e-4 in each step",
    Reference.update_layer,
)
def _(self: Reference, W: Array, b: Array, dW: Array, db: Array, alpha: float) -> Layer:
    return Layer(W - alpha * dW - alpha * 1e-4 * W, b - alpha * db)


@mutant("gradient of unit length", Kind.TRAINING, "the gradient is divided by its length", Reference.step)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    length = np.sqrt(sum((d * d).sum() for layer in now.gradients for d in layer)) + 1e-30
    return self.update(now.params, now.direction, alpha / length)


@mutant(
    "half the examples in turn",
    Kind.TRAINING,
    "each step sees half of the examples, in turn: that is mini-batches",
    Reference.ask,
)
def _(
    self: Reference, network: Network, params: Params, X: Array, Y: Array, t: int, alpha: float
) -> tuple[Array, Params]:
    half = X.shape[1] // 2 or 1
    part = slice(0, half) if t % 2 == 0 else slice(-half, None)
    return self.cost_and_gradients(network, params, X[:, part], Y[:, part])


@mutant(
    "parameters rounded to float32",
    Kind.TRAINING,
    "the parameters pass through float32 in each step",
    Reference.step,
    only_rounds=True,
)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    after = self.update(now.params, now.direction, alpha)
    return tuple(Layer(through_single(W), through_single(b)) for W, b in after)


@mutant(
    "parameters rounded to float16",
    Kind.TRAINING,
    "the parameters pass through float16 in each step",
    Reference.step,
    only_rounds=True,
)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    after = self.update(now.params, now.direction, alpha)
    return tuple(Layer(through_half(W), through_half(b)) for W, b in after)


@mutant(
    "parameters averaged",
    Kind.TRAINING,
    "the parameters that come back are averaged with those of the step before",
    Reference.step,
)
def _(self: Reference, now: Moment, alpha: float) -> Params:
    after = self.update(now.params, now.direction, alpha)
    if now.t < now.iterations - 1:
        return after
    return tuple(Layer((W + V) / 2, (b + a) / 2) for (W, b), (V, a) in zip(after, now.params, strict=True))
