"""The subscriptions of a process: each name and pattern once at the server, however many listen to it here.

A server pays for every pattern of every client on each message, so a process that has a hundred listeners to ``car_*``
asks for it once. The hub reads its connection all the time, whatever the listeners do: a client that does not read is
cut off by the server. redis-py's own subscriptions notice no silent network, and do not come back reliably from a
broken one; so this connection asks for an answer each second, takes three seconds of silence for a fault
(``redis.silence``), and subscribes again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from redis.exceptions import AskError, MovedError, RedisError, ResponseError

from mape.errors import ConnectError, MapeError, PeerError
from mape.flow.services import Stage
from mape.remote.backoff import Backoff
from mape.remote.redis.address import Kind
from mape.remote.redis.backlog import Waiting
from mape.remote.redis.line import hang_up, wire_of
from mape.remote.redis.pattern import Directory, Topic

if TYPE_CHECKING:
    from mape.application import App
    from mape.remote.redis.connection import RedisConnection

__all__ = ["Hub", "Listener", "hub_of"]

WAITED = 0.0005
"""What takes longer than this was a wait for the server [s]."""
PINGS = 3
"""After how many pings without any answer the connection counts as dead; they take ``redis.silence``."""
SLICE = 0.005
"""How long messages are dealt with before others have their turn [s]."""
CONFIRMATIONS = {b"subscribe", b"psubscribe", b"ssubscribe", b"sunsubscribe"}
GIVEN = "given"
"""How `connection_of` names the address of a client that a person gave."""


class Listener(Protocol):
    """Who hears of messages."""

    def hear(self, message: Waiting, *, later: bool = False) -> None:
        """Take a message; never waits, never raises. `later` asks to deal with it when the connection is read."""

    def settled(self) -> None:
        """Hear that the server has confirmed the subscription; each time anew."""

    def refused(self, error: MapeError) -> None:
        """Hear that the server does not allow the subscription."""

    def lost(self) -> None:
        """Hear that the connection is gone; what is published until `settled` is lost."""


class Hub:
    """A service of the app; get it by `hub_of`.

    Args:
        app: Hears of what happens.
        connection: To which server.
        key: In a cluster, the one sharded channel that it is for; None is for all others.
    """

    stage = Stage.CONNECTION

    def __init__(self, app: App, connection: RedisConnection, key: bytes | None = None) -> None:
        self.path = f"{connection.path} subscribe"
        self.directory: Directory[Listener] = Directory()
        self.messages = 0
        """How many came from the server."""
        self._app, self._connection, self._key = app, connection, key
        self._has_network = connection.address.kind is not Kind.MEMORY or connection.address.name == GIVEN
        self._at_server: dict[Topic, bool] = {}
        """What the server was asked for, and whether it has confirmed."""
        self._asked: deque[Topic] = deque()  # bound: the topics of the directory
        self._refused: dict[Topic, None] = {}
        self._change = asyncio.Event()
        self._silence: float = app.settings.redis.silence
        self._ping_every = self._silence / PINGS
        self._unanswered = 0
        self._is_up: bool | None = None
        self._is_cut = False
        self._down = connection.on_down(self._cut)
        self._task: asyncio.Task[None] | None = None

    def add(self, listener: Listener, topics: Iterable[Topic]) -> None:
        """Have `listener` hear of what is published to these topics."""
        wanted = tuple(topics)
        self.directory.add(listener, wanted)
        self._change.set()
        if all(self._at_server.get(topic) for topic in wanted):
            listener.settled()

    def remove(self, listener: Listener) -> None:
        """Let it hear of nothing any more."""
        self.directory.remove(listener)
        self._change.set()

    # -- the service -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Begin; it connects when somebody listens."""
        change, self._change = self._change, asyncio.Event()
        if change.is_set():
            self._change.set()
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self.path)

    async def drain(self) -> None:
        """Nothing waits here."""

    async def close(self) -> None:
        """Close the connection."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        backoff = Backoff(most=0.5, rng=self._app.rng)
        while True:
            await self._wanted()
            await self._connection.wait_up()  # no deadline: it is looked for without end
            try:
                await self._live(backoff)
            except (RedisError, OSError, TimeoutError, MapeError) as error:
                self._fell(str(error) or type(error).__name__)
            except Exception as error:  # the wall around the hub's task: it begins anew
                self._fell(repr(error))
                self._app.report(self.path, None, error)
            else:
                continue
            await asyncio.sleep(next(backoff))

    def _cut(self) -> None:
        self._is_cut = True
        self._change.set()

    async def _wanted(self) -> None:
        while not self.directory:
            self._change.clear()
            await self._change.wait()

    async def _live(self, backoff: Backoff) -> None:
        """Connect, subscribe and read, until nobody listens or something breaks."""
        client = self._connection.dedicated(self._key)
        self._unanswered, self._is_cut = 0, False
        wire, tasks = None, list[asyncio.Task[None]]()
        try:
            wire = await wire_of(client)
            tasks = [asyncio.ensure_future(self._read(wire, backoff)), asyncio.ensure_future(self._beat(wire))]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._at_server.clear()
            self._asked.clear()
            self._refused.clear()
            await hang_up(client, wire)

    # -- asking ----------------------------------------------------------------------------------------------------

    async def _beat(self, wire: Any) -> None:
        """Keep what the server is asked for as the listeners want it, and see that it answers."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._ping_every
        while True:
            self._change.clear()
            if self._is_cut:
                raise ConnectError("the server is gone")
            async with asyncio.timeout(self._silence):
                await self._update(wire)
            if not self.directory:
                return
            try:
                async with asyncio.timeout_at(due if self._has_network else None):
                    await self._change.wait()
            except TimeoutError:
                await self._ping(wire)
                due = loop.time() + self._ping_every

    async def _ping(self, wire: Any) -> None:
        """Ask for an answer. Turns are counted, not seconds: an event loop that was blocked is no silent server."""
        self._unanswered += 1
        if self._unanswered > PINGS:
            raise TimeoutError(f"silent for {self._silence:g} s")
        async with asyncio.timeout(self._silence):
            await wire.send_command("PING", check_health=False)

    async def _update(self, wire: Any) -> None:
        commands = list(self._difference())
        if commands:
            await wire.send_packed_command(wire.pack_commands(commands), check_health=False)

    def _difference(self) -> Iterator[tuple[str, bytes]]:
        """Yield the commands that make what the server knows what is wanted; one each, so that a refusal has a name."""
        wanted = self.directory.topics
        for topic in wanted:
            if topic not in self._at_server and topic not in self._refused:
                self._at_server[topic] = False
                self._asked.append(topic)
                yield self._command("SUBSCRIBE", topic), topic.name
        for topic in [topic for topic in self._at_server if topic not in wanted]:
            del self._at_server[topic]
            yield self._command("UNSUBSCRIBE", topic), topic.name

    def _command(self, command: str, topic: Topic) -> str:
        return ("P" if topic.is_glob else "" if self._key is None else "S") + command

    # -- reading ---------------------------------------------------------------------------------------------------

    async def _read(self, wire: Any, backoff: Backoff) -> None:
        """Read and hand on, without end.

        What there is time for is dealt with at once. When that takes longer than a few milliseconds it has to wait in
        the listeners' queues, so that reading comes first, and others have their turn.
        """
        read, time, find = wire.read_response, asyncio.get_running_loop().time, self.directory.find
        turn = time()
        while True:
            try:
                asked = time()
                reply = await read(disable_decoding=True, push_request=True)  # the deadline is in `_ping`
                now = time()
                if now - asked > WAITED:
                    turn = now
            except ResponseError as error:
                self._refuse(error)
                continue
            self._unanswered = 0
            kind = reply[0] if isinstance(reply, list) else None
            if kind == b"pmessage":
                _, pattern, channel, payload = reply
                message, topic = Waiting(payload, channel, pattern), Topic(pattern, is_glob=True)
            elif kind in {b"message", b"smessage"}:
                _, channel, payload = reply
                message, topic = Waiting(payload, channel, None), Topic(channel, is_glob=False)
            else:
                self._confirm(reply, backoff)
                continue
            self.messages += 1
            is_late = now - turn > SLICE
            for listener in find(topic, channel):
                listener.hear(message, later=is_late)
            if is_late:
                await asyncio.sleep(0)
                turn = time()

    def _confirm(self, reply: Any, backoff: Backoff) -> None:
        """Take what is no message: a confirmation, or the answer to a ping."""
        if not isinstance(reply, list) or reply[0] not in CONFIRMATIONS:
            return
        topic = Topic(reply[1], is_glob=reply[0] == b"psubscribe")
        if reply[0] == b"sunsubscribe":
            if topic in self._at_server:
                raise ConnectError("the Redis cluster has moved the channel to another node")
            return
        if self._asked and self._asked[0] == topic:
            self._asked.popleft()
        if topic in self._at_server:
            self._at_server[topic] = True
        if not self._asked:
            backoff.reset()
            self._settle()

    def _settle(self) -> None:
        if not self._is_up:
            self._is_up = True
            self._app.tell("connected", self.path, f"{len(self._at_server)} names and patterns are subscribed to")
        for listener in self.directory.listeners:
            listener.settled()

    def _refuse(self, error: ResponseError) -> None:
        """Take a refusal: it belongs to the oldest request, and what is allowed goes on."""
        if isinstance(error, MovedError | AskError):
            raise ConnectError("the Redis cluster has the channel on another node") from error
        if not self._asked:
            self._app.report(self.path, None, PeerError(f"Redis answers with an error: {error!s:.200}"))
            return
        topic = self._asked.popleft()
        self._at_server.pop(topic, None)
        self._refused[topic] = None
        name = topic.name.decode(errors="backslashreplace")
        refusal = PeerError(f"Redis does not allow to subscribe to {name!r:.100}: {error!s:.200}; see ACL SETUSER")
        for listener in self.directory.listening_to(topic):
            listener.refused(refusal)
        if not self._asked:
            self._settle()

    def _fell(self, text: str) -> None:
        self._connection.suspect()
        if self._is_up is not False:
            self._is_up = False
            self._app.tell("disconnected", self.path, f"{text}; what is published now is missed")
            for listener in self.directory.listeners:
                listener.lost()

    def figures(self) -> dict[str, float]:
        """Return all counts, for ``/metrics``."""
        topics, listeners = len(self.directory.topics), len(self.directory)
        return {"up": int(bool(self._is_up)), "messages": self.messages, "topics": topics, "listeners": listeners}

    def __repr__(self) -> str:
        return f"<Hub {self.path}, {len(self.directory.topics)} topics, {len(self.directory)} listeners>"


def hub_of(app: App, connection: RedisConnection, key: bytes | None = None) -> Hub:
    """Return the app's subscriptions at a server; in a cluster, the one to the sharded channel `key`."""
    sharded = "" if key is None else f" {key!r}"
    hub: Hub = app.services.shared(f"subscribe {id(connection)}{sharded}", lambda: Hub(app, connection, key))
    return hub
