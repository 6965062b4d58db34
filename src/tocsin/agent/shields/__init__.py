# SPDX-License-Identifier: Apache-2.0
"""Protection files for what a bank already runs, one file per format."""
