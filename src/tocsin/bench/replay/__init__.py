# SPDX-License-Identifier: Apache-2.0
"""Mails that came, played again: what a bank stops alone, and what it stops as one of an alliance."""
