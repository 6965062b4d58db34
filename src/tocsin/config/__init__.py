# SPDX-License-Identifier: Apache-2.0
"""One frozen configuration per process: every setting with its sentence, unknown keys refused.

Files are TOML; samples of all four stand in docs/samples and are parsed by a test. Secrets are never in them.
"""
