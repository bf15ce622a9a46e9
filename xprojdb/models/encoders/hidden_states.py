"""Compute one hidden state of a ``transformers`` model without running the layers above it."""

from __future__ import annotations

from typing import Any

from xprojdb.extras import require


class HiddenStates:
    """A model truncated at any layer.

    ``hidden_states[k]`` is the input of layer k, so a hook before layer k takes it and ends the run there. This works
    for every architecture with a list of layers, and gives the values of ``output_hidden_states=True`` even if a final
    normalisation follows the last layer. A model with a shared layer (ALBERT) is run to the end.

    :param model: an encoder in evaluation mode.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.layers: int = model.config.num_hidden_layers
        self.hidden: int = model.config.hidden_size
        #: the list of layers; None if they share their weights
        self.stack = _layer_stack(model, self.layers)

    def __call__(self, ids: Any, mask: Any, layer: int) -> Any:
        """Run the model.

        :param ids, mask: int64 tensors (sentences, length).
        :param layer: 0 for the embeddings, up to :attr:`layers`.
        :returns: tensor (sentences, length, hidden).
        """
        if layer == self.layers:
            return self._model(input_ids=ids, attention_mask=mask).last_hidden_state
        if self.stack is None:
            return self._model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[layer]
        hook = self.stack[layer].register_forward_pre_hook(_stop, with_kwargs=True)
        try:
            self._model(input_ids=ids, attention_mask=mask)
        except _Reached as reached:
            return reached.state
        finally:
            hook.remove()
        raise AssertionError("the model did not run its layers")


class _Reached(Exception):
    def __init__(self, state: Any) -> None:
        super().__init__()
        self.state = state


def _stop(_layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    raise _Reached(args[0] if args else kwargs["hidden_states"])


def _layer_stack(model: Any, layers: int) -> Any | None:
    module_list = require("torch", "models").nn.ModuleList
    stacks = (module for module in model.modules() if isinstance(module, module_list) and len(module) == layers)
    return next(stacks, None)


def position_limit(model: Any, tokenizer_limit: int) -> int:
    """The number of sub-words, including special tokens, that a model can read at once.

    :param model: the encoder.
    :param tokenizer_limit: the tokenizer's ``model_max_length``, which may be astronomical.
    """
    limits = [tokenizer_limit]
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions:
        limits.append(positions - _unused_positions(model))
    return min(limits)


def _unused_positions(model: Any) -> int:
    """RoBERTa and its relatives number positions from one past the padding id."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            return int(module.padding_idx) + 1
    return 0
