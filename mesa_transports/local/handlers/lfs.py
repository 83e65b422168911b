"""Large files: signed URLs, and the transfers behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from werkzeug.wrappers import Response

from mesa_transports.local.blobs import Blobs
from mesa_transports.local.bodies.lfs import LfsObject, LfsRequest
from mesa_transports.local.call import Call, json_response, success
from mesa_transports.local.query import Query
from mesa_transports.local.ranges import ranged
from mesa_transports.local.refusals import NotFound
from mesa_transports.local.services import Services
from mesa_transports.local.signatures import EXPIRES_IN

__all__ = ["blobs_of", "download", "get_object", "put_object", "signed_size", "signed_url", "upload"]

_LARGEST: Final = 2**63 - 1
_MISSING: Final = {"code": "NOT_FOUND", "message": "Object not found"}


def upload(call: Call) -> Response:
    """Answer `lfs.upload`: a URL for each object that is not there yet."""
    blobs = blobs_of(call)
    return json_response({"objects": [_upload(call, blobs, item) for item in LfsRequest.read(call.body).objects]})


def _upload(call: Call, blobs: Blobs, item: LfsObject) -> dict[str, Any]:
    size = blobs.size(item.oid)
    if size is not None:
        return {"oid": item.oid, "size": size, "exists": True}
    url = signed_url(call, "PUT", item.oid, item.size)
    return {"oid": item.oid, "size": item.size, "exists": False, "upload_url": url, "expires_in": EXPIRES_IN}


def download(call: Call) -> Response:
    """Answer `lfs.download`: a URL for each object that is there, an error for each that is not."""
    blobs = blobs_of(call)
    return json_response({"objects": [_download(call, blobs, item) for item in LfsRequest.read(call.body).objects]})


def _download(call: Call, blobs: Blobs, item: LfsObject) -> dict[str, Any]:
    size = blobs.size(item.oid)
    if size is None:
        return {"oid": item.oid, "size": item.size, "exists": False, "error": _MISSING}
    url = signed_url(call, "GET", item.oid, size)
    return {"oid": item.oid, "size": size, "exists": True, "download_url": url, "expires_in": EXPIRES_IN}


def put_object(call: Call) -> Response:
    """Take the bytes that a signed URL is for."""
    oid, size = call.parameters["oid"], _signed_size(call, "PUT")
    blobs_of(call).put(oid, size, call.request.stream)
    return success()


def get_object(call: Call) -> Response:
    """Give the bytes that a signed URL is for."""
    oid, size = call.parameters["oid"], _signed_size(call, "GET")
    try:
        file = blobs_of(call).path(oid).open("rb")
    except FileNotFoundError:
        raise NotFound("Object not found") from None
    return ranged(call.request, file, size)


def _signed_size(call: Call, method: str) -> int:
    return signed_size(call.services, method, call.parameters, call.query)


def signed_size(services: Services, method: str, parameters: Mapping[str, str], query: Query) -> int:
    """Refuse a URL that was not signed for this, and return the size that it was signed for."""
    size, expires = query.integer("size", -1, 0, _LARGEST), query.integer("expires", 0, 0, _LARGEST)
    signature = query.text("signature", least=0) or ""
    try:
        repository = services.repositories.find(parameters["org"], parameters["repo"]).id
    except NotFound:
        repository = ""  # for which nothing was signed: the answer must not tell one case from the other
    services.signer.check(method, repository, parameters["oid"], size, expires, signature)
    return size


def signed_url(call: Call, method: str, oid: str, size: int) -> str:
    """Return a URL by which anyone may move a large file: GET down, PUT up."""
    query = call.services.signer.query(method, call.repository.id, oid, size)
    return f"{call.root}/{call.org}/{call.repository.name}/lfs/objects/{oid}?{query}"


def blobs_of(call: Call) -> Blobs:
    """Return the large files of the repository that the call is about."""
    return Blobs(call.services.repositories.path(call.repository))
