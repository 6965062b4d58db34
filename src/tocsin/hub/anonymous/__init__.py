# SPDX-License-Identifier: Apache-2.0
"""The hub's part of the anonymous path: epoch documents, tokens, envelopes. It sees contents and never a sender."""
