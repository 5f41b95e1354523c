"""Implementations that other people's packages bring along, by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points

from crosscheck_impls.interface import VARIANTS

GROUP = "crosscheck.implementations"


def registered() -> dict[str, str]:
    """Return the dotted path of each, by name; the names of our own frameworks stay ours.

    In the other package's pyproject.toml:

        [project.entry-points."crosscheck.implementations"]
        mine = "my_package.mine"
    """
    found = {each.name: each.value.replace(":", ".") for each in entry_points(group=GROUP)}
    return {name: path for name, path in sorted(found.items()) if name not in VARIANTS}
