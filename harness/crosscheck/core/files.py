"""Small files, each written in one piece."""

from __future__ import annotations

import tempfile
from pathlib import Path

from crosscheck_impls.interface import BadInput


def writable(folder: Path, parameter: str = "out") -> None:
    """Make the folder. Raises BadInput unless files can be written into it; nothing in it is touched.

    parameter: what the folder is, for the message.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"{folder}: {error.strerror}, expected a folder to write into; name another"
        raise BadInput(message, parameter=parameter) from error


def write(path: Path, content: str | bytes) -> None:
    """Write a file in one piece: either the old one stands or the new one. Raises BadInput if it cannot."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            file.write(content.encode() if isinstance(content, str) else content)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}, expected a place to write to; name another") from error
