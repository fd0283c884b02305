-- What wrk asks: creations as often as SHARE says, in percent, else one of LINKS links, DISTRIBUTION "zipf" or "uniform".
-- Seeded: each run asks the same.

local links = tonumber(os.getenv("LINKS"))
local share = tonumber(os.getenv("SHARE"))
local is_zipf = os.getenv("DISTRIBUTION") == "zipf"
local log = math.log(links + 1)

-- A browser's: what programs ask is not counted as a visit.
local agent = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\r\n"
local form = "POST /shorten HTTP/1.1\r\nHost: localhost\r\n" .. agent
  .. "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "

-- As in links.rs.
local alphabet = "346789ABCDEFGHJKLMNPQRTUVWXYabcdefghijkmnpqrtwxyz"
local function code(rank)
  local rest, characters = (rank * 678223079) % 49 ^ 7, {}
  for n = 1, 7 do
    local digit = rest % 49
    characters[n] = alphabet:sub(digit + 1, digit + 1)
    rest = (rest - digit) / 49
  end
  return table.concat(characters)
end

local threads = {}
function setup(thread)
  thread:set("seed", #threads + 1)
  table.insert(threads, thread)
end

function init()
  math.randomseed(seed)
end

made = 0
local asked = {}
function request()
  if math.random() * 100 < share then
    made = made + 1
    local body = "url=https://example.com/a/rather/long/path/" .. seed .. "/" .. made
    return form .. #body .. "\r\n\r\n" .. body
  end
  -- The k-th link is asked for 1/k as often as the first: the inverse of that distribution, near enough.
  local draw = math.random()
  local rank = math.min(links, is_zipf and math.floor(math.exp(draw * log)) or math.floor(draw * links) + 1)
  local get = asked[rank]
  if not get then
    get = "GET /" .. code(rank) .. " HTTP/1.1\r\nHost: localhost\r\n" .. agent .. "\r\n"
    asked[rank] = get
  end
  return get
end

function done(summary, latency)
  local created = 0
  for _, thread in ipairs(threads) do
    created = created + thread:get("made")
  end
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status + errors.connect + errors.read + errors.write + errors.timeout, created))
end
