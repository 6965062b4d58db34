# SPDX-License-Identifier: Apache-2.0
"""What the hub derives from the streams; each view can apply an entry and retract it."""
