"""The base classes of all kinds of plug-ins, in one place for their authors.

A package declares its plug-ins as entry points of the groups ``xprojdb.aligners``, ``.taggers``, ``.translators``,
``.scorers``, ``.readers``, ``.exporters`` and ``.commands``; this package declares its own in the same way. Names
are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xprojdb.arrays import Floats as Floats
    from xprojdb.config.errors import RecipeError as RecipeError
    from xprojdb.config.tables.align import AlignerConfig as AlignerConfig
    from xprojdb.config.tables.align import WordsConfig as WordsConfig
    from xprojdb.config.tables.score import ScorerConfig as ScorerConfig
    from xprojdb.entry_points import PluginError as PluginError
    from xprojdb.errors import ModelError as ModelError
    from xprojdb.exports.atomic import Opener as Opener
    from xprojdb.exports.formats.conll import WrittenFile as WrittenFile
    from xprojdb.exports.formats.text_formats import TextFormat as TextFormat
    from xprojdb.exports.rows.content import Content as Content
    from xprojdb.models.aligners.word_links import Links as Links
    from xprojdb.models.taggers.spacy import Tagger as Tagger
    from xprojdb.models.translators.text_tokens import Translated as Translated
    from xprojdb.models.translators.translator import Translator as Translator
    from xprojdb.readers.notes import Notes as Notes
    from xprojdb.readers.reader import Head as Head
    from xprojdb.readers.reader import Reader as Reader
    from xprojdb.readers.records import ReadError as ReadError
    from xprojdb.readers.records import Record as Record
    from xprojdb.steps.align.variant import AlignerPlugin as AlignerPlugin
    from xprojdb.steps.score.batch import ScoringBatch as ScoringBatch
    from xprojdb.steps.score.stage import ScoreStage as ScoreStage
    from xprojdb.steps.spec import StepSpec as StepSpec
    from xprojdb.steps.tag.variant import TaggerConfig as TaggerConfig
    from xprojdb.steps.tag.variant import TaggerPlugin as TaggerPlugin
    from xprojdb.steps.translate.variant import Placement as Placement
    from xprojdb.steps.translate.variant import TranslatorPlugin as TranslatorPlugin
    from xprojdb.text.spans import Span as Span

_MODULES = {
    "AlignerConfig": "xprojdb.config.tables.align",
    "AlignerPlugin": "xprojdb.steps.align.variant",
    "Content": "xprojdb.exports.rows.content",
    "Floats": "xprojdb.arrays",
    "Head": "xprojdb.readers.reader",
    "Links": "xprojdb.models.aligners.word_links",
    "ModelError": "xprojdb.errors",
    "Notes": "xprojdb.readers.notes",
    "Opener": "xprojdb.exports.atomic",
    "Placement": "xprojdb.steps.translate.variant",
    "PluginError": "xprojdb.entry_points",
    "ReadError": "xprojdb.readers.records",
    "Reader": "xprojdb.readers.reader",
    "RecipeError": "xprojdb.config.errors",
    "Record": "xprojdb.readers.records",
    "ScoreStage": "xprojdb.steps.score.stage",
    "ScorerConfig": "xprojdb.config.tables.score",
    "ScoringBatch": "xprojdb.steps.score.batch",
    "Span": "xprojdb.text.spans",
    "StepSpec": "xprojdb.steps.spec",
    "Tagger": "xprojdb.models.taggers.spacy",
    "TaggerConfig": "xprojdb.steps.tag.variant",
    "TaggerPlugin": "xprojdb.steps.tag.variant",
    "TextFormat": "xprojdb.exports.formats.text_formats",
    "Translated": "xprojdb.models.translators.text_tokens",
    "Translator": "xprojdb.models.translators.translator",
    "TranslatorPlugin": "xprojdb.steps.translate.variant",
    "WordsConfig": "xprojdb.config.tables.align",
    "WrittenFile": "xprojdb.exports.formats.conll",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(_MODULES)
