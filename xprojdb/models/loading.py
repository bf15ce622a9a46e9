"""Load a checkpoint with the head for a task, onto a device and in a precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from xprojdb.errors import ModelError, UsageError
from xprojdb.extras import require
from xprojdb.models.store import ResolvedModel, resolve

PRECISIONS = ("auto", "float32", "float16", "bfloat16")
#: 8 bits, for encoders on CPUs only
INT8 = "int8"
#: models whose tokenizers recognise the start of a word by the space before it
_SPACED = {"bart", "deberta", "gpt2", "longformer", "modernbert", "roberta"}


class Loaded(NamedTuple):
    """A checkpoint in memory.

    :param model: the ``transformers`` model, in evaluation mode, on its device.
    :param tokenizer: its ``transformers`` tokenizer.
    :param revision: the revision of the model.
    """

    model: Any
    tokenizer: Any
    revision: str


def load(
    kind: str,
    model_id: str,
    *,
    task: str,
    device: str = "auto",
    precision: str = "auto",
    revision: str | None = None,
    tokenizer_id: str | None = None,
) -> Loaded:
    """Load a model with its head.

    :param kind: the class in ``transformers``, such as ``"AutoModelForTokenClassification"``.
    :param model_id: anything :func:`xprojdb.models.store.resolve` accepts.
    :param task: what the model is used as, for messages, such as "a token classifier".
    :param device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"``: CUDA if available.
    :param precision: one of :data:`PRECISIONS`; ``"auto"`` is float32.
    :param revision: the revision the model must have.
    :param tokenizer_id: the model to take the tokenizer from, if the checkpoint has none.
    :raises UsageError: when the device or precision is unknown.
    :raises ModelError: when the model cannot be found or loaded, or its checkpoint has no such head.
    :raises MissingExtra: when torch or transformers is not installed.
    """
    placed, dtype = torch_device(device), torch_dtype(precision)
    location = resolve(model_id, revision)
    transformers = require("transformers", "models")
    unreadable = require("safetensors", "models").SafetensorError
    try:
        with quiet():
            model, report = getattr(transformers, kind).from_pretrained(
                location.path_or_id, dtype=dtype, output_loading_info=True, **location.hub
            )
        tokenizer = tokenizer_of(resolve(tokenizer_id) if tokenizer_id else location, model.config.model_type)
    except (OSError, ValueError, RuntimeError, unreadable) as error:
        reason = "architecture" if "Unrecognized configuration class" in str(error) else "damaged"
        raise _unusable(model_id, task, reason, str(error).splitlines()[0]) from error
    if report["missing_keys"]:
        lacks = ", ".join(sorted(report["missing_keys"])[:3])
        raise _unusable(model_id, task, "head", f"its checkpoint has no weights {lacks}")
    return Loaded(model.eval().to(placed), tokenizer, location.revision)


def _unusable(model_id: str, task: str, reason: str, details: str) -> ModelError:
    hints = {
        "architecture": "choose a checkpoint of the right kind",
        "head": "choose a checkpoint that was trained for the task",
        "damaged": "the checkpoint may be damaged or need another version of transformers",
    }
    message = f"model {model_id} cannot be loaded as {task}: {details}"
    return ModelError(message, hint=hints[reason], model_id=model_id, task=task, reason=reason)


def tokenizer_of(location: ResolvedModel, model_type: str = "") -> Any:
    """Load the ``transformers`` tokenizer of a checkpoint.

    :param location: the checkpoint.
    :param model_type: as in the model's configuration; tokenizers that recognise words by the space before them add one
        before the first word.
    """
    spaced = {"add_prefix_space": True} if model_type in _SPACED else {}
    return require("transformers", "models").AutoTokenizer.from_pretrained(
        location.path_or_id, **spaced, **location.hub
    )


def torch_device(name: str) -> Any:
    """Get a torch device by name.

    :param name: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"``: CUDA if available.
    :raises UsageError: when it is not available.
    """
    torch = require("torch", "models")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _unknown_device(name) from error
    if device.type not in ("cpu", "cuda") or (device.type == "cuda" and not torch.cuda.is_available()):
        raise _unknown_device(name)
    return device


def torch_dtype(precision: str) -> Any:
    """The torch type for a precision.

    :raises UsageError: when it is not one of :data:`PRECISIONS`.
    """
    if precision not in PRECISIONS:
        hint = f"choose one of {', '.join(PRECISIONS)}, and for an encoder on a CPU {INT8}"
        raise UsageError(f"unknown precision {precision}", hint=hint, precision=precision, known=PRECISIONS)
    return getattr(require("torch", "models"), "float32" if precision == "auto" else precision)


def _unknown_device(name: str) -> UsageError:
    return UsageError(f"device {name} is not available", hint="use cpu, cuda or auto", device=name)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars and reports of unused weights; real problems are raised as errors."""
    logging = require("transformers.utils.logging", "models")
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
