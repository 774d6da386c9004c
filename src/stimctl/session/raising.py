"""Who may raise which plateau when: by hand or by the plan's schedule, and only on the record."""

from collections.abc import Callable, Mapping

from stimctl.session.events import Json, Kind
from stimctl.session.log import EventLog
from stimctl.session.plateaus import AskedRaise, Plateau, RunFault
from stimctl.treatment.program import Plan
from stimctl.treatment.timeline import PlateauStep

LockReason = Callable[[Plateau], str | None]
"""Why nothing may be raised on a channel now, whoever asks; None where it may."""


class Raising:
    """The plateaus of one run. What rises waits for its row; what falls waits for nothing."""

    def __init__(self, plan: Plan, log: EventLog, lock: LockReason, *, scripted: bool) -> None:
        self._log = log
        self._lock = lock
        self._scripted = scripted
        self._plateaus = {
            one.channel: Plateau(
                one.channel, one.cleared.amplitude_ua, one.step_ua, scripted=scripted
            )
            for one in plan.channels
        }
        self._all = tuple(self._plateaus.values())
        self._asked: list[Plateau] = []

    def __getitem__(self, channel: int) -> Plateau:
        return self._plateaus[channel]

    def plateau_ua(self, channel: int) -> int:
        """The plateau now in force; 0 for a channel the plan does not use."""
        plateau = self._plateaus.get(channel)
        return 0 if plateau is None else plateau.now_ua

    def snapshot(self) -> dict[int, int]:
        """Every plateau in force."""
        return {plateau.channel: plateau.now_ua for plateau in self._all}

    def begin(self, now_ns: int) -> None:
        """Everything from zero."""
        for plateau in self._all:
            plateau.begin(now_ns)

    def touched(self, now_ns: int) -> None:
        """The run goes on where it stood."""
        for plateau in self._all:
            plateau.touched(now_ns)

    def forget_asked(self) -> None:
        """Nothing that waits is granted any more."""
        self._asked.clear()
        for plateau in self._all:
            plateau.asked = None

    def zero(self) -> None:
        """A discontinuity."""
        self.forget_asked()
        for plateau in self._all:
            plateau.zero()

    def fall_back(self, plateaus: Mapping[int, int]) -> None:
        """The device never got the last raises."""
        self.forget_asked()
        for plateau in self._all:
            plateau.fall_back(plateaus.get(plateau.channel, 0))

    def by_hand(self, now_ns: int, channel: int, plateau_ua: int) -> None:
        """Ask for one step up; refused with its reason, or asked of the journal."""
        plateau = self._plateaus.get(channel)
        if plateau is None:
            self._refuse(now_ns, channel, plateau_ua, "the plan does not use this channel")
            return
        if plateau.over_ceiling(plateau_ua):
            limit: dict[str, Json] = {
                "channel": channel,
                "asked_ua": plateau_ua,
                "allowed_ua": plateau.ceiling_ua,
                "limit": "cleared amplitude",
            }
            self._log.emit(now_ns, Kind.LIMIT, limit, durable=True)
            return
        reason = plateau.refusal(now_ns, plateau_ua, "hand") or self._lock(plateau)
        if reason is not None:
            self._refuse(now_ns, channel, plateau_ua, reason)
            return
        self._ask(now_ns, plateau, plateau_ua, "hand")

    def _refuse(self, now_ns: int, channel: int, asked_ua: int, reason: str) -> None:
        self._log.emit(
            now_ns,
            Kind.REFUSED,
            {"intent": "raise", "channel": channel, "asked_ua": asked_ua, "reason": reason},
        )

    def _ask(self, now_ns: int, plateau: Plateau, plateau_ua: int, by: str) -> None:
        row: dict[str, Json] = {
            "channel": plateau.channel,
            "plateau_ua": plateau_ua,
            "from_ua": plateau.now_ua,
            "by": by,
        }
        waiting = self._log.emit_waiting(now_ns, Kind.RAISE, row)
        plateau.asked = AskedRaise(waiting, plateau_ua, by)
        self._asked.append(plateau)

    def grant(self, now_ns: int) -> None:
        """Raise what is on the record by now; drop what waited too long or is locked by now."""
        if not self._asked:
            return
        still: list[Plateau] = []
        for plateau in self._asked:
            asked = plateau.asked
            if asked is None:
                continue
            locked = self._lock(plateau)
            if now_ns > asked.waiting.stale_ns() or locked is not None:
                plateau.asked = None
                reason = locked or "the journal took longer than 250 ms"
                self._refuse(now_ns, plateau.channel, asked.plateau_ua, reason)
            elif self._log.has_on_disk(asked.waiting):
                plateau.grant(now_ns)
                self._set(now_ns, plateau, asked.by)
            else:
                still.append(plateau)
        self._asked = still

    def _set(self, now_ns: int, plateau: Plateau, by: str) -> None:
        self._log.emit(
            now_ns,
            Kind.SET,
            {"channel": plateau.channel, "plateau_ua": plateau.now_ua, "by": by},
            durable=by == "hand",
        )

    def lower(self, now_ns: int, channel: int, plateau_ua: int) -> None:
        """Down at once; the row follows."""
        plateau = self._plateaus.get(channel)
        if plateau is not None:
            plateau.lower(now_ns, plateau_ua)
            self._set(now_ns, plateau, "hand")

    def schedule(self, steps: list[PlateauStep]) -> None:
        """Take what the plan's raise schedule says; RunFault where it breaks the rules."""
        for step in steps:
            plateau = self._plateaus.get(step.channel)
            if plateau is None:
                raise RunFault(f"the raise schedule names channel {step.channel}, not in the plan")
            plateau.script_says(step.at_us, step.plateau_ua)

    def by_script(self, now_ns: int) -> None:
        """Ask for the next step of every channel that is below its schedule."""
        if not self._scripted:
            return
        for plateau in self._all:
            step = plateau.script_step()
            if step is not None and now_ns >= plateau.script_due_ns() and not self._lock(plateau):
                reason = plateau.refusal(now_ns, step, "script")
                if reason is not None:
                    raise RunFault(f"the script may not raise channel {plateau.channel}: {reason}")
                self._ask(now_ns, plateau, step, "script")

    def deadline(self, now_ns: int) -> int | None:
        """When a raise that waits goes stale, or the script may raise again; None for neither."""
        due = [one.asked.waiting.stale_ns() + 1 for one in self._asked if one.asked is not None]
        if self._scripted:
            due += [
                one.script_due_ns()
                for one in self._all
                if one.script_step() is not None and one.script_due_ns() > now_ns
            ]
        return min(due, default=None)
