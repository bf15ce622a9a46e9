"""Text of any origin as Markdown that cannot break out of its context."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from xprojdb.printable import escaped, escaped_lines


def table(head: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table; whole numbers get thousands separators."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else inline(str(value)).replace("|", "\\|")


def inline(text: str) -> str:
    """One line of Markdown in which no comment, tag or image can start."""
    # Ampersands, too: an entity could be a direction character or part of a tag.
    return escaped(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace("![", "!\\[")


def fenced(text: str, language: str = "") -> str:
    """A code block whose fence does not occur in the text."""
    text = escaped_lines(text)
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    # The markers of the hand-written part would count even inside a code block.
    return f"{fence}{language}\n{text.strip().replace('<!-- hand-written', '<!-- hand_written')}\n{fence}"
