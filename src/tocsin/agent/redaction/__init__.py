# SPDX-License-Identifier: Apache-2.0
"""From what a file says to what may leave: whose each value is, what must be cut, and who approves it."""
