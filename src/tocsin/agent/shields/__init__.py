# SPDX-License-Identifier: Apache-2.0
"""From what is known of a value to what a bank does about it: levels, guards, and one protection file per format."""
