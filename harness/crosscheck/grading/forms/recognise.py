"""The form of a program, by trying: candidates in a stated order, each on tiny networks.

One that is right in all numbers is the one: a right answer has no reason to look right by accident. If none is, the one
with the most tensors that agree is; if none answers at all, the first, whose trouble is then told.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from crosscheck.grading.convert import PAIR, Trouble
from crosscheck.grading.forms import functions as named
from crosscheck.grading.forms.autodiff import losses
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.folded import folded
from crosscheck.grading.forms.form import Form
from crosscheck.grading.forms.layout import LAYOUTS, PAIRED
from crosscheck.grading.forms.nets import nets
from crosscheck.grading.forms.objects import objects
from crosscheck.grading.forms.packing import Own, Way, keys_in
from crosscheck.grading.forms.pipeline import WHOLE, Pipeline, Step
from crosscheck.grading.forms.returned import ORDERS
from crosscheck.grading.forms.template import initialisers, templates
from crosscheck.grading.forms.theta import thetas
from crosscheck.grading.forms.training import Draws, Training
from crosscheck.grading.forms.training_functions import trained_by
from crosscheck.grading.forms.training_methods import trained_in
from crosscheck.grading.forms.trial import Score, Settings, score
from crosscheck.grading.forms.vector import vectors
from crosscheck.grading.sources.missing import Absent

PACKINGS = ("dictionary", "layers", "list", "lists", "dictionaries")
ALONE = re.compile(r"""\[["']w["']\]""", re.IGNORECASE)  # a dictionary of w and b


class Asked(NamedTuple):
    """What is known of a program before it is tried.

    things: what it defines, by name. chosen: the function, class or object that the user names. rows: what the user
    says of the examples, or None. packing: what the file's PARAMETERS says. text: all of its source.
    """

    things: dict[str, Any]
    chosen: Any = None
    rows: bool | None = None
    packing: str = ""
    text: str = ""

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Return its functions, or the chosen one."""
        if self.chosen is not None:
            found = {getattr(self.chosen, "__name__", "function"): self.chosen} if is_function(self.chosen) else {}
            return found | named.closed_over(found)
        found = {name: each for name, each in self.things.items() if is_function(each)}
        return found | named.closed_over(found)


class Found(NamedTuple):
    """A form, how well it answers, and the trouble of one that does not."""

    form: Form | Training
    score: Score
    trouble: Trouble | None


def is_function(thing: Any) -> bool:
    """Return whether something is a function, jitted perhaps, and no class or object of the user's."""
    if isinstance(thing, Absent) or inspect.isclass(thing) or not callable(thing):
        return False
    return inspect.isroutine(thing) or hasattr(thing, "__wrapped__") or hasattr(thing, "func")


def makers(asked: Asked) -> dict[str, Any]:
    """Return the classes of a program, and objects of theirs that it makes; or the chosen one."""
    if asked.chosen is not None:
        return {} if is_function(asked.chosen) else {getattr(asked.chosen, "__name__", "object"): asked.chosen}
    classes = {name: each for name, each in asked.things.items() if inspect.isclass(each)}
    made = {
        name: each for name, each in asked.things.items()
        if not inspect.isclass(each) and hasattr(each, "__dict__") and not is_function(each)
        and any(hasattr(each, method) for method in ("forward", "fit", "train", "backward", "__call__"))
    }  # fmt: skip
    return {name: each for name, each in {**classes, **made}.items() if not of_scikit_learn(each)}


def of_scikit_learn(thing: Any) -> bool:
    """Return whether something is an estimator of scikit-learn's own."""
    kind = thing if inspect.isclass(thing) else type(thing)
    return str(kind.__module__).startswith("sklearn.")


def candidates(asked: Asked, call: Caller) -> Iterator[Form]:
    """Yield every reading of a program, the likeliest first: functions, classes, objects."""
    yield from of_functions(asked, call)
    yield from of_the_rest(asked, call)


def of_the_rest(asked: Asked, call: Caller) -> Iterator[Form]:
    """Yield the readings of losses, networks, classes and objects."""
    functions = asked.functions()
    pairs = (steps for steps in named.chains(functions) if len(steps) == 2 and all(map(named.whole, steps)))
    yield from losses(
        (step for step in named.scalars(functions) if named.whole(step)), ways_of(asked, call), call, asked.text
    )
    yield from thetas(chain(([s] for s in named.scalars(functions) if named.whole(s)), pairs), asked.rows, call)
    yield from vectors(functions, asked.rows, call)
    yield from nets(makers(asked) | initialisers(functions), asked.rows, call, asked.text)
    yield from objects(makers(asked), asked.rows, call)
    pairs = (steps for steps in named.chains(functions) if len(steps) == 2 and all(map(named.whole, steps)))
    yield from folded(chain(([s] for s in named.scalars(functions) if named.whole(s)), pairs), asked.rows, call)


def ways_of(asked: Asked, call: Caller) -> list[Way]:
    """Return every way in which parameters may be handed over, those of the program's own first."""
    layouts = [layout for layout in LAYOUTS if asked.rows is None or layout.rows == asked.rows]
    keys = keys_in(asked.text)
    plain = [Way(layout, packing, keys) for layout in layouts for packing in PACKINGS]
    return [Way(layout, own=own) for own in owned(asked, call) for layout in layouts] + plain


def training(asked: Asked, call: Caller) -> Iterator[Training]:
    """Yield the readings of a program that returns no gradient, and only trains."""
    yield from trained_by(asked.functions(), ways_of(asked, call), call)
    yield from trained_in(makers(asked), asked.rows, call)


def of_functions(asked: Asked, call: Caller) -> Iterator[Form]:
    """Yield the readings of functions: one that does everything, or several one after another."""
    functions = asked.functions()
    if asked.chosen is not None:
        steps: Iterable[list[Step]] = (
            [step] for each in functions.values() for step in named.steps_of(each, WHOLE) if named.whole(step)
        )
    else:
        steps = chain(named.wholes(functions), named.chains(functions))
    keys, every = keys_in(asked.text), list[list[Step]]()
    for each in steps:
        yield from pipelines(each, asked, keys, call)
        every.append(each)
    owns = owned(asked, call)
    for each in every if owns else ():
        yield from pipelines(each, asked, keys, call, owns)


def owned(asked: Asked, call: Caller) -> list[Own]:
    """Return the kinds of parameters that a program makes itself, unless it says which kind it takes."""
    return [] if asked.packing else list(templates(asked.things, call))


def pipelines(
    steps: list[Step], asked: Asked, keys: tuple[str, str], call: Caller, owns: Sequence[Own] = ()
) -> Iterator[Form]:
    """Yield the ways in which one chain of functions can be called and read. owns: over those, if there are any."""
    first = Pipeline(steps, Way(LAYOUTS[0]), ORDERS[0], call)
    over = first.takes == "dictionary"
    packings: tuple[str, ...] = (asked.packing,) if asked.packing and over else PACKINGS if over else ("dictionary",)
    if over and not asked.packing and ALONE.search(asked.text):
        packings = (PAIR, *packings)
    layouts = (PAIRED, *LAYOUTS) if PAIR in (first.takes, packings[0]) else LAYOUTS
    if owns and not over:
        return
    for layout in dict.fromkeys(layouts):
        if asked.rows is not None and layout.rows != asked.rows:
            continue
        ways = [Way(layout, own=own) for own in owns] or [Way(layout, packing, keys) for packing in packings]
        for way in ways:
            for order in ORDERS:
                form = Pipeline(steps, way, order, call)
                yield form  # and by now it has been tried
                if form.number:
                    return
                if not form.unnamed:
                    break


def recognise(asked: Asked, settings: Settings, call: Caller) -> Found | None:
    """Return the form of a program; None if there is no candidate. What only trains comes after what has a gradient."""
    found: Found | None = None
    for forms in (of_functions, of_the_rest, training):
        if found is not None and (found.score.whole or (forms is training and found.score.answers)):
            break
        each = best_of(forms(asked, call), settings)
        if each is not None and (found is None or _key(each) > _key(found)):
            found = each
    return found


def best_of(forms: Iterable[Form | Training], settings: Settings) -> Found | None:
    """Return the best of the forms, tried one after another until one is right in all its numbers."""
    best: Found | None = None
    for form in forms:
        found = Found(form, *score(form, settings))
        if found.score.whole and found.score.deepest > 1:  # one that is right for one layer may do more elsewhere
            return found
        if best is None or _key(found) > _key(best):
            best = found
    return best


def _key(found: Found) -> tuple[float, ...]:
    said = found.score
    return (
        said.sloped,
        said.sloped > 0 and said.J,  # a cost that is wrong is one
        said.right,
        said.agreeing,
        said.J,
        -said.converted - said.shaped if said.agreeing else 0,
        said.answers,
        isinstance(found.trouble, Draws),
    )
