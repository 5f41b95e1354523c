"""Which implementations the conformance suite runs against: what `--impl` says, or all of ours."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

import pytest
from crosscheck_impls.interface import ON_REQUEST, VARIANTS, BadInput, load, nearest

from crosscheck.runner.loading import importable

CHOSEN = pytest.StashKey[list[tuple[str, str]]]()  # (framework or dotted path, variant), where `--impl` is given


def named(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return what the options `--impl` stand for. Raises UsageError for what is unknown or not installed."""
    return list(dict.fromkeys(each for name in names for each in _variants(name)))


def _variants(name: str) -> list[tuple[str, str]]:
    try:
        path, _, variant = importable(name).partition("/")
        variants = list(load(path).gradients)
    except (BadInput, ImportError) as error:
        raise pytest.UsageError(f"--impl {name}: {error}") from error
    if variant and variant not in variants:
        raise pytest.UsageError(f"--impl {name}: {path} has no variant {variant!r}; {nearest(variant, variants)}")
    return [(path, each) for each in ([variant] if variant else variants)]


def chosen(config: pytest.Config) -> list[tuple[str, str]]:
    """Return (framework or dotted path, variant) of each implementation to run."""
    everything = [(name, variant) for name in VARIANTS for variant in (*VARIANTS[name], *ON_REQUEST[name])]
    return config.stash.get(CHOSEN, everything)


def absent(name: str) -> list[pytest.MarkDecorator]:
    """Skip one of our frameworks that is not installed; where `--impl` asks for it, that was an error before."""
    there = name not in VARIANTS or importlib.util.find_spec(name) is not None
    return [] if there else [pytest.mark.skip(reason=f"{name} is not installed")]
