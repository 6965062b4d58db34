# SPDX-License-Identifier: Apache-2.0
"""The command `tocsin`, one file for each process that it runs."""
