"""``xprojdb explain``: one sentence, its labels and everything behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.padding import Padding
from rich.text import Text

from xprojdb.cli.output import as_json, console, open_current, print_json, recipe_option, table

if TYPE_CHECKING:
    from rich.console import Console

    from xprojdb.provenance import explained_projection, sentences
    from xprojdb.provenance.explain import Explanation
    from xprojdb.provenance.explained_consensus import ExplainedConsensus
    from xprojdb.provenance.lineage import LineageStep
    from xprojdb.text.spans import Span

_COLOURS = {"PER": "magenta", "ORG": "blue", "LOC": "green", "DATE": "yellow", "MISC": "cyan"}
_CANDIDATES_SHOWN = 6


@click.command()
@click.argument("sentence", metavar="CORPUS/LANG/ID[:FIRST-LAST]")
@recipe_option
@click.option("--all", "every", is_flag=True, help="Show all candidates, not only the best.")
@as_json
def command(sentence: str, recipe: str | None, every: bool, as_json: bool) -> None:
    """Show where the labels of one sentence come from.

    First, when the recipe combines several sources, what they agreed on and the vote of each. Then for every source:
    both sides with their entities, the links of each entity's words, its candidates with every score, the winner and
    the runner-up, and the steps, models and runs behind them. Name the sentence as CORPUS/LANG/ID, such as
    demo/de/test-17, or by its number in the table "sentence"; the ids of exported rows are such names. One label alone
    is named demo/de/test-17:3-4, by its first and last word counted from 0, or demo/de/test-17#2, counted from 1.
    """
    from xprojdb.planning.store import load_plan
    from xprojdb.provenance.explain import explain_label

    with open_current() as database:
        found = explain_label(database, load_plan(database, recipe), sentence)
    if as_json:
        print_json(asdict(found))
    else:
        show_explanation(found, None if every else _CANDIDATES_SHOWN)


def show_explanation(found: Explanation, limit: int | None = _CANDIDATES_SHOWN) -> None:
    """Print an explanation as a picture.

    :param limit: candidates shown per entity; None: all.
    """
    out = console()
    if found.consensus is not None:
        _show_consensus(out, found.target, found.consensus)
    for projection in found.projections:
        _show_sides(out, found.target, projection)
        for each in projection.entities:
            _show_entity(out, each, projection, found.target, limit)
        _show_steps(out, projection.made_by)


def _show_consensus(out: Console, target: sentences.Text, found: ExplainedConsensus) -> None:
    out.print(Text(target.name, "bold").append(f"  (consensus of {', '.join(found.sources)})\n", "not bold"))
    out.print(_line(f"{target.lang} consensus", target.words, [each.span for each in found.labels]))
    if target.gold is not None:
        out.print(_line(f"{target.lang} gold     ", target.words, target.gold))
    if not found.labels:
        told = f"{found.outcome} ({found.reason})" if found.reason else found.outcome
        out.print(f"\n  no label: the combine step {told}")
    for each in found.labels:
        head = Text(f"\n  {each.span.label} {each.text}", style=f"bold {_colour(each.span.label)}")
        head.append(f"   score {each.score:.3f}, margin {each.margin:.3f}", "default")
        out.print(head)
        shown = table("vote of", "entity", "says", "contribution>", "sentence")
        for vote in each.votes:
            shown.add_row(vote.source, vote.text or "–", vote.label, f"{vote.contribution:.3f}", vote.sentence)
        out.print(Padding(shown, (0, 0, 0, 4), expand=False))
    _show_steps(out, found.made_by)


def _show_sides(out: Console, target: sentences.Text, projection: explained_projection.ExplainedProjection) -> None:
    source = projection.source
    out.print(Text(target.name, "bold").append(f"  ({projection.kind} translation)\n", "not bold"))
    labelled = [each.span for each in projection.entities]
    projected = [span for each in projection.entities for span in (each.projected, *each.also) if span is not None]
    out.print(_line(f"{source.lang} labelled ", source.words, labelled))
    out.print(_line(f"{target.lang} projected", target.words, projected))
    if target.gold is not None:
        out.print(_line(f"{target.lang} gold     ", target.words, target.gold))


def _line(head: str, words: Sequence[str], spans: Sequence[Span]) -> Text:
    """A sentence with its entities in brackets and colour."""
    text = Text(f"  {head}  ", style="dim")
    opening = {span.start: span for span in spans}
    closing = {span.end: span for span in spans}
    inside = None
    for position, word in enumerate(words):
        inside = opening.get(position, inside)
        style = f"bold {_colour(inside.label)}" if inside else "default"
        text.append("[" if position in opening else "", style)
        text.append(word, style)
        ended = closing.get(position + 1)
        text.append(f"]{ended.label}" if ended else "", style)
        text.append(" ", "default")
        inside = None if ended else inside
    return text


def _colour(label: str) -> str:
    return _COLOURS.get(label, "red")


def _show_entity(
    out: Console,
    each: explained_projection.ExplainedEntity,
    projection: explained_projection.ExplainedProjection,
    target: sentences.Text,
    limit: int | None,
) -> None:
    head = Text(f"\n  {each.span.label} ", style=f"bold {_colour(each.span.label)}").append(each.text, "bold default")
    if each.projected is None:
        head.append(f"  → {_lost(projection.outcome, each.reason)}", "red")
    else:
        phrase = target.phrase(each.projected.start, each.projected.end)
        head.append(f"  →  {phrase} {each.projected.label}", f"bold {_colour(each.projected.label)}")
        head.append(f"   score {each.score:.3f}, margin {each.margin:.3f}", "default")
        for span in each.also:
            head.append(f"  and {target.phrase(span.start, span.end)}", f"bold {_colour(span.label)}")
    out.print(head)
    out.print(_links(each, projection.source, target))
    _show_candidates(out, each, limit)


def _lost(outcome: str, reason: str | None) -> str:
    if reason is not None:
        return f"lost: {reason}"
    if outcome in ("ok", "empty"):
        return "lost: no candidate was chosen"
    return "not projected yet: xprojdb run" if outcome == "pending" else f"no label: the project step {outcome}"


def _links(each: explained_projection.ExplainedEntity, source: sentences.Text, target: sentences.Text) -> Text:
    by_word: dict[int, list[tuple[int, float]]] = {}
    for left, right, score in each.links:
        by_word.setdefault(left, []).append((right, score))
    told = Text("    links  ", style="dim")
    for position in range(each.span.start, each.span.end):
        found = sorted(by_word.get(position, []), key=lambda link: -link[1])[:3]
        linked = ", ".join(f"{target.words[right]} {score:.2f}" for right, score in found) or "nothing"
        told.append(f"{source.words[position]} — {linked}", "default").append("   ")
    return told


def _show_candidates(out: Console, each: explained_projection.ExplainedEntity, limit: int | None) -> None:
    if not each.candidates:
        # A heuristic has none; it tells a reason for each entity that it loses.
        if each.projected is None and each.reason is None:
            out.print("    no candidates")
        return
    names = list(dict.fromkeys(name for candidate in each.candidates for name in candidate.parts))
    united = any(candidate.origins for candidate in each.candidates)
    shown = table("", "candidate", "words", *(f"{name}>" for name in names), "fused>", *(["from"] if united else []))
    for candidate in each.candidates[:limit]:
        parts = [f"{candidate.parts[name]:.3f}" if name in candidate.parts else "–" for name in names]
        style = {"winner": "bold green", "runner-up": "yellow"}.get(candidate.rank)
        place = f"{candidate.start}–{candidate.end - 1}"
        origins = [", ".join(sorted({name for had in candidate.origins.values() for name in had}))] if united else []
        shown.add_row(candidate.rank, candidate.text, place, *parts, f"{candidate.fused:.3f}", *origins, style=style)
    out.print(Padding(shown, (0, 0, 0, 4), expand=False))
    hidden = len(each.candidates) - (limit or len(each.candidates))
    if hidden > 0:
        out.print(f"    and {hidden} more: --all", style="dim")


def _show_steps(out: Console, steps: Sequence[LineageStep]) -> None:
    shown = table("made by", "step", "what", "outcome", "run")
    for step in steps:
        model = f"{step.model} @ {(step.revision or '')[:15]}" if step.model else ""
        params = ", ".join(f"{key} {_told(value)}" for key, value in step.params.items() if value is not None)
        told = ": ".join(part for part in (step.reason, step.message) if part)
        outcome = f"{step.outcome} ({told})" if told else step.outcome
        ran = f"{step.run} {step.command} {step.started_at}" if step.run is not None else "–"
        shown.add_row(
            step.role, f"{step.kind} {step.digest[:8]}", " ".join((model, params)).strip() or "–", outcome, ran
        )
    out.print("")
    out.print(Padding(shown, (0, 0, 1, 2), expand=False))


def _told(value: object) -> str:
    if isinstance(value, dict) and "table" in value:
        # What labels become: those that keep their name go without saying.
        renamed = [f"{old}→{new or 'O'}" for old, new in value["table"].items() if old != new]
        return " ".join([str(value.get("name", "")), *renamed]).strip()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
