"""What an argument is, by its name: the data, the parameters, one of them, a cache, or a switch."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Container, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

NAMES = {
    "X": "x inputs input data features x_train train_x xtrain images x_batch xs a0 x_in x_data samples in_ img",
    "Y": "y labels label targets target t y_true y_train train_y ytrain ys y_batch truth y_data y_in ground_truth true",
    "AL": "al a yhat y_hat y_pred ypred output outputs predictions prediction pred preds probs prob probabilities h o "
          "a_l a_out a_last out y_ yh a_final final hypothesis y_prob p_hat",
    "parameters": "parameters params parameter param theta thetas p ps model net network state layers "
                  "weights_and_biases parametres parametros parametri",
    "weights": "weights ws w_list w_s",
    "biases": "biases bs b_list b_s",
    "w": "w weight",
    "b": "b bias",
    "cache": "cache caches memory cached forward_cache store intermediates activations acts ctx saved history",
    "ZL": "zl z logits logit scores",
    "grads": "grads gradients grad gradient dparams",
    "m": "m n_examples num_examples batch_size n_samples num_samples nb_examples",
    "threshold": "threshold thresh cutoff cut_off",
    "zero": "lambd lambda_ lam reg l2 regularization weight_decay reg_lambda lmbda l2_lambda dropout momentum",
    "one": "keep_prob",
    "false": "print_cost verbose debug plot print_loss show",
    "alpha": "learning_rate learning_rate_init lr alpha eta rate learningrate learning_r lernrate taux "
             "taux_apprentissage taxa taxa_aprendizado tasa tasa_aprendizaje",
    "iterations": "num_iterations n_iters iterations epochs n_iter num_iters "
    "n_iterations num_iter num_epochs n_epochs max_iter iters "
                  "steps n_steps num_steps epoch niter nb_iterations schritte epoques epocas iteraciones iteracoes",
}  # fmt: skip
ROLE = {name: role for role, names in NAMES.items() for name in names.split()}
STARTING = re.compile(r"^(init(ial)?_)|_(in|init|initial|start)$")  # w_in, initial_w: what training begins with
LAYERED = re.compile(r"^(w|weights?|theta|b|bias|a|z|s)_?(\d+)$")
KIND = {"w": "W", "weight": "W", "weights": "W", "theta": "W", "b": "b", "bias": "b", "a": "A", "z": "Z"}


class Argument(NamedTuple):
    """An argument of a function. role: "" where its name says nothing."""

    name: str
    role: str
    required: bool
    keyword: bool = False


@lru_cache(maxsize=4096)
def role_of(name: str) -> str:
    """Return the role of a name: of those above, or W1, b2, A1, Z3.

    >>> [role_of(name) for name in ("X_train", "w1", "AL", "y", "learning_rate", "foo")]
    ['X', 'W1', 'AL', 'Y', 'alpha', '']
    """
    plain = STARTING.sub("", name.strip("_").lower())
    if found := LAYERED.match(plain):
        return f"{KIND.get(found.group(1), 'A')}{int(found.group(2))}"
    return ROLE.get(plain) or ROLE.get(name.lower(), "")


def arguments(function: Callable[..., Any]) -> list[Argument] | None:
    """Return the arguments of a function; None if it does not say."""
    every = _parameters(function)
    if every is None:
        return None
    found = [
        Argument(each.name, role_of(each.name), each.default is each.empty, each.kind is each.KEYWORD_ONLY)
        for each in every
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    roles = {argument.role for argument in found}
    if "b" in roles and "w" not in roles:  # theta and bias: the first of them is w
        return [argument._replace(role="w") if argument.role == "parameters" else argument for argument in found]
    return found


def takes_anything(function: Callable[..., Any]) -> bool:
    """Return whether a function takes *arguments."""
    every = _parameters(function)
    return every is None or any(each.kind is each.VAR_POSITIONAL for each in every)


def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...] | None:
    try:
        return _cached(function)
    except TypeError:  # it cannot be hashed
        return _cached.__wrapped__(function)


@lru_cache(maxsize=1024)
def _cached(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...] | None:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


LACKS = {  # what the notes' models do without, by the names of arguments that switch it on
    "dropout": ("keep_prob", "dropout"),
    "momentum": ("momentum",),
}
PENALTY = "the notes' cost has no penalty"


def switched_off(functions: Sequence[Callable[..., Any]], others: Container[str] = ()) -> list[str]:
    """Return what was given for penalties, dropout and the like, which would else be something else, in words.

    others: names of arguments that are told elsewhere.

    >>> switched_off([lambda X, Y, lambd, keep_prob=1.0: 0])
    ["lambd: 0 was given, the notes' cost has no penalty"]
    """
    said: dict[str, None] = {}
    for function in functions:
        defaults = {each.name: each.default for each in _parameters(function) or ()}
        for argument in arguments(function) or []:
            given = FILLED.get(argument.role)
            told = argument.role not in ("zero", "one") or argument.name in others
            if not told and defaults[argument.name] not in (given, None, False):
                name = argument.name.lower()
                lack = next((f"the notes have no {what}" for what, names in LACKS.items() if name in names), PENALTY)
                said[f"{argument.name}: {given:g} was given, {lack}"] = None
    return list(said)


FILLED = {"threshold": 0.5, "zero": 0.0, "one": 1.0, "false": False}


def value_of(argument: Argument, environment: Mapping[str, Any]) -> tuple[bool, Any]:
    """Return whether an argument can be given, and what."""
    for name in (argument.name, argument.name.lower(), argument.role):
        if name and name in environment:
            return True, environment[name]
    return (True, FILLED[argument.role]) if argument.role in FILLED else (False, None)
