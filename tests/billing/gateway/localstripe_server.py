"""Runs localstripe, a stand-in for Stripe that keeps state, as a process of its own.

`python localstripe_server.py` listens on a free port of this machine alone, and says which on its
first line. By itself it would listen to the whole network and keep its data in one file for
everybody: here it keeps them in memory.
"""

from __future__ import annotations

import socket
import sys

from aiohttp import web
from localstripe import resources, server


def main() -> None:
    resources.Store.dump_to_disk = lambda self: None
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    web.run_app(server.app, sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    main()
