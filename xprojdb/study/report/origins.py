"""What a study stands on: corpora with licenses, who translated its test data, and digests."""

from __future__ import annotations

from xprojdb.study.report.measurements import StudyData

CORPUS = ("corpus", "version", "license")
TRANSLATED = ("test pairs", "by people", "by machine", "not told")


def corpus_rows(data: StudyData) -> list[list[str]]:
    """Name, version and license of each corpus."""
    return [[*(corpus[name] or "unknown" for name in ("name", "version", "license"))] for corpus in data.corpora]


def translated_rows(data: StudyData) -> list[list[str]]:
    """By language of sentence pairs: which shares of the split that measures people and machines have translated."""
    rows = []
    for lang, counts in data.translated.items():
        total = sum(counts.values())
        rows.append([lang, *(f"{100 * counts.get(origin, 0) / total:.0f} %" for origin in ("human", "machine", ""))])
    return rows


def digests(data: StudyData) -> list[str]:
    """Of the design, the encoder and the test items of each language."""
    return [
        f"study {data.digest}",
        f"encoder {data.encoder[0]} {data.encoder[1]}",
        *(
            f"test items {task} {lang} {digest}"
            for task, params in data.measures.items()
            for lang, digest in params["tests"].items()
        ),
    ]
