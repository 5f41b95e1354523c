"""What the shell offers after TAB; nothing heavy is imported."""

from __future__ import annotations

from crosscheck_impls.interface import COMPILED, DISTRIBUTED, DTYPES, EVERY_DTYPE, ON_REQUEST, REDUCED, VARIANTS

from crosscheck.cli.outcome import NAMES


def complete_impl(incomplete: str) -> list[str]:
    """Return the implementations that begin so: frameworks, framework/variant, and what other packages bring along."""
    from crosscheck.runner.loading import registered

    ours = [
        f"{name}/{variant}"
        for name in VARIANTS
        for variant in (*VARIANTS[name], *ON_REQUEST[name], *COMPILED[name], *REDUCED[name], *DISTRIBUTED[name])
    ]
    return [name for name in [*VARIANTS, *ours, *registered()] if name.startswith(incomplete)]


def complete_problem(incomplete: str) -> list[str]:
    """Return the problems that begin so, and the beginnings that stand for several."""
    from crosscheck.problems.catalogue import SPECS

    families = dict.fromkeys(spec.name.split("-")[0] for spec in SPECS)
    return [name for name in [*families, *(spec.name for spec in SPECS)] if name.startswith(incomplete)]


def complete_dtype(incomplete: str) -> list[str]:
    """Return the dtypes that begin so."""
    return [name for name in EVERY_DTYPE if name.startswith(incomplete)]


def complete_wide_dtype(incomplete: str) -> list[str]:
    """Return the dtypes that begin so of those that every command takes."""
    return [name for name in DTYPES if name.startswith(incomplete)]


def complete_precision(incomplete: str) -> list[str]:
    """Return the narrow modes that begin so, and the word for all."""
    modes = {precision: None for variants in REDUCED.values() for precision in variants.values()}
    return [name for name in (*modes, "reduced") if name.startswith(incomplete)]


def complete_verdict(incomplete: str) -> list[str]:
    """Return the verdicts that begin so, as words without spaces."""
    return [name for name in NAMES if name.startswith(incomplete)]
