"""git-lfs' batch API: it hands out the signed URLs that the API hands out too, over the same large files.

Source: docs/api/ of https://github.com/git-lfs/git-lfs
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from werkzeug.wrappers import Response

from mesa_transports.local.blobs import Blobs
from mesa_transports.local.bodies.lfs import LfsObject
from mesa_transports.local.call import Call
from mesa_transports.local.fields import Fields
from mesa_transports.local.handlers.lfs import blobs_of, signed_size, signed_url
from mesa_transports.local.refusals import BadRequest, Conflict, NotFound, PayloadTooLarge, Refusal, Unauthorized
from mesa_transports.local.signatures import EXPIRES_IN
from mesa_transports.local.smart_http.access import CHALLENGE, identify, let_in

__all__ = ["batch", "lfs_refusal", "locks", "verify"]

_MEDIA_TYPE: Final = "application/vnd.git-lfs+json"
_SCOPES: Final = {"upload": "git:write", "download": "git:read"}
_VERIFY: Final = "VERIFY"
_MOST_OBJECTS: Final = 1000
_UNPROCESSABLE: Final = 422


def batch(call: Call) -> Response:
    """Tell for each object what to do to move it: nothing for one that is there already, or an error of its own."""
    caller = identify(call)
    operation = call.body.choice("operation", tuple(_SCOPES))
    let_in(call, caller, _SCOPES[operation])
    if call.body.has("hash_algo") and call.body.text("hash_algo") != "sha256":
        raise Conflict("hash_algo: expected sha256, got another")
    objects = call.body.objects("objects")
    if len(objects) > _MOST_OBJECTS:
        raise PayloadTooLarge(f"objects: expected at most {_MOST_OBJECTS}, got {len(objects)}")
    blobs = blobs_of(call)
    answers = [_answer(call, blobs, operation, item) for item in objects]
    return _response({"transfer": "basic", "objects": answers, "hash_algo": "sha256"})


def _answer(call: Call, blobs: Blobs, operation: str, asked: Fields) -> dict[str, Any]:
    named = {"oid": asked.text("oid"), "size": asked.integer("size", -1)}
    try:
        item = LfsObject.read(asked)
        there = _is_there(blobs, item)
    except BadRequest as refusal:
        return named | {"error": {"code": _UNPROCESSABLE, "message": refusal.message}}
    if operation == "upload":
        return named | ({} if there else _actions(upload=_url(call, "PUT", item), verify=_verification(call, item)))
    if not there:
        return named | {"error": {"code": NotFound.status, "message": "Object not found"}}
    return named | _actions(download=_url(call, "GET", item))


def _is_there(blobs: Blobs, item: LfsObject) -> bool:
    size = blobs.size(item.oid)
    if size not in {None, item.size}:
        raise BadRequest(f"size: expected {size}, which is what the object has, got {item.size}")
    return size is not None


def _actions(**urls: str) -> dict[str, Any]:
    actions = {name: {"href": url, "expires_in": EXPIRES_IN} for name, url in urls.items()}
    # The URLs are signed, so the key stays out of what follows.
    return {"authenticated": True, "actions": actions}


def _url(call: Call, method: str, item: LfsObject) -> str:
    return signed_url(call, method, item.oid, item.size)


def _verification(call: Call, item: LfsObject) -> str:
    query = call.services.signer.query(_VERIFY, call.repository.id, item.oid, item.size)
    return f"{call.request.host_url}{call.org}/{call.repository.name}.git/info/lfs/objects/{item.oid}/verify?{query}"


def verify(call: Call) -> Response:
    """Tell a client that has uploaded an object whether it is there, by the signed URL that it was given."""
    size = signed_size(call.services, _VERIFY, call.parameters, call.query)
    item = LfsObject(call.parameters["oid"], size)
    if LfsObject.read(call.body) != item:
        raise BadRequest("body: expected the oid and the size that the URL is for, got others")
    if not _is_there(blobs_of(call), item):
        raise NotFound("Object not found")
    return _response({})


def locks(call: Call) -> Response:  # noqa: ARG001 -- a handler's argument
    """Say that there are no locks; git-lfs then does without, and asks no more."""
    return _response({"message": "this Depot keeps no locks of files"}, 501)


def lfs_refusal(refusal: Refusal) -> Response:
    """Return a refusal as git-lfs reads it."""
    status = _UNPROCESSABLE if isinstance(refusal, BadRequest) else refusal.status
    response = _response({"message": refusal.message}, status)
    response.headers.extend(refusal.headers)
    if isinstance(refusal, Unauthorized):
        response.headers["LFS-Authenticate"] = CHALLENGE
    return response


def _response(payload: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(payload), status, content_type=_MEDIA_TYPE)
