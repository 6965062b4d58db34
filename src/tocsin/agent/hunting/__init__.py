# SPDX-License-Identifier: Apache-2.0
"""What the alliance knows, looked for in this party's own logs: of the past, and as they are written.

`covers.py` says when a value in a log is a hit, `index.py` answers that fast for a million values. `words.py` and
`records.py` say what a line or a row holds. Two engines find the few lines that are worth reading exactly: `lines.py`
in anything made of lines, `columns.py` by DuckDB in what has columns. Both run in a child without keys and network
(`child.py`, `process.py`). `past.py` decides what is still to be hunted where, `ledger.py` keeps what was found,
sealed, and `telling.py` says what others hear of it: a sighting of the value, and never a line of a log.
"""
