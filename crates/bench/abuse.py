#!/usr/bin/env python3
"""What abuse and a slow disk do to the local server.

Usage: abuse.py PROGRAM [PROGRAM ...]    for instance target/release/shortlink

Prints one table with a column for each program. Linux only; it takes about two minutes for each program.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

FAULTS = os.path.join(os.path.dirname(__file__), "../../tests/support/disk_faults.c")


class Server:
    """A running server."""

    def __init__(self, program, data="memory", environment=None, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, descriptors)

        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--data", data],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=limit,
            env={**os.environ, **(environment or {})},
        )
        host, port = self.process.stdout.readline().split("http://")[1].split()[0].split(":")
        self.address = (host, int(port))

    def connect(self):
        return socket.create_connection(self.address, timeout=120)

    def request(self, text):
        """Sends a request, and returns the status and the seconds until the response."""
        start = time.monotonic()
        with self.connect() as client:
            client.sendall(text.replace("\n", "\r\n").encode())
            status = client.recv(65536)[9:12].decode()
        return status, time.monotonic() - start

    def get(self, path):
        return self.request(f"GET {path} HTTP/1.1\nHost: a\nConnection: close\n\n")

    def create(self, alias):
        body = f"url=https://example.com/&alias={alias}"
        head = f"POST /shorten HTTP/1.1\nHost: a\nConnection: close\nContent-Length: {len(body)}\n\n"
        return self.request(head + body)

    def memory(self):
        """Resident memory, MB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

    def stop(self):
        """Sends SIGTERM, and returns the seconds until the end."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - start


def large_bodies(program):
    """400 clients send a body of 10 MiB but for its last byte."""
    server = Server(program)
    size = 10 << 20
    head = f"POST /shorten HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode()
    body, clients, peak = b"x" * (size - 1), [], 0
    for _ in range(400):
        client = server.connect()
        client.sendall(head + body)
        clients.append(client)
        peak = max(peak, server.memory())
    server.process.kill()
    return f"{peak:,.0f} MB"


def unread_responses(program):
    """200 clients ask for 200 large QR codes each and read nothing; SIGTERM follows after 45 s."""
    server = Server(program)
    server.create("code")
    requests = b"GET /code.png?size=2048&level=H HTTP/1.1\r\nHost: a\r\n\r\n" * 200
    clients = []
    for _ in range(200):
        client = server.connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(requests)
        clients.append(client)
    time.sleep(45)
    with subprocess.Popen(["ss", "-Htn", "state", "established", f"sport = :{server.address[1]}"],
                          stdout=subprocess.PIPE, text=True) as sockets:
        still_open = len(sockets.stdout.readlines())
    return f"{still_open} open, stop {server.stop():.1f} s"


def idle_clients(program):
    """1,100 idle clients, with a soft limit of 1,024 open files; then a new client asks."""
    server = Server(program, descriptors=(1024, 8192))
    clients = [server.connect() for _ in range(1100)]
    result = server.get("/")
    server.process.kill()
    return f"{result[1]:.1f} s" if clients else ""


def burst(program):
    """3,000 clients connect at the same time; those count that wait for longer than 0.9 s."""
    server = Server(program, descriptors=(8192, 8192))
    clients, start = [], time.monotonic()
    for _ in range(3000):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(server.address)
        clients.append(client)
    time.sleep(max(0, 0.9 - (time.monotonic() - start)))
    waiting = 0
    for client in clients:
        try:
            client.getpeername()
        except OSError:
            waiting += 1
    server.process.kill()
    return f"{waiting} of 3,000"


def slow_disk(program):
    """A write takes 3 s; meanwhile previews and a redirect are asked for."""
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "faults.so")
        subprocess.run(["cc", "-shared", "-fPIC", FAULTS, "-ldl", "-o", library], check=True)
        server = Server(program, os.path.join(folder, "l.db"), {"LD_PRELOAD": library, "DISK_FAULTS": folder})
        server.create("here")
        server.get("/here")
        open(os.path.join(folder, "slow"), "w").close()
        results = {}

        def run(name, ask):
            results[name] = ask()

        def start(name, ask):
            thread = threading.Thread(target=run, args=(name, ask))
            thread.start()
            return thread

        threads = [start("post", lambda: server.create("other"))]
        time.sleep(0.3)
        threads += [start(f"preview {n}", lambda: server.get("/here+")) for n in range(4)]
        time.sleep(0.2)
        threads.append(start("redirect", lambda: server.get("/here")))
        for thread in threads:
            thread.join()
        server.process.kill()
        preview = max(results[f"preview {n}"][1] for n in range(4))
        return f"redirect {results['redirect'][1]:.2f} s, preview {preview:.2f} s, POST {results['post'][1]:.1f} s"


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    programs = sys.argv[1:]
    if not programs:
        sys.exit(__doc__)
    print("| abuse | " + " | ".join(programs) + " |")
    print("| --- |" + " --- |" * len(programs))
    for measure in (large_bodies, unread_responses, idle_clients, burst, slow_disk):
        cells = [measure(program) for program in programs]
        print(f"| {measure.__doc__} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
