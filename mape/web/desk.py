"""What a person does to an app from the page: push, follow, start, stop, change what is known."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.codecs import JSON, Frame, Header
from mape.element import Element
from mape.errors import CodecError, ConflictError, DecodeError, MapeError, StateError
from mape.flow.cause import cause_text
from mape.flow.graph import listeners_first
from mape.flow.ledger import Ledger
from mape.item import Passing
from mape.remote.rest.answer import Answer, json, refusal
from mape.remote.rest.intake import Intakes, reason_of
from mape.remote.rest.request import Request
from mape.remote.rest.view import Place
from mape.web.address import element_at, elements_at
from mape.web.hub import Hub
from mape.web.knowledge import change, show
from mape.web.tree import clean

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Desk", "refused"]

CLIENT: Final = b"x-mape-client"
CAUSE: Final = re.compile(r"[0-9a-f]{16}")


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    value: Any
    if_value: Any = msgspec.UNSET


class Desk:
    """Handles requests that do something, or follow what is done.

    Args:
        intakes: Make items of bodies.
    """

    def __init__(self, app: App, hub: Hub, intakes: Intakes) -> None:
        self._app, self._hub, self._intakes = app, hub, intakes
        self._source, self._sequence = secrets.token_hex(8), 0

    async def push(self, request: Request, body: bytes) -> Answer:
        """Give an element one item; follow it, if a client asks to."""
        element = element_at(self._app, request.query["path"])
        if element.is_removed:
            return refusal(409, "the element was removed")
        place = Place(element.path, element.port_in, element.port_out, element)
        receiver = self._intakes.receiver(place, "in", JSON)
        try:
            frame = receiver.read(body)
        except DecodeError as error:
            return refusal(422, f"the item cannot be read: {reason_of(error)}")
        if len(frame.values) != 1 or isinstance(frame.values[0], Passing):
            return refusal(422, "send one item")
        if isinstance(frame.values[0], DecodeError):
            return refusal(422, f"the item does not fit: {reason_of(frame.values[0])}")
        cause = self._app.causes.new()
        client = request.header(CLIENT).decode("latin-1")
        if client in self._hub.clients:
            try:
                self._hub.tracer.begin(cause, client, element)
            except StateError as error:
                return refusal(409, str(error))
            if self._hub.peers is not None:
                await self._hub.peers.follow(cause)
        return json(self._give(element, receiver, frame.values, cause))

    def _give(self, element: Element[Any, Any], receiver: Any, values: list[Any], cause: int) -> dict[str, Any]:
        before, failed = Ledger.read_counts(element).dropped, self._hub.journal.number
        header = Header(self._source, 0, self._sequence, [cause])
        self._sequence += 1
        intake = receiver.hand_over(Frame(header, values))
        after = Ledger.read_counts(element).dropped
        dropped = {reason: lost for reason, count in after.items() if (lost := count - before.get(reason, 0))}
        text = cause_text(cause)
        errors = [
            each.text for each in self._hub.journal.since(failed) if each.cause == text and each.kind == "failure"
        ]
        self._hub.journal.add("pushed", element.path, "an item was pushed from the live page", text)
        return {
            "cause": text,
            "accepted": intake.accepted,
            "dropped": dropped,
            "error": errors[0] if errors else None,
        }

    async def follow(self, request: Request) -> Answer:
        """Follow the next item of an element, or what has a causal id."""
        client = request.header(CLIENT).decode("latin-1")
        if client not in self._hub.clients:
            return refusal(404, "the stream of that client has ended: open it anew")
        try:
            if request.query["cause"]:
                cause = _cause(request.query["cause"])
                if cause is None:
                    return refusal(422, "a causal id is 16 hexadecimal digits")
                self._hub.tracer.begin(cause, client)
                return json({"waits": 0}, 202)
            element = element_at(self._app, request.query["path"])
            return json({"waits": self._hub.tracer.wait(element, client)}, 202)
        except StateError as error:
            return refusal(409, str(error))

    def trace(self, request: Request) -> Answer:
        """Show a trace as far as it has come."""
        cause = _cause(request.query["cause"])
        found = self._hub.tracer.find(cause) if cause is not None else None
        return json(found) if found is not None else refusal(404, "no item of that causal id was followed lately")

    def start(self, request: Request) -> Answer:
        """Start an element, or those of a loop, listeners first."""
        elements = [each for each in self._ranked(request) if not each.is_running]
        try:
            for element in elements:
                element.start()
        except StateError as error:
            return refusal(409, str(error))
        return json({"state": "running", "started": [each.path for each in elements]})

    def stop(self, request: Request) -> Answer:
        """Stop an element, or those of a loop, speakers first."""
        elements = [each for each in reversed(self._ranked(request)) if each.is_running]
        for element in elements:
            element.stop()
        return json({"state": "stopped", "stopped": [each.path for each in elements]})

    def _ranked(self, request: Request) -> list[Element[Any, Any]]:
        return listeners_first(elements_at(self._app, request.query["path"]))

    def knowledge(self, _: Request) -> Answer:
        """Show what is known in this process."""
        return json({"scopes": show(self._app)})

    def know(self, request: Request, body: bytes) -> Answer:
        """Change a value that is known in this process."""
        try:
            wanted = msgspec.json.decode(body, type=_Change)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return refusal(422, "send an object with the value, and with if_value what it was")
        scope, key = request.query["scope"], request.query["key"]
        expected = () if wanted.if_value is msgspec.UNSET else (wanted.if_value,)
        try:
            value = change(self._app, scope, key, wanted.value, expected)
        except MapeError as error:
            return refused(error)
        self._hub.journal.add("changed", scope, "something known was changed from the live page")
        return json({"value": value})


def _cause(text: str) -> int | None:
    """Read a causal id; None if it is none."""
    return int(text, 16) if CAUSE.fullmatch(text) else None


def refused(error: MapeError) -> Answer:
    """Return the answer for what kept a change of knowledge from being made."""
    if isinstance(error, LookupError):
        return refusal(404, str(error))
    if isinstance(error, ConflictError | StateError):
        return refusal(409, str(error))
    if isinstance(error, CodecError):
        return refusal(422, reason_of(str(error)))
    return refusal(503, f"the store does not do it: {clean(str(error))[:200]}")
