"""Faults of one process among several, each a variant: planted before what is right is computed."""

import os
import signal

ODD = 1


def raises():
    raise ArithmeticError("out of luck")


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def loops():
    while True:
        pass


def variants(right, rank, **others):
    """Return the variants, by name, of a function that is right; rank: returns which process this is."""

    def with_fault(fault):
        def gradients(network, params, X, Y):
            if rank() == ODD:
                fault()
            return right(network, params, X, Y)

        return gradients

    faults = {"raises": raises, "killed": killed, "loops": loops, **others}
    return {"right": right, **{name: with_fault(fault) for name, fault in faults.items()}}
