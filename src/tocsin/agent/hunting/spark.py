# SPDX-License-Identifier: Apache-2.0
"""What runs inside the hunting child that asks the bank's own Spark: tables and Parquet there, in place of files here.

Which Spark it is, the bank's own environment says, as for any of its programs: SPARK_REMOTE, SPARK_CONF_DIR, or this
machine. Unlike the child over files this one keeps network and disk, which Spark needs; it has no key of the agent's.

Run by `tocsin.agent.hunting.process` as ``python -I -m tocsin.agent.hunting.spark``; the parent trusts nothing it says.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

import ibis
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from tocsin.agent.hunting.child import PR_SET_PDEATHSIG, Hunter, serve
from tocsin.agent.hunting.found import Hunted
from tocsin.agent.hunting.frames import HuntFile
from tocsin.agent.hunting.tables import hunt_table
from tocsin.errors import Unreadable

_VIEW = "tocsin_hunted"


class SparkHunter(Hunter):
    """Knows values, and hunts them in tables."""

    def _hunt_file(self, asked: HuntFile, tell: Callable[[int], None]) -> Hunted:
        """Hunt in a table by its name, or in Parquet by a path, which has a slash."""
        try:
            session = SparkSession.builder.appName("tocsin hunt").getOrCreate()
            is_path = "/" in asked.path
            frame = session.read.parquet(asked.path) if is_path else session.table(asked.path)
            frame.createOrReplaceTempView(_VIEW)
            table = ibis.pyspark.connect(session).table(_VIEW)
            return hunt_table(table, self.index, self.sieve, tell)
        except (PySparkException, Py4JError, ibis.IbisError) as error:
            raise Unreadable(f"Spark: {' '.join(str(error).split())[:300]}") from None


def main() -> None:
    """Serve until the parent goes away."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Java prints into whatever it inherits
    serve(SparkHunter(), sys.stdin.buffer, answers, lambda places: None)


if __name__ == "__main__":
    main()
