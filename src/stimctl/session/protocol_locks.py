"""What keeps a protocol from hardware: the lock in its file, and a station for signed ones only."""

from collections.abc import Iterator

from stimctl.session.needs import Gap, Known, Need, Preparation
from stimctl.treatment.program import AnyPlan
from stimctl.treatment.schema import ProtocolBase


def approval_of(protocol: ProtocolBase) -> str:
    """The id by which the approval of a locked protocol is given, as those of conditions are."""
    return protocol.id.upper()


def about_protocol(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:
    """The lock of the protocol or of its parent, and the signature that this station asks for."""
    if plan is None:
        return
    protocol, permission = plan.protocol, known.permission
    lock, approval = protocol.locked or permission.lock, approval_of(protocol)
    if lock is not None and approval not in {one.upper() for one in said.approvals}:
        yield Gap(
            Need.PROTOCOL_LOCKED,
            f"{protocol.id} is locked",
            f"{lock.reason} Needed: {' '.join(lock.needs)} To be approved by: {lock.unlocked_by}",
            f"with that approval on file for this person, give it as {approval}",
            approval,
        )
    if permission.unsigned is not None:
        found = permission.unsigned
        yield Gap(Need.PROTOCOL_LIBRARY, found.what, found.why, found.what_to_do, found.code)
