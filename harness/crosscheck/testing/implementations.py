"""Which implementations the conformance suite runs against: what `--impl` says, or all of ours."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

import numpy as np
import pytest
from crosscheck_impls.interface import (
    COMPILED,
    ON_REQUEST,
    VARIANTS,
    BadInput,
    Layer,
    Network,
    Unavailable,
    load,
    nearest,
)

from crosscheck.runner.loading import importable

CHOSEN = pytest.StashKey[list[tuple[str, str]]]()  # (framework or dotted path, variant), where `--impl` is given


def named(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return what the options `--impl` stand for: of one of our frameworks alone, all but its compiled and narrow ones.

    Raises UsageError for what is unknown or not installed.
    """
    return list(dict.fromkeys(each for name in names for each in _variants(name)))


def _variants(name: str) -> list[tuple[str, str]]:
    try:
        path, _, variant = importable(name).partition("/")
        variants = list(load(path).gradients)
    except (BadInput, ImportError) as error:
        raise pytest.UsageError(f"--impl {name}: {error}") from error
    if variant and variant not in variants:
        raise pytest.UsageError(f"--impl {name}: {path} has no variant {variant!r}; {nearest(variant, variants)}")
    if variant in COMPILED.get(path, ()):
        _check(name, path, variant)
    asked = [variant] if variant else [each for each in variants if path not in VARIANTS or each in _of(path)]
    return [(path, each) for each in asked]


def _check(name: str, framework: str, variant: str) -> None:
    """Ask for one gradient. Raises UsageError where what the variant needs is not here, a compiler or a GPU."""
    one = np.ones((1, 1))
    ours = load(framework)
    try:
        given = [ours.from_numpy(each) for each in (one, one, one, one)]
        ours.gradients[variant](Network((1, 1), ("sigmoid",)), (Layer(*given[:2]),), *given[2:])
    except Unavailable as error:
        raise pytest.UsageError(f"--impl {name}: {error}") from error


def _of(framework: str) -> tuple[str, ...]:
    return (*VARIANTS[framework], *ON_REQUEST[framework])


def chosen(config: pytest.Config) -> list[tuple[str, str]]:
    """Return (framework or dotted path, variant) of each implementation to run."""
    everything = [(name, variant) for name in VARIANTS for variant in _of(name)]
    return config.stash.get(CHOSEN, everything)


def absent(name: str) -> list[pytest.MarkDecorator]:
    """Skip one of our frameworks that is not installed; where `--impl` asks for it, that was an error before."""
    there = name not in VARIANTS or importlib.util.find_spec(name) is not None
    return [] if there else [pytest.mark.skip(reason=f"{name} is not installed")]
