"""Lockstep: the same parameters for everyone, and every number that comes back held against the oracle.

`problems.cases` prepares what is asked; `runner.collect` asks it of one implementation, in the worker's process;
`Judge` compares the answer with the oracle, the proved error bound and the noise, in the harness's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import NARROW, Array, Declaration, Params

from crosscheck.core.failures import Broken
from crosscheck.core.records import Answer, Case, Comparison, Tensor, cast, flat, named
from crosscheck.judge.promises import broken_promises
from crosscheck.oracle.error_bound import (
    ErrorBound,
    Precision,
    error_bound,
    error_bounds,
    output_bound,
    precision,
    scaled,
)
from crosscheck.oracle.float64 import Evaluation, Matrix, evaluate, exact, grads_at_zero, propagate, stacked, unstacked
from crosscheck.oracle.formats import Mode
from crosscheck.oracle.noise import Noise, noise, rerun, rerun_narrow
from crosscheck.oracle.streamed import LARGE, PART, Parts, streamed

if TYPE_CHECKING:
    from crosscheck.judge.reproducible import Descent


SAMPLE, SAMPLED = 4, 4096  # parts, and examples of each, from which the noise of a case in chunks is known


class Known(NamedTuple):
    """What is known of J and the gradient at some parameters: the oracle, and the bounds on its error and another's."""

    params: Params
    oracle: Evaluation
    theirs: ErrorBound
    own: ErrorBound


class Judge:
    """The oracle of one case, evaluated once for each convention and form that somebody declares."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.parts = Parts(case.X, case.Y, case.source.chunk if case.source else PART)
        self.X: Any = case.X if case.source else exact(case.X)
        self.Y: Any = case.Y if case.source else exact(case.Y)
        self._known: dict[Any, Known] = {}
        self._noise: dict[Any, Noise] = {}
        self._outputs: dict[Declaration, tuple[Matrix, Matrix]] = {}
        self._read: dict[Any, Known] = {}
        self._some: Judge | None = None
        self._reruns: dict[tuple[int, Mode, tuple[bool, ...]], list[Noise]] = {}
        self.descents: dict[tuple[Declaration, int], Descent] = {}  # filled by `reproducible`

    def in_short(self, brief: Case) -> Judge:
        """Return a judge of the same question in short, which knows what this one does."""
        other = copy.copy(self)
        other.case = brief
        return other

    def bounded_at(self, params: Params, declared: Declaration) -> Known:
        """Return J, the gradient and their bounds at any parameters; of many examples without intermediate results."""
        if self.parts.m < LARGE and self.case.source is None:
            return self.evaluate_at(params, declared)
        if self.case.source is not None and params[0].W.ndim == 3:
            return as_stack([self.bounded_at(each, declared) for each in unstacked(params)])
        network, wide = self.case.network, cast(params, "float64")
        key = (declared, b"".join(array.tobytes() for array in flat(wide))) if self.case.source else None
        if key in self._read:
            return self._read[key]
        p, p64 = self.precision(declared), precision("float64")
        in_parts = Declaration(relu_grad_at_zero=declared.relu_grad_at_zero)
        if self.case.source is not None:  # in memory, as in `evaluate_at`
            in_parts = in_parts._replace(sums=("blocks", self.parts.size))
        at_zero = grads_at_zero(network, declared.relu_grad_at_zero)
        oracle, (theirs, own) = streamed(network, wide, self.parts, at_zero, [(p, declared), (p64, in_parts)])
        known = Known(wide, oracle, theirs, own)
        if key is not None:  # a file is read once for the same params, whoever has come to them
            self._read[key] = known
        return known

    def evaluate_at(self, params: Params, declared: Declaration) -> Known:
        """Return the oracle and the bounds at any parameters of the case's dtype, or at a stack of them."""
        if self.case.source is not None:
            return self.bounded_at(params, declared)
        network, wide = self.case.network, cast(params, "float64")
        at_zero = grads_at_zero(network, declared.relu_grad_at_zero)
        with np.errstate(all="ignore"):  # what overflows has no bound
            oracle = evaluate(network, wide, self.X, self.Y, at_zero)
        p, p64 = self.precision(declared), precision("float64")
        plain = Declaration(relu_grad_at_zero=declared.relu_grad_at_zero)
        if p == p64:
            both = [declared] if declared == plain else [declared, plain]
            bounds = error_bounds(network, wide, oracle, self.Y, p, both)
            return Known(wide, oracle, bounds[0], bounds[-1])
        theirs = error_bound(network, wide, oracle, self.Y, p, declared)
        s = p64.u / min(p.u, p.ua)  # where they differ, the smaller of the two shrinks by less
        if theirs.margin > s and p.u > p64.u and declared.sums is None:  # saves computing it
            return Known(wide, oracle, theirs, scaled(theirs, s))
        return Known(wide, oracle, theirs, error_bound(network, wide, oracle, self.Y, p64, plain))

    def at_checkpoint(self, checkpoint: int, declared: Declaration) -> Known:
        """Return the same at one of the case's checkpoints, evaluated once."""
        key = (checkpoint, declared)
        if key not in self._known:
            self._known[key] = self.evaluate_at(self.case.checkpoints[checkpoint], declared)
        return self._known[key]

    def output_of(self, params: Params, X: Matrix, declared: Declaration) -> tuple[Matrix, Matrix]:
        """Return the oracle's A[L] (n[L], m) at float64 params, and how far a prediction may be off it."""
        network, at_zero = self.case.network, grads_at_zero(self.case.network, declared.relu_grad_at_zero)
        with np.errstate(all="ignore"):
            oracle = propagate(network, params, X, at_zero)
        stable = declared._replace(formulation="logits")  # `predict` is, whatever the variant
        p, p64 = self.precision(declared), precision("float64")
        theirs, own = (output_bound(network, params, oracle, each, stable) for each in (p, p64))
        return oracle.A[-1], theirs + own

    def output_at_start(self, declared: Declaration) -> tuple[Matrix, Matrix]:
        """Return the same at the initial params, on the training set, computed once."""
        key = declared._replace(formulation="logits", convention="")
        if key not in self._outputs:
            self._outputs[key] = self.output_of(cast(self.case.checkpoints[0], "float64"), self.X, declared)
        return self._outputs[key]

    def noise(self, checkpoint: int, declared: Declaration) -> Noise:
        """Return the usual error of an implementation at one of the case's checkpoints."""
        key = (checkpoint, declared)
        if key not in self._noise:
            case, params = self.case, self.case.checkpoints[checkpoint]
            if case.source is not None:
                self._noise[key] = self._of_some().noise(checkpoint, declared)
                return self._noise[key]
            oracle, p = self.at_checkpoint(checkpoint, declared).oracle, self.precision(declared)
            narrowly = (p.adds_narrowly, declared.formulation == "autodiff") if case.dtype in NARROW else ()
            again = checkpoint, p.mode, narrowly  # whatever else is declared
            if again not in self._reruns:
                asked = case.network, params, case.X, case.Y
                self._reruns[again] = rerun_narrow(*asked, case.dtype, *narrowly) if narrowly else rerun(*asked, p.mode)
            self._noise[key] = noise(case.network, params, case.Y, oracle, p, declared, self._reruns[again])
        return self._noise[key]

    def _of_some(self) -> Judge:
        """Return a judge of some of the examples, SAMPLE parts of SAMPLED each, drawn by a fixed seed.

        The mean over all of them is no noisier than that over these, and it is not said to be less noisy either: what
        is rounded alike in each example, as by a function whose errors have one sign, no mean makes smaller.
        """
        if self._some is None:
            drawn = np.random.default_rng(0).permutation(self.parts.count)[:SAMPLE]
            some = zip(*(self.parts.part(int(k)) for k in sorted(drawn)), strict=True)
            X, Y = (np.concatenate([array[:, :SAMPLED] for array in arrays], axis=1) for arrays in some)
            self._some = Judge(self.case._replace(X=X, Y=Y, source=None))
        return self._some

    def precision(self, declared: Declaration) -> Precision:
        """Return the constants of the case's dtype with the declared matrix products."""
        return precision(self.case.dtype, declared.precision, declared.flushes, declared.loops_over)

    def straddles_zero(self, declared: Declaration) -> int:
        """Return how many Z, over all checkpoints, lie so near a kink that either derivative is right."""
        return sum(
            int(self.at_checkpoint(checkpoint, declared).theirs.straddles_zero)
            for checkpoint in range(len(self.case.checkpoints))
        )

    def broken(self, answer: Answer, device: str) -> list[Broken]:
        """Return what must be exact and is not."""
        return broken_promises(self.case, answer, device)

    def compare(self, answer: Answer, declared: Declaration) -> list[Comparison]:
        """Return every comparison of J and of all dW and db at each checkpoint that was asked for."""
        return list(self._compare(answer, declared))

    def _compare(self, answer: Answer, declared: Declaration) -> Iterator[Comparison]:
        case = self.case
        for checkpoint, (J, gradient) in zip(answer.checkpoints, answer.gradients, strict=True):
            known, t = self.at_checkpoint(checkpoint, declared), case.steps[checkpoint]
            # where either derivative is right, the usual noise says nothing
            rounding = None if known.theirs.straddles_zero else self.noise(checkpoint, declared)
            yield from against(known, (J, gradient), t, case, rounding)


def as_stack(several: Sequence[Known]) -> Known:
    """Return what is known of J and gradients at some params as of one stack of them."""
    oracles = [each.oracle for each in several]
    J: Any = np.array([oracle.J for oracle in oracles])
    oracle = oracles[0]._replace(J=J, gradient=stacked([each.gradient for each in oracles]))
    theirs, own = ([each[k] for each in several] for k in (2, 3))
    return Known(stacked([each.params for each in several]), oracle, _stack_bounds(theirs), _stack_bounds(own))


def _stack_bounds(several: Sequence[Any]) -> ErrorBound:
    J, straddles = (np.array([getattr(E, name) for E in several]) for name in ("J", "straddles_zero"))
    gradient = stacked([E.gradient for E in several])
    return several[0]._replace(  # type: ignore[no-any-return]
        J=J, gradient=gradient, straddles_zero=straddles, margin=min(E.margin for E in several)
    )


def against(
    known: Known, answer: tuple[Array, Params], t: int, case: Case, rounding: Noise | None = None
) -> Iterator[Comparison]:
    """Hold J and dParams, at iteration t, against what is known."""
    (J, gradient), (_, oracle, theirs, own) = answer, known
    S = rounding and np.asarray(rounding.J)
    yield held("J", t, J, np.asarray(oracle.J), np.asarray(theirs.J + own.J), case.dtype, S)
    everything = (gradient, oracle.gradient, theirs.gradient, own.gradient, rounding.gradient if rounding else gradient)
    for (name, got, _), true, E, E_own, S in zip(
        named(case.network, gradient, "d"), *map(flat, everything[1:]), strict=True
    ):
        yield held(name, t, got, true, E + E_own, case.dtype, S if rounding else None)


@np.errstate(all="ignore")  # NaN, inf and divisions by 0 are answers here
def held(
    tensor: str, iteration: int, got: Array, oracle: Array, E: Array, dtype: str, rounding: Array | None = None
) -> Comparison:
    """Compare one tensor: |got - oracle| <= E, element by element; NaN and inf are infinitely wrong.

    rounding: the noise of each element.
    """
    got, oracle, E = exact(got), exact(oracle), exact(E)
    bounded, error, ratios = np.isfinite(E), _error(got, oracle), ratios_to_bound(got, oracle, E)
    worst = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    largest = float(np.abs(oracle).max())
    ulp = float(np.spacing(np.dtype(dtype).type(largest))) if np.isfinite(largest) else np.nan
    seen = error[bounded]
    noise = ulps = None
    if rounding is not None and seen.size:
        noise = _number(np.where(error == 0, 0.0, error / rounding)[bounded].max())
    if seen.size:
        ulps = _number(seen.max() / ulp)
    return Comparison(
        Tensor(tensor),
        iteration,
        max(0.0, float(ratios[worst])),
        tuple(int(i) for i in worst),
        float(got[worst]),
        float(oracle[worst]),
        float(E[worst]),
        noise,
        ulps,
        float(E.max() / largest) if largest > 0 else float("inf") if E.max() > 0 else 0.0,
        int((~bounded).sum()),
        bool(bounded.any()),
    )


@np.errstate(all="ignore")
def ratios_to_bound(got: Array, oracle: Array, E: Array) -> Matrix:
    """Return each element's error in units of its bound; -1 where there is no bound."""
    error = _error(exact(got), oracle)
    return np.where(np.isfinite(E), np.where(error == 0, 0.0, error / E), -1.0)


def _error(got: Matrix, oracle: Matrix) -> Matrix:
    """Return the absolute errors; NaN is infinitely wrong."""
    difference = np.abs(got - oracle)
    return np.where(np.isnan(difference), np.inf, difference)


def _number(value: float) -> float | None:
    """Return the value, or None for what is no number."""
    return None if np.isnan(value) else float(value)
