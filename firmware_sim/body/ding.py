"""The force and fatigue model of Ding, Wexler and Binder-Macleod, for research: pulse by pulse.

| constant | value | certainty |
|---|---|---|
| tau_c | 20 ms | R2 |
| A at rest | 3009 N/s | R2 |
| tau_1 at rest, tau_2 | 50.957 ms, 60 ms | R2 |
| K_m at rest | 0.103; R0 = K_m + 1.04 | R2 |
| tau_fat | 127 s | R2 |
| alpha_A | -0.4 1/s^2 (not -0.04, as some public code has it) | R2 |
| alpha_tau1, alpha_Km | 2.1e-5, 1.9e-5 | R2 |

SI units inside. Between two pulses C_N has a closed form; the rest is stepped by the midpoint rule.
At rest, when C_N has gone, everything decays exponentially and needs no steps.
"""

from __future__ import annotations

from math import ceil, exp

TAU_C = 0.020
A_REST, TAU_1_REST, TAU_2, KM_REST = 3009.0, 0.050957, 0.060, 0.103
TAU_FATIGUE = 127.0
ALPHA_A, ALPHA_TAU_1, ALPHA_KM = -0.4, 2.1e-5, 1.9e-5
#: Longest step in s, and the C_N below which the muscle is at rest [D].
STEP_S = 0.002
GONE = 1e-4

_State = tuple[float, float, float, float]  # force, A, tau_1, K_m


class DingMuscle:
    """One muscle; its force is scaled by the share that is recruited."""

    __slots__ = ("_cn", "_pool", "_recruited", "_since_pulse", "_state", "peak_n", "steps")

    def __init__(self, full_n: float | None = None) -> None:
        """Take the fresh muscle; full_n is the Protocol's wish and not needed: A sets the force."""
        del full_n
        self._state: _State = (0.0, A_REST, TAU_1_REST, KM_REST)
        self._cn = 0.0
        self._pool = 0.0  # what the pulses left, decaying with tau_c
        self._since_pulse: float | None = None
        self._recruited = 0.0
        self.peak_n = 0.0
        self.steps = 0

    @property
    def force_n(self) -> float:
        """Force in N of what is recruited."""
        return self._state[0] * self._recruited

    @property
    def fitness(self) -> float:
        """What is left of A, 0..1."""
        return self._state[1] / A_REST

    def run(self, time_us: int, recruited: float, rate_mhz: int) -> None:
        """Let time pass; with a rate, the first pulse is due one period after the last one."""
        left = time_us / 1e6
        if not rate_mhz or not recruited:
            self._pass(left)
            return
        self._recruited = recruited
        period = 1000 / rate_mhz
        while True:
            due = 0.0 if self._since_pulse is None else max(0.0, period - self._since_pulse)
            if due >= left - 1e-9:
                self._pass(left)
                return
            self._pass(due)
            self._pulse()
            left -= due

    def rest(self, time_us: int) -> None:
        """Let time pass without a pulse, and begin a train of its own afterwards."""
        self._pass(time_us / 1e6)
        self._since_pulse = None

    def _pulse(self) -> None:
        km = self._state[3]
        memory = 0.0 if self._since_pulse is None else exp(-self._since_pulse / TAU_C)
        self._pool += 1 + (km + 1.04 - 1) * memory
        self._since_pulse = 0.0

    def _pass(self, time: float) -> None:
        if self._since_pulse is not None:
            self._since_pulse += time
        while time > 0 and (self._cn > GONE or self._pool > GONE):
            step = time / ceil(time / STEP_S) if time < 10 * STEP_S else STEP_S
            self._step(step)
            time -= step
        if time > 1e-12:
            self._decay(time)

    def _step(self, step: float) -> None:
        self.steps += 1
        half = self._cn_after(step / 2)
        middle = _moved(self._state, self._state, self._cn, step / 2)
        self._state = _moved(self._state, middle, half, step)
        self._cn, self._pool = self._cn_after(step), self._pool * exp(-step / TAU_C)
        self.peak_n = max(self.peak_n, self._state[0])

    def _cn_after(self, time: float) -> float:
        return (self._cn + self._pool * time / TAU_C) * exp(-time / TAU_C)

    def _decay(self, time: float) -> None:
        """Rest: the force goes with tau_1 and tires to its end, the rest returns with tau_fat."""
        force, a, tau_1, km = self._state
        back = exp(-time / TAU_FATIGUE)
        gone = exp(-time / tau_1)
        tail = force * (back - gone) / (1 / tau_1 - 1 / TAU_FATIGUE)
        self._state = (
            force * gone,
            max(0.0, A_REST + (a - A_REST) * back + ALPHA_A * tail),
            TAU_1_REST + (tau_1 - TAU_1_REST) * back + ALPHA_TAU_1 * tail,
            KM_REST + (km - KM_REST) * back + ALPHA_KM * tail,
        )
        self._cn = self._pool = 0.0


def _moved(start: _State, at: _State, cn: float, step: float) -> _State:
    """Return the state a step after `start`, with the slopes as they are in `at`."""
    force, a, tau_1, km = at
    bound = cn / (km + cn)
    return (
        start[0] + step * (a * bound - force / (tau_1 + TAU_2 * bound)),
        max(0.0, start[1] + step * ((A_REST - a) / TAU_FATIGUE + ALPHA_A * force)),
        start[2] + step * ((TAU_1_REST - tau_1) / TAU_FATIGUE + ALPHA_TAU_1 * force),
        start[3] + step * ((KM_REST - km) / TAU_FATIGUE + ALPHA_KM * force),
    )
