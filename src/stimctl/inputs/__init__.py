"""The process that reads inputs: sockets and made-up sensors, away from the device's port."""
