"""From a loaded plan to CHECKED: the plan fits the device, and its watchdog test has passed."""

from collections.abc import Mapping

from stimctl.codes import Code
from stimctl.devices.driver import AnyDriver
from stimctl.devices.events import DriverEvent, UnexpectedState
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import LimitRefusedError, StateError
from stimctl.session import rows
from stimctl.session.config import EngineConfig
from stimctl.session.core import Core, Purpose
from stimctl.session.events import Json, encode
from stimctl.session.finding import check_finding, sites_of
from stimctl.session.link import Quality
from stimctl.session.log import EventLog, Waiting
from stimctl.session.output_adapter import OutputAdapter
from stimctl.session.plateaus import PlanViolation
from stimctl.session.procedure import check_procedure
from stimctl.session.pulses import check_single_pulses
from stimctl.session.reasons import NOT_IDENTIFIED, Reason
from stimctl.session.run import Run
from stimctl.session.setup_row import setup_of
from stimctl.session.states import State, Trigger
from stimctl.session.watchdog_test import Outcome, WatchdogTest
from stimctl.treatment.program import AnyPlan, CurrentPlan, gives_events, makes_current

_FAILED = {
    Outcome.NEVER_RAN: Reason(
        Code.TRIP_NEVER_RAN, "the watchdog test failed: the 0 mA train did not run"
    ),
    Outcome.STILL_RUNS: Reason(
        Code.TRIP_STILL_RUNS,
        "the watchdog test failed: the train went on without a keep-alive",
    ),
}


def check_chosen(plan: AnyPlan, config: EngineConfig) -> None:
    """StateError where a plan does not go with what was chosen for the session."""
    if config.single_pulses:
        check_single_pulses(plan)
    if gives_events(plan):
        check_procedure(config)
    check_finding(plan, config)


class Checking:
    """The plan of the session, and what has been proved about its device."""

    def __init__(
        self,
        core: Core,
        driver: AnyDriver,
        sheet: CapabilitySheet,
        config: EngineConfig,
        log: EventLog,
    ) -> None:
        self._core = core
        self._driver = driver
        self._sheet = sheet
        self._config = config
        self._log = log
        self._watchdog_test: WatchdogTest | None = None
        self._watchdog_tested = False
        self._setup: Waiting | None = None
        """The row of the plan that is loaded, on its way to the disk or there."""

    @property
    def passed(self) -> bool:
        """A plan is loaded and on the record, and a watchdog test that is due has passed."""
        return self._core.run is not None and self._is_on_record() and self._has_watchdog_test()

    def _is_on_record(self) -> bool:
        return self._setup is not None and self._log.has_on_disk(self._setup)

    def _has_watchdog_test(self) -> bool:
        return self._watchdog_tested or not self._watchdog_test_due()

    @property
    def under_way(self) -> bool:
        """A watchdog test is under way: the keep-alive is withheld on purpose."""
        return self._watchdog_test is not None

    def _watchdog_test_due(self) -> bool:
        # What another package says of its device's watchdog is seen, whatever was chosen.
        tested = self._config.watchdog_test or bool(self._sheet.package)
        return tested and self._sheet.watchdog_us is not None

    def forget(self) -> None:
        """A new connection: everything must be proved again."""
        self._watchdog_test = None
        self._watchdog_tested = False

    def abandon(self) -> None:
        """A watchdog test under way is given up."""
        self._watchdog_test = None

    def load(self, now_ns: int, plan: AnyPlan, about: Mapping[str, Json]) -> None:
        """Take a plan; StateError or LimitRefusedError (nothing changed) where it does not fit."""
        run = self._run_for(plan)
        self._core.run = run
        self._mend(now_ns, plan)
        self._core.contacts.expect(
            {one.channel: one.setup.electrode.effective_area_mm2 for one in plan.channels}
        )
        self._core.go(now_ns, State.IDENTIFIED, "a plan is being checked")
        unit = plan.scale.unit
        channels = tuple(
            rows.PlannedChannel(one.channel, one.role, one.most) for one in plan.channels
        )
        loaded = rows.PlanLoaded(run.plan_digest, plan.duration_us, channels, unit, run.left_us)
        self._log.emit(now_ns, loaded, durable=True)
        identity = {} if self._core.identity is None else encode(self._core.identity)
        setup = rows.Setup({**about, "identity": identity, **setup_of(plan, run.plan_digest)})
        self._setup = self._log.emit_waiting(now_ns, setup)
        if self._has_watchdog_test():
            return  # CHECKED once the setup is on the record
        if makes_current(plan):
            self._begin_watchdog_test(now_ns, plan)

    def _mend(self, now_ns: int, plan: AnyPlan) -> None:
        """A plan with other sites is an answer to a channel that was felt elsewhere."""
        mismatch = self._core.mismatch
        if mismatch is not None and mismatch.sites != sites_of(plan):
            self._core.leads_checked(now_ns, "plan")

    def on_record(self, now_ns: int) -> None:
        """More is on the disk: the setup may be."""
        core = self._core
        waits = core.state is State.IDENTIFIED and not core.stopping and self._watchdog_test is None
        if waits and self.passed:
            core.fire(now_ns, Trigger.CHECK_PASSED, "the plan fits")

    def _run_for(self, plan: AnyPlan) -> Run:
        what = "plan refused"
        if self._watchdog_test is not None:
            raise StateError(
                what,
                code=Code.PLAN_BEING_CHECKED,
                why="a plan is being checked",
                what_to_do="wait for CHECKED, or stop",
            )
        if self._core.link.quality is Quality.LOST:
            raise StateError(
                what,
                code=Code.LINK_WAS_LOST,
                why="the link was lost",
                what_to_do="connect again",
            )
        if not self._core.ready:
            raise StateError(
                what,
                code=NOT_IDENTIFIED.code,
                why=NOT_IDENTIFIED.text,
                what_to_do="connect again",
            )
        if plan.sheet.family != self._sheet.family or not plan.channels:
            raise StateError(
                what,
                code=Code.WRONG_FAMILY,
                why=f"it is for {plan.sheet.family} with {len(plan.channels)} channels",
                what_to_do=f"compile it for {self._sheet.family}",
            )
        if self._sheet.watchdog_us is None:
            self._need_attendance(what, plan)
        check_chosen(plan, self._config)
        link, digest = self._core.link, plan.digest()
        try:
            return Run(
                plan,
                digest,
                OutputAdapter(plan, self._driver, self._core.ladder),
                self._config,
                self._log,
                link_good=lambda: link.quality is Quality.GOOD,
                contact_lock=self._core.contacts.lock,
                budget=self._core.budget,
                raised=self._core.raised,
                delivered=self._core.delivered_of(digest),
                ladder=self._core.ladder if gives_events(plan) else None,
            )
        except PlanViolation as fault:
            raise LimitRefusedError(
                what, why=str(fault), what_to_do="lengthen the ramp to 0.5 s or more"
            ) from fault

    def _need_attendance(self, what: str, plan: AnyPlan) -> None:
        """Rule K3: without a dead-man in the device somebody must be there, and raises by hand."""
        if not self._config.attended_by_prompt:
            raise StateError(
                what,
                code=Code.NOT_ATTENDED,
                why="the device has no watchdog and nobody attends",
                what_to_do="run attended",
            )
        scripted = self._config.scripted_raise or self._config.single_pulses
        if scripted or gives_events(plan):  # N8, of procedures
            raise StateError(
                what,
                code=Code.NO_SCRIPT,
                why="the device has no watchdog: what raises it is a hand, not a script",
                what_to_do="begin a session without a script, and raise by hand",
            )

    def _begin_watchdog_test(self, now_ns: int, plan: CurrentPlan) -> None:
        watchdog_us = self._sheet.watchdog_us
        assert watchdog_us is not None
        self._log.emit(now_ns, rows.DeadMan("begun", watchdog_us), durable=True)
        self._core.output_begins()
        self._watchdog_test = WatchdogTest(now_ns, self._driver, plan.channels[0], watchdog_us)

    def takes(self, now_ns: int, event: DriverEvent) -> bool:
        """Let the watchdog test look at an event; True where nothing else should react to it."""
        if self._core.purpose is Purpose.TRIP and isinstance(event, UnexpectedState):
            return True  # the same ending, told a second time
        if self._watchdog_test is None or self._core.stopping:
            return False
        outcome = self._watchdog_test.take(now_ns, event)
        if outcome is None:
            return False
        self._watchdog_test = None
        if outcome is Outcome.PASSED:
            self._watchdog_tested = True
            self._log.emit(now_ns, rows.DeadMan("passed"), durable=True)
            seen = Reason(Code.TRIP_SEEN, "watchdog test passed")
            self._core.begin_stop(now_ns, seen, Purpose.TRIP)
        else:
            self._log.emit(now_ns, rows.DeadMan("failed"), durable=True)
            self._core.fault(now_ns, _FAILED[outcome])
        return True

    def advance(self, now_ns: int) -> None:
        """Go on with a watchdog test."""
        if self._watchdog_test is None:
            return
        if self._core.state is not State.IDENTIFIED or self._core.stopping:
            self._watchdog_test = None
        else:
            self._watchdog_test.advance(now_ns)

    def deadline(self) -> int | None:
        """When the watchdog test has something to do."""
        return None if self._watchdog_test is None else self._watchdog_test.deadline()
