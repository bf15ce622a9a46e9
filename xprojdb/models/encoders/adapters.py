"""Low-rank adapters (LoRA, Hu et al. 2022, arXiv 2106.09685): small matrices that change the layers of an encoder."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from xprojdb.arrays import Singles
from xprojdb.errors import ModelError
from xprojdb.extras import require
from xprojdb.models.encoders.hidden_states import layer_stack

#: by the name of the linear map: (rank, inputs) and (outputs, rank), whose product is added to its weights
Adapters = Mapping[str, tuple[Singles, Singles]]


def linear_maps(model: Any, layers: range) -> dict[str, Any]:
    """The linear maps of some layers of an encoder, by name.

    :raises ModelError: when the model has no list of layers.
    """
    torch = require("torch", "models")
    stack = layer_stack(model, model.config.num_hidden_layers)
    if stack is None:
        hint = "use another encoder, such as multilingual-e5-small"
        raise ModelError("the layers of this encoder share their weights", hint=hint)
    found = {}
    for number in layers:
        for name, module in stack[number].named_modules():
            if isinstance(module, torch.nn.Linear):
                found[f"{number}.{name}"] = module
    return found


class Trainable:
    """Adapters of an encoder while they are trained; they begin without any effect.

    :param maps: the linear maps to adapt, by name.
    :param rank: the rank of the matrices.
    :param seed: of the random numbers they begin with.
    """

    def __init__(self, maps: Mapping[str, Any], rank: int, seed: int) -> None:
        torch = require("torch", "models")
        random = torch.Generator().manual_seed(seed)
        self._maps, self._pairs = maps, {}
        for name, module in maps.items():
            outputs, inputs = module.weight.shape
            down = torch.randn(rank, inputs, generator=random) / inputs**0.5
            self._pairs[name] = (down.requires_grad_(), torch.zeros(outputs, rank, requires_grad=True))

    @property
    def parameters(self) -> list[Any]:
        """The tensors to train."""
        return [tensor for pair in self._pairs.values() for tensor in pair]

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Add them to the outputs of their maps."""
        hooks = [self._maps[name].register_forward_hook(_adding(*pair)) for name, pair in self._pairs.items()]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def learned(self) -> dict[str, tuple[Singles, Singles]]:
        """What was learned."""
        arrays = ((name, (tensor.detach().numpy() for tensor in pair)) for name, pair in self._pairs.items())
        return {name: (down, up) for name, (down, up) in arrays}


def _adding(down: Any, up: Any) -> Any:
    return lambda _module, inputs, output: output + (inputs[0] @ down.T) @ up.T


def add(maps: Mapping[str, Any], adapters: Adapters) -> None:
    """Add adapters to the weights of linear maps, for good."""
    torch = require("torch", "models")
    with torch.no_grad():
        for name, (down, up) in adapters.items():
            weight = maps[name].weight
            weight += torch.from_numpy(up @ down).to(weight)


def to_text(adapters: Adapters) -> str:
    """Adapters as text, rounded to half precision."""
    written = io.BytesIO()
    arrays = {f"{name}/{side}": array for name, pair in sorted(adapters.items()) for side, array in enumerate(pair)}
    np.savez_compressed(written, **{name: array.astype(np.float16) for name, array in arrays.items()})  # type: ignore[arg-type]
    return base64.b64encode(written.getvalue()).decode("ascii")


def from_text(text: str) -> dict[str, tuple[Singles, Singles]]:
    """The inverse of :func:`to_text`."""
    with np.load(io.BytesIO(base64.b64decode(text))) as arrays:
        names = sorted({name.rpartition("/")[0] for name in arrays})
        pairs = {name: (arrays[f"{name}/0"], arrays[f"{name}/1"]) for name in names}
    return {name: (down.astype(np.float32), up.astype(np.float32)) for name, (down, up) in pairs.items()}
