"""The digital twin of the toy stimulator, as `firmware_sim` runs it. Imports nothing of stimctl."""

from firmware_sim.devices import TwinFamily

TWIN = TwinFamily(
    "toy",
    "toy stimulator (example)",
    make="toy_stimulator_twin.twin:make",
    options="toy_stimulator_twin.twin:add_options",
    wire="toy_stimulator_twin.line:WIRE",
    judge="toy_stimulator_twin.judge:FAMILY",
)
