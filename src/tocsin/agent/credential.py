# SPDX-License-Identifier: Apache-2.0
"""A password or secret that settings only name: from a file of its own, or a credential that systemd hands over.

A bare name is a credential (systemd.exec(5), LoadCredential=); a path names a file of mode 0600, and a relative one
lies in the agent's folder. It is read anew each time, so that another one counts without a restart.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from tocsin.errors import ConfigError, Missing

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what LoadCredential= names."""
_LONGEST = 4_096


class Credentials(msgspec.Struct, frozen=True):
    """Where an agent's credentials are."""

    folder: Path
    """The agent's."""
    environment: Mapping[str, str]

    def read(self, named: str, setting: str, how: str) -> str:
        """The text without the line's end; ConfigError when others may read the file.

        `setting` is the one that names it, `how` a page for a person.
        """
        path = self._path(named, setting)
        step = f"Write it into that file, and nothing else; see {how}."
        try:
            if path.parent != Path(self.environment.get(CREDENTIALS, "")) and path.stat().st_mode & 0o077:
                raise ConfigError(f"{path} can be read by others.", next_step=f"chmod 600 {path}")
            with path.open(encoding="utf-8") as file:
                text = file.read(_LONGEST).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise Missing(f"{path}: {why}.", next_step=step) from None
        if not text or "\0" in text:
            raise ConfigError(f"{path} holds no password.", next_step=step)
        return text

    def _path(self, named: str, setting: str) -> Path:
        if "/" in named:
            return self.folder / named
        place = self.environment.get(CREDENTIALS)
        if not place:
            raise Missing(
                f"systemd hands over no credential {named!r}.",
                next_step=f"Add LoadCredential= to the agent's unit, or name a path in `{setting}`.",
            )
        return Path(place) / named
