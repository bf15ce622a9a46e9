"""Tune an encoder together with a head with ``transformers.Trainer``: its last layers, low-rank updates, or all of it.

The head comes trained on the frozen states (Kumar et al. 2022: tuning from a trained head distorts the states less).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xprojdb.arrays import Ints, Singles
from xprojdb.errors import ModelError, XprojdbError
from xprojdb.extras import require
from xprojdb.models.checkpoints import last_checkpoint
from xprojdb.models.encoders.encoder import load_model
from xprojdb.models.encoders.hidden_states import HiddenStates, position_limit
from xprojdb.models.encoders.subwords import WordTokenizer
from xprojdb.models.loading import quiet, tokenizer_of, torch_dtype
from xprojdb.models.store import ResolvedModel, resolve
from xprojdb.training.head import Head
from xprojdb.training.states import StatesOf

if TYPE_CHECKING:
    from xprojdb.training.tuned_network import TunedNetwork

#: checkpoints of a training; the share of steps over which the rate rises
_CHECKPOINTS, _WARM_UP = 10, 0.1
EXTRA = "tune"


@dataclass(frozen=True)
class TuneSettings:
    """How an encoder is tuned.

    :param kind: ``all`` weights, the ``last`` layers below the states that are read, or ``lora`` (Hu et al. 2022).
    :param size: the number of layers, or the rank.
    :param rate, encoder_rate: the highest learning rates of the head and of the encoder.
    :param batch: the words of a step, about.
    """

    kind: Literal["all", "last", "lora"]
    size: int
    steps: int
    batch: int
    rate: float
    encoder_rate: float
    decay: float
    dropout: float
    smoothing: float
    truncation: float
    soft: bool
    seed: int


@dataclass(frozen=True)
class TaggedWords:
    """Sentences to learn from: the words of each, and (words,) classes and weights."""

    sentences: Sequence[Sequence[str]]
    classes: Sequence[Ints]
    weights: Sequence[Singles]


@dataclass(frozen=True)
class Tuned:
    """A tuned encoder, stored in a folder, and its head.

    :param revision: of the encoder, as a local model.
    :param trained: the number of weights that were trained.
    :param resumed: the step that an interrupted training went on from; 0 for none.
    """

    head: Head
    revision: str
    losses: list[float]
    cpu_s: float
    trained: int
    resumed: int


def require_tuning(kind: str) -> None:
    """Check that the libraries are there.

    :raises MissingExtra: when one is not.
    """
    require("accelerate", EXTRA)
    if kind == "lora":
        require("peft", EXTRA)


def tune(
    words: TaggedWords, what: StatesOf, head: Head, settings: TuneSettings, folder: Path,
    about: Callable[[str], Mapping[str, str]], watch: Any = None,
) -> Tuned:  # fmt: skip
    """Tune the encoder of some states, and a head on them; an interrupted training goes on from its last checkpoint.

    :param head: trained on the frozen states.
    :param folder: where the encoder is stored when it is done; checkpoints are beside it until then.
    :param about: what the head says of itself, for the revision of the tuned encoder.
    :param watch: a further ``TrainerCallback``, for tests.
    :raises TrainingError: when the loss is not finite.
    :raises ModelError: when the encoder cannot be found, or its layers cannot be told apart.
    :raises MissingExtra: when accelerate or, for ``lora``, peft is not installed.
    :raises XprojdbError: when a checkpoint or the encoder cannot be written (``no-room``).
    """
    require_tuning(settings.kind)
    began = time.process_time()
    location = resolve(what.model, what.revision)
    tokenizer = tokenizer_of(location)
    run = _Tuning(location, what, head, settings)
    checkpoints = folder.with_name(f"{folder.name}.checkpoints")
    try:
        with quiet():
            history, resumed = run.train(words, tokenizer, checkpoints, watch)
        with quiet():
            run.save(tokenizer, folder)
    except OSError as error:
        raise XprojdbError(
            f"the tuned encoder cannot be stored in {folder.parent}: {error.strerror or error}",
            hint="make room there, or name another folder in XPROJDB_CACHE; training goes on from the last checkpoint",
            folder=str(folder.parent),
            reason="no-room",
        ) from error
    shutil.rmtree(checkpoints, ignore_errors=True)
    revision = resolve(str(folder)).revision
    losses = [entry["loss"] for entry in history if "loss" in entry]
    cost = time.process_time() - began
    return Tuned(run.network.head(head, about(revision)), revision, losses, cost, run.trained, resumed)


class _Tuning:
    def __init__(self, location: ResolvedModel, what: StatesOf, head: Head, settings: TuneSettings) -> None:
        from xprojdb.training.tuned_network import TunedNetwork

        require("transformers", "train").set_seed(settings.seed)
        self.what, self.settings = what, settings
        self.encoder = load_model(location.path_or_id, torch_dtype("float32"), **location.hub)
        self.adapted = self._thaw()
        options = (settings.dropout, settings.smoothing, settings.truncation, settings.soft)
        self.network: TunedNetwork = TunedNetwork(self.encoder, what.layer, head, *options)
        self.trained = sum(array.numel() for array in self.network.parameters() if array.requires_grad)

    def _thaw(self) -> Any:
        """Choose the weights of the encoder that are trained; returns the wrapper of its low-rank updates, if any."""
        settings = self.settings
        if settings.kind == "lora":
            peft = require("peft", EXTRA)
            config = peft.LoraConfig(r=settings.size, lora_alpha=2 * settings.size, target_modules="all-linear")
            return peft.get_peft_model(self.encoder, config)
        self.encoder.requires_grad_(settings.kind == "all")
        if settings.kind == "last":
            stack = HiddenStates(self.encoder).stack
            if stack is None:
                message = f"the layers of {self.what.model} share their weights: there are no last ones"
                raise ModelError(message, hint='use tune = "all", or another encoder', reason="layers")
            stack[self.what.layer - settings.size : self.what.layer].requires_grad_(True)
        return None

    def train(self, words: TaggedWords, tokenizer: Any, folder: Path, watch: Any) -> tuple[list[dict[str, Any]], int]:
        from xprojdb.training.tuned_network import Collate, pieces_of

        own = WordTokenizer.of(tokenizer, self.what.model)
        room = position_limit(self.encoder, tokenizer.model_max_length) - len(own.prefix) - len(own.suffix)
        pieces = pieces_of(own, room, *_parts(words), first_only=self.what.pooling == "first")
        size = max(1, round(self.settings.batch * len(pieces) / sum(map(len, words.classes))))
        trainer = self._trainer(pieces, Collate(own), size, folder)
        if watch is not None:
            trainer.add_callback(watch)
        last = last_checkpoint(folder)
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        return trainer.state.log_history, int(last.name.partition("-")[2]) if last else 0

    def _trainer(self, pieces: Sequence[Any], collate: Any, size: int, folder: Path) -> Any:
        transformers, settings = require("transformers", "train"), self.settings
        every = max(1, settings.steps // _CHECKPOINTS)
        arguments = transformers.TrainingArguments(
            str(folder), max_steps=settings.steps, per_device_train_batch_size=size, seed=settings.seed,
            lr_scheduler_type="linear", warmup_steps=round(settings.steps * _WARM_UP), save_strategy="steps",
            save_steps=every, save_total_limit=2, logging_strategy="steps", logging_steps=every, report_to=[],
            disable_tqdm=True, remove_unused_columns=False, dataloader_pin_memory=False,
        )  # fmt: skip
        trainer = transformers.Trainer(
            self.network, arguments, data_collator=collate, train_dataset=pieces, optimizers=(self._optimizer(), None)
        )
        trainer.remove_callback(transformers.PrinterCallback)
        return trainer

    def _optimizer(self) -> Any:
        torch, settings = require("torch", "train"), self.settings
        groups = ((self.network.linear, settings.rate), (self.encoder, settings.encoder_rate))
        chosen = [
            {"params": [array for array in part.parameters() if array.requires_grad], "lr": rate}
            for part, rate in groups
        ]
        return torch.optim.AdamW(chosen, weight_decay=settings.decay)

    def save(self, tokenizer: Any, folder: Path) -> None:
        """Store the encoder, whole or not at all."""
        encoder = self.encoder if self.adapted is None else self.adapted.merge_and_unload()
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        encoder.save_pretrained(part)
        tokenizer.save_pretrained(part)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)


def _parts(words: TaggedWords) -> tuple[Sequence[Sequence[str]], Sequence[Ints], Sequence[Singles]]:
    return words.sentences, words.classes, words.weights
