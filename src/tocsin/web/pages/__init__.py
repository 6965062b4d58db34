# SPDX-License-Identifier: Apache-2.0
"""Pages for people: rendered on the server, nothing from elsewhere, no script but our own (start at `page`)."""
