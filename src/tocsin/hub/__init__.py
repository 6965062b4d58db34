# SPDX-License-Identifier: Apache-2.0
"""The exchange: streams, members, what was disclosed. Never who sent an anonymous report, never a raw case."""
