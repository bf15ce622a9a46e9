"""How each family of translation models is told the source and target language."""

from __future__ import annotations

from typing import Any, NamedTuple

from xprojdb.errors import UsageError
from xprojdb.text.languages import Language, language


class Prompt(NamedTuple):
    """A direction, in the form a model expects.

    :param prefix: text before every source sentence.
    :param source: the tokenizer's code for the source language, or None if it has none.
    :param target: the tokenizer's code for the target language, or None if it has none.
    :param first: the id of the token that a translation must start with, or None.
    """

    prefix: str = ""
    source: str | None = None
    target: str | None = None
    first: int | None = None


class LanguageMissing(UsageError):
    """A model does not support a language; fields ``model_id`` and ``language``."""


def prompt_for(model_type: str, tokenizer: Any, source: str, target: str, model_id: str) -> Prompt:
    """The prompt for a direction.

    NLLB, M2M-100 and mBART-50 have a token for each language. MADLAD and Marian's multi-target models expect one in
    the source text, T5 an instruction. A bilingual model needs neither.

    :param model_type: as in the model's configuration, such as ``"m2m_100"``.
    :param tokenizer: the model's ``transformers`` tokenizer.
    :param source, target: languages, as any code.
    :param model_id: the name of the model in messages.
    :raises LanguageMissing: when the model has no token for one of the languages.
    :raises UnknownLanguage: when the language is unknown.
    """
    left, right = language(source), language(target)
    if model_type in ("m2m_100", "nllb-moe", "mbart"):
        source_code, _ = _token(tokenizer, left, model_id)
        target_code, first = _token(tokenizer, right, model_id)
        return Prompt("", source_code, target_code, first)
    if model_type == "marian":
        return Prompt(_marian_prefix(tokenizer, right, model_id))
    if model_type in ("t5", "mt5", "umt5"):
        return Prompt(_t5_prefix(tokenizer, left, right, model_id))
    return Prompt()


def _token(tokenizer: Any, entry: Language, model_id: str) -> tuple[str, int]:
    """The tokenizer's code for a language, and the id of its token."""
    named = ((entry.nllb, entry.nllb), (entry.m2m100, f"__{entry.m2m100}__"), (entry.mbart50, entry.mbart50))
    for code, token in named:
        token_id = _id(tokenizer, token) if code and token else None
        if code and token_id is not None:
            return code, token_id
    raise _missing(model_id, entry)


def _marian_prefix(tokenizer: Any, entry: Language, model_id: str) -> str:
    codes: list[str] = getattr(tokenizer, "supported_language_codes", [])
    if not codes:
        return ""
    for code in _marian_codes(entry):
        if f">>{code}<<" in codes:
            return f">>{code}<< "
    raise _missing(model_id, entry)


def _marian_codes(entry: Language) -> list[str]:
    """Names OPUS-MT may use for a language: codes of two or three letters, with or without script, or NLLB's code."""
    names = (entry.iso639_3, entry.iso639_1, *entry.names())
    codes = list(dict.fromkeys(code for code in names if code and len(code) <= 3 and code.isalpha()))
    return [*codes, *(f"{code}_{entry.script}" for code in codes), *([entry.nllb] if entry.nllb else [])]


def _t5_prefix(tokenizer: Any, left: Language, right: Language, model_id: str) -> str:
    codes = (right.madlad, right.iso639_1, right.iso639_3)
    for code in codes:
        if code and _id(tokenizer, f"<2{code}>") is not None:
            return f"<2{code}> "
    if _id(tokenizer, "<2en>") is not None:
        raise _missing(model_id, right)
    return f"translate {left.name} to {right.name}: "


def _id(tokenizer: Any, token: str) -> int | None:
    token_id = tokenizer.convert_tokens_to_ids(token)
    return None if token_id is None or token_id == tokenizer.unk_token_id else int(token_id)


def _missing(model_id: str, entry: Language) -> LanguageMissing:
    return LanguageMissing(
        f"model {model_id} does not support {entry.name} ({entry.code})",
        hint="choose a model that supports the language",
        model_id=model_id,
        language=entry.code,
    )
