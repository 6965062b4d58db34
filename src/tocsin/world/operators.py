# SPDX-License-Identifier: Apache-2.0
"""What operators and the desk do in a world in one process, by the product's own verbs."""

import msgspec

from tocsin.agent.house import House
from tocsin.agent.verbs.rotate import rotate
from tocsin.clock import DAY, MINUTE
from tocsin.domain.party import Standing
from tocsin.errors import StateError, Unknown
from tocsin.files import NumberedSecrets
from tocsin.hub.edge.charter import Charter, demand_hub
from tocsin.hub.verbs.edges import edges_after, invite_edge
from tocsin.hub.verbs.erase import erase_fact
from tocsin.hub.verbs.roster import join_group, leave_group
from tocsin.hub.verbs.standing import change_standing
from tocsin.proof.signing import KEY_SIZE, SigningKey
from tocsin.web.calling import post
from tocsin.wire.edges import AdmitEdge, EdgeAdmitted
from tocsin.wire.messages import decode, encode
from tocsin.world import moves
from tocsin.world.bystander import AGED, RETENTION_DAYS, End, Stay, Suspension
from tocsin.world.inside import World
from tocsin.world.moves import EDGE, GROUP, HUB
from tocsin.world.network import Wire
from tocsin.world.relaying import SETTINGS, RelayMachine, means
from tocsin.world.seats import EDGE_HOST, EDGE_URL, HUB_HOST, RELAY_HOST, EdgeMachine, client

_PERSON = "Duty operator"
_STREAM = f"group:{GROUP}"


def erase_by_law(world: World, move: moves.EraseByLaw) -> None:
    """The operator erases what somebody said."""
    said, hub = world.recall(move.nth, lambda one: one.receipted), world.hub.exchange()
    world.hub.command("erase fact", lambda tx: erase_fact(tx, hub, said.id, "law"))
    said.ended.append(End("", receipted=True))


def suspend(world: World, move: moves.Suspend) -> None:
    """The operator suspends a party."""
    _stand(world, move.who, Standing.SUSPENDED)
    sizes = dict(world.hub.disk.look("SELECT name, size FROM stream"))
    world.suspended[move.who] = Suspension(move.who, sizes)


def reinstate(world: World, move: moves.Reinstate) -> None:
    """The operator takes it back."""
    _stand(world, move.who, Standing.ACTIVE)
    world.suspended.pop(move.who, None)


def _stand(world: World, who: str, wanted: Standing) -> None:
    hub, party = world.hub.exchange(), world.names[who]
    world.hub.command("change standing", lambda tx: change_standing(tx, hub, party, wanted, "incident"))


def join(world: World, move: moves.JoinGroup) -> None:
    """The desk puts a party on the roster."""
    hub, party = world.hub.exchange(), world.names[move.who]
    joined = world.hub.command("join group", lambda tx: join_group(tx, hub, GROUP, party, move.history))
    world.stays.append(Stay(move.who, joined.reads_from))


def leave(world: World, move: moves.LeaveGroup) -> None:
    """The desk takes it off."""
    hub, party = world.hub.exchange(), world.names[move.who]
    world.hub.command("leave group", lambda tx: leave_group(tx, hub, GROUP, party))
    size = dict(world.hub.disk.look("SELECT name, size FROM stream")).get(_STREAM, 0)
    for stay in world.stays:
        if stay.who == move.who and stay.upto is None:
            stay.upto = size


def rotate_keys(world: World, move: moves.Rotate) -> None:
    """A party, or the hub, replaces its keys."""
    if move.who == HUB:
        if not (world.hub.up and world.partner.up and world.hub.wire.whole and world.all_witnessed()):
            raise StateError("As its manual says: the hub's key is rotated while the partner answers.")
        world.hub.rotate()
        _restart_hubs(world)
        world.flow(2)
        return
    agent = world.agents[move.who]
    world.backups.pop(move.who, None)  # as its manual says: an older one has keys that are nobody's

    async def replace(house: House) -> None:
        """With a client that is closed afterwards."""
        async with agent.http() as http:
            await rotate(house, http, _PERSON)

    world.asking(move.who, replace)


def age(world: World, move: moves.Age) -> None:
    """Days pass; whatever process of the hub runs is started anew, and looks at once for what is too old."""
    world.leap(move.days * (DAY // MINUTE))
    old = world.clock.now() - RETENTION_DAYS * DAY
    for said in world.said:
        if said.kind != "warning" and said.at < old:
            said.ended.append(End(AGED))
    _restart_hubs(world)
    world.flow(2)


def _restart_hubs(world: World) -> None:
    for machine in (world.hub, world.twin):
        if machine is not None and machine.up:
            world.run(machine.stop())
            machine.start()


def open_path(world: World) -> None:
    """What `relay init`, `hub relay` and the operator's name in partner.toml do; the relay begins."""
    if world.relay is not None:
        raise StateError("The path is open.")
    hub_key = world.hub.exchange().identity.key
    door = world.doors[RELAY_HOST][0]
    world.relay = RelayMachine(hub_key, world.wire(), door, world.loop, world.clock, world.seed)
    world.partner.secrets = NumberedSecrets(world.folder / "partner.epochs")
    if world.partner.up:
        world.run(world.partner.stop())
        world.partner.start()
    world.hub.config = msgspec.structs.replace(world.hub.config, anonymous=SETTINGS)
    give_path(world)
    world.relay.start()
    _restart_hubs(world)


def give_path(world: World) -> None:
    """The hub's machine has what the path needs, and no key of an epoch yet."""
    folder = world.folder / f"hub.epochs.{world.clock.now()}"
    world.hub.means = lambda hub: means(hub, world.hub.config, world.hub.wire, folder)


def raise_edge(world: World, move: moves.RaiseEdge) -> None:
    """What `hub edge` and `hub follow` do; an earlier edge is revoked, and its machine is gone."""
    hub, wire = world.hub.exchange(), world.wire()
    if world.edge is not None:
        world.run(world.edge.kill())
        world.edge = None
    world.hub.command(
        "revoke edges", lambda tx: [edges_after(tx, one.name) for one in edges_after(tx, None).edges]
    )
    code = world.hub.command("invite edge", lambda tx: invite_edge(tx, hub, EDGE)).code
    seed = world.hub.entropy(KEY_SIZE)
    ask = AdmitEdge(code=code, signing_key=SigningKey.from_seed(seed).public)
    admitted = world.run(_admit(wire, encode(ask)))
    demand_hub(hub.identity.id, admitted)
    charter, door = Charter(hub.identity.id, seed, admitted), world.doors[EDGE_HOST][0]
    world.edge = EdgeMachine(charter, wire, door, world.loop, world.clock, world.seed)
    world.edge.start()


async def _admit(wire: Wire, ask: bytes) -> EdgeAdmitted:
    async with client(wire) as http:
        json = {"Content-Type": "application/json"}
        return decode(await post(http, f"http://{HUB_HOST}/v1/edges", ask, json), EdgeAdmitted)


def read_from(world: World, move: moves.ReadFrom) -> None:
    """A party's settings name the edge, or no longer do; its agent is started anew."""
    if move.place not in (EDGE, HUB):
        raise Unknown(f"Nobody reads from {move.place}.")
    world.run(world.agents[move.who].read_from(EDGE_URL if move.place == EDGE else ""))


def note_restore(world: World) -> None:
    """The hub was put in place from a backup: its other process cannot go on, and its edge is not known any more."""
    if world.twin is not None:
        world.run(world.twin.kill())
    if world.edge is not None:
        world.edge.forgotten = True
    if world.relay is not None:
        give_path(world)
    world.restored = True
