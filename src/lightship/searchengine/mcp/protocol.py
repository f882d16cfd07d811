"""JSON-RPC 2.0 as the Model Context Protocol uses it over HTTP, without sessions and streams.

https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http. A version since 2026-07-28
comes with each request, in `_meta` and in headers; older ones are agreed on by `initialize`, and then come in a header.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal

import msgspec
from starlette.datastructures import Headers

from lightship.core.errors import InvalidInputError

MODERN = ("2026-07-28",)
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26")
VERSIONS = MODERN + LEGACY
WITHOUT_HEADER = LEGACY[-1]  # the header came with the version after it

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
_STATUS = {METHOD_NOT_FOUND: 404}  # of other errors it is 400

_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
_ENCODED = "=?base64?", "?="  # what stands around a value of a header that is not plain ASCII


class Message(msgspec.Struct, frozen=True):
    """A request, or a notification, which has no `id`."""

    jsonrpc: Literal["2.0"]
    method: str
    id: int | str | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, Any] | None = None

    @property
    def meta(self) -> dict[str, Any]:
        """What the request says about itself."""
        meta = (self.params or {}).get("_meta")
        return meta if isinstance(meta, dict) else {}


class ProtocolError(InvalidInputError):
    """A request that can't be answered: `code` is that of JSON-RPC."""

    def __init__(self, message: str, code: int = INVALID_PARAMS, data: Any = None) -> None:
        """Keep what the answer says besides the message."""
        super().__init__(message)
        self.code, self.data = code, data

    def status(self, version: str) -> int:
        """Return the HTTP status: in LEGACY versions, HTTP succeeds once a request has proved to be well-formed."""
        return 200 if version in LEGACY else _STATUS.get(self.code, 400)

    def answer(self, message: Message | None) -> dict[str, Any]:
        """Return the answer to `message`, or to a body that is none."""
        error = {"code": self.code, "message": str(self)} | ({} if self.data is None else {"data": self.data})
        known = message is not None and message.id is not msgspec.UNSET
        return {"jsonrpc": "2.0", "id": message.id if message and known else None, "error": error}


_decoder = msgspec.json.Decoder(Message)


def read_message(body: bytes) -> Message:
    """Return the request or notification in `body`; raises ProtocolError."""
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise ProtocolError(
            code=INVALID_REQUEST,
            message=f"not a JSON-RPC 2.0 request: {error}; send one request as an object, and no batches",
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(code=PARSE_ERROR, message=f"the body is not JSON: {error}") from error


def version_of(message: Message, headers: Headers) -> str:
    """Return the version of `message`, one of VERSIONS; raises ProtocolError if its headers contradict it."""
    told, shown = message.meta.get(_VERSION_KEY), _header(headers, "mcp-protocol-version")
    if told is None:
        if message.method == "initialize":
            return LEGACY[0]
        if (shown or WITHOUT_HEADER) not in MODERN or message.id is msgspec.UNSET:
            return _supported(shown or WITHOUT_HEADER)
    missing = [key for key in (_VERSION_KEY, _CAPABILITIES_KEY) if key not in message.meta]
    if missing:
        raise ProtocolError(code=INVALID_PARAMS, message=f"params._meta lacks {' and '.join(missing)}")
    if told != shown:
        raise _mismatch("MCP-Protocol-Version", f"params._meta[{_VERSION_KEY!r}]")
    version = _supported(shown)
    if version in MODERN:
        _check_mirrored(message, headers)
    return version


def _check_mirrored(message: Message, headers: Headers) -> None:
    """Raise ProtocolError unless the headers that mirror parts of the body are equal to them."""
    if _header(headers, "mcp-method") != message.method:
        raise _mismatch("Mcp-Method", "method")
    name = (message.params or {}).get("name")
    if message.method == "tools/call" and name is not None and _decoded(_header(headers, "mcp-name")) != name:
        raise _mismatch("Mcp-Name", "params.name")


def _supported(version: str) -> str:
    if version in VERSIONS:
        return version
    raise ProtocolError(
        code=UNSUPPORTED_VERSION,
        message=f"unsupported protocol version; use one of {', '.join(VERSIONS)}",
        data={"supported": list(VERSIONS), "requested": version[:80]},
    )


def _header(headers: Headers, name: str) -> str:
    values = headers.getlist(name)
    if len(values) > 1:
        raise ProtocolError(
            code=HEADER_MISMATCH, message=f"the header {name} is there {len(values)} times; send it once"
        )
    return values[0] if values else ""


def _decoded(value: str) -> str | None:
    start, end = _ENCODED
    if not (value.startswith(start) and value.endswith(end)):
        return value
    try:
        return base64.b64decode(value[len(start) : -len(end)], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _mismatch(header: str, place: str) -> ProtocolError:
    return ProtocolError(
        code=HEADER_MISMATCH, message=f"the header {header} is missing, or differs from {place} of the body"
    )
