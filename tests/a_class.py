"""A class as large as one likes: `python -m tests.a_class homework 200`, and then `crosscheck grade homework`.

The programs are the students' and the corpus' beside this file, over and over, with some names, blanks and comments
changed, named as learning platforms name what is handed in; and the hostile ones once each.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

from tests.harness import hostile_class

HERE = Path(__file__).parent
STUDENTS, CORPUS = ("right", "wrong", "trouble", "forms"), ("scripts", "classes", "notebooks")
FOLDERS = [f"harness/students/{each}" for each in STUDENTS] + [f"corpus/{each}" for each in CORPUS]
NAMES = ("Z1", "Z2", "dZ1", "dZ2")  # those that no dictionary of parameters or gradients has


def programs() -> list[Path]:
    """Return all programs, in a fixed order."""
    found = [path for each in FOLDERS for path in sorted((HERE / each).glob("*"))]
    return [path for path in found if path.suffix in (".py", ".ipynb") and path.name != "conftest.py"]


def changed(text: str, number: int, notebook: bool) -> str:
    """Return a program with other names for what stands only inside it, and of a script with a comment more."""
    for name in NAMES:
        text = re.sub(rf"\b{name}\b", f"{name}_{number}", text)
    return text if notebook else f"# homework {number}\n\n{text}\n"


def write(folder: Path, count: int) -> None:
    """Write so many submissions into a new folder."""
    hostile_class.write(folder, folder.parent / "outside", 9)
    chosen, chance = programs(), random.Random(1)
    number = 1000
    while len(list(folder.iterdir())) - 2 < count:  # without the notes and the link of the hostile class
        number += 1
        path = chosen[(number - 1001) % len(chosen)]
        text = changed(
            path.read_text(encoding="utf-8"), number if number > 1000 + len(chosen) else 1, path.suffix != ".py"
        )
        if chance.random() < 0.2:  # a folder of the student's own
            own = folder / f"student {number}_{chance.randrange(10**6)}_assignsubmission_file"
            own.mkdir()
            (own / path.name).write_text(text, encoding="utf-8")
        else:
            (folder / f"student{number}_{chance.randrange(10**6)}_{path.name}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
