# SPDX-License-Identifier: Apache-2.0
"""History that cannot be rewritten unseen: mathematics on bytes. No input, no output, no domain."""
