# SPDX-License-Identifier: Apache-2.0
"""The third legal person: sees who sends an envelope and when, and neither what is in it nor whether anything is."""
