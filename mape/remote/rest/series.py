"""What the figures mean that ``/metrics`` shows: kind, help and unit of each; pure."""

from __future__ import annotations

from mape.remote.rest.exposition import Kind, metric_name

__all__ = ["ELEMENT_FAMILIES", "SERVER", "TRANSPORT", "is_gauge", "split_figure"]

ELEMENT_FAMILIES: tuple[tuple[str, Kind, str, str], ...] = (
    ("received", "counter", "Items that reached the element.", ""),
    ("processed", "counter", "Items that its function was called with.", ""),
    ("emitted", "counter", "Items that its function emitted.", ""),
    ("withheld", "counter", "Items emitted after the element was stopped, which went nowhere.", ""),
    ("dropped", "counter", "Items lost, by reason.", ""),
    ("errors", "counter", "Failures of its function and operators.", ""),
    ("queued", "gauge", "Items that wait or are at work.", ""),
    ("running", "gauge", "Whether the element runs.", ""),
    ("processing_seconds", "summary", "Processing time: of all items where it may wait, else of samples.", "seconds"),
)
"""Name, kind, help and unit."""

TRANSPORT: dict[str, tuple[Kind, str, str]] = {
    "offered": ("counter", "Items that were given to a sink; messages that came to a subscription.", ""),
    "sent": ("counter", "Items that the peer has confirmed.", ""),
    "dropped": ("counter", "Items, or messages of a subscription, lost by reason.", ""),
    "queued": ("gauge", "Items, or messages of a subscription, that wait or are on their way.", ""),
    "queued_bytes": ("gauge", "Their size.", "bytes"),
    "retries": ("counter", "Times a batch was sent again, or waited for the peer.", ""),
    "up": ("gauge", "Whether the peer could be reached the last time.", ""),
    "request_seconds": ("summary", "Time from sending a batch to its confirmation.", "seconds"),
    "passed": ("counter", "Items that a source has passed on.", ""),
    "payloads": ("counter", "Messages that a source has read.", ""),
    "accepted": ("counter", "Items that a source has decoded and handed over.", ""),
    "rejected": ("counter", "Items that could not be decoded.", ""),
    "duplicates": ("counter", "Items that had come before, and were left out.", ""),
    "gaps": ("counter", "Items that were sent and never came.", ""),
    "redelivered": ("counter", "Items that another consumer had read before.", ""),
    "dead": ("counter", "Items that went to the stream of dead letters.", ""),
    "takeovers": ("counter", "Partitions of streams that were taken over.", ""),
    "stored": ("counter", "Items that the server of a stream has stored.", ""),
    "processed": ("counter", "Stored items that all groups have dealt with.", ""),
    "kept": ("gauge", "Stored items that are kept, to be sent again.", ""),
    "kept_bytes": ("gauge", "Their size.", "bytes"),
    "forgotten": ("counter", "Stored items that are no longer kept, for want of room.", ""),
    "resent": ("counter", "Items sent again to a server that had forgotten them.", ""),
    "restarts": ("counter", "Times the server was reached again.", ""),
    "connects": ("counter", "Connections made.", ""),
    "messages": ("counter", "Messages from the server.", ""),
    "topics": ("gauge", "Names and patterns subscribed to at the server.", ""),
    "listeners": ("gauge", "Subscriptions in this process.", ""),
    "hits": ("counter", "Reads answered by a local copy.", ""),
    "misses": ("counter", "Reads that went to the server.", ""),
    "invalidations": ("counter", "Messages that took local copies back.", ""),
    "copies": ("gauge", "Keys with a local copy.", ""),
}
"""Kind, help and unit of what services count; what is not here is a counter."""

SERVER = {
    "requests": "Requests, WebSockets among them.",
    "refused": "Requests answered with a status of 400 or more.",
    "items_accepted": "Items taken in by POST and WebSocket.",
    "items_rejected": "Items that could not be decoded.",
    "items_duplicate": "Items that had come before, and were left out.",
    "stream_items_dropped": "Items that clients of streams were too slow for.",
    "heads_late": "Connections closed because a request's head did not come in time.",
    "connections_stalled": "Connections closed because the client read nothing.",
    "connections_refused": "Connections beyond rest.connections.",
    "requests_malformed": "Requests that are no HTTP.",
}
"""Help of what the REST server counts."""

_SUMMARY = ("_sum", "_count")


def is_gauge(figure: str) -> bool:
    """Whether a figure goes up and down."""
    return figure == "running" or TRANSPORT.get(figure, ("counter",))[0] == "gauge"


def split_figure(figure: str) -> tuple[str, str, str]:
    """Return family, suffix and reason: of ``dropped.overflow``, of ``request_seconds_sum``."""
    name, _, reason = figure.partition(".")
    for suffix in _SUMMARY:
        if name.endswith(suffix) and TRANSPORT.get(name.removesuffix(suffix), ("",))[0] == "summary":
            return name.removesuffix(suffix), suffix, reason
    return metric_name(name), "", reason
