"""What a run ran on: versions, host, processor, GPUs and drivers, and the variables that steer libraries."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pandas as pd

STEERING = (
    "OPENBLAS_", "MKL_", "OMP_", "GOTO_", "BLIS_", "FLEXIBLAS", "XLA_", "JAX_", "TORCH_", "ATEN_", "CUBLAS_",
    "NVIDIA_TF32",
)  # fmt: skip
LIBRARIES = ("nvidia-", "jax-cuda", "mkl", "intel-openmp", "triton")  # how the names of packages begin that hold some
NVIDIA = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
SOURCES = Path(__file__).parents[1]  # of the harness
SECONDS = 10  # that another program may take


def environment(abouts: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the run ran on: versions, host, processor, device, BLAS, threads, precision switches, commit.

    abouts: what each framework says of itself. variables: what the user's environment says to the libraries, such as
    another kind of processor to OpenBLAS.
    """
    return {
        "date": pd.Timestamp.now(tz="UTC").strftime("%Y-%m-%d"),
        "commit": commit(),
        **machine(),
        **host(),
        "frameworks": {name: dict(about) for name, about in sorted(abouts.items())},
        "settings": dict(settings),
    }


def machine() -> dict[str, Any]:
    """Return what every run on this machine has in common: Python, the processor, the variables that steer it."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "usable cores": usable_cores(),
        "pandas": pd.__version__,
        "variables": {name: os.environ[name] for name in sorted(os.environ) if name.startswith(STEERING)},
    }


def usable_cores() -> int | None:
    """Return how many processors this process may use: fewer than there are under taskset, or in a container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def host() -> dict[str, Any]:
    """Return the machine's name and system, the GPUs with their driver, and the libraries that packages bring."""
    return {"host": hostname(), "release": _release(), "gpus": _gpus(), "libraries": _libraries()}


def hostname() -> str:
    """Return the machine's name."""
    return socket.gethostname()


def commit() -> str:
    """Return the commit of the harness, with -dirty where its own sources, or those that it compares, are changed.

    `unknown` where the sources are an installed package. Tables, documents and tests that are changed do not count: a
    run that renews tables would be its own reason.
    """
    sources = [str(SOURCES), str(SOURCES.parents[1] / "impls")]
    try:
        if not _said("git", "-C", str(SOURCES), "ls-files", "__init__.py"):
            return "unknown"
        last = _said("git", "-C", str(SOURCES), "rev-parse", "--short=12", "HEAD")
        changed = _said("git", "-C", str(SOURCES), "status", "--porcelain", "--", *filter(os.path.isdir, sources))
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{last}-dirty" if changed else last


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    return done.stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _release() -> str:
    """Return the distribution and the kernel."""
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        name = platform.system()
    return f"{name}, kernel {platform.release()}"


def _gpus() -> list[dict[str, str]]:
    """Return the name and the driver's version of each GPU of NVIDIA's; none where its program is not there."""
    if shutil.which(NVIDIA[0]) is None:
        return []
    try:
        lines = _said(*NVIDIA).splitlines()
    except (OSError, subprocess.SubprocessError):
        return []
    parts = (line.rpartition(",") for line in lines)
    return [{"gpu": name.strip(), "driver": driver.strip()} for name, _, driver in parts]


def _libraries() -> dict[str, str]:
    """Return the versions of CUDA's libraries, cuDNN and MKL, where they are installed as packages."""
    found = {str(each.metadata["Name"]): each.version for each in distributions()}
    return {name: found[name] for name in sorted(found) if name.lower().startswith(LIBRARIES)}
