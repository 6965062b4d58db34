# SPDX-License-Identifier: Apache-2.0
"""A text told without whom it is about. Start with `tocsin.agent.redaction.narrative.walk`."""
