# SPDX-License-Identifier: Apache-2.0
"""One file for each room: what it shows, and what can be done in it."""
