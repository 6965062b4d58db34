# SPDX-License-Identifier: Apache-2.0
"""Coming back from a backup: what lacks, what readers hand in, and from where the history goes on."""
