"""A caller of a served Depot that adds nothing to what it sends, such as retries, and hides nothing."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

__all__ = ["Remote"]


class Remote:
    """Calls a served Depot with one key."""

    def __init__(self, url, key="key"):
        self.url = url
        self.key = key

    def __call__(self, method, path, body=None):
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
