"""Check corpus.toml: every right program is right, every wrong one wrong in what is written there and in nothing else.

    python tests/corpus/verify.py [NAME ...]

Plain NumPy in float64, confirmed by finite differences; nothing of the harness is used. A program is run as it stands,
a notebook without its magics; a statement that fails, for want of data, is passed over.
"""

import ast
import contextlib
import io
import itertools
import json
import os
import sys
import tomllib
import types
import warnings
from pathlib import Path

import call_classes
import call_functions
import numpy as np
from calls import GRADIENTS, PREDICT, TRAIN

HERE = Path(__file__).parent
ENTERED = (call_classes, call_functions)  # to import them fills the tables
SLOPE, RATE, STEPS = 0.01, 0.1, 3
DEPTH = {"logistic": [], "two_layer": [5], "three_layer": [5, 3], "L_layer": [5, 3, 4]}
HIDDEN = {  # A and dA/dZ, from Z, with the derivative at 0
    "tanh": lambda Z, kink: (np.tanh(Z), 1 - np.tanh(Z) ** 2),
    "sigmoid": lambda Z, kink: (sigmoid(Z), sigmoid(Z) * (1 - sigmoid(Z))),
    "relu": lambda Z, kink: (np.maximum(Z, 0), np.where(Z == 0, kink, Z > 0)),
    "leaky_relu": lambda Z, kink: (
        np.where(Z > 0, Z, SLOPE * Z),
        np.where(Z == 0, max(kink, SLOPE), np.where(Z > 0, 1, SLOPE)),
    ),
}


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def truth(program, P, X, Y, kink=0.0):
    """J, [(dW, db)] and the output."""
    As, slopes = [X], []
    for W, b in P[:-1]:
        A, slope = HIDDEN[program["hidden"]](W @ As[-1] + b, kink)
        As.append(A)
        slopes.append(slope)
    Z = P[-1][0] @ As[-1] + P[-1][1]
    m = X.shape[1]
    out = Z if program.get("output") == "linear" else sigmoid(Z)
    if program.get("loss") == "squared_error":
        J = np.sum((out - Y) ** 2) / (2 * m)
        dZ = (out - Y) / m * (1 if program.get("output") == "linear" else out * (1 - out))
    else:
        J = -np.sum(Y * np.log(out) + (1 - Y) * np.log(1 - out)) / m
        dZ = (out - Y) / m
    grads = []
    for l in range(len(P) - 1, -1, -1):
        grads.insert(0, (dZ @ As[l].T, dZ.sum(1, keepdims=True)))
        if l:
            dZ = P[l][0].T @ dZ * slopes[l - 1]
    return J, grads, out


def confirm(program, P, X, Y):
    """The truth's gradient by finite differences."""
    h = 1e-6
    for layer, slope in zip(P, truth(program, P, X, Y)[1], strict=True):
        for array, d in zip(layer, slope, strict=True):
            for i in np.ndindex(array.shape):
                old = array[i]
                array[i] = old + h
                up = truth(program, P, X, Y)[0]
                array[i] = old - h
                down = truth(program, P, X, Y)[0]
                array[i] = old
                assert abs((up - down) / (2 * h) - d[i]) < 1e-7 * (1 + abs(d[i]))


def problem(program, n_y=1, kink=False, seed=0, m=97):
    rng = np.random.default_rng(seed)
    sizes = [4, *DEPTH[program["model"]], n_y]
    P = [
        (rng.normal(size=(b, a)) / np.sqrt(a), np.zeros((b, 1)) if kink else 0.3 * rng.normal(size=(b, 1)))
        for a, b in itertools.pairwise(sizes)
    ]
    X = rng.normal(size=(4, m))
    if kink:
        X[:, ::5] = 0
    linear = program.get("output") == "linear"
    Y = rng.normal(size=(n_y, m)) if linear else (rng.random((n_y, m)) < 0.5).astype(float)
    if kink:
        Y[:, ::5] = 1  # so that what is wrong at 0 does not cancel
    return P, X, Y


def load(path):
    """The program's names, of the statements that run without its data."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [c["source"] for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
        cells = [c if isinstance(c, str) else "".join(c) for c in cells]
        text = "\n\n".join(
            "\n".join(line for line in c.splitlines() if line[:1] not in "%!")
            for c in cells
            if not c.startswith("%%timeit")
        )
    module = types.ModuleType("corpus_" + path.stem)
    sys.modules[module.__name__] = module
    module.STEM = path.stem
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for statement in ast.parse(text).body:
            try:
                exec(compile(ast.Module([statement], []), str(path), "exec"), vars(module))
            except Exception:
                assert not isinstance(statement, ast.FunctionDef | ast.ClassDef)
    return module


def differ(mine, true, tolerance):
    mine, true = np.asarray(mine, dtype=float).ravel(), np.asarray(true, dtype=float).ravel()
    if mine.size == 1 < true.size:
        mine = np.full(true.size, mine[0])  # a scalar for a vector
    return mine.shape != true.shape or not np.max(np.abs(mine - true)) <= tolerance * np.max(np.abs(true))


def wrong_numbers(program, ns, P, X, Y, kink=0.0):
    """The names of what the program gets wrong here."""
    stem, wrong = ns.STEM, set()
    tolerance = 1e-4 if program.get("dtype") == "float32" else 1e-6
    J, grads, _ = truth(program, P, X, Y, kink)
    gradient = GRADIENTS.get(stem)

    def fresh():
        return [(W.copy(), b.copy()) for W, b in P]

    with contextlib.redirect_stdout(io.StringIO()):
        if gradient:
            mine, theirs = gradient(ns, fresh(), X, Y)
            wrong |= {"J"} if differ(mine, J, tolerance) else set()
            for l, (got, exact) in enumerate(zip(theirs, grads, strict=True), 1):
                names = ("dw", "db") if program["model"] == "logistic" else (f"dW{l}", f"db{l}")
                wrong |= {name for name, g, e in zip(names, got, exact, strict=True) if differ(g, e, tolerance)}
        if stem in TRAIN:
            start = [(W * 0, b * 0) for W, b in P] if stem == "sklearn_logreg" else fresh()
            end = start
            for _ in range(STEPS):
                g = gradient(ns, end, X, Y)[1] if gradient else truth(program, end, X, Y, kink)[1]
                end = [
                    (
                        W - RATE * np.reshape(dW, W.shape),
                        b - RATE * np.broadcast_to(np.asarray(db).reshape(-1, 1), b.shape),
                    )
                    for (W, b), (dW, db) in zip(end, g, strict=True)
                ]
            got = TRAIN[stem](ns, start, X, Y, RATE, STEPS)
            if any(differ(a, b, tolerance) for x, y in zip(got, end, strict=True) for a, b in zip(x, y, strict=True)):
                wrong.add("training")
        if stem in PREDICT:
            more = np.random.default_rng(1).normal(size=(len(X), 500))
            nothing = np.zeros((len(Y), 500))
            lean = fresh()
            Z = np.median(np.log(1 / truth(program, P, more, nothing)[2] - 1), axis=1, keepdims=True)
            lean[-1] = (P[-1][0], P[-1][1] + Z + 0.3)  # outputs on both sides of 1/2, but not evenly
            labels = np.asarray(PREDICT[stem](ns, lean, more), dtype=float).reshape(-1)
            due = truth(program, lean, more, nothing)[2] > 0.5
            wrong |= {"predictions"} if np.any(labels != due.reshape(-1)) else set()
    assert gradient or stem in TRAIN
    return wrong


def expected(program):
    """The names written in corpus.toml, those with * and - written out."""
    layers = len(DEPTH[program["model"]]) + 1
    names = {name for mistake in program.get("mistakes", []) for name in mistake["wrong"]}
    for short, count in (("*", layers), ("-", layers - 1)):
        for name in [name for name in names if name.endswith(short)]:
            names = names - {name} | {name[:-1] + str(l) for l in range(1, count + 1)}
    return names


def judge(program):
    """What is not as corpus.toml says, as a list of sentences."""
    ns = load(HERE / program["file"])
    many = program.get("outputs") == "many"
    only = program.get("only", "")
    said = expected(program)
    assert program["right"] == (not program.get("mistakes")), program["file"]
    complaints = []
    for seed in range(3):
        case = problem(program, seed=seed, m=97 + 20 * seed)
        confirm(program, *case)
        cases = [("one output", case, set() if only else said)]
        if many:
            case = problem(program, n_y=3, seed=seed)
            cases.append(("three outputs", case, said if not only or "output" in only else set()))
        for name, case, due in cases:
            got = wrong_numbers(program, ns, *case)
            if got != due:
                complaints.append(f"{name}, seed {seed}: wrong {sorted(got)}, said {sorted(due)}")
        if "relu" in program.get("hidden", ""):
            case = problem(program, kink=True, seed=seed)
            ways = [wrong_numbers(program, ns, *case, kink=kink) for kink in (0.0, 1.0)]
            if (said if not only or "Z is" in only else set()) not in ways:
                complaints.append(f"kink, seed {seed}: wrong {[sorted(w) for w in ways]}, said {sorted(said)}")
    return complaints


def main(chosen):
    os.environ.update(MPLBACKEND="Agg", JAX_ENABLE_X64="1")
    programs = tomllib.loads((HERE / "corpus.toml").read_text(encoding="utf-8"))["program"]
    here = {str(p.relative_to(HERE)) for p in HERE.glob("*/*") if p.suffix in (".py", ".ipynb")}
    assert here == {p["file"] for p in programs}, here ^ {p["file"] for p in programs}
    bad = 0
    for program in programs:
        if chosen and not any(name in program["file"] for name in chosen):
            continue
        complaints = judge(program)
        bad += bool(complaints)
        print(
            "no" if complaints else "ok",
            "right" if program["right"] else "wrong",
            program["file"],
            *complaints,
            sep="  ",
            flush=True,
        )
    print(f"{bad} of the corpus's programs are not as written" if bad else "all as written")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
