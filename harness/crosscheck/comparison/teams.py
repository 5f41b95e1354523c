"""Which teams a comparison on several processes asks: the distributed variants, each over a number of them."""

from __future__ import annotations

from collections.abc import Sequence

from crosscheck_impls.interface import DISTRIBUTED, VARIANTS, BadInput, nearest

from crosscheck.comparison.asked import Implementation, implementations
from crosscheck.runner.spread import MOST, team
from crosscheck.runner.subprocesses import TIME_LIMIT


def distributed(
    names: Sequence[str] | None, processes: Sequence[int], time_limit: float = TIME_LIMIT
) -> list[Implementation]:
    """Return what the names stand for over so many processes, or devices: of ours those that are distributed.

    Raises BadInput as `implementations` does, and for a number of processes that is none.
    """
    for number in processes:
        if not 1 <= number <= MOST:
            raise BadInput(f"{number}: expected 1 to {MOST}", parameter="processes")
    pairs: dict[Implementation, None] = {}
    for name in names or DISTRIBUTED:
        framework, _, variant = name.partition("/")
        if framework not in DISTRIBUTED:
            if framework in VARIANTS:
                raise BadInput(f"{name}: not distributed; {nearest(name, _all_distributed())}", parameter="impl")
            pairs |= dict.fromkeys(implementations([name], time_limit))
            continue
        if variant and variant not in DISTRIBUTED[framework]:
            raise BadInput(f"{name}: not distributed; {nearest(name, _all_distributed())}", parameter="impl")
        chosen = [variant] if variant else DISTRIBUTED[framework]
        pairs |= dict.fromkeys(Implementation(framework, each) for each in chosen)
    return [Implementation(team(*pair, number), pair.variant) for number in dict.fromkeys(processes) for pair in pairs]


def _all_distributed() -> list[str]:
    return [f"{framework}/{variant}" for framework, variants in DISTRIBUTED.items() for variant in variants]
