"""Signing in at the emulated user pool, over HTTP and in a real browser."""

import asyncio
import base64
import contextlib
import datetime
import hashlib
import html.parser
import http.client
import json
import os
import re
import secrets
import ssl
import subprocess
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

from environment import ROOT, SCRATCH, free_port

PASSWORD = "Rehearsal-1!"


def create_user(aws, pool, email):
    """Creates an account as an operator does, with a password of its own. Returns its subject."""
    cognito = aws.client("cognito-idp")
    cognito.admin_create_user(UserPoolId=pool, Username=email, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
    attributes = cognito.admin_get_user(UserPoolId=pool, Username=email)["UserAttributes"]
    return next(attribute["Value"] for attribute in attributes if attribute["Name"] == "sub")


class UserPool:
    """The pool's endpoints, with the addresses that `shortlink login` of the stack names."""

    def __init__(self, aws, login_command, redirect_uri):
        options = dict(re.findall(r"--([a-z-]+) (\S+)", login_command))
        self.port, self.redirect_uri = aws.port, redirect_uri
        self.authorize_url, self.token_url = options["authorize-url"], options["token-url"]
        self.client, self.scope = options["client"], options["scope"]

    def call(self, url, method="GET", form=None):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(method, path, urlencode(form) if form else None,
                               {"Host": parts.netloc, "Content-Type": "application/x-www-form-urlencoded"})
            response = connection.getresponse()
            return response.status, response.getheader("Location"), response.read()
        finally:
            connection.close()

    def sign_in(self, email, scope=None, client=None, verifier=None):
        """The tokens that a person gets, or the status and the body of the endpoint that refuses."""
        client, secret = client or self.client, secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode().rstrip("=")
        status, location, body = self.call(f"{self.authorize_url}?" + urlencode({
            "response_type": "code", "client_id": client, "redirect_uri": self.redirect_uri,
            "scope": scope or self.scope, "state": "s", "code_challenge": challenge, "code_challenge_method": "S256"}))
        if status != 200:
            return {"status": status, "location": location, "body": body}
        form = Inputs.of(body) | {"username": email, "password": PASSWORD}
        status, location, body = self.call(self.authorize_url.replace("/oauth2/authorize", "/login"), "POST", form)
        code = parse_qs(urlsplit(location or "").query).get("code", [""])[0]
        status, _, body = self.call(self.token_url, "POST", {
            "grant_type": "authorization_code", "client_id": client, "redirect_uri": self.redirect_uri,
            "code": code, "code_verifier": verifier or secret})
        return {"status": status, **json.loads(body)}


class Inputs(html.parser.HTMLParser):
    """The hidden values of a form."""

    def __init__(self):
        super().__init__()
        self.values = {}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "input" and attributes.get("type") == "hidden":
            self.values[attributes["name"]] = attributes.get("value") or ""

    @classmethod
    def of(cls, body):
        parser = cls()
        parser.feed(body.decode())
        return parser.values


@contextlib.contextmanager
def tls_front(port):
    """Accepts TLS on another port, and passes the bytes on to `port`: Cognito has https addresses only."""
    front, loop, started = free_port(), asyncio.new_event_loop(), threading.Event()

    async def copy(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))

    async def serve():
        server = await asyncio.start_server(accept, "127.0.0.1", front, ssl=self_signed())
        started.set()
        async with server:
            await server.serve_forever()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    started.wait(10)
    yield front


def self_signed():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rehearsal")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256()))
    path = os.path.join(SCRATCH.name, "tls.pem")
    with open(path, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def in_browser(aws, origin, email):
    """Signs in on the page in Chromium, and creates links there. Returns what tests/browser/sign_in.js prints."""
    folder = ROOT / "tests" / "browser"
    if not (folder / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tls_front(aws.port) as port:
        done = subprocess.run(["node", "sign_in.js"], cwd=folder, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=180,
                              env={**os.environ, "ORIGIN": origin, "TLS_PORT": str(port), "EMAIL": email,
                                   "PASSWORD": PASSWORD})
    return done.returncode == 0, done.stdout
