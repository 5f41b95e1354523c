"""A worker's end of the pipes to the harness."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from typing import Any

from crosscheck.runner.wire import Frame, Reader, pack

PORTION = 2**16


class Line:
    """What is asked comes from one descriptor, what is answered goes into another; only this process may answer."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers, self._mine = requests, answers, os.getpid()
        self._reader, self._frames = Reader(trusted=True), deque[Frame]()

    def receive(self) -> Frame:
        """Return the next frame. Raises EOFError at the end."""
        while not self._frames:
            data = os.read(self._requests, PORTION)
            if not data:
                raise EOFError
            self._frames.extend(self._reader.feed(data))
        return self._frames.popleft()

    def requests(self) -> Iterator[Frame]:
        """Yield frames until the harness has no more."""
        while True:
            try:
                yield self.receive()
            except EOFError:
                return

    def send(self, message: Any, limit: float = math.inf) -> None:
        """Send a message. Raises what `pack` raises, before anything is sent; and OSError where nobody listens."""
        parts = pack(message, limit)
        if os.getpid() != self._mine:
            os._exit(1)  # a copy that somebody's code has forked and let come back
        for part in parts:
            write_all(self._answers, part)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of it, in as many portions as the pipe takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
