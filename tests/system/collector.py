"""A collector of spans for system tests: takes OTLP over HTTP, and knows who is whose parent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """What a process sent."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    begin: int
    end: int
    is_failed: bool


class Collector:
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.take(self.path, body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        for process in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(
                each.value.string_value for each in process.resource.attributes if each.key == "service.name"
            )
            for each in [span for scope in process.scope_spans for span in scope.spans]:
                attributes = {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in each.attributes}
                self.spans.append(
                    Span(
                        service,
                        each.name,
                        each.trace_id.hex(),
                        each.span_id.hex(),
                        each.parent_span_id.hex(),
                        attributes,
                        each.start_time_unix_nano,
                        each.end_time_unix_nano,
                        each.status.code == 2,
                    )
                )

    def wait(self, condition: Callable[[list[Span]], object], within: float = 20.0) -> list[Span]:
        """Wait until the spans are as they should be, and return them."""
        begin = time.monotonic()
        while not condition(self.spans):
            assert time.monotonic() - begin < within, f"not within {within} s: {[each.name for each in self.spans]}"
            time.sleep(0.02)
        return list(self.spans)

    @contextmanager
    def listening(self) -> Iterator[Collector]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
