"""Why a program has no form, in words: the nearest one that does not answer, or what it defines instead."""

from __future__ import annotations

from crosscheck.grading.forms.recognise import Asked, Found, of_scikit_learn
from crosscheck.grading.forms.roles import arguments

CONTRACT = "expected cost_and_gradients(parameters, X, Y), or (w, b, X, Y) for logistic regression"


def unlike(found: Found) -> str:
    """Return why the nearest form of a program is none."""
    trouble = "it does not answer" if found.trouble is None else str(found.trouble)
    return f"nearest to {' and '.join(found.form.parts())}, but {trouble}; {CONTRACT}"


def nothing(asked: Asked) -> str:
    """Return why a program has no form."""
    mine = [name for name, each in asked.things.items() if callable(each)]
    if asked.chosen is not None:
        takes = ", ".join(argument.name for argument in arguments(asked.chosen) or ())
        count = takes.count(",") + 1 if takes else 0
        return f"it takes {count} argument{'s' if count != 1 else ''}, ({takes}); {CONTRACT}"
    if theirs := [name for name, each in asked.things.items() if of_scikit_learn(each)]:
        said = (
            "scikit-learn draws its initial weights itself and shows no gradient, so that nothing of it can be judged"
        )
        return f"{theirs[-1]}: {said}; {CONTRACT}"
    found = f"it has {', '.join(mine)}: none computes a cost and its gradient" if mine else "it has no function at all"
    return f"{found}; {CONTRACT}"
