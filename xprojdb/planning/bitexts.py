"""The sets of translations a recipe projects through: imported ones, or those its own steps make."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from sqlalchemy import Connection, select

from xprojdb.config.recipe import Recipe
from xprojdb.config.tables.translate import TranslateTable
from xprojdb.db.tables import corpus, sentence
from xprojdb.errors import MissingExtra, ModelError, UsageError, XprojdbError
from xprojdb.steps.spec import GOLD, StepSpec
from xprojdb.steps.stage import Bitext, Side, translations
from xprojdb.steps.tag.plan import tag_spec
from xprojdb.steps.translate.plan import carry_spec, translate_spec


class DirectedBitext(NamedTuple):
    """A set of translations, and the direction in which labels are projected.

    :param labelled: the side the labels come from.
    :param carried: the step that carried entities along: to the labelled side on the round trip, to the unlabelled side
        for markers.
    :param makers: the steps that make the translations, in order, each with the set it makes or reads.
    """

    labelled: Side
    pair: Bitext
    carried: StepSpec | None = None
    makers: tuple[tuple[StepSpec, Bitext], ...] = ()

    @property
    def languages(self) -> tuple[str, str]:
        """The source language, which labels come from, and the target language."""
        langs = self.pair.original_lang, self.pair.rendering_lang
        return langs if self.labelled == "original" else langs[::-1]


def directed_bitexts(connection: Connection, recipe: Recipe) -> tuple[list[DirectedBitext], list[XprojdbError]]:
    """Find the sets of translations a recipe projects through, and the reasons why some languages have none.

    :raises UsageError: when a corpus does not exist.
    """
    bitexts: list[DirectedBitext] = []
    missing: list[XprojdbError] = []
    corpora = [_corpus_id(connection, name) for name in recipe.corpora]
    for source, target in product(recipe.source, recipe.target):
        if source == target:
            continue
        try:
            pairs = [pair for corpus_id in corpora for pair in _pairs(connection, recipe, corpus_id, source, target)]
        except (ModelError, MissingExtra) as error:
            error.fields["langs"] = (source, target)
            missing.append(error)
            continue
        if not pairs:
            missing.append(nothing_there(recipe, source, target))
        bitexts += pairs
    order = {corpus_id: place for place, corpus_id in enumerate(corpora)}
    return sorted(bitexts, key=lambda bitext: order[bitext.pair.corpus_id]), missing


def _pairs(
    connection: Connection, recipe: Recipe, corpus_id: int, source: str, target: str
) -> Iterator[DirectedBitext]:
    if recipe.translate is None:
        return _imported_pairs(connection, recipe, corpus_id, source, target)
    return _machine_pairs(connection, recipe, recipe.translate, corpus_id, source, target)


def transfer_bitexts(connection: Connection, recipe: Recipe, target: str) -> list[Bitext]:
    """The imported sentences of a target language, for recipes whose only source is a tagger of that language.

    :raises UsageError: when a corpus does not exist.
    """
    corpora = [_corpus_id(connection, name) for name in recipe.corpora]
    return [
        Bitext(corpus_id, target, target, "", recipe.splits)
        for corpus_id in corpora
        if _has_sentences(connection, corpus_id, target, recipe.splits)
    ]


def _imported_pairs(
    connection: Connection, recipe: Recipe, corpus_id: int, source: str, target: str
) -> Iterator[DirectedBitext]:
    sides: tuple[tuple[Side, str, str], ...] = (("original", source, target), ("rendering", target, source))
    for labelled, original, rendering in sides:
        pair = Bitext(corpus_id, original, rendering, GOLD.digest, recipe.splits)
        if source != target and connection.execute(translations(pair).limit(1)).first() is not None:
            yield DirectedBitext(labelled, pair)


def _machine_pairs(
    connection: Connection, recipe: Recipe, table: TranslateTable, corpus_id: int, source: str, target: str
) -> Iterator[DirectedBitext]:
    original = source if table.direction == "translate-train" else target
    if source == target or not _has_sentences(connection, corpus_id, original, recipe.splits):
        return
    if recipe.project.method == "markers":
        step = carry_spec(table, source, target, GOLD, recipe.mapping)
        pair = Bitext(corpus_id, source, target, step.digest, recipe.splits)
        yield DirectedBitext("original", pair, step, ((step, pair),))
        return
    rendering = target if original == source else source
    step = translate_spec(table, original, rendering)
    pair = Bitext(corpus_id, original, rendering, step.digest, recipe.splits)
    if table.direction == "round-trip":
        yield _round_trip(recipe, table, step, pair)
    else:
        yield DirectedBitext("original" if original == source else "rendering", pair, None, ((step, pair),))


def _round_trip(recipe: Recipe, table: TranslateTable, there: StepSpec, pair: Bitext) -> DirectedBitext:
    through, lang = pair.rendering_lang, pair.original_lang
    tagger = tag_spec(recipe.tag, through, labels=recipe.tagger_labels) if recipe.tag else None
    if tagger is None:
        hint = f'add one: [tag] models = {{ {through} = "spacy:…" }}'
        raise UsageError(f"the round trip through {through} needs a tagger for {through}", hint=hint, lang=through)
    back = carry_spec(table, through, lang, tagger, recipe.mapping, there)
    returned = pair._replace(rendering_lang=lang, link=back.digest)
    return DirectedBitext("rendering", returned, back, ((there, pair), (tagger, pair), (back, returned)))


def _has_sentences(connection: Connection, corpus_id: int, lang: str, splits: tuple[str, ...]) -> bool:
    columns = sentence.c.corpus_id == corpus_id, sentence.c.lang == lang, sentence.c.step_id.is_(None)
    query = select(sentence.c.id).where(*columns).limit(1)
    query = query.where(sentence.c.split.in_(splits)) if splits else query
    return connection.execute(query).first() is not None


def nothing_there(recipe: Recipe, source: str | None = None, target: str | None = None) -> UsageError:
    """The error for a recipe that has nothing to project through.

    :param source, target: the pair of languages; None for all of the recipe.
    """
    where = ", ".join(recipe.corpora) + (f", {', '.join(recipe.splits)}" if recipe.splits else "")
    sources, targets = source or ", ".join(recipe.source), target or ", ".join(recipe.target)
    if recipe.translate is None and recipe.source:
        return UsageError(
            f"no translations connect {sources} with {targets} in {where}",
            hint="import the files together with 'xprojdb import parallel', or connect them with 'xprojdb join'; "
            "[translate] makes translations",
            corpora=recipe.corpora,
            source=sources,
            target=targets,
        )
    train = recipe.translate is not None and recipe.translate.direction == "translate-train"
    langs = sources if train else targets
    hint = "see 'xprojdb status'"
    if recipe.translate is not None and not train:
        way = recipe.translate.direction
        hint = f'{way} translates these; direction = "translate-train" translates the sentences in {sources} instead'
    return UsageError(f"there are no sentences in {langs} in {where}", hint=hint, corpora=recipe.corpora)


def _corpus_id(connection: Connection, name: str) -> int:
    corpus_id = connection.execute(select(corpus.c.id).where(corpus.c.name == name)).scalar()
    if corpus_id is None:
        names = list(connection.execute(select(corpus.c.name).order_by(corpus.c.name)).scalars())
        hint = f"this database has {', '.join(names)}" if names else "import it first: xprojdb import --help"
        raise UsageError(f"there is no corpus {name!r}", hint=hint, corpus=name)
    return int(corpus_id)
