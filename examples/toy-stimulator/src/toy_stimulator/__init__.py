"""The toy stimulator, as stimctl knows it. On the stop path: nothing heavy is loaded here."""

from stimctl.devices.family import DeviceFamily, LineSettings

FAMILY = DeviceFamily(
    "toy",
    sheet="toy_stimulator.sheet:SHEET",
    driver="toy_stimulator.driver:ToyDriver",
    stop="toy_stimulator.stop:ToyStop",
    wire="toy",
    lines=(LineSettings(115_200),),
    twin="toy",
)
