"""Hidden states in 8 bits on a CPU, with OpenVINO: at least twice the sentences per second, nearly the same vectors.

Weights are stored in 8 bits, and activations are quantised on the fly in groups, so nothing has to be calibrated on
sentences (as in LLM.int8, arXiv 2208.07339, but with groups instead of its treatment of outliers). Converted models are
kept in the model cache; a conversion takes seconds.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from xprojdb.errors import ModelError
from xprojdb.extras import require
from xprojdb.models.loading import quiet
from xprojdb.models.store import ResolvedModel, ensure

#: activations that share a scale: the fastest of 32 to 384 on e5-small, with a mean cosine of 0.9995 to float32
GROUP = 128
FILE = "encoder.xml"


class Int8States:
    """The 8-bit counterpart of :class:`xprojdb.models.encoders.hidden_states.HiddenStates`.

    :param checkpoint: the checkpoint to convert.
    :param load: loads it as a float32 ``transformers`` encoder; called only if the cache lacks the converted model.
    :raises MissingExtra: when OpenVINO or NNCF is not installed.
    :raises ModelError: when the model cannot be converted.
    """

    def __init__(self, checkpoint: ResolvedModel, load: Callable[[], Any]) -> None:
        _openvino()
        self._checkpoint, self._load = checkpoint, load
        self.skeleton = _skeleton(checkpoint)
        self.layers: int = self.skeleton.config.num_hidden_layers
        self.hidden: int = self.skeleton.config.hidden_size
        self._compiled = cache(self._compile)

    def __call__(self, ids: Any, mask: Any, layer: int) -> Any:
        """Run the model.

        :param ids, mask: int64 tensors (sentences, length).
        :param layer: 0 for the embeddings, up to :attr:`layers`.
        :returns: float32 tensor (sentences, length, hidden).
        """
        states = self._compiled(layer)({0: ids.numpy(), 1: mask.numpy()})[0]
        return require("torch", "models").from_numpy(states.copy())

    def _compile(self, layer: int) -> Any:
        openvino, torch = _openvino(), require("torch", "models")
        name = f"int8/{_digits(self._checkpoint.revision)}-layer-{layer}-openvino-{openvino.__version__.split('-')[0]}"
        path = ensure(name, lambda folder: self._convert(folder, layer)) / FILE
        settings = {
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(GROUP),
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
        }
        return openvino.Core().compile_model(path, "CPU", settings)

    def _convert(self, folder: Path, layer: int) -> str:
        openvino, nncf, torch = _openvino(), require("nncf", "int8"), require("torch", "models")
        example = torch.ones(2, 8, dtype=torch.long)
        try:
            with torch.inference_mode(), quiet(), warnings.catch_warnings(action="ignore"):
                # The output does not depend on the layers above, so the converted model leaves them out.
                traced = openvino.convert_model(
                    _truncated(self._load(), layer), example_input={"input_ids": example, "attention_mask": example}
                )
        except (RuntimeError, TypeError, ValueError) as error:
            hint = 'align with precision = "bfloat16" or "float32"'
            raise ModelError(
                f"model {self._checkpoint.path_or_id} cannot be converted to 8 bits: {str(error).splitlines()[0]}",
                hint=hint,
                model_id=self._checkpoint.path_or_id,
                reason="architecture",
            ) from error
        nncf.set_log_level(logging.ERROR)
        with redirect_stdout(None):  # its progress bars
            small = nncf.compress_weights(traced, mode=nncf.CompressWeightsMode.INT8_SYM)
        openvino.save_model(small, folder / FILE, compress_to_fp16=False)
        return f"{self._checkpoint.path_or_id} in 8 bits, layer {layer}, openvino {openvino.__version__}"


def _openvino() -> Any:
    """Import OpenVINO without its telemetry module: nothing leaves this machine."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return require("openvino", "int8")


def _truncated(model: Any, layer: int) -> Any:
    torch = require("torch", "models")

    class Truncated(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            return states.hidden_states[layer]

    return Truncated().eval()


def _skeleton(checkpoint: ResolvedModel) -> Any:
    """The model's modules without weights, to read its sizes and limits from."""
    transformers, torch = require("transformers", "models"), require("torch", "models")
    path = checkpoint.path_or_id
    try:
        config = transformers.AutoConfig.from_pretrained(path, **checkpoint.hub)
        with torch.device("meta"), quiet():
            model = transformers.AutoModel.from_config(config)
    except (OSError, ValueError, RuntimeError) as error:
        hint = "the checkpoint may be damaged, or need another version of transformers"
        raise ModelError(f"model {path} cannot be loaded: {error}", hint=hint, model_id=path) from error
    return model.get_encoder() if getattr(config, "is_encoder_decoder", False) else model


def _digits(revision: str) -> str:
    return revision.removeprefix("sha256:")[:16]
