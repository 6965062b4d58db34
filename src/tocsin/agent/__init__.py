# SPDX-License-Identifier: Apache-2.0
"""Inside the bank. Private data stays here; `redact` is the one door out."""
