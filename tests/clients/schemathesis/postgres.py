"""A PostgreSQL server that nobody needs afterwards."""

import os
import pathlib
import shutil
import subprocess
import tempfile
from contextlib import contextmanager

from service import free_port

# Nothing has to outlive the machine.
CONFIGURATION = "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nfsync = off\n"


def run(program, *arguments):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), reverse=True)
    # PostgreSQL refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, found[0] if found else program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def cluster():
    """The address of an empty database."""
    port = free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portico-schemathesis-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", data)
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(CONFIGURATION.format(port=port))
        run("pg_ctl", "start", "-s", "-w", "-D", data, "-l", folder / "log")
        try:
            yield f"postgres://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "-s", "-w", "-m", "immediate", "-D", data)
    finally:
        shutil.rmtree(folder)
