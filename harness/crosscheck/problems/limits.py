"""How large a request may be. What is larger is refused before anything is allocated or computed, the limit named.

The limits keep a command below a few gigabytes and the oracle's own descent below about five minutes.
"""

from __future__ import annotations

from crosscheck_impls.interface import BadInput, Network

MAX_NUMBERS = 2**26  # in a data file: 60,000 images of 28 x 28 and their test set, 0.5 GB in float64
MAX_RANK = 8  # of an array in a file
MAX_PARAMETERS = 2**24  # weights and biases; some twenty arrays of this size are held at once
MAX_ACTIVATIONS = 2**24  # units times examples, likewise
MAX_LAYERS = 1000
MAX_ITERATIONS = 10**7
MAX_WORK = 10**12  # multiplications of the oracle's descent: about five minutes
LAYER_COST = 10**5  # multiplications that a layer's other operations and their calls are worth
MAX_DIGITS = 18  # of a whole number that is given as text


def check_network(network: Network, m: int) -> None:
    """Raise BadInput for a network that is too large, or whose m examples make it so."""
    parameters = sum(n * (before + 1) for before, n in zip(network.n, network.n[1:], strict=False))
    units = sum(network.n[1:])
    if network.L > MAX_LAYERS:
        raise BadInput(f"layers: got {network.L} layers, expected at most {MAX_LAYERS:,}")
    if parameters > MAX_PARAMETERS:
        raise BadInput(
            f"layers: got {_many(parameters)} weights and biases, expected at most {MAX_PARAMETERS:,}; "
            "choose smaller layers"
        )
    if units * m > MAX_ACTIVATIONS:
        raise BadInput(
            f"layers: got {_many(units)} units for {_many(m)} examples, expected at most {MAX_ACTIVATIONS:,} "
            "of one times the other; choose smaller layers or fewer examples"
        )


def check_iterations(iterations: int) -> None:
    """Raise BadInput for more iterations than costs can be kept of."""
    if iterations > MAX_ITERATIONS:
        raise BadInput(f"iterations: got {_many(iterations)}, expected at most {MAX_ITERATIONS:,}")


def check_work(name: str, network: Network, m: int, iterations: int) -> None:
    """Raise BadInput if the oracle's own descent on a problem would take too long.

    name: of the problem, for the message.
    """
    weights = sum(n * before for before, n in zip(network.n, network.n[1:], strict=False))
    work = iterations * (weights * m + network.L * LAYER_COST)
    if work > MAX_WORK:
        fewer = max(1, MAX_WORK * iterations // work)
        raise BadInput(
            f"{name}: {_many(iterations)} iterations of {_many(weights)} weights on {_many(m)} examples, expected at "
            f"most {MAX_WORK:.0e} multiplications; choose at most {fewer:,} iterations, or a smaller network"
        )


def _many(number: int) -> str:
    """Return a whole number as people read it, shortly.

    >>> _many(1234567), _many(10**30)
    ('1,234,567', '1.0e+30')
    """
    if number < 10**15:
        return f"{number:,}"
    digits = len(str(number)) - 1 if number < 10**300 else 300
    return f"{number / 10**digits:.1f}e+{digits}" if number < 10**300 else "more than 1e+300"
