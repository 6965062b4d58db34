# SPDX-License-Identifier: Apache-2.0
"""The yardstick of the anonymous path: who can tell which member sent a report? Start reading at `game`."""

from tocsin.bench.linkability.figures import run, run_full, run_product

__all__ = ["run", "run_full", "run_product"]
