"""Parity, XOR of n bits: a deep network of O(n) units against a shallow one of 2^(n-1) (notes: N22).

Measured with constructed weights, perceptrons (the step), on all 2^n inputs. The tree: x XOR y is
[x + y > 1/2] - [x + y > 3/2] > 1/2, three units in two layers, and n - 1 of them in a tree are n bits. The shallow one,
as the notes count: one hidden unit for each of the 2^(n-1) patterns of odd parity, an AND, and an OR of them. And a
third, which they do not mention: n hidden units [x1 + ... + xn > k - 1/2], which the output takes with weights +1, -1,
+1, ...: since a unit adds up all bits with weights, it can count, which an AND cannot.

Then: does gradient descent find such a network by itself?

To try it yourself: other `bits`; more units, `seeds` or `iterations` for gradient descent.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from crosscheck_impls.interface import Layer, Network, Params

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, from_numpy, lockstep, row, same, train
from crosscheck.claims.engine.pictures import BLUE, GREEN, ORANGE, below, panels, svg
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.initial_weights import initial

CHUNK = 2**21  # numbers of a hidden layer at a time: 2^15 units for all 2^16 inputs are 2^31


def run(
    frameworks: Frameworks,
    bits: tuple[int, ...] = (2, 4, 8, 16),
    learn: tuple[int, ...] = (2, 4, 6, 8),
    seeds: int = 3,
    iterations: int = 3000,
) -> Findings:
    """Return the rows and the pictures."""
    builds = {"tree": tree, "patterns": patterns, "counting": counting}
    sizes = {name: [units(build(n)) for n in bits] for name, build in builds.items()}
    exact = {
        name: {f: right(framework, build, bits) for f, framework in frameworks.items()}
        for name, build in builds.items()
    }
    rows = [
        row(
            "A tree of depth O(log n) with O(n) units computes the parity of n bits.",
            "N22",
            f"units and layers for n = {', '.join(map(str, bits))}; all 2^n inputs right",
            {f: f"{told(sizes['tree'], [len(tree(n)) for n in bits])}: {exact['tree'][f]}" for f in frameworks},
            same({f: np.array([exact["tree"][f]]) for f in frameworks}),
            all(words == "all right" for words in exact["tree"].values()),
        ),
        row(
            "One hidden layer of 2^(n-1) units, an AND for each odd pattern, computes it too.",
            "N22",
            f"units and layers for n = {', '.join(map(str, bits))}; all 2^n inputs right",
            {f: f"{told(sizes['patterns'], [2] * len(bits))}: {exact['patterns'][f]}" for f in frameworks},
            same({f: np.array([exact["patterns"][f]]) for f in frameworks}),
            all(words == "all right" for words in exact["patterns"].values()),
        ),
        row(
            "A shallow network needs about 2^(n-1) hidden units.",
            "N22",
            f"a hidden layer of n units that count, n = {', '.join(map(str, bits))}; all 2^n inputs right",
            {f: f"{told(sizes['counting'], [2] * len(bits))}: {exact['counting'][f]}" for f in frameworks},
            same({f: np.array([exact["counting"][f]]) for f in frameworks}),
            "holds when units are AND and OR gates; units that add up weighted bits need only n"
            if all(words == "all right" for words in exact["counting"].values())
            else True,
        ),
    ]
    rows.append(learned(frameworks, learn, seeds, iterations))
    return Findings(rows, {"": picture(bits, sizes)})


def inputs(n: int) -> Matrix:
    """Return all inputs (n, 2^n), one a column."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)), dtype=np.float64).T


def told(counts: list[int], depths: list[int]) -> str:
    """Return units / layers, in words."""
    return ", ".join(f"{units} in {depth}" for units, depth in zip(counts, depths, strict=True))


def units(params: Params) -> int:
    """Return the number of hidden and output units; one that only hands a bit on is one too."""
    return sum(W.shape[0] for W, _ in params)


def tree(n: int) -> Params:
    """Return two layers for each level: pairs of bits become their XOR; an odd one out is handed on."""
    layers = []
    while n > 1:
        pairs, odd = divmod(n, 2)
        W, b = np.zeros((2 * pairs + odd, n)), np.full((2 * pairs + odd, 1), -0.5)
        W_xor = np.zeros((pairs + odd, 2 * pairs + odd))
        for k in range(pairs):
            # [x + y > 1/2] and [x + y > 3/2]
            W[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = 1
            b[2 * k + 1] = -1.5
            # their difference > 1/2
            W_xor[k, 2 * k : 2 * k + 2] = 1, -1
        if odd:
            W[-1, -1] = W_xor[-1, -1] = 1
        layers += [Layer(W, b), Layer(W_xor, np.full((pairs + odd, 1), -0.5))]
        n = pairs + odd
    return tuple(layers)


def patterns(n: int) -> Params:
    """Return an AND for each input of odd parity, and the OR of them."""
    odd = inputs(n).T
    odd = odd[odd.sum(axis=1) % 2 == 1]  # (2^(n-1), n)
    # +1 where the pattern has a 1, −1 where it has a 0: only the pattern itself reaches its number of ones
    hidden = Layer(2 * odd - 1, 0.5 - odd.sum(axis=1, keepdims=True))
    return hidden, Layer(np.ones((1, len(odd))), np.array([[-0.5]]))


def counting(n: int) -> Params:
    """Return n units [Σ x > k − 1/2], taken with the weights +1, −1, +1, ...: 1 where Σ x is odd."""
    k = np.arange(1.0, n + 1)[:, None]
    return Layer(np.ones((n, n)), 0.5 - k), Layer(np.where(k % 2 == 1, 1.0, -1.0).T, np.array([[-0.5]]))


def right(framework: Any, build: Any, bits: tuple[int, ...]) -> str:
    """Return whether all outputs are right; small whole numbers and halves, which float32 holds exactly."""
    for n in bits:
        params = tuple(Layer(W.astype(np.float32), b.astype(np.float32)) for W, b in build(n))
        network = Network((n, *(W.shape[0] for W, _ in params)), ("step",) * len(params))
        X = inputs(n).astype(np.float32)
        there, columns = from_numpy(framework, params), max(1, CHUNK // max(network.n))
        wrong = 0
        for start in range(0, X.shape[1], columns):
            chunk = X[:, start : start + columns]
            labels = framework.to_numpy(framework.predict(network, there, framework.from_numpy(chunk)))
            wrong += int((labels != chunk.sum(axis=0) % 2).sum())
        if wrong:
            return f"{wrong} of 2^{n} wrong"
    return "all right"


def learned(frameworks: Frameworks, learn: tuple[int, ...], seeds: int, iterations: int) -> Row:
    """2n tanh units, all 2^n inputs, alpha = 1; the best of some seeds."""
    best: dict[str, list[str]] = {f: [] for f in frameworks}
    whole, agreement = True, None
    for n in learn:
        X = inputs(n)
        Y = X.sum(axis=0, keepdims=True) % 2
        network = Network((n, 2 * n, 1), ("tanh", "sigmoid"))
        starts = [initial(network, "1", seed) for seed in range(seeds)]
        for f, framework in frameworks.items():
            shares = []
            for start in starts:
                params = train(framework, network, start, X - 0.5, Y, 1.0, iterations).params
                labels = framework.to_numpy(
                    framework.predict(network, from_numpy(framework, params), framework.from_numpy(X - 0.5))
                )
                shares.append(float((labels == Y).mean()))
            learned = sum(share == 1 for share in shares)
            whole = whole and learned == seeds
            best[f].append(f"{learned} of {seeds}")
        agreement = lockstep(frameworks, network, starts[:1], X - 0.5, Y)
    return row(
        "Gradient descent finds such networks by itself.",
        "N22",
        f"runs in which all 2^n labels are right, n = {', '.join(map(str, learn))}: 2n tanh units, {iterations} steps",
        {f: ", ".join(best[f]) for f in frameworks},
        agreement or "",
        whole or "holds when n is small and the start is lucky: not from every start",
    )


def picture(bits: tuple[int, ...], sizes: dict[str, list[int]]) -> str:
    """Return the units against the bits."""
    figure, (axis,) = panels()
    n = np.arange(min(bits), max(bits) + 1)
    axis.semilogy(n, 2.0 ** (n - 1) + 1, color=ORANGE, linestyle="--", label="one layer of ANDs")
    axis.semilogy(n, [units(tree(int(k))) for k in n], color=BLUE, label="tree of XORs")
    axis.semilogy(n, n + 1, color=GREEN, linestyle="-.", label="one layer that counts")
    for k, counts in enumerate(sizes.values()):
        axis.semilogy(bits, counts, "ok", markersize=5, label="" if k else "all 2^n inputs right")
    axis.set(xlabel="bits n", ylabel="units, hidden and output")
    below(figure, axis, 2)
    return svg(figure)
