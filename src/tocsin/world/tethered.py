# SPDX-License-Identifier: Apache-2.0
"""``python -m tocsin.world.tethered …`` is ``tocsin …``, and ends when whoever started it is gone, however it went.

The starter holds the other end of standard input and never writes. When the starter dies, by whatever signal, the
system closes that end, and this process asks itself to stop as an operator would. It works wherever pipes do.
"""

import os
import runpy
import signal
import threading


def watch() -> None:
    """Until nobody holds the other end; then stop."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=watch, daemon=True).start()
    runpy.run_module("tocsin", run_name="__main__", alter_sys=True)
