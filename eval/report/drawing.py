"""Drawing for a report: figures as SVG text that take their ink from the page, so that light and dark both suit."""

from __future__ import annotations

import io
import re
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Told apart by colour-blind readers too, and visible on white and on black.
COLOURS = {
    "base": "#8b93a1",
    "few-shot": "#45a5d6",
    "rag": "#2f74c8",
    "rag+examples": "#8a63d2",
    "finetune": "#d9822b",
    "hybrid": "#1f9e74",
    "auto": "#c2497b",
}
INK, LINE = "#010203", "#040506"  # replaced by the page's own colours
_OTHERS = ("#a68a00", "#b0607f", "#4f9a94", "#a0623a", "#6f7fd0")  # arms at other endpoints


def colour(arm: str) -> str:
    """The colour of an arm, in every picture the same."""
    return COLOURS.get(arm) or _OTHERS[zlib.crc32(arm.encode()) % len(_OTHERS)]


def figure(width: float, height: float, background: str = "none") -> tuple[Figure, Any]:
    """A figure with one pair of axes, sizes in inches."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained", facecolor=background)
    axes = drawn.add_subplot(facecolor="none")
    ink = INK if background == "none" else "#1b1f27"
    axes.tick_params(colors=ink, labelsize=8.5, width=0.6)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(LINE)
    return drawn, axes


def svg(drawn: Figure, *, page_colours: bool = True) -> str:
    """The figure as an <svg> element, the same text every time, sized by the page."""
    import matplotlib
    from matplotlib.text import Text

    for words in drawn.findobj(Text):  # a dollar among them begins no formula
        words.set_parse_math(False)
    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "crossover"}):
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", text)
    if page_colours:
        text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
        text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
        text = text.replace(INK, "currentColor").replace(LINE, "var(--line)")
    return re.sub(r">\s+<", "><", text).strip()
