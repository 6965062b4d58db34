# SPDX-License-Identifier: Apache-2.0
"""Mathematics on bytes: knows no bank, no police, no database. One RFC or mechanism per file."""
