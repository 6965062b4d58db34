# SPDX-License-Identifier: Apache-2.0
"""The command `tocsin`, and `python -m tocsin`: whenever it is interrupted, it ends with 130 and says nothing odd.

Importing everything takes as long as a short command, so the import stands inside the `try`.
"""

import sys


def main() -> None:
    """Run one command and end the process with its exit code."""
    try:
        from tocsin.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
