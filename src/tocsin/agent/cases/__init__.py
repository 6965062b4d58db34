# SPDX-License-Identifier: Apache-2.0
"""What this party knows about each attack. No module here can name the outbox or a way out, nor they a case."""
