"""The report as one HTML page that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from xprojdb.study.report.analysis import Analysis, SeriesAnalysis
from xprojdb.study.report.figures import Format
from xprojdb.study.report.methods import findings, methods_paragraph
from xprojdb.study.report.origins import CORPUS, TRANSLATED, corpus_rows, digests, translated_rows
from xprojdb.study.report.tables import POINT, best_names, best_rows, curve_rows

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1d1d1f; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
svg { max-width: 100%; height: auto; }
figure { margin: 1rem 0; overflow-x: auto; }
pre { overflow-x: auto; background: #f5f5f7; padding: 1rem; }
code { overflow-wrap: anywhere; } .warning { border-left: 4px solid #c2571a; padding-left: .8rem; }
"""
_CAPTIONS = {
    "curves": "Level by number of source languages, with 95 % intervals.",
    "gains": "Difference to one source, with 95 % intervals: these are free of the choice of targets.",
    "spread": "Each subset of sources, less the mean of its target at that k.",
    "targets": "Each target: the mean, and the range over subsets.",
}


def report_page(analysis: Analysis, drawn: dict[str, dict[Format, bytes]]) -> str:
    """The page."""
    data = analysis.data
    parts = [
        f"<h1>Study {escape(data.name)}</h1>",
        *(f'<p class="warning">{escape(warning)}</p>' for warning in analysis.warnings),
        "<h2>Method</h2>", f"<p>{escape(methods_paragraph(analysis))}</p>",
        *(_figure(name, drawn[name]["svg"].decode()) for name in ("curves", "gains")),
        *(_series(series) for series in analysis.series),
        *(_figure(name, drawn[name]["svg"].decode()) for name in ("spread", "targets")),
        _correlations(analysis), _origins(analysis),
        f"<h2>Recipe</h2><pre>{escape(data.text)}</pre>",
    ]  # fmt: skip
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(data.name)}</title>'
    )
    body = "".join(parts)
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>\n'


def _figure(name: str, svg: str) -> str:
    # Ids are unique within a drawing, and several stand on this page.
    drawing = svg[svg.index("<svg") :].replace('id="', f'id="{name}-').replace("url(#", f"url(#{name}-")
    drawing = drawing.replace('href="#', f'href="#{name}-')
    label = f'<svg role="img" aria-label="{escape(_CAPTIONS[name])}"'
    return f"<figure>{drawing.replace('<svg', label, 1)}<figcaption>{escape(_CAPTIONS[name])}</figcaption></figure>"


def _series(curve: SeriesAnalysis) -> str:
    result = "".join(f"<li>{escape(sentence)}</li>" for sentence in findings(curve))
    rows = best_rows(curve)
    singles = html_table(best_names(curve), rows) if rows else ""
    return f"<h2>{escape(curve.series.title)}</h2><ul>{result}</ul>{html_table(POINT, curve_rows(curve))}{singles}"


def html_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _correlations(analysis: Analysis) -> str:
    if not analysis.correlations:
        return ""
    rows = [
        [correlation.regime, correlation.arm, f"{correlation.cells:,}", f"{correlation.r:+.2f}"]
        for correlation in analysis.correlations
    ]
    table = html_table(["budget", "arm of NLI", "cells", "r"], rows)
    return f"<h2>Do the same sources help both tasks?</h2>{table}"


def _origins(analysis: Analysis) -> str:
    data = analysis.data
    listed = "".join(f"<li><code>{escape(digest)}</code></li>" for digest in digests(data))
    translated = html_table(TRANSLATED, translated_rows(data)) if data.translated else ""
    return f"<h2>Data and digests</h2>{html_table(CORPUS, corpus_rows(data))}{translated}<ul>{listed}</ul>"
