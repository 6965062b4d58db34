# SPDX-License-Identifier: Apache-2.0
"""Heads: signed after every wave, witnessed by the partner, and proved to any reader."""
