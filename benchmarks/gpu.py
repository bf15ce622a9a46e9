"""Aligning, tagging and translating on a GPU with models of real size: sub-words per second, and the share of its peak.

    python benchmarks/gpu.py [--device cuda] [--sentences 4000] [--translate 64] [--shapes real]

Takes a few minutes on one GPU. The encoder that the library aligns with has its own weights; the others have the
architecture, size and precision of XLM-R-large and NLLB-200-3.3B, and random weights, which cost the same. The peak is
what a bare product of two matrices reaches on the same device in the same run. Last, a batch too large for the memory
that is left is seen to be halved until it fits. ``--device cpu --shapes tiny`` tries the script without a GPU.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from align_speed import sentence_pairs
from rich.console import Console
from rich.table import Table

from xprojdb.models.aligners.encoder import EncoderAligner
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.models.loading import quiet
from xprojdb.models.store import resolve
from xprojdb.models.taggers.token_classifier import TokenClassifier
from xprojdb.models.translators.seq2seq import Seq2Seq

Words = list[str]
BEAMS = 4
LIMIT = 256
"""The most sub-words that the translation model reads."""
SHAPES: dict[str, dict[str, dict[str, int]]] = {
    "real": {
        "XLM-R-large": {"hidden_size": 1024, "layers": 24, "heads": 16, "inner": 4096},
        "NLLB-200-3.3B": {"hidden_size": 2048, "layers": 24, "heads": 16, "inner": 8192, "vocabulary": 256206},
    },
    "tiny": {
        "XLM-R-large": {"hidden_size": 32, "layers": 2, "heads": 2, "inner": 64},
        "NLLB-200-3.3B": {"hidden_size": 32, "layers": 2, "heads": 2, "inner": 64, "vocabulary": 130000},
    },
}


class Measured(NamedTuple):
    """A task: the sub-words it read and wrote, its products' operations, seconds, and bytes of memory at most."""

    task: str
    model: str
    tokens: int
    operations: float
    seconds: float
    memory: int


def sentences_of(count: int) -> list[Words]:
    """Distinct sentences with the lengths of the corpus: those of both sides, then these with their words shuffled."""
    corpus = [words for pair in sentence_pairs(count)[1] for words in pair]
    rng = random.Random(1)
    more = (rng.sample(words, len(words)) for words in itertools.cycle(corpus))
    return list(itertools.islice(itertools.chain(corpus, more), count))


def classifier(folder: Path, shape: dict[str, int], device: str) -> str:
    """Write a token classifier with random weights and the tokenizer of XLM-R; returns its folder."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(resolve("e5-small").path_or_id)
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape["hidden_size"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        intermediate_size=shape["inner"],
        max_position_embeddings=514,
        type_vocab_size=1,
        id2label=dict(enumerate(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])),
    )
    tokenizer.save_pretrained(folder)
    return _written(folder, transformers.XLMRobertaForTokenClassification, config, device)


def translator(folder: Path, shape: dict[str, int], device: str, sentences: Sequence[Words]) -> str:
    """Write a translation model with random weights and a tokenizer of some sentences; returns its folder."""
    tokenizer = _translation_tokenizer(folder, sentences)
    config = transformers.M2M100Config(
        vocab_size=shape["vocabulary"],
        d_model=shape["hidden_size"],
        encoder_layers=shape["layers"],
        decoder_layers=shape["layers"],
        encoder_attention_heads=shape["heads"],
        decoder_attention_heads=shape["heads"],
        encoder_ffn_dim=shape["inner"],
        decoder_ffn_dim=shape["inner"],
        max_position_embeddings=LIMIT,
    )
    tokenizer.save_pretrained(folder)
    return _written(folder, transformers.M2M100ForConditionalGeneration, config, device)


def _translation_tokenizer(folder: Path, sentences: Sequence[Words]) -> Any:
    import sentencepiece

    folder.mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(map(" ".join, sentences)),
        model_prefix=str(folder / "pieces"),
        vocab_size=4000,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    model = folder / "pieces.model"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [processor.id_to_piece(place) for place in range(processor.get_piece_size())]
    vocabulary = [*special, *(piece for piece in pieces if piece not in special)]
    (folder / "vocab.json").write_text(json.dumps({piece: place for place, piece in enumerate(vocabulary)}))
    files = (str(folder / "vocab.json"), str(model))
    return transformers.M2M100Tokenizer(*files, src_lang="en", tgt_lang="de", model_max_length=LIMIT)


def _written(folder: Path, kind: Any, config: Any, device: str) -> str:
    torch.manual_seed(1)
    with torch.device(device):
        model = kind(config).to(torch.bfloat16)
    with quiet():
        model.save_pretrained(folder)
    return str(folder)


def bare_rate(device: str, size: int) -> float:
    """Operations per second of a bfloat16 product of two square matrices: the limit of everything below."""
    left, right = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    seconds = min(_seconds(lambda: left @ right, device) for _ in range(10))
    return float(2 * size**3 / seconds)


def measured(task: str, model: str, device: str, call: Callable[[], tuple[int, float]]) -> Measured:
    """Run a task after a call that warms it up; ``call`` returns sub-words and operations."""
    call()
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
    counts: list[tuple[int, float]] = []
    seconds = _seconds(lambda: counts.append(call()), device)
    memory = 0 if device == "cpu" else torch.cuda.max_memory_allocated()
    return Measured(task, model, *counts[0], seconds, memory)


def _seconds(call: Callable[[], Any], device: str) -> float:
    if device != "cpu":
        torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def aligning(
    model_id: str, layer: int | None, sentences: Sequence[Words], device: str
) -> Callable[[], tuple[int, float]]:
    """Align the first half of the sentences with the second, in the bfloat16 of the aligner."""
    encoder = Encoder(model_id, device, "bfloat16")
    params = AlignerParams() if layer is None else AlignerParams(layer=layer)
    aligner, half = EncoderAligner(encoder, params), len(sentences) // 2
    states: Any = encoder._states
    layers = states._model.base_model.encoder.layer[: params.layer]
    tokens = sum(len(subwords.ids) for subwords in encoder._tokenizer.split(sentences))
    weights = sum(weight.numel() for layer in layers for weight in layer.parameters())

    def call() -> tuple[int, float]:
        aligner.align(list(zip(sentences[:half], sentences[half:], strict=True)))
        return tokens, 2.0 * weights * tokens

    return call


def tagging(tagger: TokenClassifier, sentences: Sequence[Words]) -> Callable[[], tuple[int, float]]:
    """Tag the sentences."""
    tokens = sum(len(subwords.ids) for subwords in tagger._tokenizer.split(sentences))
    weights = sum(weight.numel() for weight in tagger._model.base_model.encoder.parameters())

    def call() -> tuple[int, float]:
        tagger.tag_scored(sentences)
        return tokens, 2.0 * weights * tokens

    return call


def translating(model: Seq2Seq, sentences: Sequence[Words]) -> Callable[[], tuple[int, float]]:
    """Translate by beam search, at most as many sub-words as were read; all that its beams write count."""
    texts = [" ".join(words) for words in sentences]
    read = sum(len(text.ids) for text in model._texts.sources(texts, model.prompt("en", "de")))
    parts = (model._model.get_encoder().layers, model._model.get_decoder().layers, model._model.lm_head)
    encoder, decoder, head = (sum(weight.numel() for weight in part.parameters()) for part in parts)

    def call() -> tuple[int, float]:
        steps: list[int] = []
        hook = parts[1][0].register_forward_hook(lambda _, states, __: steps.append(states[0].shape[:2].numel()))
        model.generate(texts, "en", "de", beams=BEAMS, ratio=1.0, extra=0)
        hook.remove()
        written = sum(steps)
        return read + written, 2.0 * (read * encoder + written * (decoder + head))

    return call


def halved(model: Seq2Seq | TokenClassifier, call: Callable[[], tuple[int, float]]) -> str:
    """Run a task in a single batch with little memory left, and say what became of the batch."""
    model._batches.tokens = tokens = 1 << 22
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(min(1.0, (torch.cuda.memory_allocated() + 4 * 2**30) / total))
    call()
    torch.cuda.set_per_process_memory_fraction(1.0)
    return f"out of memory with 4 GiB left: batches of {tokens} sub-words became {model._batches.tokens}"


def table_of(rows: Sequence[Measured], rate: float) -> Table:
    table = Table("task", "model", "sub-words/s", "Tflop/s", "share of bare product", "peak GiB", box=None)
    for row in rows:
        speed = row.operations / row.seconds
        figures = (f"{row.tokens / row.seconds:,.0f}", f"{speed / 1e12:.2f}", f"{speed / rate:.3f}")
        table.add_row(row.task, row.model, *figures, f"{row.memory / 2**30:.1f}" if row.memory else "–")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sentences", type=int, default=4000)
    parser.add_argument("--translate", type=int, default=64, help="sentences to translate")
    parser.add_argument("--shapes", choices=sorted(SHAPES), default="real")
    options = parser.parse_args()
    device, sentences, shapes = options.device, sentences_of(options.sentences), SHAPES[options.shapes]
    console = Console()
    rate = bare_rate(device, 8192 if options.shapes == "real" else 512)
    console.print(f"bare bfloat16 product: {rate / 1e12:.2f} Tflop/s")
    rows = [measured("align", "e5-small", device, aligning("e5-small", None, sentences, device))]
    with tempfile.TemporaryDirectory() as folder:
        large = classifier(Path(folder, "tagger"), shapes["XLM-R-large"], device)
        layers = shapes["XLM-R-large"]["layers"]
        rows.append(measured("align", "XLM-R-large", device, aligning(large, layers, sentences, device)))
        tagger = TokenClassifier(large, device=device, precision="bfloat16")
        tag = tagging(tagger, sentences)
        rows.append(measured("tag", "XLM-R-large", device, tag))
        seq2seq = translator(Path(folder, "translator"), shapes["NLLB-200-3.3B"], device, sentences)
        model = Seq2Seq(seq2seq, device, "bfloat16")
        rows.append(measured("translate", "NLLB-200-3.3B", device, translating(model, sentences[: options.translate])))
        console.print(table_of(rows, rate))
        if device != "cpu":
            console.print(halved(tagger, tag))


if __name__ == "__main__":
    main()
