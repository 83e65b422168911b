"""One call as a handler sees it: its parameters, query and body, and the repository it is about."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pygit2
from werkzeug.wrappers import Request, Response

from mesa_transports.local.fields import Fields, parsed_object
from mesa_transports.local.git.repository import open_repository
from mesa_transports.local.query import Query
from mesa_transports.local.refusals import BadRequest, PayloadTooLarge
from mesa_transports.local.repositories import Repository
from mesa_transports.local.services import Services

__all__ = ["Call", "json_response", "success"]


class Call:
    """A request that was routed and let in; `root` is the URL that the API is mounted at."""

    def __init__(self, services: Services, request: Request, root: str, parameters: Mapping[str, str]) -> None:
        self.services = services
        self.request = request
        self.root = root
        self.parameters = parameters

    @property
    def org(self) -> str:
        """The organization named in the path."""
        return self.parameters["org"]

    @cached_property
    def repository(self) -> Repository:
        """The repository named in the path; NotFound when there is none."""
        return self.services.repositories.find(self.org, self.parameters["repo"])

    @cached_property
    def query(self) -> Query:
        """The query parameters."""
        return Query(self.request.query_string)

    @cached_property
    def body(self) -> Fields:
        """The JSON body; an empty one reads as an empty object."""
        limit = self.services.max_body_bytes
        if (self.request.content_length or 0) > limit:
            raise PayloadTooLarge(f"body: expected at most {limit} bytes, got {self.request.content_length}")
        content = self.request.stream.read(limit + 1)
        if len(content) > limit:
            raise PayloadTooLarge(f"body: expected at most {limit} bytes, got more")
        if content and self.request.mimetype and not self.request.is_json:
            raise BadRequest(f"body: expected application/json, got {self.request.mimetype[:60]}")
        return parsed_object(content)

    def open(self) -> pygit2.Repository:
        """Open the git repository to read from it."""
        return open_repository(self.services.repositories.path(self.repository))

    @contextmanager
    def writing(self) -> Generator[pygit2.Repository]:
        """Open the git repository and hold its lock, so that writers take turns."""
        with self.services.repositories.lock(self.repository):
            git = self.open()
            with self.services.webhooks.told(self.repository, git, self.root):
                yield git

    def prefers(self, media_type: str, other: str) -> bool:
        """Tell whether the Accept header ranks `media_type` above `other`; no header does not."""
        accepted = self.request.accept_mimetypes
        return bool(accepted) and accepted[media_type] > accepted[other]

    def accepts(self, media_type: str) -> bool:
        """Tell whether the Accept header lets a media type through; no header lets all."""
        accepted = self.request.accept_mimetypes
        return not accepted or accepted[media_type] > 0


def json_response(payload: Mapping[str, Any], status: int = 200) -> Response:
    """Return JSON as a response."""
    return Response(json.dumps(payload, ensure_ascii=False), status, content_type="application/json")


def success() -> Response:
    """Return the contract's answer of an operation that has nothing else to say."""
    return json_response({"success": True})
