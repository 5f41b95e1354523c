"""Command lines that people, scripts and cats write: options and values put together at random, from seeds."""

from __future__ import annotations

import random

# ruff: noqa: E501 (tables)

NUMBERS = [
    "0", "1", "-1", "2", "3", "1e309", "nan", "inf", "-inf", "1e-400", "9" * 30, "-" + "9" * 30, "9" * 5000, "0.5", "1.5",
    "10000000", "1000000000000", "1_0", "0x10", "١٢", "½", "1e3", "1,5", "+1", "--1", "True", "2.0", "1e16", "1e400",
]  # fmt: skip
TEXTS = [
    "", " ", ",", "-", "--", "=", "x" * 5000, "é" * 400, "\udcff", "a\x1b[31mb", "a\nb", "\u202e", "%s", "{}", "*", "~", "$HOME",
    "None", "..", "../" * 1500, "/", ".", "a/b/c", "//", "numpy//", "con", "🙂",
]  # fmt: skip
PATHS = [
    "good.npz", "good.csv", "good.h5", "missing.npz", "fifo.csv", "fifo.npz", "fifo.h5", "folder.npz", "folder.csv", "/dev/zero",
    "/dev/null", "/dev/stdin", "/proc/self/mem", "loop.csv", "link.csv", "x" * 300 + ".csv", "a/" * 2100 + "x.csv", "good.csv/x.npz",
    "secret/x.csv", "/nope/x.csv", "zero.csv", "zero.npz", "/proc/x/y.npz", "mine.py", "good.npz.", "GOOD.NPZ",
]  # fmt: skip
LISTS = [
    "4",
    "20,7,5",
    "4,",
    ",4",
    "0",
    "-4",
    "4,-1",
    "1," * 500 + "1",
    "10000000",
    "9" * 20,
    "9" * 5000,
    "a",
    "4;5",
    "1 2",
    "3.5",
]
FIELDS: dict[str, list[str]] = {
    "--data": PATHS,
    "--test": PATHS,
    "--label": ["a", "c", "C", "", "x" * 5000, *TEXTS],
    "--layers": LISTS + TEXTS,
    "--activation": ["tanh", "relu,tanh", "step", "tan", *TEXTS],
    "--output": ["sigmoid", "linear", "relu", *TEXTS],
    "--loss": ["cross_entropy", "squared_error", "hinge", *TEXTS],
    "--weights": ["zeros", "scaled", "0.01", *NUMBERS, *PATHS, *TEXTS],
    "--seed": NUMBERS,
    "--learning-rate": NUMBERS,
    "--iterations": NUMBERS,
    "--relu-grad-at-zero": ["left", "right", *TEXTS],
    "--leaky-slope": NUMBERS,
    "--chunk": NUMBERS,
}
PROBLEM = ["kink-2layer-relu", "one_example-logistic", "flower", "", "flowre", *TEXTS]
IMPL = [
    "numpy/by_hand",
    "numpy",
    "numpy/by_hnd",
    "mine.py",
    "./mine.py/by_hand",
    "no.such/thing",
    ".",
    ".x",
    *PATHS,
    *TEXTS,
]
DTYPE = ["float32", "float64", "float16", *TEXTS]
OUT = [
    "out",
    "good.csv",
    "good.csv/x",
    "folder.npz",
    "/dev/null",
    "/proc/x",
    "x" * 300,
    "loop.csv",
    "deep/er/still",
    *TEXTS[:-2],
]
RUN = {"--time-limit": NUMBERS, "--device": ["cpu", "cuda", "tpu", *TEXTS]}
SHOWN = {"--strict": [], "-q": [], "-v": [], "--fail-on": ["suspect", "failed,not-run", *TEXTS]}
TABLES = {"--out": OUT, "--force": []}

COMMANDS: dict[str, dict[str, list[str]]] = {
    "compare": FIELDS
    | RUN
    | SHOWN
    | TABLES
    | {"--problem": PROBLEM, "--impl": IMPL, "--dtype": DTYPE, "--standardise": []},
    "explain": FIELDS | RUN | SHOWN | {"--problem": PROBLEM, "--impl": IMPL, "--dtype": DTYPE, "--standardise": []},
    "train": FIELDS
    | {"--problem": PROBLEM, "--impl": IMPL, "--dtype": DTYPE, "--device": RUN["--device"], "--out": OUT}
    | {"--costs": PATHS, "--params": PATHS, "--standardise": []},
    "check": {"--problem": PROBLEM, "--dtype": DTYPE, "--time-limit": NUMBERS}
    | {name: FIELDS[name] for name in ("--layers", "--activation", "--output", "--loss", "--leaky-slope")},
    "truth": TABLES | {"--problem": PROBLEM, "--bits": NUMBERS},
    "power": TABLES | {"--problem": PROBLEM, "--draws": NUMBERS},
    "honest": TABLES | {"--count": NUMBERS, "--seed": NUMBERS, "--only": NUMBERS, "--impl": IMPL},
    "claims": {"--only": ["N17", "depth", *TEXTS], "--list": [], "--out": OUT},
    "bench": TABLES
    | {
        "--impl": IMPL,
        "--only": ["784", "logistic", *TEXTS],
        "--dtype": DTYPE,
        "--threads": NUMBERS,
        "--rounds": NUMBERS,
    }
    | {"--device": RUN["--device"], "--quick": [], "--no-growth": []},
    "init": {"--out": PATHS + OUT},
    "list": {},
    "comparr": {},
}
WEIGHTS = {"compare": 10, "train": 6, "explain": 4, "check": 3}


def arguments(seed: int) -> list[str]:
    """Return the arguments of a seed."""
    rng = random.Random(seed)
    command = rng.choices(list(COMMANDS), [WEIGHTS.get(name, 1) for name in COMMANDS])[0]
    known = COMMANDS[command]
    words = [command]
    if command == "check":
        words.append(rng.choice(["mine.py", "mine.py", "mine.py:f", *PATHS, *TEXTS]))
    if command == "init":
        words.append(rng.choice(["function", "numpy", "rows", "nothing", *TEXTS]))
    chosen = rng.sample(list(known), min(len(known), rng.choice([0, 1, 1, 2, 3, 5])))
    if "--data" in known and rng.random() < 0.3:
        words += ["--data", rng.choice(["good.npz", "good.csv"])]
    elif "--problem" in known and "--data" not in chosen:
        words += ["--problem", "kink-2layer-relu"]
    if "--impl" in known and "--impl" not in chosen:
        words += ["--impl", "numpy/by_hand"]
    for name in chosen:
        words += [name, rng.choice(known[name])] if known[name] else [name]
    if rng.random() < 0.03:
        words.insert(rng.randrange(len(words) + 1), rng.choice(TEXTS + NUMBERS))
    return words
