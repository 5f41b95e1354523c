"""What surrounds a worker that runs a stranger's program, and what that protects: data, which the reports word.

Bubblewrap gives it namespaces of its own: a file system that holds Python and the stranger's files, all of it
read-only, and a temporary folder in memory; no network; no other processes. Started by root it is then another user,
one for each worker. Without bubblewrap, `unshare` and the keeper do the same (see namespaces.py). Where neither works,
limits and the keeper are all there is.

The sandbox is around every process that is started in the block `with children.inside(sandbox)`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput, nearest

from crosscheck.runner.limits import Limits
from crosscheck.runner.namespaces import View
from crosscheck.runner.threads import THREADS

TEMPORARY = "/tmp"  # inside
SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/localtime", "/etc/alternatives", "/nix/store", "/gnu/store",
)  # fmt: skip
PACKAGES = ("site-packages", "dist-packages")
VARIABLES = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": TEMPORARY,
    "TMPDIR": TEMPORARY,
    "LANG": "C.UTF-8",
    "USER": "student",
    "LOGNAME": "student",
    "MPLBACKEND": "Agg",
    "PYTHONDONTWRITEBYTECODE": "1",
}
KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # of your variables: where libraries are
TRY = """\
import sys
sys.path[:] = {path!r}
from crosscheck.runner import namespaces
from crosscheck.runner.namespaces import View
if view := {view!r}:
    namespaces.enter(view)
import os
os.listdir("/proc/self")
import numpy
"""
TRIAL = 20.0  # seconds
USUAL = Limits()
USERS = 0x60000000  # numbers of users that nobody has


class Means(StrEnum):
    """What makes the sandbox, the best first."""

    BUBBLEWRAP = "bubblewrap"
    NAMESPACES = "namespaces"
    LIMITS = "limits"


class Protection(StrEnum):
    """What a stranger's program cannot do."""

    NETWORK = "use the network"
    WRITING = "write files outside of a temporary folder"
    READING = "read files other than its own and Python's"
    PROCESSES = "see or signal other processes"
    VARIABLES = "read your environment variables"
    AMOUNTS = "take more than it may"


EVERY = tuple(Protection)
BY_MEANS: Mapping[Means, tuple[Protection, ...]] = {
    Means.BUBBLEWRAP: EVERY,
    Means.NAMESPACES: EVERY,
    Means.LIMITS: (Protection.VARIABLES, Protection.AMOUNTS),
}


class Sandbox(NamedTuple):
    """means: what makes it. shown: the stranger's own files and folders, where they are, read-only.

    folder: where it starts. user_namespace: whether it has users of its own, as it must where we are not root.
    """

    means: Means
    shown: tuple[str, ...] = ()
    folder: str = TEMPORARY
    limits: Limits = USUAL
    user_namespace: bool = True

    @property
    def on(self) -> tuple[Protection, ...]:
        """What it protects from."""
        return BY_MEANS[self.means]

    def of(self, *shown: Path) -> Sandbox:
        """Return the same for a stranger's own files or folders, links as they are; it starts in this folder."""
        paths = [os.path.abspath(each) for each in shown]  # noqa: PTH100
        return self._replace(shown=tuple(paths), folder=str(Path.cwd()))

    @property
    def path(self) -> list[str]:
        """The folders that Python imports from inside: its own, the installed packages', and ours."""
        if self.means is Means.LIMITS:
            return [str(each) for each in sys.path]
        ours = {str(folder.parent) for folder in _packages()}
        return [each for each in sys.path if each and (each in ours or any(map(Path(each).is_relative_to, _roots())))]

    @property
    def environment(self) -> dict[str, str]:
        """All of its variables."""
        yours = {name: os.environ[name] for name in (*THREADS, *KEPT) if name in os.environ}
        here = {} if self.means is not Means.LIMITS else {"HOME": "/nonexistent"}
        return {**VARIABLES, **dict.fromkeys(THREADS, "1"), **yours, **here}

    def user(self) -> int:
        """Return the number of the user that the program becomes, one for each worker; 0 if it stays who it is."""
        root = self.means is not Means.LIMITS and not self.user_namespace
        if root and all(map(_for_everybody, [*_roots(), *map(Path, self.shown)])):
            return USERS + (os.getpid() << 6 | next(_numbers) & 63)
        return 0

    def around(self, command: Iterable[str]) -> list[str]:
        """Return the command that runs a command inside."""
        if self.means is Means.LIMITS:
            return list(command)
        return [*(_bubblewrap(self) if self.means is Means.BUBBLEWRAP else _unshare(self)), "--", *command]

    def view(self) -> View | None:
        """Return what the keeper shows to what it keeps, where that is not done before it starts."""
        if self.means is not Means.NAMESPACES:
            return None
        links, shown = _system()
        shown += [*map(str, _roots()), *self.shown]
        return View(tuple(shown), tuple(links), self.limits.temporary, self.folder)


_numbers = itertools.count()


def find(means: str | None = None, limits: Limits = USUAL) -> Sandbox:
    """Return the best sandbox that works here, or the one that is asked for. Raises BadInput if that does not work."""
    if means is not None and means not in list(Means):
        raise BadInput(f"{means}: unknown; {nearest(means, list(Means))}", parameter="sandbox")
    for each in [Means(means)] if means else Means:
        if each is Means.LIMITS:
            return Sandbox(each, limits=limits)
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        for user_namespace in (False, True) if root else (True,):
            sandbox = Sandbox(each, limits=limits, user_namespace=user_namespace)
            if not (reason := _fails(sandbox)):
                return sandbox
    raise BadInput(f"{means}: {reason}; leave it out, and the best that works is taken", parameter="sandbox")


@cache
def _fails(sandbox: Sandbox) -> str:
    """Return why Python cannot be started in a sandbox, or nothing if it can."""
    program = "bwrap" if sandbox.means is Means.BUBBLEWRAP else "unshare"
    if shutil.which(program) is None:
        return f"{program} is not installed"
    try:
        trial = subprocess.run(
            sandbox.around([sys.executable, "-P", "-c", TRY.format(path=sandbox.path, view=sandbox.view())]),
            env=sandbox.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=TRIAL, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} does not start: {type(error).__name__}"
    words = trial.stderr.decode(errors="replace").strip().splitlines()
    return "" if trial.returncode == 0 else f"{program} does not work here: {words[-1] if words else trial.returncode}"


def _unshare(sandbox: Sandbox) -> list[str]:
    words = ["unshare", "--mount", "--ipc", "--pid", "--net", "--uts", "--fork", "--kill-child"]
    return [*words, *(["--user", "--map-root-user"] if sandbox.user_namespace else [])]


def _system() -> tuple[list[tuple[str, str]], list[str]]:
    """Return the system's links, with where they lead, and its files and folders, those that are there."""
    there = [path for path in SYSTEM if os.path.lexists(path)]
    links = [(path, str(Path(path).readlink())) for path in there if Path(path).is_symlink()]
    return links, [path for path in there if not Path(path).is_symlink()]


def _bubblewrap(sandbox: Sandbox) -> list[str]:
    size = ["--size", str(sandbox.limits.temporary)] if "--size" in _features() else []
    words = [
        "bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--hostname", "sandbox", "--cap-drop", "ALL",
    ]  # fmt: skip
    if sandbox.user_namespace:
        words += ["--unshare-user", *(["--disable-userns"] if "--disable-userns" in _features() else [])]
    else:  # the keeper's, until what it keeps has become another user
        for name in ("SETUID", "SETGID", "KILL", "SYS_PTRACE"):
            words += ["--cap-add", f"CAP_{name}"]
    words += ["--proc", "/proc", "--dev", "/dev", *size, "--perms", "1777", "--tmpfs", "/dev/shm"]
    words += [*size, "--perms", "1777", "--tmpfs", TEMPORARY]
    there = {"/", TEMPORARY, "/proc", "/dev"}
    links, shown = _system()
    for path, target in links:
        words += [*_folders(Path(path).parents, there), "--symlink", target, path]
    for path in [*shown, *map(str, _roots()), *sandbox.shown]:
        words += [*_folders(Path(path).parents, there), "--ro-bind", path, path]
        there.add(path)
    words += _folders([Path(sandbox.folder), *Path(sandbox.folder).parents], there)
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", sandbox.folder]


def _folders(folders: Sequence[Path], there: set[str]) -> list[str]:
    """Make these folders, the innermost first, unless they are there: empty, and for another user to pass through."""
    words: list[str] = []
    for folder in map(str, reversed(folders)):
        if folder not in there:
            there.add(folder)
            words += ["--perms", "0755", "--dir", folder]
    return words


@cache
def _features() -> str:
    """Return what bubblewrap says of its options."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(["bwrap", "--help"], capture_output=True, text=True, timeout=TRIAL, check=False).stdout
    return ""


@cache
def _packages() -> tuple[Path, ...]:
    """Return the folders of our two packages."""
    folders = []
    for name in ("crosscheck", "crosscheck_impls"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        folders.append(Path(str(spec.origin)).parent)
    return tuple(folders)


@cache
def _roots() -> tuple[Path, ...]:
    """Return the folders that Python needs, but the system's: its own, the installed packages, and our two."""
    prefixes = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]
    prefixes += [os.path.realpath(each) for each in prefixes]
    real = Path(os.path.realpath(sys.executable)).parents[1]
    installed = [Path(each) for each in sys.path if Path(each).name in PACKAGES]
    every = dict.fromkeys([*map(Path, prefixes), real, *installed, *_packages()])
    kept = [each for each in every if each.is_dir() and len(each.parts) > 1]
    return tuple(each for each in kept if not any(other in each.parents for other in kept))


def _for_everybody(path: Path) -> bool:
    """Return whether any user may read a file, or a folder and what is in it, two levels deep."""
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if not path.is_dir():
            return bool(mode & 0o004)
        if mode & 0o005 != 0o005:
            return False
        inside = [*path.glob("*"), *path.glob("*/*")] if len(path.parts) > 1 and path not in _roots() else []
        return all(each.is_symlink() or each.stat().st_mode & 0o004 for each in inside)
    return False
