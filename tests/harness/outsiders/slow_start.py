"""Those that are slow in their first call, of which one does not say that it compiles there; and one that cannot."""

import time

from crosscheck_impls.interface import Array, Declaration, Network, Params, Unavailable, Variant, load

begun = set[str]()


def after(name: str, seconds: float) -> Variant:
    """Return NumPy's gradients, which sleep first."""

    def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        if name not in begun:
            time.sleep(seconds)
            begun.add(name)
        answer: tuple[Array, Params] = load("numpy").gradients["by_hand"](network, params, X, Y)
        return answer

    return Variant(gradients, declaration=Declaration(compiles=name != "silent"))


def lacking(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    raise Unavailable("no compiler is on the path")


variants = {"declared": after("declared", 1.5), "silent": after("silent", 1.5), "hangs": after("hangs", 60.0)}
variants["lacking"] = Variant(lacking, declaration=Declaration(compiles=True))
