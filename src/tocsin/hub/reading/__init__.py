# SPDX-License-Identifier: Apache-2.0
"""Serving the streams: catching a reader up, then everything as it happens, to all of them at once."""
