"""Redis Streams with consumer groups: the parts of `mape.remote.redis.streams`.

Read in this order: `key` (what is where in Redis; pure), `log` (what a server is asked for), `script` and `server`
(the same in Redis), `memory` (the same in this process); then the sending side: `window` (what the consumers have not
passed yet; pure), `lane`; then the receiving side: `tray` (gives items to whoever listens), `reader` (one partition),
`attendance` (which partitions are whose).
"""
