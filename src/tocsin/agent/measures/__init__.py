# SPDX-License-Identifier: Apache-2.0
"""From what a warning says of an attack to the controls that answer it, in the words of the bank's own framework."""
