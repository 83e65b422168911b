"""What replay costs, by how much was recorded, beside what others replay or mock with."""

from __future__ import annotations

from typing import Final

from declared import Figure, Peer, Subject

__all__ = ["FIGURES"]

_SIZES: Final = (100, 1_000, 10_000)
_LARGEST: Final = str(_SIZES[-1])


def _ours(count: int) -> Subject:
    return Subject(f"of {count:,}", "ours", "replay.ours", (str(count),))


def _replay(count: int) -> Figure:
    fewest = () if count == _SIZES[0] else (Peer(_ours(_SIZES[0]), 1.10),)
    others = {"VCR.py": "vcr", "respx": "respx", "responses": "responses"}
    left_out, uncounted = None, None
    if count == _SIZES[-1]:
        del others["respx"]
        left_out = "respx, 10,000: to make so many routes takes minutes, for it compares each with all before it"
    if count > _SIZES[0]:
        uncounted = "its preparations take minutes under valgrind"
    return Figure(
        name=f"replay-{count}",
        title=f"replay of one call of {count:,} recorded",
        ours=_ours(count),
        peers=(
            *fewest,
            *(
                Peer(Subject(f"{title}, {count:,}", name, f"replay.{name}", (str(count),)), uncounted=uncounted)
                for title, name in others.items()
            ),
        ),
        below=60e-6,
        left_out=left_out,
    )


FIGURES: Final = (
    *map(_replay, _SIZES),
    Figure(
        name="load",
        title="loading 10,000 recorded calls",
        ours=Subject("transport `recorded`", "ours", "replay.ours_load", (_LARGEST,)),
        peers=(Peer(Subject("VCR.py", "vcr", "replay.vcr_load", (_LARGEST,))),),
        below=0.3,
        calls=1,
        uncounted="VCR.py takes minutes under valgrind",
    ),
)
