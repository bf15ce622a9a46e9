"""How well opinion targets, or any spans, are projected with the library's default:
``python benchmarks/opinion_targets.py [en=FILE de=FILE …]``.

Files are SemEval's XML (or any file of spans that ``import spans`` reads), with the same ids in all languages; the
labels of the first are projected onto the others, and compared with theirs. Without files, 32 synthetic sentences about
restaurants in English, German and Spanish, put together from parts by this program, so that they only show that the way
is whole: they say nothing of real reviews.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from rich.console import Console
from rich.table import Table

import xprojdb

TARGETS = {
    "en": ("fried rice", "waiter", "wine list", "garden", "fish of the day", "music", "price", "lemon cake"),
    "de": ("gebratene Reis", "Kellner", "Weinkarte", "Garten", "Tagesfisch", "Musik", "Preis", "Zitronenkuchen"),
    "es": ("arroz frito", "camarero", "carta de vinos", "jardín", "pescado del día", "música", "precio", "bizcocho"),
}
#: for each language, frames with a place for one target
FRAMES = {
    "en": ("The {} was excellent .", "We did not like the {} at all .", "Sadly , the {} was far too loud for us ."),
    "de": ("Der {} war ausgezeichnet .", "Uns gefiel der {} überhaupt nicht .", "Leider war uns der {} viel zu laut ."),
    "es": ("El {} era excelente .", "No nos gustó nada el {} .", "Por desgracia , el {} era demasiado ruidoso ."),
}
#: frames with places for two
PAIRS = {
    "en": "The {} was better than the {} .",
    "de": "Der {} war besser als der {} .",
    "es": "El {} era mejor que el {} .",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        named = [argument.partition("=") for argument in sys.argv[1:]]
        files = {lang: Path(path) for lang, _, path in named} or written(Path(folder))
        database = xprojdb.open(Path(folder) / "targets.db", create=True)
        for lang, path in files.items():
            database.import_spans(path, corpus="targets", lang=lang, split="test", snap=True, nested="outer")
        source, *targets = files
        database.join("targets", langs=list(files))
        recipe = f'name = "targets"\ncorpora = ["targets"]\nsource = ["{source}"]\ntarget = {targets}\n'
        path = Path(folder) / "targets.toml"
        path.write_text(recipe.replace("'", '"'), encoding="utf-8")
        database.run(path)
        table = Table("target", "label", "gold", "projected", "right", "F1", title="the default, labels of the source")
        for row in database.evaluate("targets").to_dict():
            counts = (str(row[name]) for name in ("gold", "predicted", "correct"))
            table.add_row(row["target"], row["label"], *counts, f"{100 * row['f1']:.1f}")
        Console(width=120).print(table)


def written(folder: Path) -> dict[str, Path]:
    """Files with the synthetic sentences."""
    places = [*product(range(3), range(8))]
    pairs = [(one, other) for one, other in product(range(8), range(8)) if one != other][::7]
    files = {}
    for lang in FRAMES:
        sentences = [(FRAMES[lang][frame], [TARGETS[lang][target]]) for frame, target in places]
        sentences += [(PAIRS[lang], [TARGETS[lang][target] for target in pair]) for pair in pairs]
        files[lang] = folder / f"{lang}.xml"
        body = "".join(_sentence(number, *sentence) for number, sentence in enumerate(sentences))
        files[lang].write_text(f"<Reviews><Review><sentences>{body}</sentences></Review></Reviews>", encoding="utf-8")
    return files


def _sentence(number: int, frame: str, targets: list[str]) -> str:
    text, opinions, end = frame.format(*targets), "", 0
    for target in targets:
        start = text.index(target, end)
        end = start + len(target)
        opinions += f'<Opinion target={quoteattr(target)} from="{start}" to="{end}"/>'
    return f'<sentence id="{number}"><text>{escape(text)}</text><Opinions>{opinions}</Opinions></sentence>'


if __name__ == "__main__":
    main()
