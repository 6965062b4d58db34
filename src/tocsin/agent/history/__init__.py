# SPDX-License-Identifier: Apache-2.0
"""The alliance's history as it has proved itself to this party, and what is held against the hub."""
