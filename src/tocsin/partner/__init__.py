# SPDX-License-Identifier: Apache-2.0
"""The second legal person: witnesses the hub's history. Later gateway and mix of the anonymous path."""
