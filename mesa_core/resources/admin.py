"""API keys."""

from __future__ import annotations

from typing import Final

from mesa_core.converter import Json
from mesa_core.endpoints import Endpoint
from mesa_core.models.admin import ApiKeys, CreateApiKeyBody, CreatedApiKey
from mesa_core.models.common import Success
from mesa_core.operations import Operation, Resource, W_co, operation
from mesa_core.options import RequestOptions

__all__ = ["Admin"]

_CREATE_API_KEY: Final[Endpoint[CreatedApiKey]] = Endpoint(
    name="admin.create_api_key",
    method="POST",
    template="/{org}/api-keys",
    body=CreateApiKeyBody,
    decode=Json(CreatedApiKey),
)
_LIST_API_KEYS: Final[Endpoint[ApiKeys]] = Endpoint(
    name="admin.list_api_keys", method="GET", template="/{org}/api-keys", decode=Json(ApiKeys)
)
_REVOKE_API_KEY: Final[Endpoint[Success]] = Endpoint(
    name="admin.revoke_api_key", method="DELETE", template="/{org}/api-keys/{id}", decode=Json(Success)
)


class Admin(Resource[W_co]):
    """Create, list and revoke API keys; needs the scope `admin`."""

    __slots__ = ()

    @operation
    def create_api_key(
        self, *, org: str, body: CreateApiKeyBody, request_options: RequestOptions | None = None
    ) -> Operation[CreatedApiKey]:
        """Create an API key; `key` of the result is its secret, which is never returned again.

        `POST /{org}/api-keys`, scope `admin`.

        Args:
            org: The organization's name.
            body: `name` and `scopes`, both optional.
            request_options: Options for this call alone.

        Raises:
            BadRequest: there is no such scope.
            Forbidden: the client's own key lacks the scope `admin`.
        """
        return _CREATE_API_KEY(path={"org": org}, body=body, options=request_options)

    @operation
    def list_api_keys(self, *, org: str, request_options: RequestOptions | None = None) -> Operation[ApiKeys]:
        """List API keys, revoked ones too, without their secrets.

        `GET /{org}/api-keys`, scope `admin`.

        Args:
            org: The organization's name.
            request_options: Options for this call alone.

        Raises:
            Forbidden: the client's own key lacks the scope `admin`.
        """
        return _LIST_API_KEYS(path={"org": org}, options=request_options)

    @operation
    def revoke_api_key(self, *, org: str, id: str, request_options: RequestOptions | None = None) -> Operation[Success]:  # noqa: A002 - the contract's name
        """Revoke an API key; it stops working at once.

        `DELETE /{org}/api-keys/{id}`, scope `admin`.

        Args:
            org: The organization's name.
            id: The key's `id`, which its creation and `list_api_keys` tell.
            request_options: Options for this call alone.

        Raises:
            NotFound: there is no such key.
            Forbidden: the client's own key lacks the scope `admin`.
        """
        return _REVOKE_API_KEY(path={"org": org, "id": id}, options=request_options)
