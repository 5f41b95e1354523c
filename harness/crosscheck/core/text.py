"""Text that others gave us, made fit to be shown: one line, no control characters, not endless."""

from __future__ import annotations

import unicodedata

LONGEST = 1500  # characters of a message


def one_line(text: str, longest: int = LONGEST) -> str:
    r"""Return a text in one line, what is not printable escaped, and its middle left out where it is too long.

    >>> one_line("a\n  b \x1b[31m \udcff")
    'a b \\x1b[31m \\udcff'
    >>> one_line("123456789", 5)
    '12 ... 89'
    """
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {text[-(longest // 2) :]}"
    return "".join(_escaped(c) if _is_hidden(c) else c for c in " ".join(text.split()))


def hidden(text: str) -> str:
    r"""Return the first character of a text that is a control character or no Unicode, escaped; nothing without one.

    >>> hidden("a\udcff"), hidden("plain, naïve")
    ('\\udcff', '')
    """
    return next((_escaped(c) for c in text if _is_hidden(c)), "")


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")  # control characters, surrogates


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", errors="backslashreplace").decode("ascii")
