"""What is known of published models that steps run: licence and citation, for the card."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class ModelFacts:
    """A model behind the labels.

    :param name: its id, or the folder it was loaded from.
    :param revision: that was run.
    :param licence: as its page gives it; None when it is not known here.
    :param citation: how to cite it.
    """

    name: str
    revision: str | None = None
    licence: str | None = None
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

#: pattern of the id → licence and citation; models of one family with licences of their own have none here
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


def model_facts(name: str, revision: str | None) -> ModelFacts:
    """What is known of a model.

    :param name: its id, perhaps with what runs it before it: ``hf:``, ``ct2:``, ``spacy:`` or ``openai:``.
    """
    plain = _PREFIX.sub("", name)
    for pattern, licence, citation in _KNOWN:
        if fnmatchcase(plain, pattern):
            return ModelFacts(plain, revision, licence, citation)
    return ModelFacts(plain, revision)
