"""A file system of its own for a process that `unshare` has put into namespaces of its own: what bubblewrap does.

A new root in memory gets what is to be seen, bound to where it was; the old root is left, and all of it is read-only
but the temporary folder. The calls are Linux's: mount(2), pivot_root(2), mount_setattr(2), of Linux 5.12.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import NamedTuple

NOSUID, NODEV, BIND, RECURSIVELY, PRIVATE = 2, 4, 4096, 16384, 1 << 18  # flags of mount(2)
DETACH = 2  # of umount2(2)
MOUNT_SETATTR, PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}  # numbers of system calls
READ_ONLY, AT_FDCWD, AT_RECURSIVE = 1, -100, 0x8000
NO_NEW_PRIVILEGES, DROP_BOUND = 38, 24  # of prctl(2)
CAPABILITIES, VERSION = 41, 0x20080522  # the number of the last one is less
DEVICES = ("null", "zero", "full", "random", "urandom")
OLD = "/.old"
SPARE = ("/mnt", "/media", "/srv", "/opt", "/boot", "/sys")  # folders over which the new root may be mounted at first


class View(NamedTuple):
    """What is seen: files and folders, and links, (path, target). temporary: bytes. folder: where it starts."""

    shown: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    temporary: int
    folder: str


def enter(view: View) -> None:
    """See nothing but this from now on. Raises OSError where that is not allowed."""
    _mount("none", "/", "", RECURSIVELY | PRIVATE)
    root = next(each for each in SPARE if Path(each).is_dir() and not any(_inside(path, each) for path in view.shown))
    _mount("tmpfs", root, "tmpfs", NOSUID | NODEV, f"size={view.temporary},mode=755")
    for path in ("/proc", "/tmp", "/dev", OLD):
        Path(root + path).mkdir()
    _mount("tmpfs", f"{root}/tmp", "tmpfs", NOSUID | NODEV, f"size={view.temporary},mode=1777")
    for path in [*view.shown, *(f"/dev/{each}" for each in DEVICES)]:
        _show(path, root + path)
    for path, target in view.links:
        Path(root + path).parent.mkdir(parents=True, exist_ok=True)
        Path(root + path).symlink_to(target)
    Path(root + view.folder).mkdir(parents=True, exist_ok=True)
    _mount("proc", f"{root}/proc", "proc", NOSUID | NODEV)
    _call(PIVOT_ROOT[os.uname().machine], os.fsencode(root), os.fsencode(root + OLD))
    os.chdir("/")
    _checked(_libc().umount2(os.fsencode(OLD), DETACH))
    _call(MOUNT_SETATTR, AT_FDCWD, b"/", AT_RECURSIVE, struct.pack("QQQQ", READ_ONLY, 0, 0, 0), 32)
    _call(MOUNT_SETATTR, AT_FDCWD, b"/tmp", 0, struct.pack("QQQQ", 0, READ_ONLY, 0, 0), 32)
    os.chdir(view.folder)


def drop() -> None:
    """Give up every privilege for good, also those that root has in a namespace of its own."""
    if not sys.platform.startswith("linux"):
        return
    libc = _libc()
    for each in range(CAPABILITIES):
        libc.prctl(DROP_BOUND, each, 0, 0, 0)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.capset(struct.pack("Ii", VERSION, 0), bytes(24))


def _show(path: str, here: str) -> None:
    if Path(path).is_dir():
        Path(here).mkdir(parents=True, exist_ok=True)
    elif Path(path).exists():
        Path(here).parent.mkdir(parents=True, exist_ok=True)
        Path(here).touch()
    else:
        return
    _mount(path, here, "", BIND | RECURSIVELY)


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    given = (os.fsencode(source), os.fsencode(target), os.fsencode(kind), ctypes.c_ulong(flags), os.fsencode(options))
    _checked(_libc().mount(*given))


def _call(number: int, *arguments: int | bytes) -> None:
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    _checked(_libc().syscall(ctypes.c_long(number), *given))


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
