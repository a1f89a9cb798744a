"""The plot: the latency of a fresh run, ours and others', as bars on a logarithmic scale. One SVG, light and dark."""

import math
from typing import NamedTuple
from xml.sax.saxutils import escape

from timing import Row

_JOBS = ("no imports", "13 imports")
_OURS = "actiond"
_WIDTH, _LEFT, _RIGHT = 860, 300, 90
_TOP, _BAR, _GAP, _GROUP = 78, 20, 8, 44

_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.back { fill: #ffffff }
.line { stroke: #d1d9e0; stroke-width: 1 }
.ours { fill: #0969da }
.other { fill: #9aa4af }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .small { fill: #9198a1 }
  .back { fill: #0d1117 }
  .line { stroke: #3d444d }
  .ours { fill: #4493f8 }
  .other { fill: #656c76 }
}
"""


class Bar(NamedTuple):
    """One system's median, in milliseconds."""

    name: str
    value: float


def draw(found: list[Row]) -> str:
    """The SVG's text."""
    groups = {job: _bars(found, job) for job in _JOBS}
    values = [bar.value for bars in groups.values() for bar in bars]
    if not values:
        return ""
    least, most = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    scale = (_WIDTH - _LEFT - _RIGHT) / (most - least)
    height = _TOP + sum(_GROUP + len(bars) * (_BAR + _GAP) for bars in groups.values()) + 20
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img">',
        f"<title>Latency of a fresh isolated run</title><style>{_STYLE}</style>",
        f'<rect class="back" width="{_WIDTH}" height="{height}"/>',
        '<text class="title" x="20" y="30">A fresh run, median</text>',
        '<text class="small" x="20" y="50">milliseconds, logarithmic; shorter is better; all in one run on one machine</text>',
    ]
    for power in range(least, most + 1):
        x = _LEFT + (power - least) * scale
        drawn.append(f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{height - 14}"/>')
        drawn.append(f'<text class="small" x="{x:.1f}" y="{_TOP - 6}" text-anchor="middle">{10.0**power:g}</text>')
    y = _TOP
    for job, bars in groups.items():
        drawn.append(f'<text class="small" x="20" y="{y + 26}">{escape(_told(job))}</text>')
        y += _GROUP
        for bar in bars:
            drawn += _drawn(bar, y, (math.log10(bar.value) - least) * scale)
            y += _BAR + _GAP
    return "\n".join([*drawn, "</svg>", ""])


def _drawn(bar: Bar, y: int, width: float) -> list[str]:
    kind = "ours" if bar.name == _OURS else "other"
    return [
        f'<text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(bar.name)}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{max(width, 2):.1f}" height="{_BAR}" rx="3"/>',
        f'<text x="{_LEFT + max(width, 2) + 8:.1f}" y="{y + 15}">{bar.value:.3g} ms</text>',
    ]


def _bars(found: list[Row], job: str) -> list[Bar]:
    path = f"fresh run, {job}, p50"
    bars = []
    for row in found:
        if row["row"] == path:
            bars.append(Bar(_OURS, row["value"]))
        elif row.get("ours") == path:
            bars.append(Bar(row["row"].removesuffix(f", {job}, p50"), row["value"]))
    return sorted(bars, key=lambda bar: bar.value)


def _told(job: str) -> str:
    return "an action that imports nothing" if job == "no imports" else "an action with 13 imports that parses two records"
