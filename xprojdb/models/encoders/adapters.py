"""Low-rank adapters (LoRA, Hu et al. 2022, arXiv 2106.09685) of some layers of an encoder, by the package peft."""

from __future__ import annotations

import base64
import warnings
from typing import Any

from xprojdb.errors import ModelError
from xprojdb.extras import require
from xprojdb.models.encoders.hidden_states import layer_stack

EXTRA = "tune"


def linear_maps(model: Any, layers: range) -> list[str]:
    """The names of the linear maps of some layers of an encoder.

    :raises ModelError: when the model has no list of layers.
    """
    stack = layer_stack(model, model.config.num_hidden_layers)
    if stack is None:
        hint = "use another encoder, such as multilingual-e5-small"
        raise ModelError("the layers of this encoder share their weights", hint=hint)
    linear = require("torch", "models").nn.Linear
    inside = {id(module) for number in layers for module in stack[number].modules() if isinstance(module, linear)}
    return [name for name, module in model.named_modules() if id(module) in inside]


def adapted(model: Any, layers: range, rank: int, seed: int = 0) -> Any:
    """Give the linear maps of some layers adapters, which begin without any effect; all other weights are frozen.

    :param model: changed in place; ``unload()`` of the result takes them out again, ``merge_and_unload()`` leaves what
        they have learned in its weights.
    :param rank: the rank of the matrices.
    :param seed: of the random numbers they begin with.
    :returns: a ``peft`` model.
    :raises MissingExtra: when peft is not installed.
    """
    torch, peft = require("torch", "models"), require("peft", EXTRA)
    config = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=linear_maps(model, layers))
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft asks transformers for an attribute by its earlier name.
        warnings.simplefilter("ignore", FutureWarning)
        torch.manual_seed(seed)
        return peft.get_peft_model(model, config)


def to_text(with_adapters: Any) -> str:
    """The adapters of a ``peft`` model as text, rounded to half precision."""
    state = require("peft", EXTRA).get_peft_model_state_dict(with_adapters)
    halves = {name: tensor.detach().half().contiguous() for name, tensor in sorted(state.items())}
    return base64.b64encode(require("safetensors.torch", "models").save(halves)).decode("ascii")


def merge(model: Any, layers: range, rank: int, text: str) -> None:
    """Add adapters to the weights of an encoder, for good.

    :param layers, rank: those that :func:`adapted` was given.
    :param text: the adapters, as from :func:`to_text`.
    """
    peft = require("peft", EXTRA)
    state = require("safetensors.torch", "models").load(base64.b64decode(text))
    with_adapters = adapted(model, layers, rank)
    peft.set_peft_model_state_dict(with_adapters, {name: tensor.float() for name, tensor in state.items()})
    with_adapters.merge_and_unload()
