#!/usr/bin/env python3
"""Estimates what Shortlink costs per month, and prints the tables of the documentation.

Each price and each assumption is a line below; change one and run it again. Prices are the public ones of us-east-1 in
US dollars, without tax. They come from secondary sources that quote AWS's price lists of the given month, not from the
lists themselves; check them before you rely on them.

With --rate, it prints the monthly cost at that many redirects per second instead, without and with CloudFront.
"""

import argparse
from pathlib import Path

# AWS's prices: dollars, per how much, of what, how much of it is free each month, and as of when.
PRICES = {
    # The free million requests of a new account's first year are left out.
    "HTTP API": (1.00, 1e6, "requests", 0, "2025-05"),
    "Lambda requests": (0.20, 1e6, "requests", 1e6, "2026-05"),
    "Lambda time, arm64": (13.3334, 1e6, "GB-seconds", 4e5, "2026-05"),
    "DynamoDB reads": (0.125, 1e6, "read units", 0, "2024-11"),
    "DynamoDB writes": (0.625, 1e6, "write units", 0, "2024-11"),
    "DynamoDB storage": (0.25, 1, "GB", 25, "2024-11"),
    "DynamoDB point-in-time recovery": (0.20, 1, "GB", 0, "2024-11"),
    "CloudWatch logs, ingested": (0.50, 1, "GB", 5, "2026-02"),
    "CloudWatch alarms": (0.10, 1, "alarm", 10, "2026-02"),
    "Data out to the internet": (0.09, 1, "GB", 100, "2025-05"),
    "X-Ray traces": (5.00, 1e6, "traces", 1e5, "2026-02"),
    # CloudFront is optional. These prices are for visitors in Europe and North America.
    "CloudFront requests": (1.00, 1e6, "requests", 1e7, "2026-03"),
    "CloudFront, data out": (0.085, 1, "GB", 1000, "2026-03"),
}

# Load per month
REDIRECTS = [1e4, 1e6, 1e8]
SECONDS = 30 * 86_400
LINKS = 1 / 100         # links created per redirect
RETENTION = 4           # months that a link is stored: 90 days until it expires, then 30 days with status 410
# Use of resources per request
BILLED = 0.010          # seconds, mostly waiting for DynamoDB; includes the average share of cold starts
MEMORY = 128 / 1024     # gigabytes
UNITS_REDIRECT = 0.5    # one eventually consistent read of up to 4 KB
UNITS_CREATE = 1        # one write of up to 1 KB
UNITS_VISIT = 1         # one update. That visits within a second share it is left out, and so is the first of a month
ITEM = 500 / 1e9        # gigabytes stored per link, including DynamoDB's overhead of 100 bytes
# Output per request in gigabytes. CloudWatch adds 26 bytes to each line.
ACCESS_LINE = 330 / 1e9
CREATED_LINE = 180 / 1e9  # of shorten, for each link
LAMBDA_LINES = 428 / 1e9  # of Lambda itself, platform.start and platform.report; only with SystemLogLevel=INFO
RESPONSE = 600 / 1e9      # headers and body
# Values of template.yaml
ALARM_COUNT = 10
ALARM_PRICE = 0.000002  # USD a request, as the alarm SpendingTooFast has it
RATE = 200            # RateLimit, requests a second
SHORTEN_RATE = 5      # ShortenRateLimit
OTHER_RATE = 20       # the stage's limit for each of the other routes
CREATING_ROUTES = 3   # POST /shorten, POST /links and PUT /links/{code}, each with SHORTEN_RATE
OTHER_ROUTES = 28
# The largest response of those routes, in gigabytes.
LARGEST = (Path(__file__).parents[2] / "crates/shorten/src/openapi.json").stat().st_size / 1e9
# Under attack: unknown codes, which are read twice, and links with `reuse`
UNITS_MISS = 1.5
UNITS_REUSE = 4         # a transaction of two writes, at twice the price of two writes
READING_ROUTES = 6      # of the other routes: below /links/{code}, which read one unit consistently
WRITING_ROUTES = 2      # of those: PATCH and DELETE
UNITS_CHANGE = 4        # a transaction of the link and an entry of its history, at twice the price of two writes
UNITS_HISTORY = 50      # the entries of a history, read consistently
HISTORY_ROUTES = 2
VISITS_RATE = 2         # GET and HEAD /links/{code}/visits have limits of their own
VISITS_ROUTES = 2
BULK_RATE = 1           # POST /links/bulk, which refuses whoever has no credentials
UNITS_VISITS = 16       # the link, and the counts of a year's months, of up to 8 KB each


def price(amount, name):
    dollars, per, _, free, _ = PRICES[name]
    return max(0, amount - free) * dollars / per


def traced(requests):
    """Lambda records the first request of each second and 5 % of the rest. This assumes evenly spread requests."""
    first = min(requests, SECONDS)
    return first + 0.05 * (requests - first)


def month(redirects, created, units_redirect=UNITS_REDIRECT, units_visit=UNITS_VISIT, lambda_lines=0):
    requests = redirects + created
    stored = created * RETENTION * ITEM
    return {
        "HTTP API": price(requests, "HTTP API"),
        "Lambda": price(requests, "Lambda requests") + price(requests * BILLED * MEMORY, "Lambda time, arm64"),
        "DynamoDB, links": price(redirects * units_redirect, "DynamoDB reads") + price(created * UNITS_CREATE, "DynamoDB writes")
        + price(stored, "DynamoDB storage") + price(stored, "DynamoDB point-in-time recovery"),
        "DynamoDB, visits": price(redirects * units_visit, "DynamoDB writes"),
        "Logs": price(requests * (ACCESS_LINE + lambda_lines) + created * CREATED_LINE, "CloudWatch logs, ingested"),
        "Alarms": price(ALARM_COUNT, "CloudWatch alarms"),
        "Data out": price(requests * RESPONSE, "Data out to the internet"),
        "X-Ray": price(traced(requests), "X-Ray traces"),
    }


def total(bill):
    return sum(bill.values()) - bill["X-Ray"]  # tracing is optional: see the parameter Tracing


def behind_cloudfront(redirects, created, cached, logged=0):
    """The bill if CloudFront serves the share `cached` of the redirects, whose visits are counted from its logs with
    `logged` write units per redirect. Data from the API to CloudFront is free. The bucket of the logs is left out: of a
    redirect it keeps some 100 bytes for a week."""
    bill = month(redirects * (1 - cached), created)
    bill["DynamoDB, visits"] += price(redirects * logged, "DynamoDB writes")
    bill["Data out"] = price((redirects + created) * RESPONSE, "CloudFront, data out")
    return bill | {"CloudFront": price(redirects + created, "CloudFront requests")}


def break_even():
    """The share of redirects that CloudFront must serve from its cache to save money, beyond the free tiers."""
    each = {name: PRICES[name][0] / PRICES[name][1] for name in PRICES}
    saved = (
        each["HTTP API"] + each["Lambda requests"] + BILLED * MEMORY * each["Lambda time, arm64"]
        + UNITS_REDIRECT * each["DynamoDB reads"] + UNITS_VISIT * each["DynamoDB writes"]
        + ACCESS_LINE * each["CloudWatch logs, ingested"]
    )
    added = each["CloudFront requests"] + RESPONSE * (each["CloudFront, data out"] - each["Data out to the internet"])
    return added / saved


def main():
    months = [month(redirects, redirects * LINKS) for redirects in REDIRECTS]
    rows = [["USD a month, redirects:", *(f"{redirects:,.0f}" for redirects in REDIRECTS)], None]
    rows += [[item, *(f"{bill[item]:.2f}" for bill in months)] for item in months[0]]
    rows.pop()  # X-Ray
    rows += [["**Total**", *(f"**{total(bill):.2f}**" for bill in months)]]
    rows += [["with `Tracing=Active`", *(f"{sum(bill.values()):.2f}" for bill in months)]]
    verbose = [month(redirects, redirects * LINKS, lambda_lines=LAMBDA_LINES) for redirects in REDIRECTS]
    rows += [["with `SystemLogLevel=INFO`", *(f"{total(bill):.2f}" for bill in verbose)]]
    rows += [["with `Visits=off`", *(f"{total(bill) - bill['DynamoDB, visits']:.2f}" for bill in months)]]
    for row in rows:
        print("| " + " | ".join(row) + " |" if row else "| --- |" + " ---: |" * len(REDIRECTS))
    print("\n| price | USD | for | free each month | as of |\n| --- | ---: | --- | ---: | --- |")
    for name, (dollars, amount, unit, free, seen) in PRICES.items():
        print(f"| {name} | {dollars:.10g} | {amount:,.0f} {unit} | {free:,.0f} | {seen} |")
    print(f"\nMaximum, with every rate limit reached all month: {maximum():,.0f} USD")
    print(f"CloudFront saves money if it serves at least {break_even():.0%} of redirects from its cache")


def maximum():
    """The most expensive month that the rate limits allow."""
    redirects, created, other, visits = (
        SECONDS * rate
        for rate in (RATE, SHORTEN_RATE * CREATING_ROUTES, OTHER_RATE * OTHER_ROUTES, VISITS_RATE * VISITS_ROUTES + BULK_RATE)
    )
    bill = month(redirects + other + visits, created)
    extra = (
        price(redirects * (UNITS_MISS - UNITS_REDIRECT), "DynamoDB reads")
        + price(created * (UNITS_REUSE - UNITS_CREATE), "DynamoDB writes")
        + price(SECONDS * OTHER_RATE * READING_ROUTES, "DynamoDB reads")
        + price(SECONDS * OTHER_RATE * WRITING_ROUTES * UNITS_CHANGE, "DynamoDB writes")
        + price(SECONDS * OTHER_RATE * HISTORY_ROUTES * UNITS_HISTORY, "DynamoDB reads")
        + price(visits * UNITS_VISITS, "DynamoDB reads")
        + price(SECONDS * OTHER_RATE * LARGEST, "Data out to the internet")
    )
    return sum(bill.values()) - bill["X-Ray"] + extra


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, help="redirects per second")
    parser.add_argument("--created", type=float, default=LINKS, help="links created per redirect")
    parser.add_argument("--reads", type=float, default=UNITS_REDIRECT, help="read units per redirect")
    parser.add_argument("--writes", type=float, default=UNITS_VISIT, help="write units per redirect")
    parser.add_argument("--cached", type=float, default=0, help="share of redirects that CloudFront serves")
    parser.add_argument("--logged", type=float, default=0, help="write units per redirect for counting CloudFront's logs")
    arguments = parser.parse_args()
    if arguments.rate is None:
        main()
    else:
        redirects = arguments.rate * SECONDS
        created = redirects * arguments.created
        print(f"{total(month(redirects, created, arguments.reads, arguments.writes)):.2f}")
        print(f"{total(behind_cloudfront(redirects, created, arguments.cached, arguments.logged)):.2f}")
