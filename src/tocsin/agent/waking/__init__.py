# SPDX-License-Identifier: Apache-2.0
"""Waking a human: what must be looked at (`calls`), who is on call (`rota`), how they are told, whom they call."""
