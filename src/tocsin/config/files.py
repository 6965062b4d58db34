# SPDX-License-Identifier: Apache-2.0
"""Configuration files: read whole, with every wrong setting named; written for their owner only."""

from pathlib import Path
from typing import TypeVar

import msgspec

from tocsin.config.agent import AgentConfig
from tocsin.config.hub import EdgeConfig, HubConfig
from tocsin.config.partner import PartnerConfig
from tocsin.config.relay import RelayConfig
from tocsin.errors import ConfigError, Missing
from tocsin.files import replace_file

_FOLDER_FIRST = "Check the name: DIR is the folder that init has made, and it comes before everything else."


C = TypeVar("C", HubConfig, AgentConfig, PartnerConfig, EdgeConfig, RelayConfig)


def load(path: Path, into: type[C]) -> C:
    """Read a configuration file; ConfigError names the file and the setting that is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=into)
    except FileNotFoundError:
        raise Missing(
            f"{path} does not exist: has this folder been set up with init?", next_step=_FOLDER_FIRST
        ) from None
    except NotADirectoryError:
        raise Missing(
            f"{path.parent} is a file, and a folder is wanted there.", next_step=_FOLDER_FIRST
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise ConfigError(f"{path}: {error}.") from None


def save(path: Path, config: HubConfig | AgentConfig | PartnerConfig | EdgeConfig | RelayConfig) -> None:
    """Write a configuration file as TOML, for its owner only.

    An absent part stays absent: TOML has no null. So does an empty list of parts, or nobody could add one below.
    """
    settings = {name: value for name, value in msgspec.to_builtins(config).items() if value not in (None, ())}
    replace_file(path, msgspec.toml.encode(settings))
