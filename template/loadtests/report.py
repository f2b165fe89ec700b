"""The report: one HTML file with its plots in it, which loads nothing."""

from dataclasses import dataclass
from html import escape
from typing import Any

from loadtests.objectives import Verdict
from loadtests.samples import Sample, Summary, by_second, summaries

WIDTH, HEIGHT, MARGIN = 720, 220, 46
COLOURS = ("#2563eb", "#d97706", "#dc2626")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2rem auto; color: #1f2937 }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #e5e7eb; padding: .25rem .5rem; text-align: right }
td:first-child, th:first-child { text-align: left }
.missed { color: #dc2626; font-weight: bold }
svg { width: 100%; height: auto }
"""
COLUMNS = ("request", "count", "failed", "per second", "p50 ms", "p95 ms", "p99 ms")


@dataclass(frozen=True)
class Line:
    label: str
    points: list[tuple[float, float]]


def html(
    title: str,
    facts: dict[str, Any],
    samples: list[Sample],
    verdicts: list[Verdict],
    notes: list[str],
) -> str:
    """`facts` name the machine and the run; `notes` are what else the run showed."""
    lines = [*(verdict.line() for verdict in verdicts), *notes]
    found = "".join(f"<li{_marked(line)}>{escape(line)}</li>" for line in lines)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1><ul>{found}</ul>"
        f"<h2>Requests</h2>{_requests(summaries(samples))}{_plots(samples)}"
        f"<h2>Where</h2>{_table(('fact', 'value'), [list(one) for one in facts.items()])}</html>\n"
    )


def _marked(line: str) -> str:
    return ' class="missed"' if line.startswith(("MISSED", "REGRESSION")) else ""


def _requests(figures: list[Summary]) -> str:
    return _table(COLUMNS, [list(vars(figure).values()) for figure in figures])


def _plots(samples: list[Sample]) -> str:
    seconds = by_second(samples)
    rates = [(float(one.name), one.per_second) for one in seconds]
    latencies = [
        Line(label, [(float(one.name), getattr(one, f"{label}_ms")) for one in seconds])
        for label in ("p50", "p95", "p99")
    ]
    ordered = sorted(sample.seconds * 1000 for sample in samples)
    shares = [
        (float(percent), ordered[min(len(ordered) - 1, len(ordered) * percent // 100)])
        for percent in range(101)
    ]
    return (
        f"<h2>Requests a second</h2>{_plot([Line('requests', rates)], 's')}"
        f"<h2>Latency, ms</h2>{_plot(latencies, 's')}"
        f"<h2>Latency by percentile, ms</h2>{_plot([Line('latency', shares)], '%')}"
    )


def _table(heads: tuple[str, ...], rows: list[list[Any]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _plot(lines: list[Line], unit: str) -> str:
    """An SVG whose axes start at zero."""
    right = max(x for line in lines for x, _ in line.points) or 1
    top = max(y for line in lines for _, y in line.points) or 1
    drawn = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" '
        f'points="{" ".join(_at(x / right, y / top) for x, y in line.points)}"/>'
        f'<text x="{MARGIN + 90 * number}" y="14" fill="{colour}">{escape(line.label)}</text>'
        for number, (line, colour) in enumerate(zip(lines, COLOURS, strict=False))
    )
    bottom = HEIGHT - MARGIN
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" font-size="12" role="img">{drawn}'
        f'<path d="M{MARGIN} {MARGIN / 2}V{bottom}H{WIDTH}" fill="none" stroke="#9ca3af"/>'
        f'<text x="{MARGIN - 4}" y="{MARGIN / 2 + 4}" text-anchor="end">{top:g}</text>'
        f'<text x="{MARGIN - 4}" y="{bottom}" text-anchor="end">0</text>'
        f'<text x="{WIDTH}" y="{bottom + 16}" text-anchor="end">{right:g} {unit}</text></svg>'
    )


def _at(x: float, y: float) -> str:
    drawn_height = HEIGHT - 1.5 * MARGIN
    return f"{MARGIN + x * (WIDTH - MARGIN):.1f},{HEIGHT - MARGIN - y * drawn_height:.1f}"
