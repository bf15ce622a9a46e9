"""A translation model of real size for benchmarks, where no trained one can be had: it writes what it reads.

It is an M2M-100 whose weights are written down rather than learned. In one layer of the decoder, cross-attention finds
the source's sub-word at its own position, by the frequencies of the sinusoidal positions that tell neighbours apart,
and copies what stands in the frequencies that hardly move: there the embeddings are. All other layers are random and
add next to nothing to what they read, at the full cost. So translations are as long as real sentences, and end.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

POSITIONS = 256
_HEAD = 64
_SHARPNESS = 6.0
_LOUDNESS = 8.0
_QUIET = 1e-3


def copying_model(folder: Path, texts: Sequence[str], *, width: int, layers: int, pieces: int) -> Path:
    """Make the model.

    :param folder: where to put it.
    :param texts: sentences, for its sub-words.
    :param width: of its vectors, a multiple of 64; the feed-forward layers are four times as wide.
    :param layers: of the encoder, and of the decoder.
    :param pieces: of its vocabulary, about.
    """
    tokenizer = _tokenizer(folder, texts, pieces)
    model = _model(tokenizer, width, layers)
    _hush(model)
    moving, still = _frequencies(model.model.encoder.embed_positions.weights)
    _embed(model, still)
    _copy(model.model.decoder.layers[0].encoder_attn, moving, still)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(folder: Path, texts: Sequence[str], pieces: int) -> Any:
    import sentencepiece
    import transformers

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=written, vocab_size=pieces, hard_vocab_limit=False, minloglevel=2
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    own = [processor.id_to_piece(place) for place in range(processor.get_piece_size())]
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    names = [*special, *(piece for piece in own if piece not in special)]
    (folder / "vocab.json").write_text(json.dumps({piece: place for place, piece in enumerate(names)}))
    (folder / "sentencepiece.bpe.model").write_bytes(written.getvalue())
    files = (str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    return transformers.M2M100Tokenizer(*files, src_lang="en", tgt_lang="de", model_max_length=POSITIONS)


def _model(tokenizer: Any, width: int, layers: int) -> Any:
    import torch
    import transformers

    torch.manual_seed(1)
    shape: dict[str, Any] = {}
    for side in ("encoder", "decoder"):
        shape |= {f"{side}_layers": layers, f"{side}_attention_heads": width // _HEAD, f"{side}_ffn_dim": 4 * width}
    last = max(tokenizer.lang_code_to_id.values()) + 9
    config = transformers.M2M100Config(vocab_size=last, d_model=width, max_position_embeddings=POSITIONS, **shape)
    return transformers.M2M100ForConditionalGeneration(config).eval()


def _hush(model: Any) -> None:
    """Make every layer add almost nothing."""
    for side in (model.model.encoder, model.model.decoder):
        for name, module in side.named_modules():
            if name.endswith(("self_attn.out_proj", "encoder_attn.out_proj", "fc2")):
                module.weight.data.mul_(_QUIET)
                module.bias.data.zero_()


def _frequencies(positions: Any) -> tuple[Any, Any]:
    """The columns of the positions that move fastest, enough for one head, and those that stand still."""
    import torch

    half = positions.shape[1] // 2
    swing = positions[2 : POSITIONS + 2, :half].std(0)
    fast = torch.arange(_HEAD // 2)
    slow = torch.nonzero(swing < 0.15).squeeze(1)
    return torch.cat([fast, fast + half]), torch.cat([slow, slow + half])


def _embed(model: Any, still: Any) -> None:
    """Tokens are random signs where positions stand still, as loud as a position is."""
    import torch

    weight = model.get_input_embeddings().weight.data
    signs = torch.randint(0, 2, (len(weight), len(still))) * 2.0 - 1
    weight.zero_()
    weight[:, still] = signs * (0.5 / len(still)) ** 0.5


def _copy(attention: Any, moving: Any, still: Any) -> None:
    """Attend to the same position in every head, and bring what stands there."""
    import torch

    for projection in (attention.q_proj, attention.k_proj, attention.v_proj, attention.out_proj):
        projection.weight.data.zero_()
        projection.bias.data.zero_()
    for projection in (attention.q_proj, attention.k_proj):
        for first in range(0, projection.weight.shape[0], _HEAD):
            projection.weight.data[first + torch.arange(_HEAD), moving] = _SHARPNESS
    place = torch.arange(len(still))
    attention.v_proj.weight.data[place, still] = 1.0
    attention.out_proj.weight.data[still, place] = _LOUDNESS
