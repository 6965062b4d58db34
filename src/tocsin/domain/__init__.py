# SPDX-License-Identifier: Apache-2.0
"""What the alliance talks about: pure values and rules. No input, no output; the time is passed in."""
