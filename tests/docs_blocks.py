"""The commands of a documentation page, with what it says they print.

<!-- run -->            before a block of `$ command` lines, each with its output below; or before an `sh` block, whose
                        output is the block after it (without one, the commands only have to succeed)
<!-- run: COMMAND -->   before a block: what COMMAND prints
<!-- file: NAME -->     before a block: the content of a file that the commands read
<!-- demo -->           on a page: its commands run where `xprojdb demo` has run, on the demo's database
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DEMO = "<!-- demo -->"
_MARK = re.compile(r"<!-- (run|file)(?:: (.+))? -->")
_HEX = re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{8,}\b")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_RULE = re.compile(r"[─━]+")


class Command(NamedTuple):
    """A command line, and the output that the page shows; None where it shows none."""

    line: int
    text: str
    output: str | None


class InputFile(NamedTuple):
    """A file that the page shows and the commands below read."""

    name: str
    content: str


class Block(NamedTuple):
    """A fenced block: its language and its lines, and the number of the line before it."""

    line: int
    lang: str
    lines: Sequence[str]


def read_page(path: Path) -> Iterator[Command | InputFile]:
    """Yield the marked commands and files of a page, in their order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for index, line in enumerate(lines):
        mark = _MARK.fullmatch(line.strip())
        if mark is None:
            continue
        block, end = _block(lines, index + 1)
        kind, argument = mark.groups()
        if kind == "file":
            yield InputFile(argument, "\n".join(block.lines) + "\n")
        elif argument:
            yield Command(block.line, argument, "\n".join(block.lines))
        elif block.lang == "sh":
            yield Command(block.line, "set -e\n" + "\n".join(block.lines), _output_after(lines, end))
        else:
            yield from _session(block)


def _block(lines: Sequence[str], start: int) -> tuple[Block, int]:
    while not lines[start].strip():
        start += 1
    assert lines[start].startswith("```"), f"line {start}: a mark stands right before a fenced block"
    end = lines.index("```", start + 1)
    return Block(start, lines[start].removeprefix("```").strip(), lines[start + 1 : end]), end + 1


def _output_after(lines: Sequence[str], start: int) -> str | None:
    while start < len(lines) and not lines[start].strip():
        start += 1
    if start == len(lines) or lines[start] not in ("```", "```text"):
        return None
    return "\n".join(_block(lines, start)[0].lines)


def _session(block: Block) -> Iterator[Command]:
    """The commands of a block that begin with ``$ ``, each with the lines below it."""
    command: list[str] = []
    output: list[str] = []
    for line in block.lines:
        if line.startswith("$ "):
            if command:
                yield Command(block.line, "\n".join(command), "\n".join(output))
            command, output = [line[2:]], []
        elif not output and _is_open("\n".join(command)):
            command.append(line)
        else:
            output.append(line)
    yield Command(block.line, "\n".join(command), "\n".join(output))


def _is_open(command: str) -> bool:
    return command.count('"') % 2 == 1 or command.endswith("\\")


def normalize(text: str) -> str:
    """Mask what may differ: numbers, digests, the widths of columns and rules."""
    lines = (_HEX.sub("#", line) for line in text.splitlines())
    lines = (_RULE.sub("─", _NUMBER.sub("#", line)) for line in lines)
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def matches(expected: str, printed: str) -> bool:
    """Whether a command printed what a page shows, numbers aside.

    ``…`` stands for any text; alone on a line, for any number of lines.
    """
    return re.fullmatch("".join(_pattern(normalize(expected))), normalize(printed) + "\n") is not None


def _pattern(expected: str) -> Iterator[str]:
    for line in expected.splitlines():
        if line == "…":
            yield r"(?:.*\n)*?"
        else:
            yield ".*".join(re.escape(part.strip()) for part in line.split("…")) + r"\n"
