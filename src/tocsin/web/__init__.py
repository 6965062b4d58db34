# SPDX-License-Identifier: Apache-2.0
"""What hub, partner and agent share as HTTP servers: problem documents, limits, serving, health."""
