"""One sentence, its labels and everything behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from xprojdb.api.results.base import ReportResult, Row
from xprojdb.api.results.display.rendering import table
from xprojdb.text.words import spaces_before

if TYPE_CHECKING:
    from xprojdb.provenance import explained_projection, sentences
    from xprojdb.provenance.explain import Explanation
    from xprojdb.provenance.explained_consensus import ExplainedConsensus
    from xprojdb.provenance.lineage import LineageStep
    from xprojdb.text.spans import Span

_COLORS = {"PER": "magenta", "ORG": "blue", "LOC": "green", "DATE": "yellow", "MISC": "cyan"}
#: candidates shown per entity
CANDIDATES_SHOWN = 6
#: entities of a sentence, words of a side and words of a phrase that are shown, unless all candidates are
ENTITIES_SHOWN = 50
WORDS_SHOWN = 400
PHRASE_SHOWN = 40
LETTERS_SHOWN = 400

#: characters of a parameter that are shown
_LONGEST_VALUE = 60


class ExplanationResult(ReportResult):
    """Where the labels of one sentence come from; a row is an entity of a source and what became of it, or a label
    that was added without one.

    :param candidates: how many candidates to show per entity; None: all.
    """

    report: Explanation

    def __init__(self, report: Explanation, candidates: int | None = CANDIDATES_SHOWN) -> None:
        super().__init__(report)
        self.candidates = candidates

    def to_dict(self) -> list[Row]:
        """A row for each entity of each source: its words, and its label, score and margin, or why it has no label."""
        target = self.report.target
        return [
            {
                "sentence": target.name,
                "source": projection.source.name,
                "entity": entity.text,
                "entity_label": entity.span.label,
                "text": entity.projected and target.phrase(entity.projected.start, entity.projected.end),
                "label": entity.projected and entity.projected.label,
                "start_word": entity.projected and entity.projected.start,
                "end_word": entity.projected and entity.projected.end,
                "score": entity.score,
                "margin": entity.margin,
                "candidates": len(entity.candidates),
                "reason": entity.reason,
            }
            for projection in self.report.projections
            for entity in projection.entities
        ] + [
            {
                "sentence": target.name,
                "source": projection.source.name,
                "entity": None,
                "entity_label": None,
                "text": label.text,
                "label": label.span.label,
                "start_word": label.span.start,
                "end_word": label.span.end,
                "score": label.score,
                "margin": label.margin,
                "candidates": 0,
                "reason": "added",
            }
            for projection in self.report.projections
            for label in projection.added
        ]

    def __rich__(self) -> RenderableType:
        return Group(*self._parts())

    def _limit(self, shown: int) -> int | None:
        return None if self.candidates is None else shown

    def _parts(self) -> Iterator[RenderableType]:
        target = self.report.target
        if self.report.consensus is not None:
            limits = self._limit(ENTITIES_SHOWN), self._limit(WORDS_SHOWN)
            yield from _consensus(target, self.report.consensus, *limits)
        for projection in self.report.projections:
            yield from _sides(target, projection, self._limit(WORDS_SHOWN))
            for entity in projection.entities[: self._limit(ENTITIES_SHOWN)]:
                yield from _entity(entity, projection, target, self.candidates)
            yield from _hidden(len(projection.entities), self._limit(ENTITIES_SHOWN), "entities")
            yield from map(_addition, projection.added)
            yield from _steps(projection.made_by)


def _hidden(count: int, limit: int | None, what: str) -> Iterator[RenderableType]:
    if limit is not None and count > limit:
        yield Text(f"\n  and {count - limit:,} more {what}: --all", style="dim")


def _consensus(
    target: sentences.Text, report: ExplainedConsensus, limit: int | None, words: int | None
) -> Iterator[RenderableType]:
    yield _name(target, f"(consensus of {', '.join(report.sources)})")
    yield _line(f"{target.lang} consensus", target, [label.span for label in report.labels], words)
    if target.gold is not None:
        yield _line(f"{target.lang} gold     ", target, target.gold, words)
    if not report.labels:
        outcome = f"{report.outcome} ({report.reason})" if report.reason else report.outcome
        yield Text(f"\n  no label: the combine step {outcome}")
    for label in report.labels[:limit]:
        head = Text(f"\n  {label.span.label} {label.text}", style=f"bold {_color(label.span.label)}")
        yield head.append(f"   score {label.score:.3f}, margin {label.margin:.3f}", "default")
        shown = table("vote of", "entity", "says", "contribution>", "sentence")
        for vote in label.votes:
            shown.add_row(vote.source, vote.text or "–", vote.label, f"{vote.contribution:.3f}", vote.sentence)
        yield Padding(shown, (0, 0, 0, 4), expand=False)
    yield from _hidden(len(report.labels), limit, "labels")
    yield from _steps(report.made_by)


def _name(target: sentences.Text, origin: str) -> Text:
    return Text(target.name, style="bold").append(f"  {origin}\n", "not bold")


def _sides(
    target: sentences.Text, projection: explained_projection.ExplainedProjection, limit: int | None
) -> Iterator[RenderableType]:
    source = projection.source
    yield _name(target, f"({projection.kind} translation)")
    labelled = [entity.span for entity in projection.entities]
    projected = [
        span for entity in projection.entities for span in (entity.projected, *entity.also) if span is not None
    ]
    projected += [label.span for label in projection.added]
    width = max(len(source.lang), len(target.lang))
    yield _line(f"{source.lang:{width}} labelled ", source, labelled, limit)
    yield _line(f"{target.lang:{width}} projected", target, projected, limit)
    if target.gold is not None:
        yield _line(f"{target.lang:{width}} gold     ", target, target.gold, limit)
    if projection.quality is not None:
        yield Text("  translation   ", style="dim").append(str(projection.quality), "default")


def _line(head: str, sentence: sentences.Text, spans: Sequence[Span], limit: int | None) -> Text:
    """A sentence with its entities in brackets and color.

    :param limit: words that are shown; None: all.
    """
    text = Text(f"  {head}  ", style="dim")
    opening = {span.start: span for span in spans}
    closing = {span.end: span for span in spans}
    inside = None
    words = sentence.words
    spaces = spaces_before(words[:limit], sentence.lang)
    for position, word in enumerate(words[:limit]):
        text.append(spaces[position], "default")
        inside = opening.get(position, inside)
        style = f"bold {_color(inside.label)}" if inside else "default"
        text.append("[" if position in opening else "", style)
        text.append(word, style)
        ended = closing.get(position + 1)
        text.append(f"]{ended.label}" if ended else "", style)
        inside = None if ended else inside
    if limit is not None and len(words) > limit:
        text.append(f" … and {len(words) - limit:,} more words: --all", "dim")
    return text


def _color(label: str) -> str:
    return _COLORS.get(label, "red")


def _entity(
    entity: explained_projection.ExplainedEntity,
    projection: explained_projection.ExplainedProjection,
    target: sentences.Text,
    limit: int | None,
) -> Iterator[RenderableType]:
    head = Text(f"\n  {entity.span.label} ", style=f"bold {_color(entity.span.label)}")
    head.append(_phrase(entity.text, limit), "bold default")
    if entity.projected is None:
        head.append(f"  → {_lost(projection.outcome, entity.reason)}", "red")
    else:
        phrase = _phrase(target.phrase(entity.projected.start, entity.projected.end), limit)
        head.append(f"  →  {phrase} {entity.projected.label}", f"bold {_color(entity.projected.label)}")
        head.append(f"   score {entity.score:.3f}, margin {entity.margin:.3f}", "default")
        for span in entity.also:
            head.append(f"  and {target.phrase(span.start, span.end)}", f"bold {_color(span.label)}")
    yield head
    yield _links(entity, projection.source, target, limit)
    yield from _candidates(entity, limit)


def _addition(label: explained_projection.ExplainedAddition) -> Text:
    """A label without an entity."""
    head = Text(f"\n  {label.span.label} {label.text}", style=f"bold {_color(label.span.label)}")
    return head.append(f"   added by a tagger of the target language, score {label.score:.3f}", "default")


def _lost(outcome: str, reason: str | None) -> str:
    if reason is not None:
        return f"lost: {reason}"
    if outcome in ("ok", "empty"):
        return "lost: no candidate was chosen"
    return "not projected yet; use xprojdb run" if outcome == "pending" else f"no label: the project step {outcome}"


def _phrase(text: str, limit: int | None) -> str:
    """A phrase, cut if it is very long and not all is wanted."""
    words = text.split(" ", PHRASE_SHOWN)
    if limit is None:
        return text
    if len(words) > PHRASE_SHOWN:
        return " ".join([*words[:PHRASE_SHOWN], "…"])
    # A language without spaces has only one such word.
    return text if len(text) <= LETTERS_SHOWN else f"{text[:LETTERS_SHOWN]}…"


def _links(
    entity: explained_projection.ExplainedEntity, source: sentences.Text, target: sentences.Text, limit: int | None
) -> Text:
    by_word: dict[int, list[tuple[int, float]]] = {}
    for left, right, score in entity.links:
        by_word.setdefault(left, []).append((right, score))
    line = Text("    links  ", style="dim")
    last = entity.span.end if limit is None else min(entity.span.end, entity.span.start + PHRASE_SHOWN)
    for position in range(entity.span.start, last):
        strongest = sorted(by_word.get(position, []), key=lambda link: -link[1])[:3]
        linked = ", ".join(f"{target.words[right]} {score:.2f}" for right, score in strongest) or "nothing"
        line.append(f"{source.words[position]} — {linked}", "default").append("   ")
    if last < entity.span.end:
        line.append(f"… and {entity.span.end - last:,} more: --all", "dim")
    return line


def _candidates(entity: explained_projection.ExplainedEntity, limit: int | None) -> Iterator[RenderableType]:
    if not entity.candidates:
        # Heuristics have no candidates, and give a reason for each entity that they lose.
        if entity.projected is None and entity.reason is None:
            yield Text("    no candidates")
        return
    names = list(dict.fromkeys(name for candidate in entity.candidates for name in candidate.parts))
    united = any(candidate.origins for candidate in entity.candidates)
    shown = table("", "candidate", "words", *(f"{name}>" for name in names), "fused>", *(["from"] if united else []))
    for candidate in entity.candidates[:limit]:
        parts = [f"{candidate.parts[name]:.3f}" if name in candidate.parts else "–" for name in names]
        style = {"winner": "bold green", "runner-up": "yellow"}.get(candidate.rank)
        place = f"{candidate.start}–{candidate.end - 1}"
        origins = [", ".join(sorted({name for had in candidate.origins.values() for name in had}))] if united else []
        phrase = _phrase(candidate.text, limit)
        shown.add_row(candidate.rank, phrase, place, *parts, f"{candidate.fused:.3f}", *origins, style=style
        )  # fmt: skip
    yield Padding(shown, (0, 0, 0, 4), expand=False)
    hidden = len(entity.candidates) - (limit or len(entity.candidates))
    if hidden > 0:
        yield Text(f"    and {hidden} more; see --all", style="dim")


def _steps(steps: Sequence[LineageStep]) -> Iterator[RenderableType]:
    shown = table("made by", "step", "what", "outcome", "run")
    for step in steps:
        model = f"{step.model} @ {(step.revision or '')[:15]}" if step.model else ""
        params = ", ".join(f"{key} {_value(value)}" for key, value in step.params.items() if value is not None)
        why = ": ".join(part for part in (step.reason, step.message) if part)
        outcome = f"{step.outcome} ({why})" if why else step.outcome
        run = f"{step.run} {step.command} {step.started_at}" if step.run is not None else "–"
        what = " ".join((model, params)).strip() or "–"
        shown.add_row(step.role, f"{step.kind} {step.digest[:8]}", what, outcome, run)
    yield Text("")
    yield Padding(shown, (0, 0, 1, 2), expand=False)


def _value(value: object) -> str:
    if isinstance(value, dict) and "table" in value:
        # For a label mapping, only show the labels that change.
        renamed = [f"{old}→{new or 'O'}" for old, new in value["table"].items() if old != new]
        return " ".join([str(value.get("name", "")), *renamed]).strip()
    if isinstance(value, str):
        return _beginning(value)
    if isinstance(value, dict):
        value = {key: _beginning(entry) if isinstance(entry, str) else entry for key, entry in value.items()}
    return json.dumps(value, ensure_ascii=False)


def _beginning(text: str) -> str:
    """The beginning of a text such as a prompt, on one line; JSON has all of it."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_VALUE else f"{line[: _LONGEST_VALUE - 1]}…"
