# SPDX-License-Identifier: Apache-2.0
"""The console: what people in a bank look at. Rooms know no HTTP, templates no rules (start at `app`)."""
