"""A small class, most of it hostile: what each hands in. Each attempt is bounded, so that it harms nobody who tests.

{outside}, {sibling} and {port} are filled in: a file that must not be written, one that must not be read, and a port
at which the test listens.
"""

from __future__ import annotations

from pathlib import Path

STUDENTS = Path(__file__).parent / "students"
HEAD = "import os, time\nimport numpy as np\n\n\ndef cost_and_gradients(parameters, X, Y):\n"
RIGHT = (STUDENTS / "right/two_layer.py").read_text(encoding="utf-8")
SIGN = RIGHT.replace("dZ2 = A2 - Y", "dZ2 = Y - A2")
assert SIGN != RIGHT

BODIES = {
    "fork_bomb": "for k in range(9):\n    os.fork()\ntime.sleep(20)",
    "many_processes": (
        "for k in range(160):\n    if os.fork() == 0:\n        time.sleep(20)\n        os._exit(0)\ntime.sleep(20)"
    ),
    "threads": "import threading\nfor k in range(400):\n    threading.Thread(target=time.sleep, args=(20,)).start()",
    "endless": "until = time.time() + 60\nwhile time.time() < until:\n    pass",
    "allocates": "kept = []\nfor k in range(192):\n    kept.append(np.ones(2**21))\ntime.sleep(20)",
    "allocates_in_several": "for k in range(3):\n    os.fork()\nkept = np.ones(2**24)\ntime.sleep(20)",
    "deletes_its_folder": "import shutil\nshutil.rmtree(os.path.dirname(os.path.abspath(__file__)))",
    "exits": "os._exit(0)",
    "exits_as_the_keeper_does": "os._exit(241)",
    "kills": "import signal\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(20)",
    "leaves_a_process": "import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True)\nos._exit(3)",
    "writes_outside": "open({outside!r}, 'w').write('here')",
    "writes_much": "for k in range(80):\n    open(f'/tmp/crosscheck-{{k % 8}}', 'ab').write(bytes(2**22))",
    "connects": "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2).sendall(b'here')",
    "reads_another": "raise ValueError(open({sibling!r}).read()[:40])",
    "reads_the_environment": "raise ValueError(os.environ.get('CROSSCHECK_SECRET', 'nothing'))",
    "forges": (
        "import stat\nfrom crosscheck.core.records import Answer, Certification, Run\n"
        "from crosscheck.runner import wire\nfrom crosscheck.runner.serve import Told\n"
        "labels = (Y > 2).astype(int)\nrun = Run((), np.zeros(4), [], Certification.ALL, 4)\n"
        "answer = Answer([], [], run, labels, labels, None, 'cpu', [], {{}})\n"
        "for k in range(3, 64):\n    try:\n        if stat.S_ISFIFO(os.fstat(k).st_mode):\n"
        "            os.write(k, b''.join(wire.pack(Told(1, answer))))\n    except OSError:\n        pass\n"
        "time.sleep(20)"
    ),
}


def write(folder: Path, outside: Path, port: int, names: tuple[str, ...] = tuple(BODIES)) -> None:
    """Write the class into a folder: the hostile ones, and five others, two of which are the same program."""
    folder.mkdir(parents=True)
    sibling = folder / "anna_101_homework.py"
    sibling.write_text(RIGHT, encoding="utf-8")
    for name in names:
        body = BODIES[name].format(outside=str(outside), sibling=str(sibling), port=port)
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        (folder / f"{name}.py").write_text(HEAD + lines, encoding="utf-8")
    (folder / "ben_102_homework.py").write_text(SIGN, encoding="utf-8")
    (folder / "cem").mkdir()
    (folder / "cem" / "solution.py").write_text(SIGN.replace("    m = ", "    # mine\n    m   = "), encoding="utf-8")
    (folder / "<b>dora & co.py").write_text(SIGN.replace("A1 = np.tanh(Z1)", "A1 = (np.tanh(Z1))"), encoding="utf-8")
    (folder / "empty.py").write_text("", encoding="utf-8")
    (folder / "notes.txt").write_text("not a program", encoding="utf-8")
    (folder / "link.py").symlink_to(sibling)
