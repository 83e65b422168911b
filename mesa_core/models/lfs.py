"""Large files: signed URLs to upload them to and to download them from."""

from collections.abc import Sequence
from typing import Annotated, TypedDict

from attrs import field, frozen

from mesa_core.models.commits import LfsPointer
from mesa_core.secrets import SECRET, hidden

__all__ = ["LfsBody", "LfsError", "LfsObject", "LfsObjects"]


@frozen(kw_only=True)
class LfsError:
    """Why there is no URL for an object."""

    code: str
    message: str


@frozen(kw_only=True)
class LfsObject:
    """The answer for one object. The URLs are signed: whoever has one needs no key, for `expires_in` seconds."""

    oid: str
    size: int
    exists: bool
    upload_url: Annotated[str | None, SECRET] = field(default=None, repr=hidden)
    """PUT the bytes here, without an Authorization header."""
    download_url: Annotated[str | None, SECRET] = field(default=None, repr=hidden)
    """GET the bytes here, without an Authorization header."""
    expires_in: float | None = None
    error: LfsError | None = None


@frozen(kw_only=True)
class LfsObjects:
    """One answer per object asked for, in the same order."""

    objects: tuple[LfsObject, ...]


class LfsBody(TypedDict):
    """The objects to get URLs for, 1 to 100 of them."""

    objects: Sequence[LfsPointer]
