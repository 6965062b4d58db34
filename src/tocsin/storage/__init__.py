# SPDX-License-Identifier: Apache-2.0
"""Remembers. One interface, two engines; SQL only in `sql/`, every query named."""
