"""Lay out a report as one self-contained HTML file: no script, no outside resource."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Section", "page", "picture", "table"]

_CSS = """
body{margin:0;background:#eceff3;color:#1b2430;font:16px/1.5 system-ui,sans-serif}
main{max-width:1000px;margin:0 auto;padding:2rem 2.5rem 4rem;background:#fff}
h1{font-size:1.7rem;margin:0}
h2{font-size:1.2rem;margin:2.6rem 0 .6rem;border-bottom:2px solid #0072b2;padding-bottom:.2rem}
p.lead{color:#5b6675;margin:.3rem 0 1rem}
p.warning{background:#fbe9dd;border-left:4px solid #d55e00;padding:.6rem 1rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;margin:.6rem 0}
th,td{padding:.25rem .8rem .25rem 0;text-align:right;border-bottom:1px solid #dde2e8}
th:first-child,td:first-child{text-align:left}
td{font-variant-numeric:tabular-nums}
th{color:#5b6675;font-weight:600;vertical-align:bottom}
td.best{font-weight:700}
figure{margin:1.2rem 0 2rem}
img{width:100%;height:auto}
figcaption{font-size:.88rem;color:#3c4654}
figcaption .data{color:#5b6675}
@media print{body,main{background:#fff}h2,figure{break-inside:avoid}}
"""


@dataclass(frozen=True)
class Section:
    """A heading and ready HTML under it."""

    title: str
    parts: Sequence[str]


def page(title: str, lead: str, warnings: Iterable[str], sections: Iterable[Section]) -> str:
    """Return a whole HTML page."""
    body = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(lead)}</p>']
    body += [f'<p class="warning">{escape(text)}</p>' for text in warnings]
    for section in sections:
        body += ["<section>", f"<h2>{escape(section.title)}</h2>", *section.parts, "</section>"]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def picture(png: bytes, title: str, caption: str, data: str) -> str:
    """Return a PNG inline, with its caption; `data` says what it rests on."""
    source = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img alt="{escape(title)}" src="data:image/png;base64,{source}">'
        f"<figcaption><b>{escape(title)}.</b> {escape(caption)} "
        f'<span class="data">{escape(data)}</span></figcaption></figure>'
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of texts; the first column is the row's name."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
