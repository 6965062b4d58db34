# SPDX-License-Identifier: Apache-2.0
"""Tocsin: an attack on one is an attack on all."""

__version__ = "0.1.0"
