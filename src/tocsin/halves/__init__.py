# SPDX-License-Identifier: Apache-2.0
"""What hub and partner each do with their half of one ceremony: pure steps, state passed in and out."""
