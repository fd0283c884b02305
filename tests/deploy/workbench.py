"""What the rehearsal and the runtime check share: their tools, the build, and an AWS to try it on.

Nothing here can reach a real account: the credentials, the endpoint and the configuration files of
whoever runs it are replaced for every program that is started.
"""

import hashlib
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True  # the checkout stays as clean as it was

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
BUILD = TARGET / "deploy" / "build"
VENV = Path(os.environ.get("SHORTLINK_DEPLOY_VENV") or TARGET / "deploy" / "venv").resolve()
REGION = "us-east-1"
# What is built and run here is for this machine's processor, whatever the template's default.
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
SCRATCH = tempfile.TemporaryDirectory(prefix="shortlink-deploy-")  # sam leaves its zip files lying about


def give_up(why):
    """Ends the run because it could not be held, which says nothing about the project."""
    print(f"\nCannot go on: {why}", file=sys.stderr, flush=True)
    sys.exit(2)


def enter_venv():
    """Goes on inside the virtual environment of requirements.txt, making it first where needed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    stamp, python = VENV / "requirements.sha256", VENV / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"Installing the pinned tools into {VENV} (once, about a minute)", flush=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
            subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True)
        except subprocess.CalledProcessError as error:
            give_up(f"the tools of tests/deploy/requirements.txt did not install ({error}).\n"
                    "It takes Python 3.10 or newer with its venv module (Debian: python3-venv).")
        stamp.write_text(wanted)
    if Path(sys.prefix).resolve() != VENV:
        SCRATCH.cleanup()  # the next process makes its own
        os.execv(python, [str(python), *sys.argv])
    be_nobody()


def be_nobody():
    """Takes the identity of whoever runs this out of the environment, and puts the emulator's in."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SAM_"))]:
        del os.environ[name]
    os.environ.update({
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": "test",  # the emulator's root user
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "TMPDIR": SCRATCH.name,
    })


def run(*command, env=None):
    """Runs a step of the rehearsal, silent when it succeeds. Returns what it printed, or None."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(f"  {'ok  ' if done.returncode == 0 else 'FAIL'}  {' '.join(command[:3])}"
          f"  ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout)
        return None
    return done.stdout


def build():
    """`sam build`, for this machine's processor and beside the operator's own build, not over it."""
    print("The build", flush=True)
    # sam cannot hand --locked to cargo, so that Cargo.lock is up to date is asserted first.
    if (run("cargo", "metadata", "--locked", "--format-version=1") is None
            or run("sam", "build", "--build-dir", str(BUILD),
                   "--parameter-overrides", f"Architecture={ARCHITECTURE}") is None):
        give_up("the build failed; its words are above.")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Daemon:
    """A program that runs for as long as the `with` block does, with all that it starts itself."""

    def __init__(self, name, command, env, cwd=None):
        self.name, self.log = name, tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)  # its own group: start_new_session
                self.process.wait(timeout=3)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        self.log.close()

    def alive(self):
        return self.process.poll() is None

    def tail(self, lines=20):
        self.log.flush()
        self.log.seek(0)
        return "".join(self.log.readlines()[-lines:])

    def await_port(self, port, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.alive():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        words = self.tail()
        self.__exit__()
        give_up(f"{self.name} did not start. Its last words:\n{words}")


class Emulator(Daemon):
    """ministack, on a free port of this machine only, with IAM enforced."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**os.environ, "AWS_ENDPOINT_URL": self.url}
        super().__init__("ministack", [str(VENV / "bin" / "ministack")], {
            **self.env,
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_PORT": "0",
            "AUTH": "true",
            "MINISTACK_REGION": REGION,
            "STATE_DIR": SCRATCH.name,
        }, cwd=SCRATCH.name)

    def __enter__(self):
        self.await_port(self.port)
        return self

    def client(self, service):
        """A boto3 client that acts as the person who deploys."""
        import boto3

        return boto3.client(service, endpoint_url=self.url)
