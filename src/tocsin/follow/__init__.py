# SPDX-License-Identifier: Apache-2.0
"""The verifying stream client: nothing is acted on before a signed head proves it."""
