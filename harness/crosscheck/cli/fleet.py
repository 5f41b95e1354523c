"""Where a comparison runs: here, or on the hosts of a fleet that an engine reaches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from crosscheck_impls.interface import BadInput

if TYPE_CHECKING:
    from crosscheck.fleet.engine import Engine
    from crosscheck.fleet.task import Present


class Fleet(NamedTuple):
    """The hosts, by name, with what each says that it is; none, where all runs here. run: what runs the jobs."""

    hosts: Mapping[str, Present] = {}
    run: Callable[..., None] | None = None

    @property
    def names(self) -> Sequence[str]:
        """The hosts as a Request has them."""
        return tuple(self.hosts) or ("",)

    @property
    def identity(self) -> dict[str, dict[str, Any]]:
        """What the results depend on of each host."""
        wanted = ("python", "system", "processor", "cores", "variables")
        return {
            host: {**said.versions, **{name: said.facts.get(name) for name in wanted}}
            for host, said in self.hosts.items()
        }

    @property
    def environment(self) -> dict[str, Any]:
        """What environment.json says of the hosts."""
        facts = {host: {**said.facts, "packages": dict(said.versions)} for host, said in self.hosts.items()}
        return {"hosts": facts} if facts else {}


def is_asked(cluster: str | None, slurm: str | None, steering: Mapping[str, str | None]) -> bool:
    """Return whether a fleet is asked for. Raises BadInput for two of them, and for what steers this machine alone.

    steering: the options that do, by name.
    """
    if cluster and slurm:
        raise BadInput("one engine at a time; leave --slurm out", parameter="cluster")
    for name, value in steering.items():
        if value is not None and (cluster or slurm):
            raise BadInput(
                f"{value}: steers this machine alone; start the workers of the fleet with its variables", parameter=name
            )
    return bool(cluster or slurm)


@contextlib.contextmanager
def fleet(cluster: str | None, slurm: str | None, frameworks: Sequence[str]) -> Iterator[Fleet]:
    """Reach a fleet, if one is asked for, and leave it in the end. Raises BadInput.

    frameworks: that are compared; every host must have the same sources of them, as far as they are others' modules.
    """
    if not cluster and not slurm:
        yield Fleet()
        return
    from crosscheck.core.sources import modules
    from crosscheck.fleet import head

    engine = _engine(cluster, slurm)
    try:
        yield Fleet(head.call(engine, modules(frameworks)), partial(_run, engine))
    finally:
        engine.close()


def _engine(cluster: str | None, slurm: str | None) -> Engine:
    from crosscheck.fleet.on_dask import Dask
    from crosscheck.fleet.on_slurm import Slurm

    return Dask(cluster) if cluster else Slurm(str(slurm))


def _run(engine: Engine, jobs: Any, done: Any, time_limit: float, at_once: int | None, running: Any) -> None:
    """Run jobs as `runner.subprocesses.run` does; how many at once the engine's workers say."""
    from crosscheck.fleet import head

    head.run(engine, jobs, done, time_limit, running)
