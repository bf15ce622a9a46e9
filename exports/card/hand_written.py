"""The part of a card that people write, which is kept when the card is made again."""

from __future__ import annotations

from collections.abc import Iterator

from xprojdb.exports.errors import ExportError

HAND_WRITTEN_START = "<!-- hand-written:start -->"
HAND_WRITTEN_END = "<!-- hand-written:end -->"
INVITATION = "\nText between the two comments around this line is kept when the card is made again.\n"


def hand_written(card: str) -> str | None:
    """The text that somebody has written into a card, or None.

    :raises ExportError: when the markers around it do not pair up.
    """
    text = _preserved(card)
    return None if text.strip() == INVITATION.strip() else text


def with_hand_written(card: str, text: str) -> str:
    """The same card with a different hand-written part.

    :param card: created by :func:`render_card`.
    :param text: as returned by :func:`hand_written`.
    """
    before, start, rest = card.partition(HAND_WRITTEN_START)
    return before + start + text + HAND_WRITTEN_END + rest.partition(HAND_WRITTEN_END)[2]


def kept_text(old: str | None) -> Iterator[str]:
    """The hand-written part of the existing card, or an invitation to write one."""
    yield f"{HAND_WRITTEN_START}{INVITATION if old is None else _preserved(old)}{HAND_WRITTEN_END}"


def _preserved(old: str) -> str:
    starts, ends = old.count(HAND_WRITTEN_START), old.count(HAND_WRITTEN_END)
    if starts == ends == 0:
        return INVITATION
    text, end_marker, _ = old.partition(HAND_WRITTEN_START)[2].partition(HAND_WRITTEN_END)
    if (starts, ends) != (1, 1) or not end_marker:
        raise ExportError(
            "the markers around the hand-written part of the existing card do not pair up",
            hint=f"keep {HAND_WRITTEN_START} and {HAND_WRITTEN_END} once each, in this order",
            starts=starts,
            ends=ends,
        )
    return text
