# SPDX-License-Identifier: Apache-2.0
"""What every picture of ours is drawn with: one ink, two colours that say how it stands, and a line of text. SVG."""

from xml.sax.saxutils import escape

REACHED, MISSED, INK, FAINT, GRID = "#1d6f5f", "#b3472d", "#1c2328", "#8a949c", "#e3e7ea"


def text(
    x: float,
    y: float,
    said: str,
    *,
    colour: str = INK,
    size: float = 13,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    """One line of text; `anchor` is which end of it stands at `x`: ``start``, ``middle`` or ``end``."""
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(said)}</text>"
    )


def framed(width: int, height: int, title: str) -> str:
    """How a picture begins: its size, its title for whoever cannot see it, and white paper. It ends with ``</svg>``."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    )
