"""The connection of a process to Redis: notices within seconds that the server is gone or silent, and finds it again.

TCP does not tell that a peer fell silent, and redis-py waits with it. So a connection asks every second, on a socket of
its own, and takes three seconds without an answer for a fault: then it breaks all its connections, so that whoever
waits on one hears of it, and tries again, at least once a second, until there is an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reactivex.disposable import Disposable
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import AuthenticationError, NoPermissionError

from mape.application import default_app
from mape.errors import ConfigError, ConnectError
from mape.flow.services import Stage
from mape.remote.backoff import Backoff
from mape.remote.redis.address import Address, Kind, parse_address
from mape.remote.redis.client import Client, Clients, clients_for, clients_of
from mape.remote.redis.embedded import STARTING, EmbeddedServer

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Client", "RedisConnection", "connection_of"]


PING_EVERY = 1.0
"""How often the server is asked for an answer [s]; three times in the silence that is taken for a fault, or more."""
PING_MEMORY_EVERY = 60.0
"""The same where there is no network, so that a day of virtual time has few of them [s]."""
GRACE = 0.25
"""More time for an answer that waits to be read, where the event loop itself was blocked [s]."""
OPENING = 1.0
"""How long the app waits, when it opens, for the outcome of the first try [s]."""
AT_LEAST = 0.02
"""The shortest time between two tries [s]."""
UNSET = (
    "redis.url is not set: set it in mape.yml, by MAPE_REDIS__URL, or give mape.init(redis_url=...); "
    "redis://host:6379 is a server, embedded is one of this process' own"
)


class RedisConnection:
    """Whether Redis is there, and the clients to use it; a service of the app. Get one by `connection_of`.

    Args:
        app: Hears of what happens, by ``app.events``.
        address: Where the server is.
        clients: Who makes the clients; by default, what fits the address.
        path: What the connection is called in events.
        ping_every: How often the server is asked [s].
        silence: After how long without an answer it counts as gone [s]; ``redis.silence`` by default.

    Delivery:
        Commands by `client` are tried once: they answer, or raise within seconds, and may have been done all the same.
    """

    stage = Stage.CONNECTION

    def __init__(
        self,
        app: App,
        address: Address,
        clients: Clients | None = None,
        *,
        path: str = "redis",
        ping_every: float | None = None,
        silence: float | None = None,
    ) -> None:
        self.address = address
        self.path = path
        self.restarts = 0
        """How often the server was reached again."""
        self.given: Any = None
        """The client that it was made from, if any; kept, so that nobody else gets its identity."""
        self._app = app
        self._server = EmbeddedServer(address.name) if address.kind is Kind.EMBEDDED else None
        self._clients = clients or clients_for(self._place())
        self._silence = silence or app.settings.redis.silence
        is_near = address.kind is Kind.MEMORY and clients is None
        self._ping_every = ping_every or (PING_MEMORY_EVERY if is_near else min(PING_EVERY, self._silence / 3))
        self._up = asyncio.Event()
        self._tried = asyncio.Event()
        self._doubt = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_down = True
        self._was_up = False
        self._error: BaseException | None = None
        self._on_up: list[Callable[[], None]] = []
        self._on_down: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def _place(self) -> Address:
        return Address(Kind.UNIX, path=str(self._server.socket)) if self._server else self.address

    # -- using it --------------------------------------------------------------------------------------------------

    @property
    def client(self) -> Any:
        """The client for commands, ``redis.asyncio.Redis`` or ``RedisCluster``; always the same one."""
        return self._clients.client

    @property
    def is_cluster(self) -> bool:
        """Whether keys live on several servers."""
        return isinstance(self.client, RedisCluster)

    def dedicated(self, key: str | bytes | None = None) -> Redis:
        """Make a client for reads that may wait for long: blocking commands, subscriptions. Close it with ``aclose()``.

        When the server is gone its connections are broken, so that whoever waits gets an error: then call `suspect`,
        wait for `wait_up`, and go on with a new one.

        Args:
            key: In a cluster, the client of the node that has this key or sharded channel; else of any primary.

        Raises:
            ConnectError: A cluster that has not been reached yet.
        """
        return self._clients.dedicated(key)

    @property
    def is_up(self) -> bool:
        """Whether the server answered the last time it was asked."""
        return self._up.is_set()

    async def wait_up(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the caller's words: within ... s
        """Wait until the server answers, for at most `timeout` [s]; None is without end.

        Raises:
            ConnectError: It did not answer in time; says why, as far as known.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._up.wait()
        except TimeoutError:
            why = f": {_text(self._error)}" if self._error else ""
            raise ConnectError(f"no Redis at {self.address} within {timeout:g} s{why}") from self._error

    def suspect(self) -> None:
        """Say that something went wrong: the server is asked at once, and is not `is_up` until it answers."""
        self._up.clear()
        self._doubt.set()

    def on_up(self, callback: Callable[[], None]) -> Disposable:
        """Call `callback` each time the server is there (again), and now if it is; what was subscribed there is gone.

        Returns:
            Its ``dispose()`` ends that.
        """
        self._on_up.append(callback)
        if not self._is_down:
            self._call([callback])
        return Disposable(lambda: _discard(self._on_up, callback))

    def on_down(self, callback: Callable[[], None]) -> Disposable:
        """Call `callback` each time the server was lost; its connections are broken by then."""
        self._on_down.append(callback)
        return Disposable(lambda: _discard(self._on_down, callback))

    # -- the service -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Begin to look for the server; wait for the outcome of the first try, not for success.

        Raises:
            ConfigError: The server refuses the credentials, or there is none to embed.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # the first time, others may wait already
            if self._loop is not None:
                self._up, self._tried, self._doubt = asyncio.Event(), asyncio.Event(), asyncio.Event()
            self._loop = loop
        for event in (self._up, self._tried, self._doubt):
            event.clear()
        self._task = loop.create_task(self._supervise(), name=self.path)
        with suppress(TimeoutError):
            async with asyncio.timeout(STARTING if self._server else OPENING):
                await self._tried.wait()
        if isinstance(self._error, AuthenticationError):
            refused = self._error
            await self.close()
            raise ConfigError(f"{self.address} refuses the credentials in redis.url: {_text(refused)}") from refused
        if isinstance(self._error, ConfigError):
            await self.close()
            raise self._error

    async def drain(self) -> None:
        """Nothing waits here."""

    async def close(self) -> None:
        """Break all connections; an embedded server of this process ends."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._up.clear()
        self._is_down = True
        await self._clients.hang_up()
        if self._server is not None:
            await self._server.close()

    # -- supervision -----------------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        backoff = Backoff(rng=self._app.rng)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._reach()
            except Exception as error:  # the wall around a try: whatever the network and redis-py come up with
                self._failed(error)
                await asyncio.sleep(max(next(backoff) - (loop.time() - began), AT_LEAST))
                continue
            backoff.reset()
            self._rise()
            await self._fall(await self._watch())

    async def _reach(self) -> None:
        """See that the server answers; an embedded one is started where there is none."""
        if self._server is not None and await self._server.ensure() and self._was_up:
            self._app.tell("restarted", self.path, f"{self.address}: a new server was started, with nothing in it")
        async with asyncio.timeout(self._clients.reaching):
            await self._ping()

    async def _ping(self) -> None:
        try:
            await self._clients.ping()  # the deadline is the caller's
        except NoPermissionError:  # an answer, too
            return

    async def _watch(self) -> BaseException:
        """Ask again and again; return why the server counts as gone."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._ping_every):
                    await self._doubt.wait()
            self._doubt.clear()
            if error := await self._answer():
                return error
            if not self._doubt.is_set():  # by somebody who saw an error after the question was asked
                self._up.set()

    async def _answer(self) -> BaseException | None:
        """Ask once; None is an answer in time."""
        ping = asyncio.ensure_future(self._ping())
        try:
            for seconds in (max(self._silence - self._ping_every, GRACE), GRACE):
                await asyncio.wait({ping}, timeout=seconds)
                if ping.done():
                    return ping.exception()
        finally:
            ping.cancel()
            await asyncio.gather(ping, return_exceptions=True)
        return TimeoutError(f"no answer for {self._silence:g} s")

    def _rise(self) -> None:
        self._tried.set()
        self._error = None
        self._is_down = False
        self._up.set()
        if self._was_up:
            self.restarts += 1
        self._app.tell("connected", self.path, f"{self.address} {'is back' if self._was_up else 'is there'}")
        self._was_up = True
        self._call(self._on_up)

    async def _fall(self, error: BaseException) -> None:
        self._up.clear()
        self._is_down = True
        self._error = error
        self._app.tell("disconnected", self.path, f"{self.address} is gone: {_text(error)}; looking for it")
        await self._clients.hang_up()
        self._call(self._on_down)

    def _failed(self, error: Exception) -> None:
        if self._error is None:
            self._app.tell("disconnected", self.path, f"{self.address} cannot be reached: {_text(error)}; trying on")
        self._error = error
        self._tried.set()

    def _call(self, callbacks: list[Callable[[], None]]) -> None:
        for callback in tuple(callbacks):
            try:
                callback()
            except Exception as error:  # the wall around a listener
                self._app.report(self.path, None, error)

    def figures(self) -> dict[str, float]:
        """Return all counts, for ``/metrics``."""
        return {"up": int(self.is_up), "restarts": self.restarts}

    def __repr__(self) -> str:
        return f"<RedisConnection {self.address}, {'up' if self.is_up else 'down'}>"


def connection_of(app: App | None = None, redis: str | Client | None = None) -> RedisConnection:
    """Return the app's connection to `redis`, the same one for the same `redis`; it opens and closes with the app.

    Args:
        app: By default the default app.
        redis: A URL; or a client of ``redis.asyncio``, whose server and credentials are taken, while it stays the
            caller's to use and to close; None is ``redis.url``.

    Raises:
        ConfigError: There is no URL, or a malformed one; names where it was set.
    """
    host = app or default_app()
    if redis is not None and not isinstance(redis, str):
        given = _shared(host, f"redis client {id(redis)}", Address(Kind.GIVEN), lambda: clients_of(redis))
        given.given = redis
        return given
    configured = host.settings.redis.url
    url = redis or configured
    if not url:
        raise ConfigError(UNSET)
    address = parse_address(url, _source(host) if url == configured else "argument redis")
    return _shared(host, f"redis {url}", address)


def _shared(
    app: App, key: str, address: Address, clients: Callable[[], Clients | None] = lambda: None
) -> RedisConnection:
    found: RedisConnection = app.services.shared(key, lambda: RedisConnection(app, address, clients()))
    return found


def _source(app: App) -> str:
    """Return where ``redis.url`` was set."""
    explain = getattr(app.settings, "explain", None)
    settings = explain() if explain else []
    return next((f"{each.source}: redis.url" for each in settings if each.key == "redis.url"), "redis.url")


def _text(error: BaseException | None) -> str:
    return f"{str(error) or type(error).__name__:.200}"


def _discard(callbacks: list[Callable[[], None]], callback: Callable[[], None]) -> None:
    if callback in callbacks:
        callbacks.remove(callback)
