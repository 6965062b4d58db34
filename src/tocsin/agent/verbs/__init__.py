# SPDX-License-Identifier: Apache-2.0
"""What a person or a tool can ask of the agent, one file each."""
