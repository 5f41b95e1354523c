"""Right, but that `devices` forgets to return."""

from tests.harness.outsiders.right import device, fit, from_numpy, gradients, predict, to_numpy  # noqa: F401

name = "no_devices"


def devices() -> None:
    return None
