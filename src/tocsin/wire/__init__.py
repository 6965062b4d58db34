# SPDX-License-Identifier: Apache-2.0
"""Bytes and JSON at the border: strict in, exact out."""
