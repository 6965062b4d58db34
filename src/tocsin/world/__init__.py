# SPDX-License-Identifier: Apache-2.0
"""The alliance on one machine: the story that `tocsin demo` tells, in real processes."""
