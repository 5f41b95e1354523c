"""Names of teams: `torch*3` are three processes of torch, `jax@3` is one process of JAX with three devices."""

from __future__ import annotations

from typing import NamedTuple

from crosscheck_impls.interface import DISTRIBUTED

from crosscheck.runner.loading import register

PROCESSES, DEVICES = "*", "@"
MOST = 64  # processes or devices of one team
START = 240.0  # seconds for all of its processes to be there, whatever a case may take
NEEDS = {"numpy": "mpi4py"}  # packages, besides the framework itself


class Spread(NamedTuple):
    """What a framework's name says; one process and one device where it is no team's."""

    framework: str
    processes: int = 1
    devices: int = 1

    @classmethod
    def of(cls, name: str) -> Spread:
        """Read the name.

        >>> Spread.of("torch*3"), Spread.of("jax@2").devices, Spread.of("my_package.mine").processes
        (Spread(framework='torch', processes=3, devices=1), 2, 1)
        """
        for sign in (PROCESSES, DEVICES):
            framework, _, number = name.partition(sign)
            if number.isdecimal():
                return cls(framework, int(number)) if sign == PROCESSES else cls(framework, devices=int(number))
        return cls(name)

    @property
    def module(self) -> str:
        """What each of the processes loads."""
        ours = self.framework in DISTRIBUTED
        return f"crosscheck_impls.with_{self.framework}.distributed" if ours else self.framework

    @property
    def by_mpi(self) -> bool:
        """Whether mpiexec starts the processes, as far as the name tells; a module may say so itself, see `rank`."""
        return self.framework == "numpy"


def is_team(name: str) -> bool:
    """Return whether a name is a team's, even if it is of one.

    >>> is_team("torch*1"), is_team("torch")
    (True, False)
    """
    return Spread.of(name).framework != name


def team(framework: str, variant: str, number: int) -> str:
    """Return the name of the team of a framework that a variant needs.

    >>> team("torch", "ddp", 2), team("my_package.mine", "right", 3)
    ('torch*2', 'my_package.mine*3')
    """
    over = DISTRIBUTED.get(framework, {}).get(variant, "processes")
    return f"{framework}{DEVICES if over == 'devices' else PROCESSES}{number}"


register(is_team, "crosscheck.runner.team:load")
