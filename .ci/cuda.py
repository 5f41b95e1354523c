"""`make cuda`: all there is to be asked of a GPU, in one call of under ten minutes, since such machines come and go.

Each step is a command of `crosscheck` with --resume and a folder of its own, so that the same call goes on with what
the last one had no time for. One after another: side by side their processes would need more memory than many machines
have. `--device cpu` tries the script where there is no GPU. Exit code: 1 if something disagrees or failed, 2 if a step
could not be run, 3 if there was no time for all, 0 otherwise, also where there is no GPU: then it says `not run`.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crosscheck_impls.interface import COMPILED, ON_REQUEST

FRAMEWORKS = [name for name in ("torch", "jax") if importlib.util.find_spec(name)]
FEW = ("flower-2layer-tanh", "digits-2layer-relu", "saturated-2layer-tanh", "wide-3layer-leaky_relu")
NO_TIME = 3
PROGRESS = re.compile(r"\d+ of \d+, ")
PATIENCE = 20  # seconds that a step has to write down what it has


def named(frameworks: Sequence[str], option: str = "--impl") -> list[str]:
    """Return the option once for each name."""
    return [word for name in frameworks for word in (option, name)]


@dataclass
class Step:
    """A command, and what came of it. most: seconds that it may take."""

    name: str
    words: list[str]
    most: float
    code: int | None = None
    seconds: float = 0.0
    output: list[str] = field(default_factory=list)

    def command(self, device: str, out: Path) -> list[str]:
        """Return its words after `crosscheck`."""
        return [*self.words, "--device", device, "--out", str(out / self.name), "--resume"]

    def run(self, device: str, out: Path, deadline: float) -> None:
        """Run it until it ends or its time is up; then it is interrupted, and what it has done stands."""
        begun = time.monotonic()
        left = min(self.most, deadline - begun)
        if left < PATIENCE:
            return
        command = [sys.executable, "-m", "crosscheck", *self.command(device, out)]
        print(f"{self.name}: crosscheck {' '.join(self.command(device, out))}", flush=True)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            timer = threading.Timer(left, process.send_signal, [signal.SIGINT])
            timer.start()
            assert process.stdout is not None
            self.output = process.stdout.read().splitlines()
            timer.cancel()
        self.code, self.seconds = process.returncode, time.monotonic() - begun
        print(f"{self.name}: {self.word()} after {self.seconds:.0f} s", *self.said(), sep="\n  ", flush=True)

    def word(self) -> str:
        """Return how it ended."""
        if self.code is None:
            return "not begun"
        words = {0: "ended", 1: "ended, something disagrees or failed", 130: "interrupted"}
        return words.get(self.code, f"exit code {self.code}")

    def said(self) -> list[str]:
        """Return what it printed, without its progress: what follows the table of verdicts, or its last words."""
        ends = next((k for k, line in enumerate(self.output) if line.startswith("Tables:")), len(self.output))
        begins = max((k for k, line in enumerate(self.output[:ends]) if " comparisons over " in line), default=0)
        return [line for line in self.output[begins:ends] if not PROGRESS.match(line)][-12:]


def steps() -> list[Step]:
    """Return the steps, in order."""
    requested = [f"{name}/{variant}" for name in FRAMEWORKS for variant in ON_REQUEST.get(name, ())]
    compiled = ["torch/by_hand", "torch/autograd", *(f"torch/{variant}" for variant in COMPILED["torch"])]
    few = named(FEW, "--problem")
    sizes = named(["planar", "784", "1024"], "--only")
    return [
        Step("bench", ["bench", "--dtype", "float32", "--no-growth", "--rounds", "5", *sizes], 90),
        Step("compare", ["compare", *named(FRAMEWORKS)], 300),
        Step("on_request", ["compare", *named(requested), *few], 120),
        Step("precision", ["compare", "--precision", "reduced", *named(FRAMEWORKS), *few], 150),
        Step("qualify", ["qualify", "--budget-minutes", "1"], 100),
        Step("distributed", ["compare", "--processes", "1", *named(FRAMEWORKS), *few], 60),
        Step("compiled", ["compare", *named(compiled), *few], 200),
        Step("xla_flags", ["compare", "--impl", "jax/by_hand", "--xla-flags", "--xla_gpu_autotune_level=0", *few], 120),
        Step("honest", ["honest", "--count", "2000", *named(FRAMEWORKS)], 300),
    ]


def has_gpu() -> bool:
    """Return whether a framework that is here sees a GPU."""
    ask = "from crosscheck_impls.interface import load; import sys; sys.exit('cuda' not in load(sys.argv[1]).devices())"
    return any(subprocess.run([sys.executable, "-c", ask, name], check=False).returncode == 0 for name in FRAMEWORKS)


def markdown(done: Sequence[Step], device: str, out: Path) -> str:
    """Return OUT/cuda.md: what was run, how it ended and what it said."""
    lines = [f"# On {device}", ""]
    for step in done:
        lines += [
            f"## {step.name}", "", f"`crosscheck {' '.join(step.command(device, out))}`", "",
            f"{step.word()}, {step.seconds:.0f} s", "", "```", *step.said(), "```", "",
        ]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Run the steps; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--device", default="cuda", help="cpu tries the script where there is no GPU")
    parser.add_argument("--minutes", type=float, default=9.5, help="that it may take")
    parser.add_argument("--out", type=Path, default=Path("results/cuda"))
    parser.add_argument("--only", action="append", metavar="STEP", help="again for more")
    asked = parser.parse_args()
    deadline = time.monotonic() + 60 * asked.minutes - PATIENCE
    if asked.device == "cuda" and not has_gpu():
        print("cuda: not run: no GPU that torch or jax sees here")
        return 0
    done = [step for step in steps() if not asked.only or step.name in asked.only]
    asked.out.mkdir(parents=True, exist_ok=True)
    for step in done:
        step.run(asked.device, asked.out, deadline)
        (asked.out / "cuda.md").write_text(markdown(done, asked.device, asked.out), encoding="utf-8")
    late = [step.name for step in done if step.code in (None, 130)]
    print(f"Written: {asked.out}/cuda.md" + (f"; the same again goes on with {', '.join(late)}" if late else ""))
    if any(step.code not in (None, 0, 1, 130) for step in done):
        return 2
    return 1 if any(step.code == 1 for step in done) else NO_TIME if late else 0


if __name__ == "__main__":
    sys.exit(main())
