"""The AsyncAPI document: made of the app's sinks, sources and annotations, each time it is asked for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mape.asyncapi.address import Keys, server_of, template
from mape.asyncapi.way import Way, ways
from mape.flow.services import Channel
from mape.remote.rest.schema import schemas

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["VERSION", "document"]

VERSION = "3.0.0"
"""Of AsyncAPI, see https://www.asyncapi.com/docs/reference/specification/v3.0.0."""
TEXT = (
    "The ways that items take in and out of one process. Between mape processes items travel in frames, which carry "
    "their types, numbers and causal ids; the schemas are those of the items. Plain JSON is taken from anyone."
)
SECURITY, SOCKET = "token", "socket"
"""What parts of the document are called."""
PLAIN = ("application/msgpack", "application/octet-stream")
"""Content types that are not JSON."""


def document(app: App, *, version: str, here: str, with_token: bool = False) -> dict[str, Any]:
    """Describe the channels of an app.

    Args:
        version: Of mape.
        here: Host and port of the app's own REST server.
        with_token: Whether that needs a token.
    """
    return _Writer(app, here, with_token=with_token).write(version)


class _Writer:
    """Writes one document.

    Args:
        app, here, with_token: As of `document`.
    """

    def __init__(self, app: App, here: str, *, with_token: bool) -> None:
        self._ways = list(ways(app))
        self._here, self._with_token = here, with_token
        self._servers: dict[str, dict[str, Any]] = {}
        self._server_keys: dict[tuple[str, str], str] = {}
        self._channels: dict[str, dict[str, Any]] = {}
        self._channel_keys: dict[tuple[str, ...], str] = {}
        self._operations: dict[str, dict[str, Any]] = {}
        self._written: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._messages: dict[str, dict[str, Any]] = {}
        self._message_keys: dict[str, str] = {}
        self._keys = {name: Keys() for name in ("servers", "channels", "operations", "messages")}

    def write(self, version: str) -> dict[str, Any]:
        """Return the document."""
        kinds = [kind for way in self._ways for kind in way.kinds]
        found, components = schemas([Any if kind is None else kind for kind in kinds])
        payloads = iter(found)
        for way in self._ways:
            self._add(way, [next(payloads) for _ in way.kinds])
        bindings = {SOCKET: {"ws": {"method": "GET", "query": _QUERY, "bindingVersion": "0.1.0"}}}
        parts: dict[str, Any] = {"messages": self._messages, "schemas": components, "channelBindings": bindings}
        if self._with_token:
            parts["securitySchemes"] = {SECURITY: {"type": "http", "scheme": "bearer"}}
        return {
            "asyncapi": VERSION,
            "info": {"title": "mape", "version": version, "description": TEXT},
            "defaultContentType": "application/json",
            "servers": self._servers,
            "channels": self._channels,
            "operations": self._operations,
            "components": parts,
        }

    def _add(self, way: Way, payloads: list[dict[str, Any]]) -> None:
        channel = way.channel
        key = self._channel(channel)
        messages = self._channels[key]["messages"]
        names = [self._message(payload, channel.content_type) for payload in payloads]
        names = list(dict.fromkeys(names))
        for name in names:
            messages[name] = {"$ref": f"#/components/messages/{name}"}
        action = "send" if channel.sends else "receive"
        operation: dict[str, Any] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{key}"},
            "summary": way.text,
            "messages": [{"$ref": f"#/channels/{key}/messages/{name}"} for name in names],
        }
        if way.doc:
            operation["description"] = way.doc
        if channel.protocol == "http":
            operation["bindings"] = {"http": {"method": "POST", "bindingVersion": "0.3.0"}}
        if operation not in self._written[key]:  # as those of all partitions of a stream
            self._written[key].append(operation)
            self._operations[self._keys["operations"].of(action, key)] = operation

    def _channel(self, channel: Channel) -> str:
        """Return the key of a channel, which is written when it is first met."""
        is_ours = channel.form == "element" and not channel.server
        protocols = ("http", "ws") if is_ours else (channel.protocol,)
        servers = [self._server(protocol, channel.server) for protocol in protocols]
        identity = (channel.form, channel.address, *servers)
        key = self._channel_keys.get(identity)
        if key is None:
            key = self._channel_keys[identity] = self._keys["channels"].of(channel.address)
            self._channels[key] = _described(channel, servers)
        extras = {name: value for name, value in channel.options.items() if name != "port"}
        self._channels[key].get("x-mape", {}).update(extras)
        return key

    def _server(self, protocol: str, address: str) -> str:
        """Return the key of a server, as `_channel`."""
        identity = (protocol, address)
        if identity not in self._server_keys:
            is_ours = not address and protocol in {"http", "ws"}
            key = self._keys["servers"].of(
                protocol if is_ours else "", "this_process" if is_ours else address or protocol
            )
            server = server_of(protocol, self._here if is_ours else address)
            if is_ours:
                server["description"] = "The app's own REST server."
                if self._with_token:
                    server["security"] = [{"$ref": f"#/components/securitySchemes/{SECURITY}"}]
            self._server_keys[identity], self._servers[key] = key, server
        return self._server_keys[identity]

    def _message(self, payload: dict[str, Any], content_type: str) -> str:
        """Return the key of a message with this payload, as `_channel`."""
        kind = content_type if content_type in PLAIN else ""
        identity = f"{payload!r} {kind}"
        if identity not in self._message_keys:
            reference = str(payload.get("$ref", ""))
            title = reference.rpartition("/")[2] or str(payload.get("title") or payload.get("type") or "anything")
            key = self._message_keys[identity] = self._keys["messages"].of(title)
            message: dict[str, Any] = {"name": key, "title": title, "payload": payload}
            if kind:
                message["contentType"] = kind
            self._messages[key] = message
        return self._message_keys[identity]


def _described(channel: Channel, servers: list[str]) -> dict[str, Any]:
    address: str | None = channel.address
    parameters: dict[str, Any] = {}
    if channel.form == "pattern":
        address, parameters = template(channel.address)
    elif "{" in channel.address or "}" in channel.address:
        address = None  # it would read as a template
    found: dict[str, Any] = {
        "address": address,
        "title": channel.address,
        "servers": [{"$ref": f"#/servers/{key}"} for key in servers],
        "messages": {},
        "x-mape": {"form": channel.form},
    }
    if parameters:
        found["parameters"] = parameters
    if channel.form == "element" and (channel.protocol == "ws" or not channel.server):
        found["bindings"] = {"$ref": f"#/components/channelBindings/{SOCKET}"}
    return found


_QUERY = {
    "type": "object",
    "properties": {
        "take": {"type": "string", "enum": ["in", "out", "none"]},
        "give": {"type": "string", "enum": ["none", "out", "in"]},
        "codec": {"type": "string", "enum": ["json", "msgpack"]},
    },
}
"""What stands in the query of a WebSocket at an element's path."""
