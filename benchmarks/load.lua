-- Requests the scores of addresses in sequence or at random.
--
-- Arguments: a file with one address per line, the path prefix, the API key, "random" or
-- "sequence", the start of the sequence or the random seed.

local requests, position, in_order = {}, 0, false

function init(arguments)
  local headers = { ["X-API-Key"] = arguments[3] }
  for address in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", arguments[2] .. address, headers)
  end
  in_order = arguments[4] == "sequence"
  position = tonumber(arguments[5])
  math.randomseed(position)
end

function request()
  if not in_order then
    return requests[math.random(#requests)]
  end
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
