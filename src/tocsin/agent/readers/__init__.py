# SPDX-License-Identifier: Apache-2.0
"""Untrusted files are read in one child process without keys or network, one file per format."""
