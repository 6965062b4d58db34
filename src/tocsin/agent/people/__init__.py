# SPDX-License-Identifier: Apache-2.0
"""Who may use the console: people's accounts, how they sign in, and what each may do. No pages."""
