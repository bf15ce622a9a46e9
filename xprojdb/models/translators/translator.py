"""Translators: running text in one language in, running text in another out. A name says which one.

``hf:MODEL`` is an encoder-decoder of the Hugging Face hub or of a folder, ``ct2:MODEL`` the same one run by
CTranslate2, ``apertium`` the program of that name, ``openai:MODEL`` a model behind an OpenAI-compatible server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple, Protocol

from xprojdb.errors import UsageError
from xprojdb.models.loading import PRECISIONS
from xprojdb.models.store import canonical_id, resolve
from xprojdb.models.translators import apertium
from xprojdb.models.translators.apertium import Apertium, ApertiumParams
from xprojdb.models.translators.chat import ChatParams, ChatTranslator, Server
from xprojdb.models.translators.ctranslate import CTranslateParams, CTranslator
from xprojdb.models.translators.seq2seq import Seq2Seq
from xprojdb.models.translators.text_tokens import Translated

SERVED = "served"
"""The revision of a model behind a server, which does not tell it."""


class Translator(Protocol):
    """Whatever translates."""

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate.

        :param sentences: running text.
        :param source, target: languages, by any code.
        :returns: a translation for each sentence, and where it was cut off.
        """


@dataclass(frozen=True)
class TranslatorParams:
    """What changes a translation.

    :param beams: hypotheses kept; 1 is greedy.
    :param ratio, extra: a translation may have ``ratio · n + extra`` sub-words, n being those of its source.
    :param precision: of :data:`xprojdb.models.loading.PRECISIONS`; ``"auto"`` is float32.
    """

    beams: int = 4
    ratio: float = 2.0
    extra: int = 20
    precision: str = "float32"

    def __post_init__(self) -> None:
        possible = self.beams >= 1 and self.ratio > 0 and self.extra >= 0 and self.precision in PRECISIONS
        if not possible:
            hint = f"beams is 1 or more, ratio above 0, extra 0 or more, precision one of {', '.join(PRECISIONS)}"
            raise UsageError(f"{self} is not allowed", hint=hint, params=self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every parameter."""
        return asdict(self)


@dataclass(frozen=True)
class Placement:
    """Where and how fast a translator runs: nothing of it changes a translation.

    :param device: as for :func:`xprojdb.models.loading.torch_device`.
    :param batch_tokens: sub-words per batch; None: by device.
    :param timeout: seconds that Apertium may take for a batch.
    :param server: where an OpenAI-compatible server is.
    """

    device: str = "auto"
    batch_tokens: int | None = None
    timeout: float = 300.0
    server: Server = field(default_factory=Server)


class Seq2SeqTranslator:
    """An encoder-decoder model that translates by beam search. Equal sentences are translated once.

    :param model: the model.
    """

    def __init__(self, model: Seq2Seq, params: TranslatorParams | None = None) -> None:
        self.model = model
        self.params = params or TranslatorParams()

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[Translated]:
        """Translate; see :class:`Translator`.

        :raises LanguageMissing: when the model does not know one of the languages.
        """
        unique = list(dict.fromkeys(sentences))
        beams, ratio, extra = self.params.beams, self.params.ratio, self.params.extra
        made = self.model.generate(unique, source, target, beams=beams, ratio=ratio, extra=extra)
        found = dict(zip(unique, made, strict=True))
        return [found[text] for text in sentences]


def load_translator(
    name: str, params: Mapping[str, Any], revision: str | None = None, placement: Placement | None = None
) -> Translator:
    """Make a translator ready.

    :param name: as the module says.
    :param params: what :func:`translator_params` gave, or some of it.
    :param revision: that the model must have.
    :raises UsageError: when nothing is called so, or a parameter is unknown or impossible.
    :raises ModelError: when the model or program cannot be found or loaded.
    :raises MissingExtra: when a package that it needs is not installed.
    """
    kind, model = _kind(name)
    return kind.load(model, _params(name, kind, params), revision, placement or Placement())


def translator_revision(
    name: str, revision: str | None = None, *, source: str | None = None, target: str | None = None
) -> str:
    """The revision of a model: of Apertium, a digest of its data; of a served one, ``revision`` or :data:`SERVED`.

    :param revision: that it must have.
    :param source, target: the direction, for Apertium: without it, the data of all of its directions count.
    :raises ModelError: when it cannot be found, or has another revision.
    """
    kind, model = _kind(name)
    return kind.revision(model, revision, (source, target) if source and target else None)


def translator_params(name: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters that change a translation: those given, and defaults for the others.

    :raises UsageError: when nothing is called so, or a parameter is unknown or impossible.
    """
    kind, _ = _kind(name)
    return dict(_params(name, kind, values or {}).to_json())


def canonical_name(name: str) -> str:
    """A translator's name with the full id of its model."""
    _kind(name)
    kind, colon, model = name.partition(":")
    return f"{kind}{colon}{canonical_id(model) if kind in _HUB else model}"


class _Kind(NamedTuple):
    """What can be done with translators of a kind."""

    params: type[Any]
    load: Callable[[str, Any, str | None, Placement], Translator]
    revision: Callable[[str, str | None, tuple[str, str] | None], str]


def _load_hf(model: str, params: TranslatorParams, revision: str | None, at: Placement) -> Translator:
    loaded = Seq2Seq(model, at.device, params.precision, revision=revision, batch_tokens=at.batch_tokens)
    return Seq2SeqTranslator(loaded, params)


def _load_ct2(model: str, params: CTranslateParams, revision: str | None, at: Placement) -> Translator:
    return CTranslator(model, params, at.device, revision=revision, batch_tokens=at.batch_tokens)


def _load_apertium(_model: str, _params: ApertiumParams, revision: str | None, at: Placement) -> Translator:
    return Apertium(timeout=at.timeout, revision=revision)


def _load_chat(model: str, params: ChatParams, _revision: str | None, at: Placement) -> Translator:
    return ChatTranslator(model, params, at.server)


def _hub_revision(model: str, revision: str | None, _direction: tuple[str, str] | None) -> str:
    return resolve(model, revision).revision


def _apertium_revision(_model: str, revision: str | None, direction: tuple[str, str] | None) -> str:
    return apertium.revision_of(direction, revision)


def _served_revision(_model: str, revision: str | None, _direction: tuple[str, str] | None) -> str:
    return revision or SERVED


_HUB = ("hf", "ct2")
_KINDS = {
    "hf": _Kind(TranslatorParams, _load_hf, _hub_revision),
    "ct2": _Kind(CTranslateParams, _load_ct2, _hub_revision),
    "apertium": _Kind(ApertiumParams, _load_apertium, _apertium_revision),
    "openai": _Kind(ChatParams, _load_chat, _served_revision),
}


def _kind(name: str) -> tuple[_Kind, str]:
    kind, _, model = name.partition(":")
    if kind not in _KINDS or bool(model) == (kind == "apertium"):
        known = ("hf:MODEL", "ct2:MODEL", "apertium", "openai:MODEL")
        raise UsageError(f"no translator is called {name}", hint=f"one of {', '.join(known)}", name=name, known=known)
    return _KINDS[kind], model


def _params(name: str, kind: _Kind, values: Mapping[str, Any]) -> Any:
    known = tuple(each.name for each in fields(kind.params))
    unknown = [key for key in values if key not in known]
    if unknown:
        hint = f"it has {', '.join(known)}" if known else "it has none"
        raise UsageError(f"{name} has no parameter {unknown[0]}", hint=hint, param=unknown[0], known=known)
    return kind.params(**values)
