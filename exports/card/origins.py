"""Sources and models, and what their licenses ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xprojdb.exports.card.facts import CardSource
from xprojdb.exports.card.licenses import UNFAMILIAR, conflicts, family_of, plain_name
from xprojdb.exports.card.markdown import fenced, inline, table
from xprojdb.exports.card.model_licenses import CardModel


def sources_section(sources: Sequence[CardSource]) -> Iterator[str]:
    """The corpora, and what their licenses ask for."""
    yield "## Sources and licenses"
    yield table(
        ("Source", "Version", "License", "Address"),
        [(source.name, source.version or "", source.license or "unknown", source.url or "") for source in sources],
    )
    for source in sources:
        restricts = family_of(source.license).restricts
        if restricts:
            yield f"> **{inline(source.name)}**: its license{_named(source.license)} {restricts}"
    for conflict in conflicts({source.name: source.license for source in sources}):
        yield f"> **Incompatible licenses**: {inline(conflict)}"
    for source in sources:
        if source.citation:
            yield f"To cite {inline(source.name)}:\n\n{fenced(source.citation)}"


def models_section(models: Sequence[CardModel]) -> Iterator[str]:
    """The models, and what their licenses ask for."""
    if not models:
        return
    yield "## Models"
    yield table(
        ("Model", "Revision", "License", "To cite"),
        [(model.name, model.revision or "", model.license or "unknown", model.citation or "") for model in models],
    )
    for model in models:
        family = family_of(model.license)
        if model.license and family.restricts and family is not UNFAMILIAR:
            caveat = "Whether this applies to a model's output is disputed: decide before using it commercially."
            yield f"> **{inline(model.name)}**: its license{_named(model.license)} {family.restricts} {caveat}"
        elif not model.license:
            yield f"> **{inline(model.name)}**: its license is not known to xprojdb. See its page for what it allows."


def _named(license: str | None) -> str:
    return f" ({inline(license)})" if license and plain_name(license) not in ("unknown", "other") else ""
