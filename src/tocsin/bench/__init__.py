# SPDX-License-Identifier: Apache-2.0
"""What `tocsin bench` measures, one file per benchmark; a figure stands beside its peer or limit."""
