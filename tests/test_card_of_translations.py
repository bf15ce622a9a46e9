"""The card of a data set whose sentences, or whose translations, a program made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from projection_sample import english, german, plan_of
from toy_tagger import toy_tagger

from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_dataset
from xprojdb.exports.card.step_sentences import stage_sentences
from xprojdb.exports.rows.provenance_columns import chain_of
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.models.translators.text_tokens import Translated
from xprojdb.steps import registry
from xprojdb.steps.translate import plan as translate_plan
from xprojdb.steps.translate import variant as translator_variant

NLLB = "hf:facebook/nllb-200-3.3B"


class WordForWord:
    """Knows the sample in both languages."""

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        sides = {"en": [_plain(line) for line in english(5)], "de": german(5)}
        known = dict(zip(sides[source], sides[target], strict=True))
        return [Translated(known[text]) for text in sentences]


def _plain(line: str) -> str:
    return " ".join(word.partition("/")[0] for word in line.split())


@pytest.fixture
def card(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """The card of a translating recipe, by its direction."""
    monkeypatch.setattr(translator_variant, "load_translator", lambda *_: WordForWord())
    monkeypatch.setattr(translate_plan, "translator_revision", lambda *_, **__: "1")

    def write(direction: str, lang: str, lines: Sequence[str], rest: str = "") -> str:
        path = write_conll(f"news.{lang}.conll", *lines)
        file = corpus_file(path, lang, form="conll", labelled=lang == "en")
        import_files(sqlite_database, CorpusInfo("news", license="CC0-1.0"), [file])
        settings = f'[translate]\nmodel = "{NLLB}"\ndirection = "{direction}"\n{rest}'
        plan = plan_of(sqlite_database, tmp_path, settings, top='source = ["en"]\ntarget = ["de"]')
        run_plan(sqlite_database, plan)
        export_dataset(sqlite_database, plan, tmp_path / "hf")
        assert chain_of(plan.projections[0])[0].kind == "translate"
        return (tmp_path / "hf" / "README.md").read_text(encoding="utf-8")

    return write


def _part(card: str, title: str) -> str:
    return card.split(f"## {title}")[1].split("\n## ")[0]


def test_translated_sentences_are_told_as_such(card: Callable[..., str]) -> None:
    text = card("translate-train", "en", english(5))
    assert "language_creators:\n- machine-generated" in text
    assert "German are machine translations by" in _part(text, "Known limits")
    assert "**translate**" in _part(text, "How the labels were made")


@pytest.mark.slow
def test_the_license_of_the_translator_is_called_out(card: Callable[..., str]) -> None:
    tagger = f'[tag]\nmodels = {{ en = "hf:{toy_tagger()}" }}\n'
    text = card("translate-test", "de", german(5), tagger)
    assert "language_creators:\n- found" in text
    assert "are machine translations by" not in text
    assert f"translated by {NLLB}" in _part(text, "Known limits")
    warnings = [line for line in text.splitlines() if line.startswith(">")]
    assert any("nllb-200" in line and "commercial" in line for line in warnings)
    assert "No Language Left Behind" in text


def test_every_kind_of_step_is_told() -> None:
    kinds = [*registry._FACTORIES, "import", "review"]
    assert not [
        sentence for sentence in stage_sentences((kind, {}) for kind in kinds) if "See its parameters" in sentence
    ]
