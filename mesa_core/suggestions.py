"""Unknown names, told kindly: what came, what was meant, what there is."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["unknown"]


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """Return a sentence such as "unknown plugin 'adit'; did you mean 'audit'? There are: audit, auth".

    Args:
        what: What kind of thing it is, such as "plugin".
        name: The name that was given.
        known: The names that there are.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - a program without mistakes need not hold it

    names = sorted(known)
    near = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"unknown {what} {name!r}{hint} There are: {', '.join(names) or 'none'}"
