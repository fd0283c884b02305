#!/usr/bin/env python3
"""What a month of Shortlink costs: prints the tables of README.md, "What it costs".

Every price and every assumption is a line below; change one and run it again. Prices are the public
ones of us-east-1 in US dollars, without tax. They were read in others' accounts of AWS's price lists, of the month
that each names, not in the lists themselves: compare them before you rely on them.

With --rate it prints instead what a month at that many redirects a second costs, without and with CloudFront.
"""

import argparse

# What AWS charges: dollars, for how much, of what, how much of it is free each month, as of when.
PRICES = {
    # A new account's free first-year million of requests is left out.
    "HTTP API": (1.00, 1e6, "requests", 0, "2025-05"),
    "Lambda requests": (0.20, 1e6, "requests", 1e6, "2026-05"),
    "Lambda time, arm64": (13.3334, 1e6, "GB-seconds", 4e5, "2026-05"),
    "DynamoDB reads": (0.125, 1e6, "read units", 0, "2024-11"),
    "DynamoDB writes": (0.625, 1e6, "write units", 0, "2024-11"),
    "DynamoDB storage": (0.25, 1, "GB", 25, "2024-11"),
    "DynamoDB point-in-time recovery": (0.20, 1, "GB", 0, "2024-11"),
    "CloudWatch logs, taken in": (0.50, 1, "GB", 5, "2026-02"),
    "CloudWatch alarms": (0.10, 1, "alarm", 10, "2026-02"),
    "Data out to the internet": (0.09, 1, "GB", 100, "2025-05"),
    "X-Ray traces": (5.00, 1e6, "traces", 1e5, "2026-02"),
    # Only for those who put it in front. For visitors in Europe and North America.
    "CloudFront requests": (1.00, 1e6, "requests", 1e7, "2026-03"),
    "CloudFront, data out": (0.085, 1, "GB", 1000, "2026-03"),
}

# What a month holds
REDIRECTS = [1e4, 1e6, 1e8]
SECONDS = 30 * 86_400
LINKS = 1 / 100         # links made for each redirect
LIFE = 4                # months that a link is stored: 90 days, then 30 to say 410
# What one request takes
BILLED = 0.010          # seconds; a few milliseconds of waiting for DynamoDB, cold starts averaged in
MEMORY = 128 / 1024     # gigabytes
UNITS_FOLLOW = 0.5      # one eventually consistent read of up to 4 KB
UNITS_MAKE = 1          # one write of up to 1 KB
UNITS_VISIT = 2         # Visits=daily: the link and its day. Visits within a second share them: left out here
ITEM = 500 / 1e9        # gigabytes stored for a link, with DynamoDB's 100 bytes of its own
# What one request leaves, in gigabytes; CloudWatch adds 26 bytes to each line
ACCESS_LINE = 330 / 1e9
LAMBDA_LINES = 420 / 1e9  # START, END and REPORT
ANSWER = 600 / 1e9        # headers and body
# What stands in template.yaml
ALARM_COUNT = 11
RATE = 200            # RateLimit, requests a second
SHORTEN_RATE = 5      # ShortenRateLimit
OTHER_RATE = 20       # the stage's limit for each other route
OTHER_ROUTES = 9
LARGEST = 45_000 / 1e9  # gigabytes: the largest answer of those, openapi.json
# What a flood would choose: codes that are not there, looked up twice; links that are reused
UNITS_MISS = 1.5
UNITS_REUSE = 4         # a transaction of two writes, at twice the price of two writes


def price(amount, name):
    dollars, per, _, free, _ = PRICES[name]
    return max(0, amount - free) * dollars / per


def traced(requests):
    """Lambda records the first request of each second and 5 % of the rest (an even flow assumed)."""
    first = min(requests, SECONDS)
    return first + 0.05 * (requests - first)


def month(redirects, made, units_follow=UNITS_FOLLOW, units_visit=UNITS_VISIT):
    requests = redirects + made
    stored = made * LIFE * ITEM
    return {
        "HTTP API": price(requests, "HTTP API"),
        "Lambda": price(requests, "Lambda requests") + price(requests * BILLED * MEMORY, "Lambda time, arm64"),
        "DynamoDB, links": price(redirects * units_follow, "DynamoDB reads") + price(made * UNITS_MAKE, "DynamoDB writes")
        + price(stored, "DynamoDB storage") + price(stored, "DynamoDB point-in-time recovery"),
        "DynamoDB, visits": price(redirects * units_visit, "DynamoDB writes"),
        "Logs": price(requests * (ACCESS_LINE + LAMBDA_LINES), "CloudWatch logs, taken in"),
        "Alarms": price(ALARM_COUNT, "CloudWatch alarms"),
        "Data out": price(requests * ANSWER, "Data out to the internet"),
        "X-Ray": price(traced(requests), "X-Ray traces"),
    }


def together(bill):
    return sum(bill.values()) - bill["X-Ray"]  # by choice: see the parameter Tracing


def behind_cloudfront(redirects, made, cached):
    """CloudFront answers `cached` of the redirects itself; what it fetches from the API leaves AWS only once."""
    bill = month(redirects * (1 - cached), made)
    bill["Data out"] = price((redirects + made) * ANSWER, "CloudFront, data out")
    return bill | {"CloudFront": price(redirects + made, "CloudFront requests")}


def worth_it():
    """The share of redirects that CloudFront must answer itself before it saves money, beyond what is free."""
    each = {name: PRICES[name][0] / PRICES[name][1] for name in PRICES}
    saved = (
        each["HTTP API"] + each["Lambda requests"] + BILLED * MEMORY * each["Lambda time, arm64"]
        + UNITS_FOLLOW * each["DynamoDB reads"] + UNITS_VISIT * each["DynamoDB writes"]
        + (ACCESS_LINE + LAMBDA_LINES) * each["CloudWatch logs, taken in"]
    )
    dearer = each["CloudFront requests"] + ANSWER * (each["CloudFront, data out"] - each["Data out to the internet"])
    return dearer / saved


def main():
    months = [month(redirects, redirects * LINKS) for redirects in REDIRECTS]
    rows = [["USD a month, redirects:", *(f"{redirects:,.0f}" for redirects in REDIRECTS)], None]
    rows += [[item, *(f"{bill[item]:.2f}" for bill in months)] for item in months[0]]
    rows.pop()  # X-Ray
    rows += [["**Together**", *(f"**{together(bill):.2f}**" for bill in months)]]
    rows += [["with `Tracing=Active`", *(f"{sum(bill.values()):.2f}" for bill in months)]]
    rows += [["with `Visits=total`", *(f"{together(bill) - bill['DynamoDB, visits'] / 2:.2f}" for bill in months)]]
    rows += [["with `Visits=off`", *(f"{together(bill) - bill['DynamoDB, visits']:.2f}" for bill in months)]]
    for row in rows:
        print("| " + " | ".join(row) + " |" if row else "| --- |" + " ---: |" * len(REDIRECTS))
    print("\n| price | USD | for | free each month | as of |\n| --- | ---: | --- | ---: | --- |")
    for name, (dollars, amount, unit, free, seen) in PRICES.items():
        print(f"| {name} | {dollars:.10g} | {amount:,.0f} {unit} | {free:,.0f} | {seen} |")
    print(f"\nAt most, every rate limit used up all month: {flood():,.0f} USD")
    print(f"CloudFront costs less than it saves if it answers {worth_it():.0%} of redirects itself")


def flood():
    """The dearest month that the rate limits allow."""
    followed, made, other = (SECONDS * rate for rate in (RATE, SHORTEN_RATE, OTHER_RATE * OTHER_ROUTES))
    bill = month(followed + other, made)
    extra = (
        price(followed * (UNITS_MISS - UNITS_FOLLOW), "DynamoDB reads")
        + price(made * (UNITS_REUSE - UNITS_MAKE), "DynamoDB writes")
        + price(SECONDS * OTHER_RATE * LARGEST, "Data out to the internet")
    )
    return sum(bill.values()) - bill["X-Ray"] + extra


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, help="redirects a second")
    parser.add_argument("--made", type=float, default=LINKS, help="links made for each of them")
    parser.add_argument("--reads", type=float, default=UNITS_FOLLOW, help="read units that one takes")
    parser.add_argument("--writes", type=float, default=UNITS_VISIT, help="write units that one takes")
    parser.add_argument("--cached", type=float, default=0, help="the share of them that CloudFront answers itself")
    given = parser.parse_args()
    if given.rate is None:
        main()
    else:
        redirects = given.rate * SECONDS
        made = redirects * given.made
        print(f"{together(month(redirects, made, given.reads, given.writes)):.2f}")
        print(f"{together(behind_cloudfront(redirects, made, given.cached)):.2f}")
