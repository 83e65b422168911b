"""`git http-backend`, run as a CGI program: git itself speaks its protocol, and this carries the bytes.

Nothing that a caller says reaches the child's environment unchecked, and nothing that the host is configured with.
"""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Final, cast

from attrs import frozen
from werkzeug.datastructures import Headers

from mesa_transports.local.refusals import InternalServerError

__all__ = ["Backend", "Question"]

_CHUNK: Final = 1 << 16
_LONGEST_LINE: Final = 4096
_LONGEST_COMPLAINT: Final = 2000
_PROTOCOL: Final = re.compile(r"[a-z0-9=:]{1,100}", re.ASCII)
_CONFIGURATION: Final = (
    ("safe.directory", "*"),
    ("core.hooksPath", os.devnull),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("http.getanyfile", "false"),
    ("http.uploadpack", "true"),
    ("http.receivepack", "true"),
    ("uploadpack.allowFilter", "true"),
    ("receive.fsckObjects", "true"),
    ("receive.denyDeleteCurrent", "refuse"),
    # Branches and tags are what callers see and move; all else is the Depot's own.
    ("transfer.hideRefs", "refs/"),
    ("transfer.hideRefs", "!refs/heads/"),
    ("transfer.hideRefs", "!refs/tags/"),
)
"""What neither the repository's own configuration nor the host's may decide."""
_logger: Final = logging.getLogger("mesa.local")


@frozen
class Question:
    """What a git client asks of a repository."""

    repository: Path
    service: str
    """`git-upload-pack` or `git-receive-pack`."""
    protocol: str
    """The header Git-Protocol."""
    body: IO[bytes] | None = None
    """The request's body, a file; None asks which refs there are."""
    gzipped: bool = False
    hidden: Sequence[str] = ()
    """More refs that must not be moved."""


class Backend:
    """One run of git: `status` and `headers` are there at once, iterating gives the body, closing ends it.

    Raises:
        InternalServerError: git failed before it answered anything.
    """

    def __init__(self, question: Question) -> None:
        self._service = question.service
        with ExitStack() as stack:
            self._complaints = stack.enter_context(tempfile.TemporaryFile())
            self._process = _started(question, self._complaints)
            stack.callback(self._end)
            self._output = cast("io.BufferedReader", self._process.stdout)
            self.headers = self._read_headers()
            self.status = self.headers.pop("Status", "200 OK")
            self._first = self._output.read1(_CHUNK)
            self._require_answer()
            self.close = stack.pop_all().close

    def _read_headers(self) -> Headers:
        headers = Headers()
        while line := self._output.readline(_LONGEST_LINE).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers.add(name, value.strip())
        return headers

    def _require_answer(self) -> None:
        if self.status.startswith("5") or (not self._first and self.failed):
            self._log_complaints()
            raise InternalServerError("git failed; the Depot's log says how")

    def __iter__(self) -> Iterator[bytes]:
        chunk = self._first
        while chunk:
            yield chunk
            chunk = self._output.read1(_CHUNK)
        # Git's own protocol says where an answer ends, so a client sees when it breaks off.
        if self.failed:
            self._log_complaints()

    def _log_complaints(self) -> None:
        self._complaints.seek(0)
        complaints = self._complaints.read(_LONGEST_COMPLAINT).decode("utf-8", "replace").strip()
        _logger.warning("%s failed: %s", self._service, complaints)

    @property
    def failed(self) -> bool:
        """Whether git failed; waits until it has ended."""
        return self._process.wait() != 0

    def _end(self) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)  # what it started too
        self._output.close()
        self._process.wait()


def _started(question: Question, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    body = question.body
    if body is not None:
        body.flush()
        os.lseek(body.fileno(), 0, os.SEEK_SET)
    return subprocess.Popen(
        ("git", "http-backend"),  # noqa: S607 -- from where the host's PATH says
        env=_environment(question), stdin=subprocess.DEVNULL if body is None else body,
        stdout=subprocess.PIPE, stderr=complaints, start_new_session=True,
    )  # fmt: skip


def _environment(question: Question) -> dict[str, str]:
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **_request(question),
        **_configuration([*_CONFIGURATION, *(("transfer.hideRefs", name) for name in question.hidden)]),
    }
    if _PROTOCOL.fullmatch(question.protocol):
        environment["GIT_PROTOCOL"] = question.protocol
    return environment


def _request(question: Question) -> dict[str, str]:
    if question.body is None:
        return {
            "REQUEST_METHOD": "GET",
            "PATH_TRANSLATED": str(question.repository / "info" / "refs"),
            "QUERY_STRING": f"service={question.service}",
        }
    return {
        "REQUEST_METHOD": "POST",
        "PATH_TRANSLATED": str(question.repository / question.service),
        "CONTENT_TYPE": f"application/x-{question.service}-request",
        "CONTENT_LENGTH": str(os.fstat(question.body.fileno()).st_size),
        **({"HTTP_CONTENT_ENCODING": "gzip"} if question.gzipped else {}),
    }


def _configuration(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    environment = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (name, value) in enumerate(settings):
        environment |= {f"GIT_CONFIG_KEY_{index}": name, f"GIT_CONFIG_VALUE_{index}": value}
    return environment
