"""Which variants `--precision` asks: those of the named narrow modes."""

from __future__ import annotations

from collections.abc import Sequence

from crosscheck_impls.interface import REDUCED, BadInput, nearest

from crosscheck.comparison.asked import Implementation
from crosscheck.oracle.formats import MODES

ALL = "reduced"
NAMES = (*MODES, ALL)


def reduced(precisions: Sequence[str], names: Sequence[str] | None = None) -> list[Implementation]:
    """Return ours that declare one of the precisions, `reduced` being all; of the named frameworks or variants alone.

    Raises BadInput for a precision that is none, and for a name that stands for no such variant.

    >>> [str(each) for each in reduced(["tf32"])], [str(each) for each in reduced(["reduced"], ["numpy"])]
    (['torch/tf32', 'jax/tf32'], ['numpy/bf16_products'])
    """
    for each in precisions:
        if each not in NAMES:
            raise BadInput(f"{each}: unknown; {nearest(each, NAMES)}", parameter="precision")
    wanted = [
        Implementation(framework, variant)
        for framework, variants in REDUCED.items()
        for variant, precision in variants.items()
        if ALL in precisions or precision in precisions
    ]
    for name in names or ():
        if not any(name in (each.framework, str(each)) for each in wanted):
            near = nearest(name, [*REDUCED, *map(str, wanted)])
            raise BadInput(f"{name}: no variant of {', '.join(precisions)}; {near}", parameter="impl")
    return [each for each in wanted if not names or each.framework in names or str(each) in names]
