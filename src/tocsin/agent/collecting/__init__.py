# SPDX-License-Identifier: Apache-2.0
"""What a bank has comes in by itself: from folders, maildirs and a mailbox, into a queue that waits for a person.

`files.py` and `mailbox.py` are the sources, `collector.py` looks at one of them again and again, `queue.py` is where
what came in waits, and `sources.py` says how each of them does. An item becomes a report by `tocsin agent report`, as
any file does, or by a standing rule that names its source: `approving.py`.
"""
