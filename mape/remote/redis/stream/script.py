"""What happens inside of Redis, in Lua: each script is one atomic step, and touches the keys of one partition only.

A *source* is the id and epoch of a sender, a *mark* the number after the last item of a source that a group has dealt
with.
"""

from __future__ import annotations

__all__ = ["ACQUIRE", "APPEND", "CLAIM", "MEET", "RELEASE", "REMIND", "STANDING", "STEP", "TRIES"]

SOURCES = 4096
"""Senders that a partition remembers; those that were silent longest are forgotten, a week after their last entry or
when there are more."""
WEEK = 7 * 24 * 3600 * 1000

_TIME = """
local function now()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local function text(n) return string.format('%.0f', n) end
"""

_GROUPS = """
local function groups(key)
  local reply = redis.pcall('XINFO', 'GROUPS', key)
  if reply.err then return {} end
  local all = {}
  for _, fields in ipairs(reply) do
    local group = {}
    for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
    all[#all + 1] = group
  end
  return all
end
local function processed(all, marks, source, upto, last)
  local least = nil
  for _, group in ipairs(all) do
    local mark = tonumber(redis.call('HGET', marks, group.name .. '/' .. source) or '-1')
    if mark == -1 and group.pending == 0 and group['last-delivered-id'] == last then mark = upto end
    if least == nil or mark < least then least = mark end
  end
  return least or -1
end
"""

_HOLDS = """
local function holds(lease, state, owner, token, ttl)
  local held = redis.call('GET', lease)
  if held ~= owner then
    if held or redis.call('HGET', state, 'token') ~= token then return false end
  end
  redis.call('SET', lease, owner, 'PX', ttl)
  return true
end
"""

_RAISE = """
local function raise(marks, field, value)
  local known = redis.call('HGET', marks, field)
  if not known or tonumber(known) < tonumber(value) then redis.call('HSET', marks, field, value) end
end
"""

APPEND = (
    _TIME
    + _GROUPS
    + f"""
local stream, sent, seen, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local source, seq, upto, before, most, trims = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local known = redis.call('HGET', sent, source)
local stored = tonumber(known or '-1')
local all = groups(stream)
if stored >= tonumber(upto) or stored ~= before then return {{text(stored), text(processed(all, marks, source))}} end
if not known then
  for _, group in ipairs(all) do redis.call('HSETNX', marks, group.name .. '/' .. source, seq) end
  local old = redis.call('ZRANGEBYSCORE', seen, '-inf', now() - {WEEK}, 'LIMIT', 0, 100)
  for _, one in ipairs(redis.call('ZRANGE', seen, 0, -{SOURCES + 1})) do old[#old + 1] = one end
  for _, one in ipairs(old) do
    redis.call('ZREM', seen, one)
    redis.call('HDEL', sent, one)
    for _, group in ipairs(all) do redis.call('HDEL', marks, group.name .. '/' .. one) end
  end
end
if ARGV[8] == '' then redis.call('XADD', stream, 'MAXLEN', '~', most, '*', 'frame', ARGV[7])
else redis.call('XADD', stream, 'MAXLEN', '~', most, '*', 'frame', ARGV[7], 'again', ARGV[8]) end
redis.call('HSET', sent, source, upto)
redis.call('ZADD', seen, now(), source)
local function parts(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(n)
end
if trims == '1' and #all > 0 then
  local least, lms, ln = nil, nil, nil
  for _, group in ipairs(all) do
    local id = group['last-delivered-id']
    if group.pending > 0 then id = redis.call('XPENDING', stream, group.name)[2] end
    local ms, n = parts(id)
    if least == nil or ms < lms or (ms == lms and n < ln) then least, lms, ln = id, ms, n end
  end
  redis.call('XTRIM', stream, 'MINID', '~', least)
end
return {{upto, text(processed(all, marks, source))}}
"""
)

STANDING = (
    _TIME
    + _GROUPS
    + """
local upto = redis.call('HGET', KEYS[2], ARGV[1]) or '-1'
local all, last = groups(KEYS[1]), nil
if #all > 0 then
  local stream = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #stream, 2 do if stream[i] == 'last-generated-id' then last = stream[i + 1] end end
end
return {upto, text(processed(all, KEYS[3], ARGV[1], tonumber(upto), last))}
"""
)

MEET = (
    _TIME
    + """
local members, shape, stream = KEYS[1], KEYS[2], KEYS[3]
local time = now()
redis.call('HSETNX', members, '/born', text(time))
redis.call('HSET', members, ARGV[1], ARGV[2] .. ' ' .. text(time + tonumber(ARGV[3])))
local all = redis.call('HGETALL', members)
local partitions = redis.call('GET', shape) or (redis.call('EXISTS', stream) == 1 and '1') or ''
local reply = {partitions, redis.call('HGET', members, '/born')}
for i = 1, #all, 2 do
  if all[i] ~= '/born' then
    local joined, ends = string.match(all[i + 1], '^(%d+) (%d+)$')
    if tonumber(ends) < time then redis.call('HDEL', members, all[i])
    else reply[#reply + 1] = joined; reply[#reply + 1] = all[i] end
  end
end
return reply
"""
)

ACQUIRE = (
    _TIME
    + _RAISE
    + """
local stream, lease, state, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, owner, ttl, start = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local held = redis.call('GET', lease)
if held and held ~= owner then return false end
local made = redis.pcall('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP') then return made end
for i = 5, #ARGV, 2 do raise(marks, group .. '/' .. ARGV[i], ARGV[i + 1]) end
local token = math.max(now(), tonumber(redis.call('HGET', state, 'token') or '0') + 1)
local clean = redis.call('HGET', state, 'clean') or ''
redis.call('HDEL', state, 'clean')
redis.call('HSET', state, 'token', text(token))
redis.call('SET', lease, owner, 'PX', ttl)
local last = '0-0'
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  if fields[2] == group then
    for i = 1, #fields, 2 do if fields[i] == 'last-delivered-id' then last = fields[i + 1] end end
  end
end
local reply = {text(token), last, clean}
local all = redis.call('HGETALL', marks)
local prefix = group .. '/'
for i = 1, #all, 2 do
  if string.sub(all[i], 1, #prefix) == prefix then
    reply[#reply + 1] = string.sub(all[i], #prefix + 1)
    reply[#reply + 1] = all[i + 1]
  end
end
return reply
"""
)

CLAIM = (
    _HOLDS
    + """
local stream, lease, state = KEYS[1], KEYS[2], KEYS[3]
local group, owner, token, consumer, ttl, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if not holds(lease, state, owner, token, ttl) then return false end
local reply = redis.call('XAUTOCLAIM', stream, group, consumer, 0, ARGV[7], 'COUNT', count)
if reply[1] == '0-0' then
  for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
    if fields[2] ~= consumer and fields[4] == 0 then redis.call('XGROUP', 'DELCONSUMER', stream, group, fields[2]) end
  end
end
return {reply[1], reply[2]}
"""
)

STEP = (
    _HOLDS
    + _RAISE
    + """
local stream, lease, state, marks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, owner, token, consumer, ttl, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
if not holds(lease, state, owner, token, ttl) then return false end
local acks = tonumber(ARGV[7])
if acks > 0 then redis.call('XACK', stream, group, unpack(ARGV, 8, 7 + acks)) end
for i = 8 + acks, #ARGV, 2 do raise(marks, group .. '/' .. ARGV[i], ARGV[i + 1]) end
if count == 0 then return {} end
local reply = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')
return reply and reply[1] and reply[1][2] or {}
"""
)

REMIND = (
    _RAISE
    + """
for i = 2, #ARGV, 2 do raise(KEYS[1], ARGV[1] .. '/' .. ARGV[i], ARGV[i + 1]) end
return 1
"""
)

TRIES = """
local place = redis.call('HGET', KEYS[1], 'place')
if ARGV[1] == '' then
  redis.call('HDEL', KEYS[1], 'place', 'tries')
  return 0
end
if place ~= ARGV[1] then redis.call('HSET', KEYS[1], 'place', ARGV[1], 'tries', place and 1 or 0) end
return redis.call('HINCRBY', KEYS[1], 'tries', 1)
"""

RELEASE = """
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[2])
if ARGV[4] == '1' then redis.call('HSET', KEYS[3], 'clean', '1') end
local all = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if all.err then return 1 end
for _, fields in ipairs(all) do
  if fields[2] == ARGV[3] and fields[4] == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[3]) end
end
return 1
"""
