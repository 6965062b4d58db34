# SPDX-License-Identifier: Apache-2.0
"""`python -m tocsin` is the command `tocsin`."""

from tocsin.cli.main import main

if __name__ == "__main__":
    main()
