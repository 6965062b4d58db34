# SPDX-License-Identifier: Apache-2.0
"""The hub's way to its partner: one request per wave, answered in time or not at all."""

import httpx

from tocsin.errors import Unreachable
from tocsin.halves.witness import Proposal
from tocsin.proof.note import MAX_NOTE, VerifierKey
from tocsin.wire.messages import Cosigned, Witness, decode, encode
from tocsin.wire.problem import to_error


class HttpPartner:
    """A partner that serves `tocsin partner serve`."""

    def __init__(self, url: str, key: VerifierKey, seconds: float) -> None:
        self.key = key
        self._url = f"{url.rstrip('/')}/v1/witness"
        self._http = httpx.AsyncClient(timeout=seconds, trust_env=False, follow_redirects=False)

    async def witness(self, proposal: Proposal) -> str:
        """The note with its cosignature; Unreachable when it does not come in time."""
        message = Witness(
            held=proposal.held,
            log=proposal.log,
            log_path=proposal.log_path,
            changes=proposal.changes,
            note=proposal.note,
        )
        try:
            answer = await self._http.post(self._url, content=encode(message))
        except httpx.TransportError as error:
            raise Unreachable(f"The partner at {self._url}: {str(error) or type(error).__name__}.") from None
        if answer.status_code != 200:
            raise to_error(answer.content[: 4 * MAX_NOTE], answer.status_code)
        return decode(answer.content, Cosigned).note

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()
