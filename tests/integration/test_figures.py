"""The figures of the docs: drawn from data, within their frame, on light and on dark."""

from __future__ import annotations

import importlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]
FIGURES = sorted((ROOT / "docs" / "figures").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
BROADEST = {"bold": 8.2, "mono": 7.3, "small": 6.8}  # of a character, about
RESULTS = {
    "rows": [
        {"title": "repos.get, httpx transport", "peer": "raw httpx", "ratio": 0.7, "at_most": 1.1},
        {"title": "repos.list of 100", "peer": "raw httpx", "ratio": 1.5, "at_most": 1.4},
        {"title": "loading 10,000 recordings", "peer": None, "ratio": None, "at_most": None},
        {"title": "replay of a call", "peer": "VCR.py", "ratio": 0.005, "at_most": None},
    ]
}


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.name)
def test_a_figure_stays_within_its_frame_and_has_colours_for_the_dark(path: Path) -> None:
    root = ET.fromstring(path.read_text())
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert root.findtext(f"{SVG}title")
    assert "prefers-color-scheme: dark" in (root.findtext(f"{SVG}style") or "")
    for shape in root.iter():
        assert not {"fill", "stroke", "style"} & shape.attrib.keys()  # colours come from the style alone
        if shape.tag == f"{SVG}text":
            x, y, text = float(shape.attrib["x"]), float(shape.attrib["y"]), shape.text or ""
            kinds = shape.attrib.get("class", "").split()
            broad = len(text) * min((BROADEST[kind] for kind in kinds if kind in BROADEST), default=7.5)
            left = {"start": x, "middle": x - broad / 2, "end": x - broad}[shape.attrib["text-anchor"]]
            assert left >= 0, text
            assert left + broad <= width, text
            assert 0 < y < height


def test_costs_are_drawn_as_they_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools" / "docs")
    measurements = importlib.import_module("measurements")
    root = ET.fromstring(measurements.drawn(measurements.ratios(RESULTS)))
    bars = [(bar.attrib["class"], float(bar.attrib["width"])) for bar in root.iter(f"{SVG}rect")]
    (held, short), (missed, long) = bars  # what has no budget is not drawn
    assert (held, missed) == ("good", "bad")
    assert short < long
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "0.7 x" in texts
    assert "1.5 x" in texts
