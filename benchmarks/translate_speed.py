"""How fast translation is: this library, transformers' own generate in batches of 32 in file order, and CTranslate2.

    python benchmarks/translate_speed.py [--sentences 200] [--model hub-id-or-folder --source en --target de]

Without a model, it makes one of the shape asked for that writes what it reads: see copying_model.py. Sentences are
Europarl-NER's when it is in $XPROJDB_DATA or ../shared/data, and else the sample corpus'.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from align_speed import conll_words, corpus_files
from copying_model import copying_model
from rich.console import Console
from rich.table import Table

from xprojdb.models.translators.ctranslate import CTranslateParams, CTranslator
from xprojdb.models.translators.seq2seq import Seq2Seq
from xprojdb.models.translators.translator import Seq2SeqTranslator, TranslatorParams
from xprojdb.text.words import join_words

BATCH = 32


class Timed(NamedTuple):
    """Translations, and the CPU seconds that they took."""

    texts: list[str]
    seconds: float


def sentences(count: int) -> tuple[str, list[str], list[str]]:
    """A name, the first sentences of the corpus, and all of its text."""
    name, left, right = corpus_files()
    english = [join_words(words, "en")[0] for words in conll_words(left)]
    return name, english[:count], [*english, *(join_words(words, "de")[0] for words in conll_words(right))]


def plain(model: Seq2Seq, texts: list[str], source: str, target: str, params: TranslatorParams) -> list[str]:
    """What one writes without this library: generate, with batches of 32 in file order."""
    tokenizer, network = model._tokenizer, model._model
    prompt = model.prompt(source, target)
    tokenizer.src_lang = prompt.source
    written: list[str] = []
    for at in range(0, len(texts), BATCH):
        batch = tokenizer(texts[at : at + BATCH], padding=True, truncation=True, return_tensors="pt")
        most = int(params.ratio * batch.input_ids.shape[1]) + params.extra
        with model._torch.inference_mode():
            ids = network.generate(
                **batch.to(network.device),
                num_beams=params.beams,
                do_sample=False,
                max_new_tokens=min(most, model.limit - 2) + 2,
                forced_bos_token_id=prompt.first,
            )
        written += tokenizer.batch_decode(ids[:, 1 if prompt.first is None else 2 :], skip_special_tokens=True)
    return [text.strip() for text in written]


def clock() -> float:
    """Seconds of this process on the CPU, of all threads together: what others do on the machine does not count."""
    return time.process_time()


def timed(call: Callable[[], list[str]]) -> Timed:
    """Run something once."""
    start = clock()
    texts = call()
    return Timed(texts, clock() - start)


def chrf(texts: list[str], expected: list[str]) -> str:
    """chrF of some translations against others, where sacrebleu is installed."""
    try:
        import sacrebleu
    except ModuleNotFoundError:
        return "no sacrebleu"
    return f"{sacrebleu.corpus_chrf(texts, [expected]).score:.2f}"


def contenders(model_id: str, options: Any, texts: list[str]) -> dict[str, Callable[[], list[str]]]:
    """What is compared: plain generate, this library, and CTranslate2."""
    params = TranslatorParams(beams=options.beams)
    model = Seq2Seq(model_id, "cpu")
    ours = Seq2SeqTranslator(model, params)
    direction = (options.source, options.target)
    calls: dict[str, Callable[[], list[str]]] = {
        "generate, batches of 32": lambda: plain(model, texts, *direction, params),
        "xprojdb hf:": lambda: [entry.text for entry in ours.translate(texts, *direction)],
    }
    for compute in options.compute.split(","):
        converted = CTranslator(model_id, CTranslateParams(beams=options.beams, compute=compute), "cpu")
        converted.translate(texts[:2], *direction)
        calls[f"xprojdb ct2:, {compute}"] = lambda own=converted: [e.text for e in own.translate(texts, *direction)]  # type: ignore[misc]
    return calls


def report(calls: dict[str, Callable[[], list[str]]], count: int, rounds: int, title: str) -> Table:
    """The best of several rounds, in which the contenders take turns."""
    runs = [{name: timed(call) for name, call in calls.items()} for _ in range(rounds)]
    best = {name: min((run[name] for run in runs), key=lambda run: run.seconds) for name in calls}
    first = next(iter(best.values()))
    table = Table("what", "sentences/CPU s", "speed", "same text as generate", "chrF to generate", title=title)
    for name, run in best.items():
        same = sum(a == b for a, b in zip(run.texts, first.texts, strict=True))
        speed = f"{first.seconds / run.seconds:.2f}"
        table.add_row(name, f"{count / run.seconds:.2f}", speed, f"{same} of {count}", chrf(run.texts, first.texts))
    return table


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--model", help="a translation model; by default one is made")
    parser.add_argument("--source", default="en")
    parser.add_argument("--target", default="de")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--pieces", type=int, default=8000)
    parser.add_argument("--beams", type=int, default=4)
    parser.add_argument("--compute", default="float32,int8", help="of CTranslate2")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()

    corpus, texts, everything = sentences(options.sentences)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("XPROJDB_CACHE", str(Path(folder) / "cache"))
        shape = {"width": options.width, "layers": options.layers, "pieces": options.pieces}
        model = options.model or str(copying_model(Path(folder), everything, **shape))
        what = options.model or f"a copying M2M-100, {options.layers} + {options.layers} layers of {options.width}"
        title = f"{corpus}: {len(texts)} sentences, {what}, {options.beams} beams, CPU"
        Console(width=120).print(report(contenders(model, options, texts), len(texts), options.rounds, title))


if __name__ == "__main__":
    main()
