"""The command `convert`: from other tools' files to recordings, and from recordings to HAR, without secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import attrs

from mesa_core.errors import ConfigurationError
from mesa_transports.recorded.commands.operations import accepts_several, endpoint_of, path_of
from mesa_transports.recorded.commands.output import counted, note, say
from mesa_transports.recorded.commands.selection import of_the_api
from mesa_transports.recorded.errors import DamagedRecording
from mesa_transports.recorded.files import locked, resolved, write
from mesa_transports.recorded.foreign.har_writing import dump_har
from mesa_transports.recorded.foreign.sources import read
from mesa_transports.recorded.foreign.traffic import Exchange
from mesa_transports.recorded.format import dump, new_header, parse
from mesa_transports.recorded.interactions import Interaction, Recording
from mesa_transports.recorded.redaction import PLACEHOLDER, Redaction, Redactor
from mesa_transports.recorded.writer import put

__all__ = ["FORMATS", "convert"]

FORMATS: Final = (".json", ".har")
"""How the name of a file to be written ends: as a recording's does, or as a HAR's."""
_OTHERS: Final = "for no operation of the API (--all keeps them)"


def convert(source: Path, dest: Path, *, everything: bool, force: bool, redact: Sequence[Redaction] = ()) -> None:
    """Write what a file holds as another, without its secrets, and say what of it was left out.

    Args:
        source: A HAR, a cassette or a recording.
        dest: A HAR or a recording, as its name ends.
        everything: Whether to keep requests that are not the API's, too.
        force: Whether to replace a file that is there.
        redact: What else is secret.

    Raises:
        ConfigurationError: the source is damaged, or holds nothing to keep, or the file to write is there.
        OSError: it cannot be written.
    """
    traffic = read(source)
    taken = PLACEHOLDER.findall(source.read_text("utf-8", "replace"))
    found = _redacted(traffic.exchanges, Redactor(redact, taken=taken))
    kept = found if everything or traffic.is_ours else of_the_api(found)
    for reason, number in (traffic.left_out + Counter({_OTHERS: len(found) - len(kept)})).items():
        note(f"{source}: left out {counted(number, 'request')} {reason}")
    if not (kept or traffic.is_ours):
        raise ConfigurationError(f"{source}: expected requests to the API with their answers, found none")
    recording = _recording(kept if traffic.is_ours else list(map(_exactly, kept)))
    _check(recording, source)
    _write(dest, recording, force=force)
    say(f"{dest}: {counted(len(kept), 'interaction')} from {source}")


def _redacted(exchanges: Sequence[Exchange], redactor: Redactor) -> list[Interaction]:
    for each in exchanges:  # a secret may stand in a message before the one that tells it is secret
        redactor.request(each.request)
        redactor.response(each.response)
    return [
        Interaction(
            request=redactor.request(each.request),
            response=redactor.response(each.response),
            recorded_at=each.at,
        )
        for each in exchanges
    ]


def _exactly(interaction: Interaction) -> Interaction:
    """Ask as the SDK does for what was answered: with the slashes of a branch encoded, and for one media type.

    Others may leave that to the server. An error is the answer to any.
    """
    request = interaction.request
    endpoint = endpoint_of(interaction)
    if endpoint is None:
        return interaction
    parts, path, headers = urlsplit(request.url), path_of(request), request.headers.copy()
    url = request.url if path == parts.path else parts._replace(path=path).geturl()
    if accepts_several(headers.get("Accept", "")):
        headers["Accept"] = endpoint.decode.accept if interaction.response.status < HTTPStatus.BAD_REQUEST else "*/*"
    return attrs.evolve(interaction, request=attrs.evolve(request, url=url, headers=headers))


def _recording(interactions: Sequence[Interaction]) -> Recording:
    begun = min((each.recorded_at for each in interactions if each.recorded_at), default=datetime.now(UTC))
    return Recording(header=new_header(begun), interactions=tuple(interactions))


def _check(recording: Recording, source: Path) -> None:
    """Refuse what could be written, but not read again: other tools are less strict about a URL or a method."""
    try:
        parse(dump(recording), source)
    except DamagedRecording as error:
        raise ConfigurationError(
            f"{source}: this makes no recording: {error.message.removeprefix(f'{source}: ')}"
        ) from error


def _write(dest: Path, recording: Recording, *, force: bool) -> None:
    with locked(dest.absolute()):
        if dest.exists() and not force:
            raise ConfigurationError(f"{dest}: there is a file already; --force replaces it")
        if dest.suffix == ".har":
            write(dest, dump_har(recording))
        else:
            put(resolved(dest), recording)  # beside which are the large bodies, and not beside a link to it
