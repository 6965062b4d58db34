# SPDX-License-Identifier: Apache-2.0
"""What the alliance was worth to this party in a month, from what its own store holds. Nothing of it leaves."""
