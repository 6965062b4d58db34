# SPDX-License-Identifier: Apache-2.0
"""What a party can ask of the hub, one file each."""
