# SPDX-License-Identifier: Apache-2.0
"""Addresses without contents; part of the anonymous path, which a later version brings."""
