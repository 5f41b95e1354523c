"""What makes a program of torch's gradients: torch.compile, torch.export and, emulated, a CUDA graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed")
import torch
from crosscheck.testing.judging import ask, assert_step, assert_true, draw, flat, get, put, same_bits
from crosscheck_impls.interface import DTYPES, Network, Unavailable, declaration, load
from crosscheck_impls.with_torch import compiled, cuda_graph, exported
from torch.utils._python_dispatch import TorchDispatchMode

TORCH = load("torch")
NETWORKS = [
    Network((3, 1), ("sigmoid",)),
    Network((3, 4, 3, 2), ("relu", "leaky_relu", "sigmoid"), relu_grad_at_zero="left"),
    Network((3, 4, 1), ("tanh", "linear"), "squared_error"),
]
EAGER = compiled.by("eager")  # the graph as torch.compile has it, run without a compiler


# ---------------------------------------------------------------- torch.compile


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_the_traced_step_is_autograds_to_the_last_bit(network: Network) -> None:
    given = put(TORCH, draw(network, seed=1))
    J, gradient = EAGER.gradients(*given)
    K, expected = TORCH.gradients["autograd"](*given)
    assert torch.equal(J, K)
    assert all(map(torch.equal, flat(gradient), flat(expected)))


@pytest.mark.slow
@pytest.mark.skipif(bool(compiled.lacks("cpu")), reason=compiled.lacks("cpu") or "there is a compiler")
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_inductor_makes_is_within_the_bound_and_its_steps_are_single_steps(dtype: str) -> None:
    problem = draw(NETWORKS[1], seed=1, dtype=dtype)
    assert_true(problem, ask(TORCH, "compiled", problem), declaration(TORCH, "compiled"))
    network, params, X, Y = put(TORCH, problem)
    after, costs = TORCH.fit("compiled", network, params, X, Y, 0.1, 3)
    assert_step(
        problem,
        get(TORCH, TORCH.fit("compiled", network, params, X, Y, 0.1, 1)[0]),
        0.1,
        declaration(TORCH, "compiled"),
    )
    one_by_one = params
    for J in costs:
        one_by_one, (K,) = TORCH.fit("compiled", network, one_by_one, X, Y, 0.1, 1)
        assert J == K
    assert all(map(torch.equal, flat(after), flat(one_by_one)))
    assert not any(array.requires_grad for array in (costs, *flat(after)))


def test_more_networks_and_shapes_than_torch_keeps_programs_of_one_function() -> None:
    for m in range(2, 12):
        network, params, X, Y = put(TORCH, draw(NETWORKS[0], seed=1, m=m))
        J, _ = EAGER.gradients(network, params, X, Y)
        assert J.isfinite()


def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(Unavailable, match=r"no compiler, no-such-compiler, is on the path; install one"):
        TORCH.gradients["compiled"](*put(TORCH, draw(NETWORKS[0])))


@pytest.mark.parametrize(
    ("device", "there", "said"),
    [("cuda", False, "Triton"), ("cuda", True, "no compiler, gcc or clang"), ("cpu", True, "no compiler")],
)
def test_what_inductor_needs_is_named(device: str, there: bool, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(compiled, "find_spec", lambda _: object() if there else None)
    monkeypatch.setattr(compiled.shutil, "which", lambda _: None)
    assert said in compiled.lacks(device)


def test_without_pythons_headers_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled.shutil, "which", lambda name: name)
    monkeypatch.setattr(compiled.sysconfig, "get_paths", lambda: {"include": "/nowhere"})
    assert "no /nowhere/Python.h, which the programs include" in compiled.lacks("cpu")


# ---------------------------------------------------------------- torch.export


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_an_exported_program_gives_autograds_bits(network: Network, dtype: str) -> None:
    problem = draw(network, seed=2, dtype=dtype)
    answer = ask(TORCH, "exported", problem)
    assert_true(problem, answer, declaration(TORCH, "exported"))
    J, expected = ask(TORCH, "autograd", problem)
    assert same_bits(answer[0], J)
    assert all(map(same_bits, flat(answer[1]), flat(expected)))


def test_an_exported_program_holds_no_python_and_is_for_its_shapes() -> None:
    program = exported.program(NETWORKS[0], 5, torch.float64, torch.device("cpu"))
    assert isinstance(program, torch.fx.GraphModule)
    _, params, X, Y = put(TORCH, draw(NETWORKS[0], m=7))
    with pytest.raises(Exception, match=r"shape|size|5"):
        program(flat(params), X, Y)


# ---------------------------------------------------------------- a CUDA graph, emulated


class Tape(TorchDispatchMode):
    """Records what torch computes, and computes it again into the same memory, as a CUDA graph does."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out

    def replay(self) -> None:
        for func, args, kwargs, out in self.calls:
            if (again := func(*args, **kwargs)) is not out:
                out.copy_(again)


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> list[Tape]:
    """Give the CPU graphs and streams; return the graphs that are recorded."""
    tapes: list[Tape] = []

    def graph() -> Tape:
        tapes.append(Tape())
        return tapes[-1]

    @contextmanager
    def recording(tape: Tape, stream: object) -> Iterator[None]:
        with tape:
            yield

    stream = SimpleNamespace(wait_stream=lambda other: None)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", graph)
    monkeypatch.setattr(torch.cuda, "graph", recording)
    kept: dict[Any, cuda_graph.Recorded] = {}
    monkeypatch.setattr(
        cuda_graph,
        "recorded",
        lambda *key: kept[key] if key in kept else kept.setdefault(key, cuda_graph.Recorded(*key)),
    )
    return tapes


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_a_replayed_graph_gives_the_bits_of_its_operations(network: Network, dtype: str, emulated: list[Tape]) -> None:
    for seed in (1, 2):  # the second one in the first one's memory
        given = put(TORCH, draw(network, seed=seed, dtype=dtype))
        J, gradient = cuda_graph.gradients(*given)
        K, expected = TORCH.l_layer.backward(*given)
        assert torch.equal(J, K)
        assert all(map(torch.equal, flat(gradient), flat(expected)))
        after, costs = cuda_graph.gradient_descent(*given, 0.1, 4)
        there, curve = TORCH.gradient_descent(TORCH.l_layer.backward, *given, 0.1, 4)
        assert torch.equal(costs, curve)
        assert all(map(torch.equal, flat(after), flat(there)))
    assert len(emulated) == 1


@pytest.mark.usefixtures("emulated")
def test_what_a_graph_has_answered_stays_as_it_was() -> None:
    first, second = (put(TORCH, draw(NETWORKS[2], seed=seed)) for seed in (1, 2))
    J, gradient = cuda_graph.gradients(*first)
    before = [J.clone(), *(array.clone() for array in flat(gradient))]
    cuda_graph.gradients(*second)
    assert all(map(torch.equal, [J, *flat(gradient)], before))


def test_without_a_gpu_a_graph_says_so() -> None:
    with pytest.raises(Unavailable, match="a CUDA graph needs a GPU; ask with --device cuda"):
        TORCH.gradients["cuda_graph"](*put(TORCH, draw(NETWORKS[0])))
