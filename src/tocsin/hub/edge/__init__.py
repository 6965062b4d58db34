# SPDX-License-Identifier: Apache-2.0
"""An edge: a hub process without write rights. It follows a hub, verifies what it is sent, and serves readers."""
