"""Creates a link with the generated client, and follows it. `tests/generated_clients/run` runs this."""

import sys

import httpx
from shortlink_client import Client
from shortlink_client.api.links import create_link
from shortlink_client.models import CreateLinkRequest

base = sys.argv[1]
client = Client(base_url=base)

url = "https://example.com/python"
response = create_link.sync_detailed(client=client, body=CreateLinkRequest(url=url, expires_in=60))
assert response.status_code == 201, response
redirect = httpx.get(response.parsed.short_url, follow_redirects=False)
assert redirect.headers["location"] == url, redirect.headers

rejected = create_link.sync_detailed(client=client, body=CreateLinkRequest(url="https://localhost/"))
assert rejected.status_code == 400, rejected
