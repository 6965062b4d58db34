# SPDX-License-Identifier: Apache-2.0
"""The command `tocsin`, and `python -m tocsin`: whenever it is interrupted, it ends with 130 and without a trace.

Importing everything takes longer than many a command does. Until that is over there is nothing to clean up. So httpx
comes without its own command line, which loads rich and pygments wherever somebody else has installed them.
"""

import os
import signal
import sys


def main() -> None:
    """Run one command and end the process with its exit code."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:  # a job in the background ignores it, and goes on ignoring it
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: it is not there
    from tocsin.cli.main import run

    try:
        signal.signal(signal.SIGINT, heard)
        code = run(sys.argv[1:])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what it had to say is said: only the interpreter ends
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
