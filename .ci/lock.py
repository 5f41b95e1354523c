"""requirements.lock: every package that `make` installs, at one version, with the hashes of its files.

`python .ci/lock.py` renews it with uv; `--upgrade` takes the newest versions, otherwise a version stays while
pyproject.toml allows it. `--check` needs no network: it says whether the lock file was written for the dependencies
that pyproject.toml has now.

PyTorch is built in two ways. Its wheel in the registry needs CUDA's packages on Linux, gigabytes of them, which stand
in requirements-cuda.lock; its wheel for processors alone, 2.13.0+cpu, needs none of them. Both satisfy torch==2.13.0,
so the hashes of both are listed: the latter's are those of the files in the folders of `--wheels` or PIP_FIND_LINKS.

`--install` installs the lock file into the Python that runs it. pip prefers a file whose hash an index tells to a file
in a folder, so it is asked for torch in the folders of wheels first (pip's option find-links, wherever it is set).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
CUDA_LOCK = ROOT / "requirements-cuda.lock"
EXTRA = "dev"  # which has `all` in it
OLDEST = "3.11"
CUDA = re.compile(r"(nvidia|cuda)-|triton\b")
DIGEST = "# for the dependencies in pyproject.toml with the digest "

HEADER = f"""\
# Written by `make lock`, for Python 3.11 to 3.13: every package of the extra `{EXTRA}`, and what builds this project.
# Install it with: pip install --require-hashes --no-deps -r requirements.lock
"""
FIRST = """\
# torch has the hashes of two builds. The registry's wheel for Linux also needs requirements-cuda.lock; the wheel
# without CUDA, which `make` takes where a folder of wheels has it, does not.
"""
SECOND = "# Only CUDA's packages, which torch's wheel from the registry needs on Linux.\n"


def digest(pyproject: dict[str, Any]) -> str:
    """Return a digest of everything in pyproject.toml that decides what is installed.

    >>> one = {"build-system": {"requires": []}, "project": {"requires-python": ">=3.11", "dependencies": ["numpy"]}}
    >>> len(digest(one)), digest(one) == digest({**one, "tool": {}})
    (16, True)
    """
    project = pyproject["project"]
    inputs = [
        pyproject["build-system"]["requires"],
        project["requires-python"],
        project["dependencies"],
        project.get("optional-dependencies", {}),
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def read_pyproject() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def stale() -> str:
    """Return why a lock file has to be renewed, or an empty text."""
    now = digest(read_pyproject())
    for path in (LOCK, CUDA_LOCK):
        if not path.exists():
            return f"{path.name} is missing"
        text = path.read_text(encoding="utf-8")
        if f"{DIGEST}{now}\n" not in text:
            return f"{path.name} was written for other dependencies than pyproject.toml has now"
        for name, block in blocks(text):
            if "--hash=sha256:" not in block:
                return f"{path.name}: {name} has no hash"
    return ""


def blocks(text: str) -> list[tuple[str, str]]:
    r"""Return the name of each requirement with its lines.

    >>> blocks("# comment\na==1 \\\n    --hash=sha256:0\nb==2 \\\n    --hash=sha256:1\n")
    [('a', 'a==1 \\\n    --hash=sha256:0\n'), ('b', 'b==2 \\\n    --hash=sha256:1\n')]
    """
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)(==.*\n(?:[ \t]+.*\n)*)", text, re.MULTILINE)
    return [(name, name + rest) for name, rest in found]


def cpu_wheels(folders: list[Path]) -> dict[str, tuple[str, list[str]]]:
    """Return the packages that have a build such as 2.13.0+cpu in the folders: the newest version, and its hashes."""
    builds: dict[str, dict[str, list[str]]] = {}
    for wheel in sorted(path for folder in folders for path in folder.glob("*+cpu-*.whl")):
        name, version = wheel.name.split("-")[:2]
        with wheel.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256").hexdigest()
        builds.setdefault(name.replace("_", "-"), {}).setdefault(version.split("+")[0], []).append(sha)

    def order(version: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", version)]

    newest = {name: max(by_version, key=order) for name, by_version in builds.items()}
    return {name: (version, builds[name][version]) for name, version in newest.items()}


def compile_requirements(constraints: list[str], upgrade: bool) -> str:
    """Return what uv resolves, for every platform, with the versions of the present lock file where they still do."""
    uv = [sys.executable, "-m", "uv"] if find_spec("uv") else [shutil.which("uv") or ""]
    if not uv[0]:
        raise SystemExit("uv is not installed: `make lock` has it in an environment of its own")
    with tempfile.TemporaryDirectory() as folder:
        output, limits, build = (Path(folder) / name for name in ("lock.txt", "constraints.txt", "build.in"))
        if not upgrade:
            output.write_text("".join(p.read_text(encoding="utf-8") for p in (LOCK, CUDA_LOCK) if p.exists()))
        limits.write_text("\n".join(constraints))
        build.write_text("\n".join(read_pyproject()["build-system"]["requires"]))
        command = [
            *uv, "pip", "compile", "pyproject.toml", str(build), "--extra", EXTRA, "--output-file", str(output),
            "--constraints", str(limits), "--universal", "--python-version", OLDEST, "--generate-hashes",
            "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet",
        ]  # fmt: skip
        subprocess.run([*command, *(["--upgrade"] if upgrade else [])], cwd=ROOT, check=True)
        return output.read_text(encoding="utf-8")


def with_hashes(block: str, hashes: list[str]) -> str:
    r"""Return a requirement with more hashes.

    >>> print(with_hashes("a==1 \\\n    --hash=sha256:0\n", ["0", "1"]), end="")
    a==1 \
        --hash=sha256:0 \
        --hash=sha256:1
    """
    more = [f"--hash=sha256:{sha}" for sha in hashes if f"sha256:{sha}" not in block]
    return " \\\n    ".join([block.rstrip("\n"), *more]) + "\n"


def renew(folders: list[Path], upgrade: bool) -> None:
    """Write both lock files."""
    builds = cpu_wheels(folders)
    resolved = blocks(compile_requirements([f"{name}=={version}" for name, (version, _) in builds.items()], upgrade))
    if not builds:
        print("no wheel without CUDA in the folders of --wheels: the hashes are the registry's alone", file=sys.stderr)
    named = f"{DIGEST}{digest(read_pyproject())}\n"
    every = [(name, with_hashes(block, builds[name][1] if name in builds else [])) for name, block in resolved]
    LOCK.write_text(HEADER + FIRST + named + "".join(block for name, block in every if not CUDA.match(name)))
    CUDA_LOCK.write_text(HEADER + SECOND + named + "".join(block for name, block in every if CUDA.match(name)))


def install() -> int:
    """Install what is locked, and CUDA's packages where torch is the build that needs them. Returns the exit code."""
    pip = [sys.executable, "-m", "pip"]
    exactly = [*pip, "install", "--quiet", "--no-deps", "--require-hashes"]
    with tempfile.TemporaryDirectory() as folder:
        torch = Path(folder) / "torch.lock"
        torch.write_text("".join(block for name, block in blocks(LOCK.read_text(encoding="utf-8")) if name == "torch"))
        subprocess.run([*exactly, "--no-index", "-r", str(torch)], capture_output=True, check=False)  # or there is none
    if code := subprocess.run([*exactly, "-r", str(LOCK)], check=False).returncode:
        return code
    if subprocess.run([*pip, "check"], capture_output=True, check=False).returncode:  # something is missing
        subprocess.run([*exactly, "-r", str(CUDA_LOCK)], check=True)
    return subprocess.run([*pip, "check"], check=False).returncode


def main() -> int:
    """Renew the lock files, install them, or say whether they are stale. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is stale; needs no network")
    parser.add_argument("--install", action="store_true", help="install them into the Python that runs this")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--wheels", action="append", type=Path, help="a folder with wheels of torch without CUDA")
    arguments = parser.parse_args()
    if arguments.install:
        return install()
    if not arguments.check:
        folders = arguments.wheels or [Path(word) for word in os.environ.get("PIP_FIND_LINKS", "").split()]
        renew([folder for folder in folders if folder.is_dir()], arguments.upgrade)
    if reason := stale():
        print(f"{reason}: make lock", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
