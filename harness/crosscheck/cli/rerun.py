"""What was asked of a run, as environment.json keeps it, and `crosscheck rerun`, which asks the same again."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.cli.destination import LATEST
from crosscheck.cli.options import Force, Out, Quiet, Verbose
from crosscheck.core import files
from crosscheck.core.text import hidden

# the options that say where results go and how they are shown, not what they are
ASIDE = {"out", "force", "resume", "quiet", "verbose", "json", "junit", "plots"}
MAY_BE_FILES = ("impl", "weights")  # options whose words may name one
LARGEST, MEBIBYTE = 2**24, 2**20  # bytes of environment.json, and read at once of a file
SAME = "what compare has written, with what it was asked for; compare again"


def remembers(command: Callable[..., None]) -> Callable[..., None]:
    """Fill a command's parameter `asked` with what it was asked for: {"command", "words", "files"}, plain data.

    words: all options that decide about the results, the defaults too, as words of a command line. files: those that
    they name, by their names as they were given, each with the SHA-256 of what is in it.
    """
    parameters = [each for each in inspect.signature(command).parameters.values() if each.name != "asked"]

    @wraps(command)
    def with_memory(**given: Any) -> None:
        words, named = list[str](), list[str]()
        for parameter in parameters:
            value = given[parameter.name]
            if parameter.name in ASIDE or value is None:
                continue
            words += _words(parameter, value)
            if isinstance(value, Path) or parameter.name in MAY_BE_FILES:
                named += map(str, value if isinstance(value, list) else [value])
        digests = {name: digest for name in named if (digest := digest_of(Path(name)))}
        command(**given, asked={"command": command.__name__, "words": words, "files": digests})

    vars(with_memory)["__signature__"] = inspect.Signature(parameters)
    with_memory.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_memory


def _words(parameter: inspect.Parameter, value: Any) -> list[str]:
    """Return an option and its value as words, `--name=value`; a switch is a word or none."""
    on, _, off = _option(parameter).partition("/")
    if isinstance(value, bool):
        return [on] if value else [off] if off else []
    return [f"{on}={each}" for each in (value if isinstance(value, list) else [value])]


def _option(parameter: inspect.Parameter) -> str:
    """Return the long name of a parameter's option, `--on/--off` where a switch has both."""
    said = [each for info in parameter.annotation.__metadata__ for each in getattr(info, "param_decls", None) or ()]
    return next((each for each in said if each.startswith("--")), f"--{parameter.name.replace('_', '-')}")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a plain file; nothing for what is none."""
    if files.wrong_with(path):
        return ""
    said = hashlib.sha256()
    try:
        with files.opened(path) as file:
            while part := file.read(MEBIBYTE):
                said.update(part)
    except (OSError, BadInput):
        return ""
    return said.hexdigest()


def rerun(
    context: typer.Context,
    environment: Annotated[
        Path, typer.Argument(help="The environment.json of a comparison, or its folder.", metavar="ENVIRONMENT")
    ],
    out: Out = LATEST,
    force: Force = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Repeat a comparison with all of its options, as its environment.json keeps
    them.

    Start it in the folder in which that was started. The files that it was given
    must be the same, byte for byte; what is gone or has changed is refused. The
    versions, the machine and the sources may be others.

    Writes what `compare` writes, into --out.

    Exit code: that of `compare`; 2 too if a file is gone or is another one.

    Example: crosscheck rerun results/environment.json --out results/again
    """
    parent: Any = context.parent
    compare = parent.command.get_command(parent, "compare")
    words = asked_before(environment / "environment.json" if environment.is_dir() else environment)
    words += [f"--out={out}", *(["--force"] * force), *(["-q"] * quiet), *(["-v"] * verbose)]
    with compare.make_context("compare", words, parent=parent) as inner:
        compare.invoke(inner)


def asked_before(path: Path) -> list[str]:
    """Return the words of the options of a run, once its files are found to be those of then. Raises BadInput."""
    with files.opened(path, SAME) as file:
        data = file.read(LARGEST + 1)
    try:
        said = json.loads(data)["settings"]["asked"]
        command, words, digests = said["command"], list(said["words"]), dict(said["files"])
        sound = command == "compare" and all(isinstance(each, str) for each in (*words, *digests, *digests.values()))
    except (ValueError, KeyError, TypeError, RecursionError):
        sound, words, digests = False, [], {}
    if not sound or any(map(hidden, (*words, *digests))) or aside(words):
        raise BadInput(f"{path}: does not say what was asked for, expected {SAME}")
    _same_files(digests)
    return words


def aside(words: Iterable[str]) -> bool:
    """Return whether words hold anything but long options that decide about results: where to write, say."""
    names = [word.partition("=")[0] for word in words]
    return any(not name.startswith("--") or name[2:].replace("-", "_") in ASIDE for name in names)


def _same_files(digests: Mapping[str, str]) -> None:
    """Raise BadInput for a file that is gone or is another one."""
    for name, digest in digests.items():
        if wrong := files.wrong_with(Path(name)):
            raise BadInput(f"{name}: {wrong}, expected the file of that run, SHA-256 {digest}; put it there")
        if (now := digest_of(Path(name))) != digest:
            raise BadInput(f"{name}: its SHA-256 is {now}, expected {digest}, that of then; put that file back")
