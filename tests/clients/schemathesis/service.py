"""The service of this checkout on a database of its own."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

ROOT = pathlib.Path(__file__).resolve().parents[3]
SECRET = "the-admin-secret-of-the-generated-tests"
PASSWORD = "correct horse battery"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ready(address):
    try:
        return urllib.request.urlopen(f"http://{address}/readyz").status == 200
    except OSError:
        return False


@contextmanager
def service(database, more=None):
    """The address of GraphQL; `database` is a URL, or None for a file that nobody needs afterwards; `more` settings."""
    address = f"127.0.0.1:{free_port()}"
    # Nothing is to be refused for its frequency.
    limits = {f"PORTICO_LIMIT_{name}": "1000000" for name in ("SIGN_INS", "SIGN_UPS", "REFRESHES", "FAILURES")}
    subprocess.run(["cargo", "build", "--quiet", "--package", "portico-server"], cwd=ROOT, check=True)
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "portico"
    with tempfile.TemporaryDirectory(prefix="portico-schemathesis-") as folder:
        settings = {"PORTICO_LISTEN": address, "PORTICO_DATA_DIR": folder, "PORTICO_ADMIN_SECRET": SECRET}
        settings |= limits | {"PORTICO_LOG": "warn"} | (more or {})
        if database:
            settings["PORTICO_DATABASE_URL"] = database
        log = pathlib.Path(folder, "log")
        with log.open("w") as output:
            process = subprocess.Popen([program], cwd=folder, env=settings, stdout=output, stderr=output)
        try:
            for _ in range(400):
                if ready(address):
                    break
                time.sleep(0.05)
            else:
                raise RuntimeError(f"the service never became ready: {log.read_text()}")
            yield f"http://{address}/v1/graphql", log
        finally:
            process.terminate()
            process.wait()


def ask(url, query, headers=None, variables=None):
    """The data of an answer that is expected to have some."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json", **(headers or {})})
    answer = json.load(urllib.request.urlopen(request))
    if "errors" in answer:
        raise RuntimeError(f"{query}: {answer['errors']}")
    return answer["data"]


def sign_up(url, email):
    """The id and the headers of a new user."""
    field = f'signUpEmailPassword(email: "{email}", password: "{PASSWORD}")'
    session = ask(url, f"mutation {{ {field} {{ session {{ accessToken user {{ id }} }} }} }}")["signUpEmailPassword"]["session"]
    return session["user"]["id"], {"authorization": f"Bearer {session['accessToken']}"}
