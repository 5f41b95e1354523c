"""What a long command has done by now: in a journal, which the same command goes on with, and in the end one set."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.core import interrupts, journal, result_set
from crosscheck.core.journal import Finished, Header, Journal


class Recording:
    """One run of a command. Its files in --out: while it runs `<stem>.partial.jsonl`, the journal, in which each record
    is on the disk before the next one is made; after an interrupt also `<stem>.partial.csv` and `.md`; in the end the
    tables and `<stem>.jsonl`, all at once.
    """

    def __init__(self, out: Path, stem: str, resume: bool) -> None:
        self.out, self.stem, self.resume = out, stem, resume
        self.ended = False
        self._path, self._final = out / f"{stem}.partial.jsonl", out / f"{stem}.jsonl"
        self._old = out / f"{stem}.partial.old.jsonl"
        self.begun: Mapping[str, str] = {}  # of the run's header
        self._journal: Journal | None = None
        self._recorded = 0

    @contextlib.contextmanager
    def of(self, header: Header, item: Any, check: Callable[[Any], object] = lambda _: None) -> Iterator[list[Any]]:
        """Begin, and yield the records that an earlier run has left; what has recorded nothing leaves nothing.

        item, check: as for `journal.read`. Raises BadInput where the earlier run is another one, or cannot be read.
        """
        result_set.clean(self.out)
        aside = False
        if self._path.exists():
            journal.check_free(self._path)
            aside = not self.resume and self._put_aside()
        standing = self._standing(header, item, check) if self.resume else None
        if standing is None:
            self._path.unlink(missing_ok=True)  # not even a header in it
        lines = [journal.line(header)] if standing is None else standing.lines
        self._journal = Journal(self._path, lines, there=self._path.exists())
        self._recorded = len(standing.items) if standing else 0
        self.begun = standing.header.begun if standing else header.begun
        try:
            yield standing.items if standing else []
        finally:
            self._journal.close()
            if not self._recorded:
                self._path.unlink(missing_ok=True)
                if aside:
                    self._old.replace(self._path)

    def add(self, record: Any) -> None:
        """Put a record on the disk; where that is full it waits until there is room."""
        if self._journal is not None:
            with interrupts.held():
                self._journal.append(record)
                self._recorded += 1

    def discard(self) -> None:
        """Leave nothing: what has been recorded is not worth keeping."""
        self._recorded = 0

    def finish(self, contents: Mapping[str, str | bytes]) -> str:
        """Put the files and the journal in place of the former ones; return why that cannot be, or nothing.

        A signal waits until then.
        """
        if self._journal is None:
            return "nothing has begun"
        with interrupts.held():
            self._journal.append(Finished(result_set.digests(contents)))
            unwritten = self._journal.trouble
            try:
                result_set.publish(self.out, contents, None if unwritten else (self._path, self._final.name))
                for each in (self._path, *self._partial(), *([self._final] if unwritten else [])):
                    each.unlink(missing_ok=True)
            except OSError as error:
                return error.strerror or type(error).__name__
            if unwritten:
                _say(f"{self._path}: {unwritten}; the tables are written, the journal is not")
            self.ended = True
        return ""

    def interrupted(self, contents: Mapping[str, str], words: str) -> str:
        """Write the tables of what is done, and return in words what and where; words: how much it is."""
        if self.ended:
            return f"all of it is in {self.out / self._final.name}"
        first, *_ = contents
        try:
            with interrupts.held():
                result_set.publish(self.out, contents)
        except OSError as error:
            typer.echo(contents[first])
            return f"{words} are printed, since {self.out} cannot be written: {error.strerror or type(error).__name__}"
        return f"{words} are in {self.out / first}; the same with --resume goes on"

    def _partial(self) -> list[Path]:
        return [self.out / f"{self.stem}.partial.{kind}" for kind in ("csv", "md")]

    def _put_aside(self) -> bool:
        """Keep the journal of an unfinished run under another name, if it holds anything; return whether it does."""
        if not journal.has_begun(self._path):
            self._path.unlink()
            return False
        self._path.replace(self._old)
        _say(f"{self.out}: the run there has not ended, and --resume would go on with it; it is kept as {self._old}")
        return True

    def _standing(self, header: Header, item: Any, check: Callable[[Any], object]) -> journal.Contents | None:
        """Return what an earlier run has left, whether it has ended or not. Raises BadInput."""
        for path in (self._path, self._final):
            try:
                standing = journal.read(path, item, check)
            except BadInput as error:
                raise BadInput(error.message, parameter="resume") from None
            different = standing.header.differences(header) if standing else []
            if standing is not None and not different:
                return standing
            if standing is not None and path == self._path:
                words = "; ".join(different[:3]) + (f"; {len(different) - 3} more" if len(different) > 3 else "")
                raise BadInput(f"{path}: is of another run: {words}; ask for the same, or leave --resume out")
        _say(f"{self.out}: nothing to resume, so this run begins")
        return None


def saved(out: Path, contents: Mapping[str, str | bytes]) -> None:
    """Put the files of a short run into a folder, all at once. Raises BadInput if that cannot be."""
    with interrupts.held():
        try:
            result_set.publish(out, contents)
        except OSError as error:
            raise BadInput(
                f"{out}: {error.strerror}, so that the tables above are not written; name another"
            ) from error


def unwritten(out: Path, trouble: str) -> BadInput:
    """Return what to raise where the files of a run that has ended cannot be written."""
    return BadInput(f"{out}: {trouble}, so that the tables above are not written; make room, and --resume writes them")


def _say(words: str) -> None:
    with contextlib.suppress(OSError):
        print(f"crosscheck: {words}", file=sys.stderr, flush=True)
