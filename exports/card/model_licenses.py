"""Licenses and citations of well-known published models, for the card."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class CardModel:
    """A model that contributed to the labels.

    :param name: its id, or the folder it was loaded from.
    :param revision: the revision that was used.
    :param license: as stated on its page; None if it is not known here.
    :param citation: how to cite it.
    """

    name: str
    revision: str | None = None
    license: str | None = None
    citation: str | None = None


_E5 = "Wang et al. 2024. Multilingual E5 Text Embeddings: A Technical Report. arXiv:2402.05672."
_BERT = "Devlin et al. 2019. BERT: Pre-training of Deep Bidirectional Transformers. NAACL."
_XLMR = "Conneau et al. 2020. Unsupervised Cross-lingual Representation Learning at Scale. ACL."
_LABSE = "Feng et al. 2022. Language-agnostic BERT Sentence Embedding. ACL."
_NLLB = "NLLB Team 2022. No Language Left Behind: Scaling Human-Centered Machine Translation. arXiv:2207.04672."
_M2M = "Fan et al. 2021. Beyond English-Centric Multilingual Machine Translation. JMLR 22."
_OPUS = "Tiedemann and Thottingal 2020. OPUS-MT: Building open translation services for the World. EAMT."
_SPACY = "Honnibal et al. 2020. spaCy: Industrial-strength Natural Language Processing in Python."
_EASYPROJECT = "Chen et al. 2023. Frustratingly Easy Label Projection for Cross-lingual Transfer. Findings of ACL."
_MADLAD = "Kudugunta et al. 2023. MADLAD-400: A Multilingual And Document-Level Large Audited Dataset. NeurIPS."
_APERTIUM = "Khanna et al. 2021. Recent advances in Apertium. Machine Translation 35."

#: id pattern → license and citation; None where models of one family have different licenses
_KNOWN: tuple[tuple[str, str | None, str], ...] = (
    ("intfloat/multilingual-e5-*", "mit", _E5),
    ("google-bert/bert-base-multilingual-*", "apache-2.0", _BERT),
    ("bert-base-multilingual-*", "apache-2.0", _BERT),
    ("FacebookAI/xlm-roberta-*", "mit", _XLMR),
    ("xlm-roberta-*", "mit", _XLMR),
    ("sentence-transformers/LaBSE", "apache-2.0", _LABSE),
    ("facebook/nllb-200-*", "cc-by-nc-4.0", _NLLB),
    ("facebook/m2m100_*", "mit", _M2M),
    ("Helsinki-NLP/opus-mt-*", None, _OPUS),
    ("ychenNLP/nllb-200-*-easyproject", None, _EASYPROJECT),
    ("google/madlad400-*", "apache-2.0", _MADLAD),
    ("apertium", None, _APERTIUM),
    ("en_core_web_*", "mit", _SPACY),
)
_PREFIX = re.compile(r"^(hf|ct2|spacy|openai):")


def card_model(name: str, revision: str | None) -> CardModel:
    """Look a model up.

    :param name: its id, possibly with a prefix for its runtime: ``hf:``, ``ct2:``, ``spacy:`` or ``openai:``.
    """
    plain = _PREFIX.sub("", name)
    for pattern, license, citation in _KNOWN:
        if fnmatchcase(plain, pattern):
            return CardModel(plain, revision, license, citation)
    return CardModel(plain, revision)
