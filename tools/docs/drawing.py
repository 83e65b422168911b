"""A drawing in SVG that is readable on light and on dark: text, lines and boxes in a handful of named colours."""

from __future__ import annotations

from html import escape
from typing import Final

__all__ = ["WIDTH", "Drawing"]

WIDTH: Final = 480  # narrow, so that text is of a readable size on a phone
SIZE: Final = 13.0  # of text; a character is about half as wide

STYLE: Final = """\
  <style>
    svg { color-scheme: light dark; font-family: system-ui, sans-serif; font-size: 13px; }
    text { fill: var(--ink); } .bold { font-weight: 600; } .small { font-size: 11.5px; } .soft { fill: var(--soft); }
    .mono { font-family: ui-monospace, monospace; font-size: 12px; }
    .line { stroke: var(--soft); fill: none; } .grid { stroke: var(--grid); } .dash { stroke-dasharray: 4 3; }
    .box { fill: var(--box); stroke: var(--soft); } .good { fill: var(--good); } .bad { fill: var(--bad); }
    .plain { fill: var(--plain); } .on { fill: #fff; font-weight: 600; }
    :root { --ink: #1f2328; --soft: #59636e; --grid: #d8dee4; --box: #f3f5f7;
            --good: #1a7f37; --bad: #b35900; --plain: #6e7781; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6edf3; --soft: #9da7b1; --grid: #3d444d; --box: #21262d;
              --good: #2f8f46; --bad: #bb6412; --plain: #6e7781; }
    }
  </style>"""


class Drawing:
    """Collects shapes; positions are in units of which the drawing is `WIDTH` wide."""

    def __init__(self, title: str, height: float) -> None:
        self._title = title
        self._height = height
        self._shapes: list[str] = []

    def text(self, x: float, y: float, text: str, kinds: str = "", *, anchor: str = "start") -> None:
        """Write a text whose baseline is at `y`."""
        self._shapes.append(
            f'  <text x="{x:g}" y="{y:g}"{_class(kinds)} text-anchor="{anchor}">{escape(text, quote=False)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, kinds: str = "line") -> None:
        """Draw a line."""
        self._shapes.append(f'  <line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"{_class(kinds)}/>')

    def box(self, x: float, y: float, width: float, height: float, kinds: str = "box") -> None:
        """Draw a box."""
        self._shapes.append(
            f'  <rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3"{_class(kinds)}/>'
        )

    def arrow(self, x1: float, x2: float, y: float, kinds: str = "line") -> None:
        """Draw a level arrow from `x1` to `x2`."""
        self.line(x1, y, x2, y, kinds)
        back = 6 if x2 < x1 else -6
        self._shapes.append(
            f'  <path d="M{x2 + back:g} {y - 4:g} L{x2:g} {y:g} L{x2 + back:g} {y + 4:g}" class="line"/>'
        )

    def __str__(self) -> str:
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self._height:g}" role="img">',
                f"  <title>{escape(self._title, quote=False)}</title>",
                STYLE,
                *self._shapes,
                "</svg>\n",
            ]
        )


def _class(kinds: str) -> str:
    return f' class="{kinds}"' if kinds else ""
