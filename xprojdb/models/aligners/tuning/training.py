"""Train the adapters of an encoder on translations with ``transformers.Trainer``; an interrupted training goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import transformers

from xprojdb.digest import digest_of
from xprojdb.errors import Unfinished, XprojdbError
from xprojdb.extras import require
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.tuning.network import LinkNetwork, Pair
from xprojdb.models.aligners.tuning.params import TuningParams, trained_layers
from xprojdb.models.checkpoints import last_checkpoint
from xprojdb.models.encoders.adapters import EXTRA, adapted, to_text
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.loading import quiet

#: steps between two checkpoints, which hold adapters and so are small
_EVERY = 20


class Tuned(NamedTuple):
    """What was learned.

    :param losses: the mean loss of each epoch.
    """

    adapters: str
    losses: tuple[float, ...]


def tune(
    encoder: Encoder,
    pairs: Sequence[Pair],
    compared: AlignerParams,
    params: TuningParams,
    folder: Path,
    stopping: Callable[[], bool] = lambda: False,
) -> Tuned:
    """Train adapters of an encoder on sentences and their translations; the encoder stays as it is.

    :param pairs: the words of both sides; pairs with an empty side are left out.
    :param compared: how vectors become links: layer and temperature are used.
    :param folder: where checkpoints are until it is done. It goes on from those of an earlier call with the same
        sentences and parameters, and learns what that would have learned (on a CPU); others are removed.
    :param stopping: asked after each step whether to stop.
    :raises Unfinished: when it was asked to stop; a checkpoint is there.
    :raises MissingExtra: when accelerate or peft is not installed.
    :raises XprojdbError: when checkpoints cannot be written (``no-room``).
    """
    require("accelerate", EXTRA)
    pairs = [pair for pair in pairs if pair[0] and pair[1]]
    own = folder / digest_of([asdict(compared), asdict(params), pairs])
    model = adapted(encoder.modules, trained_layers(compared, params), params.rank, params.seed)
    try:
        _remove_others(folder, own)
        with quiet():
            losses = _train(LinkNetwork(encoder, model, compared, params.objectives), pairs, params, own, stopping)
        shutil.rmtree(folder, ignore_errors=True)
        return Tuned(to_text(model), losses)
    except OSError as error:
        raise XprojdbError(
            f"checkpoints of the tuned encoder cannot be stored in {folder}: {error.strerror or error}",
            hint="make room there, or name another folder in XPROJDB_CACHE; training goes on from the last checkpoint",
            folder=str(folder),
            reason="no-room",
        ) from error
    finally:
        model.unload()


def _remove_others(folder: Path, own: Path) -> None:
    for other in folder.glob("*"):
        if other != own:
            shutil.rmtree(other, ignore_errors=True)


def _train(
    network: LinkNetwork, pairs: Sequence[Pair], params: TuningParams, folder: Path, stopping: Callable[[], bool]
) -> tuple[float, ...]:
    if not pairs:
        return (0.0,) * params.epochs
    trainer = _trainer(network, pairs, params, folder, stopping)
    last = last_checkpoint(folder)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    if trainer.state.global_step < trainer.state.max_steps:
        done = f"{trainer.state.global_step} of {trainer.state.max_steps} steps"
        raise Unfinished(f"the encoder is not tuned yet: {done}", hint="run again to go on from there")
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return tuple(np.reshape(losses, (params.epochs, -1)).mean(1).tolist())


def _trainer(
    network: LinkNetwork, pairs: Sequence[Pair], params: TuningParams, folder: Path, stopping: Callable[[], bool]
) -> Any:
    arguments = transformers.TrainingArguments(
        str(folder), num_train_epochs=params.epochs, per_device_train_batch_size=params.batch, seed=params.seed,
        lr_scheduler_type="linear", save_strategy="steps", save_steps=_EVERY, save_total_limit=2,
        logging_strategy="steps", logging_steps=1, report_to=[], disable_tqdm=True, remove_unused_columns=False,
        dataloader_pin_memory=False, use_cpu=next(network.parameters()).device.type == "cpu",
    )  # fmt: skip
    # Lists of words cannot be divided among several GPUs.
    arguments._n_gpu = min(arguments.n_gpu, 1)

    weights = [array for array in network.parameters() if array.requires_grad]
    optimizer = torch.optim.AdamW(weights, params.rate, weight_decay=0.0)
    trainer = transformers.Trainer(
        network, arguments, data_collator=lambda batch: {"pairs": batch}, train_dataset=pairs,
        callbacks=[_StopAndSave(stopping)], optimizers=(optimizer, None),
    )  # fmt: skip
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


class _StopAndSave(transformers.TrainerCallback):  # type: ignore[misc]
    """Ends the training with a checkpoint when it is asked to stop."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping

    def on_step_end(self, _arguments: Any, _state: Any, control: Any, **_: Any) -> None:
        if self._stopping():
            control.should_save = control.should_training_stop = True
