"""Words that somebody else has written, made safe where they come in: one line of printable text of bounded length."""

from __future__ import annotations

import signal
import unicodedata
from collections.abc import Sequence

LONGEST = 300  # characters of somebody's message that are kept


def printable(text: str, longest: int = LONGEST) -> str:
    r"""Return the text with everything escaped that is no printable character: surrogates, ANSI escapes, newlines.

    >>> print(printable("red \x1b[31m, half a character \ud800, and a\nnew line"))
    red \x1b[31m, half a character \ud800, and a\nnew line
    """
    half = longest // 2
    cut = text if len(text) <= longest else f"{text[: half - 2]} … {text[1 - half :]}"  # both ends say most
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in cut)


def one_line(text: str, longest: int = LONGEST) -> str:
    r"""Return the same with white space, line breaks too, as single blanks.

    >>> one_line("two\n  lines")
    'two lines'
    """
    if len(text) > 40 * longest:
        text = text[: 20 * longest] + text[-20 * longest :]
    return printable(" ".join(text.split()), longest)


def words_of(error: BaseException, longest: int = LONGEST) -> str:
    """Return an error's message in one line, or that it has none: somebody's `__str__` may raise anything.

    >>> words_of(ValueError("two\\nlines"))
    'two lines'
    """
    try:
        return one_line(str(error), longest)
    except BaseException:
        return "its message cannot be read"


def signal_name(number: int) -> str:
    """Return the name of a signal, also of one that Python has no name for.

    >>> signal_name(9), signal_name(35)
    ('SIGKILL', 'signal 35')
    """
    return {each.value: each.name for each in signal.Signals}.get(number, f"signal {number}")


def hidden(text: str) -> str:
    r"""Return the first character of a text that is a control character or no Unicode, escaped; nothing without one.

    >>> hidden("a\udcff"), hidden("plain, naïve")
    ('\\udcff', '')
    """
    return next((printable(c) for c in text if unicodedata.category(c) in ("Cc", "Cs")), "")


def listed(words: Sequence[str]) -> str:
    """Return words with commas, and `and` before the last.

    >>> listed(["J"]), listed(["J", "dW1", "db1"])
    ('J', 'J, dW1 and db1')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]]) if words[1:] else "".join(words)
