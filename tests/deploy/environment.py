"""The test environment of `rehearse` and `runtime-check`: pinned tools, the build, and an emulated AWS.

Nothing here can reach a real AWS account: every program gets the emulator's credentials, endpoint and
empty configuration files instead of those of the user.
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

sys.dont_write_bytecode = True  # leave no files in the checkout

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
BUILD = TARGET / "deploy" / "build"
VENV = Path(os.environ.get("SHORTLINK_DEPLOY_VENV") or TARGET / "deploy" / "venv").resolve()
REGION = "us-east-1"
# The functions are built for this machine's processor, since they run here.
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
SCRATCH = tempfile.TemporaryDirectory(prefix="shortlink-deploy-")  # sam does not delete its zip files


def abort(reason):
    """Exits with status 2: the checks could not be run, so they say nothing about the project."""
    print(f"\nCannot continue: {reason}", file=sys.stderr, flush=True)
    sys.exit(2)


def enter_venv():
    """Re-executes this program in the virtual environment of requirements.txt, which it creates if needed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # exit normally, so that daemons are stopped
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    stamp, python = VENV / "requirements.sha256", VENV / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"Installing the pinned tools into {VENV} (once, about a minute)", flush=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
            subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True)
        except subprocess.CalledProcessError as error:
            abort(f"the tools of tests/deploy/requirements.txt did not install ({error}).\n"
                    "They need Python 3.10 or newer with its venv module (Debian: python3-venv).")
        stamp.write_text(wanted)
    if Path(sys.prefix).resolve() != VENV:
        SCRATCH.cleanup()  # the new process creates its own
        os.execv(python, [str(python), *sys.argv])
    replace_credentials()


def replace_credentials():
    """Replaces the user's AWS settings in the environment with the emulator's."""
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


def run(*command, env=None, answers=None):
    """Runs a command, which finds `answers` at its standard input, and prints its output only if it fails. Returns the
    output, or None if it failed."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, input=answers or "", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(f"  {'ok  ' if done.returncode == 0 else 'FAIL'}  {' '.join(command[:3])}"
          f"  ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout)
        return None
    return done.stdout


def build(folder=BUILD, architecture=ARCHITECTURE):
    """Runs `sam build`, for this machine's processor by default, in a folder other than the operator's own build."""
    print("Build", flush=True)
    # sam cannot pass --locked to cargo, so this first makes sure that Cargo.lock is up to date.
    if (run("cargo", "metadata", "--locked", "--format-version=1") is None
            or run("sam", "build", "--build-dir", str(folder),
                   "--parameter-overrides", f"Architecture={architecture}") is None):
        abort("the build failed; its output is above.")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Daemon:
    """A program that runs for the duration of a `with` block, with all of its child processes."""

    def __init__(self, name, command, env, cwd=None):
        self.name, self.log = name, tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)  # start_new_session made it a group of its own
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
        output = self.tail()
        self.__exit__()
        abort(f"{self.name} did not start. Its last output:\n{output}")


class Emulator(Daemon):
    """The AWS emulator ministack on a free port of the loopback interface, with IAM enforced."""

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
        """A boto3 client with the credentials that deploy the stack."""
        import boto3

        return boto3.client(service, endpoint_url=self.url)
