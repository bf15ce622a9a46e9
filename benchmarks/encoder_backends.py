"""An encoder on one core under several runtimes: its speed, its states beside torch's, and what F1 its links lead to.

    python benchmarks/encoder_backends.py [--pairs 300] [--rounds 3] [--sentences 300] [--only NAME,…] [--no-f1]

The layers of multilingual-e5-small that the aligner uses, in torch, OpenVINO, CTranslate2 and ONNX Runtime, in float32
and in 8 bits. Speed is that of the aligner alone, the best of several rounds in which the runtimes take turns; F1 is
that of labels from the default links by ``link_mass`` alone, on Europarl-NER and on the first ``--sentences`` of six
MasakhaNER2 pairs, from ``$XPROJDB_DATA`` or ``../shared/data``. A runtime that is not installed is left out with a
note; of these, only torch and OpenVINO belong to extras of this package: ``pip install onnx onnxruntime ctranslate2``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from align_speed import Pairs, sentence_pairs
from europarl_single import HEAD, TARGETS, import_europarl
from masakhaner2 import PAIRS, TAGGED, import_pair, scored
from rich.console import Console
from rich.table import Table

from xprojdb.db import open_database
from xprojdb.errors import MissingExtra
from xprojdb.evaluation.bootstrap import paired_difference
from xprojdb.evaluation.span_metrics import SpanCounts
from xprojdb.models.aligners.encoder import EncoderAligner
from xprojdb.models.encoders import encoder as encoders
from xprojdb.models.encoders.encoder import Encoder, load_model
from xprojdb.models.encoders.int8 import _truncated
from xprojdb.models.store import resolve
from xprojdb.text.languages import language

MODEL, LAYER = "e5-small", 7
REFERENCE = "torch float32"
LINKS = '[[scorer]]\ntype = "link_mass"\n'
#: hidden states of ids and mask, as in :class:`xprojdb.models.encoders.hidden_states.HiddenStates`
States = Callable[[Any, Any], Any]


def torch_states(precision: str, folder: Path) -> States:  # noqa: ARG001 - as the others
    """What the library does without OpenVINO."""
    states = Encoder(MODEL, "cpu", precision, threads=1)._states
    return lambda ids, mask: states(ids, mask, LAYER)


def openvino_states(small: bool, folder: Path) -> States:
    """``int8`` of the library, or the same model in float32."""
    if small:
        return torch_states("int8", folder)
    import openvino

    example = torch.ones(2, 8, dtype=torch.long)
    inputs = {"input_ids": example, "attention_mask": example}
    model = openvino.convert_model(_layers(), example_input=inputs)
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    return lambda ids, mask: torch.from_numpy(compiled({0: ids.numpy(), 1: mask.numpy()})[0].copy())


def onnx_states(small: bool, folder: Path) -> States:
    """Dynamic quantization of ONNX Runtime: weights by output channel, activations by tensor."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path, names = folder / "model.onnx", ["ids", "mask"]
    if not path.exists():
        example = torch.ones(2, 8, dtype=torch.long)
        axes = {name: {0: "batch", 1: "length"} for name in (*names, "states")}
        options = {"input_names": names, "output_names": ["states"], "dynamic_axes": axes, "dynamo": False}
        torch.onnx.export(_layers(), (example, example), str(path), **options)
        quantize_dynamic(str(path), str(folder / "int8.onnx"), weight_type=QuantType.QInt8, per_channel=True)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    path = folder / "int8.onnx" if small else path
    session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    return lambda ids, mask: torch.from_numpy(session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})[0])


def ctranslate2_states(compute: str, folder: Path) -> States:
    """CTranslate2's encoder; sentences are told by their lengths."""
    import ctranslate2
    from ctranslate2.converters.transformers import TransformersConverter
    from transformers import AutoModel, AutoTokenizer

    place, converted = resolve(MODEL).path_or_id, folder / "ctranslate2"
    if not converted.exists():
        model = AutoModel.from_pretrained(place, num_hidden_layers=LAYER)
        # Read by the converter, and no longer written by transformers.
        model.config.position_embedding_type = "absolute"
        model.save_pretrained(folder / "layers")
        AutoTokenizer.from_pretrained(place).save_pretrained(folder / "layers")
        TransformersConverter(str(folder / "layers")).convert(str(converted))
    encoder = ctranslate2.Encoder(str(converted), compute_type=compute, inter_threads=1, intra_threads=1)

    def states(ids: Any, mask: Any) -> Any:
        rows = ids.numpy().astype(np.int32)
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(rows))
        lengths = ctranslate2.StorageView.from_array(mask.numpy().sum(1).astype(np.int32))
        return torch.from_numpy(np.array(encoder.forward_batch(view, lengths).last_hidden_state))

    return states


def _layers() -> Any:
    return _truncated(load_model(resolve(MODEL).path_or_id, torch.float32).eval(), LAYER)


BACKENDS: dict[str, Callable[[Path], States]] = {
    REFERENCE: partial(torch_states, "float32"),
    "torch bfloat16": partial(torch_states, "bfloat16"),
    "OpenVINO float32": partial(openvino_states, False),
    "OpenVINO int8 (built in)": partial(openvino_states, True),
    "CTranslate2 float32": partial(ctranslate2_states, "float32"),
    "CTranslate2 int8": partial(ctranslate2_states, "int8"),
    "ONNX Runtime float32": partial(onnx_states, False),
    "ONNX Runtime int8 (dynamic)": partial(onnx_states, True),
}


def load(names: list[str], folder: Path) -> dict[str, States]:
    """The runtimes that are installed."""
    loaded = {}
    for name in names:
        try:
            loaded[name] = BACKENDS[name](folder)
        except (ImportError, MissingExtra) as error:
            print(f"{name}: left out, {error}")
    return loaded


@contextmanager
def instead(states: States) -> Iterator[None]:
    """Let all encoders that are made in the block compute with a runtime."""
    before = encoders._states_of

    def replaced(checkpoint: Any, device: Any, precision: str) -> tuple[Any, Any]:
        states_of, modules = before(checkpoint, device, precision)
        return _Replaced(states, states_of), modules

    encoders._states_of = replaced
    try:
        yield
    finally:
        encoders._states_of = before


class _Replaced:
    def __init__(self, states: States, model: Any) -> None:
        self._states, self.layers, self.hidden = states, model.layers, model.hidden

    def __call__(self, ids: Any, mask: Any, layer: int) -> Any:
        assert layer == LAYER
        return self._states(ids, mask)


def aligner_of(states: States) -> EncoderAligner:
    """The default aligner on a runtime."""
    with instead(states):
        return EncoderAligner(Encoder(MODEL, "cpu", "float32", threads=1))


def speeds(aligners: dict[str, EncoderAligner], pairs: Pairs, rounds: int) -> dict[str, float]:
    """Pairs per CPU second."""
    for aligner in aligners.values():
        aligner.align(pairs[:8])
    seconds = [{name: _cpu_seconds(aligner, pairs) for name, aligner in aligners.items()} for _ in range(rounds)]
    return {name: len(pairs) / min(row[name] for row in seconds) for name in aligners}


def _cpu_seconds(aligner: EncoderAligner, pairs: Pairs) -> float:
    began = time.process_time()
    aligner.align(pairs)
    return time.process_time() - began


def cosine(aligner: EncoderAligner, reference: EncoderAligner, pairs: Pairs) -> tuple[float, float]:
    """The mean cosine of the vectors of words to those of another runtime, and what one word in a hundred is below."""
    sentences = [words for pair in pairs for words in pair]
    ours, theirs = (np.concatenate(each.encoder.word_vectors(sentences, LAYER)) for each in (aligner, reference))
    values = (ours * theirs).sum(1) / (np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1))
    return float(values.mean()), float(np.quantile(values, 0.01))


def f1_scores(states: States, sentences: int) -> dict[str, SpanCounts]:
    """Spans of every language, counted against gold, in a database of their own."""
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "x.db", create=True) as database:
        import_europarl(database)
        for pair in PAIRS:
            import_pair(database, pair, sentences, Path(folder))
        with instead(states):
            return {**scored(database, HEAD + LINKS), **scored(database, TAGGED + LINKS)}


def speed_table(names: list[str], aligners: dict[str, EncoderAligner], pairs: Pairs, rounds: int) -> Table:
    """Speed and cosine of each runtime."""
    found = speeds(aligners, pairs, rounds)
    table = Table("runtime", "pairs / CPU s", "ratio", "mean cosine", "1 % of words below", title="one core")
    for name in names:
        mean, low = cosine(aligners[name], aligners[REFERENCE], pairs)
        table.add_row(name, f"{found[name]:.1f}", f"{found[name] / found[REFERENCE]:.2f}", f"{mean:.4f}", f"{low:.4f}")
    return table


def f1_table(scores: dict[str, dict[str, SpanCounts]]) -> Table:
    """F1 of torch in float32, and what the others have more, with an interval where it excludes zero."""
    groups = (TARGETS, tuple(language(pair.split("-")[1]).code for pair in PAIRS))
    table = Table("runtime", *groups[0], "mean", *groups[1], "mean", title="F1, and differences to it")
    reference = scores[REFERENCE]
    for name, by_language in scores.items():
        cells = []
        for langs in groups:
            values = [100 * by_language[lang].micro().f1 for lang in langs]
            if name == REFERENCE:
                cells += [*(f"{value:.2f}" for value in values), f"{np.mean(values):.2f}"]
                continue
            differences = [paired_difference(by_language[lang], reference[lang]) for lang in langs]
            cells += [f"{100 * d.value:+.2f}{'' if d.low <= 0 <= d.high else ' *'}" for d in differences]
            cells.append(f"{100 * np.mean([d.value for d in differences]):+.2f}")
        table.add_row(name, *cells)
    table.caption = "*: the 95 % bootstrap interval of the difference excludes zero"
    return table


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=300, help="of which the speed is measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sentences", type=int, default=300, help="of each MasakhaNER2 pair")
    parser.add_argument("--only", help="names of runtimes, beside torch in float32")
    parser.add_argument("--no-speed", action="store_true", help="F1 alone")
    parser.add_argument("--no-f1", action="store_true", help="speed and cosine alone")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else list(BACKENDS)
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as folder:
        loaded = load(list(dict.fromkeys([REFERENCE, *chosen])), Path(folder))
        if not options.no_speed:
            aligners = {name: aligner_of(states) for name, states in loaded.items()}
            pairs = sentence_pairs(options.pairs)[1]
            console.print(speed_table(list(loaded), aligners, pairs, options.rounds))
        if not options.no_f1:
            console.print(f1_table({name: f1_scores(states, options.sentences) for name, states in loaded.items()}))


if __name__ == "__main__":
    main()
