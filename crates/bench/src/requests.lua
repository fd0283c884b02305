-- Generates wrk's requests: CREATE_PERCENT of them create a link, and the others request one of LINKS links, with the
-- DISTRIBUTION "zipf" or "uniform". The random numbers are seeded, so that each run sends the same requests.

local links = tonumber(os.getenv("LINKS"))
local create_percent = tonumber(os.getenv("CREATE_PERCENT"))
local is_zipf = os.getenv("DISTRIBUTION") == "zipf"
local log = math.log(links + 1)

-- The User-Agent of a browser, because requests of bots are not counted as visits.
local agent = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\r\n"
local form = "POST /shorten HTTP/1.1\r\nHost: localhost\r\n" .. agent
  .. "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
local is_chhoto = os.getenv("API") == "chhoto"
local chhoto = "POST /api/new HTTP/1.1\r\nHost: localhost\r\n" .. agent
  .. "Content-Type: application/json\r\nContent-Length: "

-- The same codes as in links.rs.
local alphabet = "6789BCDFGHJKLMNPQRTWbcdfghjkmnpqrtwz"
local function code(rank)
  local rest, characters = (rank * 678223079) % 36 ^ 7, {}
  for n = 1, 7 do
    local digit = rest % 36
    characters[n] = alphabet:sub(digit + 1, digit + 1)
    rest = (rest - digit) / 36
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

created = 0
local gets = {}
function request()
  if math.random() * 100 < create_percent then
    created = created + 1
    local url = "https://example.com/a/rather/long/path/" .. seed .. "/" .. created
    if is_chhoto then
      local body = '{"shortlink":"","longlink":"' .. url .. '"}'
      return chhoto .. #body .. "\r\n\r\n" .. body
    end
    local body = "url=" .. url
    return form .. #body .. "\r\n\r\n" .. body
  end
  -- Zipf: the k-th link is requested 1/k as often as the first. Its inverse distribution function, approximately.
  local random = math.random()
  local rank = math.min(links, is_zipf and math.floor(math.exp(random * log)) or math.floor(random * links) + 1)
  local get = gets[rank]
  if not get then
    get = "GET /" .. code(rank) .. " HTTP/1.1\r\nHost: localhost\r\n" .. agent .. "\r\n"
    gets[rank] = get
  end
  return get
end

function done(summary, latency)
  local total = 0
  for _, thread in ipairs(threads) do
    total = total + thread:get("created")
  end
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status + errors.connect + errors.read + errors.write + errors.timeout, total))
end
