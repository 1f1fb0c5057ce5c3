-- What wrk sends, and how it reports. Arguments come as key=value after "--".
local options = {}
sent = 0 -- global, so that done() can ask for it; wrk itself asks for one request that it never sends
local ffi = require("ffi")

ffi.cdef [[
  typedef struct { long sec; long nsec; } jubilee_timespec;
  int clock_gettime(int clock, jubilee_timespec *into);
]]
local spec = ffi.new("jubilee_timespec")

local function now()
  ffi.C.clock_gettime(1, spec)
  return tonumber(spec.sec) + tonumber(spec.nsec) / 1e9
end

-- Nothing is left to send: ends the run and says how long it took.
local began
local function finish()
  exhausted = math.max(1, math.floor((now() - began) * 1e6))
  wrk.thread:stop()
end

local function lines(path)
  local all = {}
  for line in io.lines(path) do all[#all + 1] = line end
  return all
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local all = file:read("*a")
  file:close()
  return all
end

local function head(method, path, token, length)
  local text = method .. " " .. path .. " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\n"
  if token then text = text .. "Authorization: Bearer " .. token .. "\r\n" end
  if length then
    text = text .. "Content-Type: application/json\r\nContent-Length: " .. length .. "\r\n"
  end
  return text .. "\r\n"
end

-- One request, the same each time.
local function same()
  local body = options.body and read(options.body)
  local text = head(options.method, options.path, options.token, body and #body) .. (body or "")
  request = function()
    sent = sent + 1
    return text
  end
end

-- A path and a token a line, each used once; {} is the body.
local function once()
  local paths, tokens = {}, {}
  for line in io.lines(options.lines) do
    local path, token = line:match("^(%S+) (%S+)$")
    paths[#paths + 1] = path
    tokens[#tokens + 1] = token
  end
  -- In one concatenation: each further one would copy and hash the whole request again.
  local body = options.body and read(options.body) or "{}"
  local count = #paths
  local before = options.method .. " "
  local between = " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nAuthorization: Bearer "
  local after = "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  request = function()
    sent = sent + 1
    began = began or now()
    if sent > count then
      sent = count
      finish()
      return head("GET", "/health")
    end
    return before .. paths[sent] .. between .. tokens[sent] .. after
  end
end

-- A path a line, over and over.
local function paths()
  local texts = {}
  for line in io.lines(options.lines) do
    texts[#texts + 1] = head("GET", line, options.token)
  end
  request = function()
    sent = sent + 1
    return texts[sent % #texts + 1]
  end
end

-- A body a line, over and over.
local function bodies()
  local texts = {}
  for line in io.lines(options.lines) do
    texts[#texts + 1] = head(options.method, options.path, options.token, #line) .. line
  end
  request = function()
    sent = sent + 1
    return texts[sent % #texts + 1]
  end
end

-- A batch whose events bring ids of their own, never the same twice. The body is a list of events that begin with {.
local function named()
  local pieces = lines(options.lines)
  local parts = {}
  local count = 0
  request = function()
    sent = sent + 1
    for i = 1, #pieces do
      count = count + 1
      parts[i] = '{"event_id":"' .. options.run .. "-" .. count .. '",' .. pieces[i]:sub(2)
    end
    local body = "[" .. table.concat(parts, ",") .. "]"
    return head(options.method, options.path, options.token, #body) .. body
  end
end

-- A token for each of so many players, kept in a file.
local function mint()
  local out = assert(io.open(options.out, "w"))
  local last = tonumber(options.count)
  local got = 0
  request = function()
    began = began or now()
    sent = sent + 1
    local body = '{"user_id":"' .. options.run .. "-" .. sent .. '"}'
    return head("POST", options.path, options.token, #body) .. body
  end
  response = function(status, headers, body)
    local token = body:match('"token"%s*:%s*"([^"]+)"') or body:match('"access_token"%s*:%s*"([^"]+)"')
    if token and got < last then
      out:write(token, "\n")
      got = got + 1
      if got == last then
        out:close()
        finish()
      end
    end
  end
end

-- Every connection takes the next slot of one common schedule. After a stall the late slots go out at once, as those of
-- real players would; wrk itself fills in the latencies that a waiting connection could not measure.
local function paced(rate, seconds)
  local start
  local slot = 0
  delay = function()
    local at = now()
    if not start then start = at end
    local due = slot / rate
    slot = slot + 1
    if due > seconds or at - start > seconds then return 3600000 end
    local wait = math.floor((start + due - at) * 1000 + 0.5)
    return wait > 0 and wait or 0
  end
end

local statuses = ""

-- Which statuses came, for a run that had errors.
local function counted()
  local seen = {}
  response = function(status)
    seen[status] = (seen[status] or 0) + 1
    local text = {}
    for code, n in pairs(seen) do text[#text + 1] = code .. ":" .. n end
    wrk.thread:set("statuses", table.concat(text, " "))
  end
end

function setup(thread)
  jubilee_thread = thread
end

function init(arguments)
  for i = 1, #arguments do
    local key, value = arguments[i]:match("^([%w_]+)=(.*)$")
    if key then options[key] = value end
  end
  local modes = {same = same, once = once, paths = paths, bodies = bodies, named = named, mint = mint}
  modes[options.mode]()
  if options.rate then paced(tonumber(options.rate), tonumber(options.seconds)) end
  if options.statuses then counted() end
end

function done(summary, latency, requests)
  local e = summary.errors
  local format = '\nRESULT {"requests":%d,"micros":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,'
    .. '"timeout":%d,"p50":%d,"p90":%d,"p99":%d,"p999":%d,"max":%d,"sent":%d,"exhausted":%d,"statuses":"%s"}\n'
  io.write(string.format(format, summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status,
    e.timeout, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9),
    latency.max, jubilee_thread:get("sent") - 1, jubilee_thread:get("exhausted") or 0, jubilee_thread:get("statuses") or ""))
end
