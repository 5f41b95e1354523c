"""The words for a place of divergence: what is right there, what is wrong first, and where the mistake must be."""

from __future__ import annotations

from crosscheck.judge.grounds import OF_FIT, Grounds, WrongSteps
from crosscheck.judge.location import Location, Part

SURE = Grounds()


def of_name(name: str, pair: bool = False) -> str:
    """Return the name of an array; pair: for who writes w and b.

    >>> of_name("fit: W1", pair=True), of_name("db1", pair=True), of_name("J", pair=True), of_name("dW1")
    ('fit: w', 'db', 'J', 'dW1')
    """
    plain = name.removesuffix("1")
    return plain[:-1] + plain[-1].lower() if pair and plain != name else name


def of_location(location: Location, pair: bool = False, beside: Grounds = SURE, begin: int = 0) -> str:
    """Return what is right, what is wrong first, and hence where the mistake is. pair: for who writes w and b.

    beside: what holds there; what does not is not said. begin: the number of the first step.
    """
    part, L, l, _, t, earlier = location
    if part in OF_FIT:
        return _of_fit(part, t, beside, begin)
    if part in (Part.LATER, Part.ONCE, Part.STALE):
        return _of_two_answers(part, t, earlier)
    if part is Part.COST:
        all_right = "dw and db are right" if pair else "every dW and db is right"
        if not beside.others:
            within = "dw and db lie within their bounds" if pair else "every dW and db lies within its bound"
            return f"{within} and J does not: look at the cost first, and at all that it is made of"
        return f"{all_right} and J is not: the mistake is in the cost itself, or in what it alone is made of"
    if part is Part.FORWARD:
        each = "the gradients are" if L == 1 else "a gradient of every layer is"
        return f"J is wrong, and {each}: look at the forward pass, what it is given, the loss and the means"
    if part is Part.COST_AND_DZ:
        through = "the forward pass, the cost" if l == L else "the cost"  # which the last layer's gradients hang on too
        return f"J is wrong, and gradients are, those of layer {l} first: look at {through} and at dZ{l}"
    right = "J is right" if beside.J else "J lies within its bound"
    if beside.forward:
        right += ", so the forward pass that it comes from is"
    if l < L:
        later = f"the gradients of layer{'s' if L - l > 1 else ''} {', '.join(map(str, range(L, l, -1)))}"
        alike = f", and so are {later}" if beside.J else f"; {later} are right"
        right += alike if beside.later else f"; {later} lie within their bounds"
    return f"{right}; {_of_line(location, pair, beside)}"


def _of_line(location: Location, pair: bool, beside: Grounds) -> str:
    """Return which line of the backward pass is wrong first, where J and the later layers are right."""
    part, L, l, kind, *_ = location
    at, before = "" if pair else str(l), "X" if l == 1 else f"A{l - 1}"
    dW, db, first = (of_name(f"d{each}{l}", pair) for each in ("W", "b", kind or "W"))
    if part is Part.FIRST:
        return f"{first} is the first that is wrong"
    if part is Part.KEPT:
        made = f"of which {dW} is made and g{l - 1}′(Z{l - 1}) may be, and at the line of {dW}"
        alone = f"{dW} is the first that is wrong, without {db}, and then gradients of layer {l - 1}"
        return f"{alone}: look at {before} as the backward pass has it, {made}"
    if part is Part.DZ:
        made = f"W{l + 1}ᵀ dZ{l + 1} ∘ g{l}′(Z{l})"
        if l == L:
            made = f"A{at} - Y" if beside.plain_dZ else f"(A{at} - Y) ∘ g{l}′(Z{at})"
        wrong = f"{dW} and {db} are both wrong: the mistake is in dZ{at} = {made}, or in what both do with it (1/m)"
        return wrong if beside.forward else f"{wrong}, or in the forward pass before it"
    of_dW, of_db = ("dw", "db") if pair else ("every dW", "every db")
    other = of_db if part is Part.DW else of_dW
    if not beside.others:
        wrong = dW if part is Part.DW else db
        return f"{wrong} is wrong; {other} lies within its bound, which need not mean that it is right"
    or_before = "" if beside.forward else ", or in the forward pass before it"
    if part is Part.DW:
        line = f"the line of {dW}, its product, its mean, or what goes into it"
    else:
        line = f"the line of {db}, or in a part of dZ{at} that {before} does not see"
    return f"{other} is right: the mistake is in {line}{or_before}"


def _of_two_answers(part: Part, t: int, earlier: int) -> str:
    if part is Part.STALE:
        return (
            f"J and every gradient at iteration {t} are, to the last bit, those at iteration {earlier}: "
            "an earlier answer came again"
        )
    right, wrong = ("at first", "asked again") if part is Part.LATER else ("asked again", "at first")
    return (
        f"J and the gradients at iteration {t} were asked for twice, the second time after other calls and with "
        f"arrays that lie otherwise in memory: they are right {right}, and wrong {wrong}"
    )


def _of_fit(part: Part, t: int, beside: Grounds, begin: int) -> str:
    right = "J and the gradients that were asked for by themselves are right"
    if not beside.bounded:
        right = "of J and the gradients that were asked for by themselves, all that has a bound is right"
    when = _when(beside.steps, t, begin)
    if beside.lengths and part is not Part.FIT_COSTS:
        when += ", each as the last of a run that ends there"
    if part is Part.FIT_COSTS:
        wrong = f"every step lies within its bound; the costs that fit reports are not right, {when}"
    else:
        which, others = {
            Part.FIT_WEIGHTS: ("the weights that fit steps to are not", "; the biases lie within their bounds"),
            Part.FIT_BIASES: ("the biases that fit steps to are not", "; the weights lie within their bounds"),
        }.get(part, ("the steps of fit are not", ""))
        of_params = "do not belong to the params that shorter runs return" if beside.lengths else "are wrong too"
        costs = f"; some of its costs {of_params}" if beside.costs else ""
        wrong = f"{which}, {when}{others}{costs}"
    if beside.borrowed:
        wrong += "; fit is the harness's own loop over the gradients"
    return f"{right}; {wrong}" + ("; fit gave another answer when it was asked again" if beside.repeated else "")


def _when(steps: WrongSteps | None, t: int, begin: int) -> str:
    """Return at which steps something is wrong."""
    if steps is None:
        return f"first at step {t + begin}"
    first, wrong, seen, onward, whole = steps
    if not whole or (seen > 1 and not onward):
        return (
            f"at step {first + begin} alone, of {seen} seen"
            if wrong == 1
            else f"at {wrong} of {seen} steps seen, the first {first + begin}"
        )
    if first == 0:
        return "from the first step on"
    return f"from step {first + begin} on; the steps before it lie within their bounds"
