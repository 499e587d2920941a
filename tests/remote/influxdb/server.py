"""A recording time-series server, as a process of its own: ``python -m tests.remote.influxdb.server PORT FILE``.

Each post that it takes is appended to FILE before it is answered, so that kill -9 loses nothing that was confirmed.
``POST /script`` with a JSON list says how the next posts are answered: ``{"status": 503, "headers": {}, "text": ""}``,
or ``{"hang": seconds}``. Points that match the text of ``{"reject": ...}`` make their post a 400.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

SCRIPT = web.AppKey("script", list[dict[str, Any]])
FILE = web.AppKey("file", Path)


async def write(request: web.Request) -> web.Response:
    body = await request.read()
    step = request.app[SCRIPT].pop(0) if request.app[SCRIPT] else {}
    if "hang" in step:
        await asyncio.sleep(step["hang"])
    if step.get("status"):
        return web.Response(status=step["status"], headers=step.get("headers"), text=step.get("text", ""))
    if request.headers.get("Content-Encoding") == "gzip" and body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    lines = body.decode().split("\n")
    if any('"reject"' in line for line in lines):
        return web.json_response({"code": "invalid", "message": "unable to parse 'reject'"}, status=400)
    entry = {"query": dict(request.query), "headers": dict(request.headers), "lines": lines}
    with request.app[FILE].open("a") as file:
        file.write(json.dumps(entry) + "\n")
    return web.Response(status=204)


async def script(request: web.Request) -> web.Response:
    request.app[SCRIPT][:] = await request.json()
    return web.Response(status=204)


def main() -> None:
    app = web.Application(client_max_size=64 * 2**20)
    app[SCRIPT], app[FILE] = [], Path(sys.argv[2])
    app.router.add_post("/api/v2/write", write)
    app.router.add_post("/script", script)
    app.router.add_get("/health", lambda _: asyncio.sleep(0, web.Response(text="ok")))
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
