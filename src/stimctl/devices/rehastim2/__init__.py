"""The HASOMED RehaStim2: sheet, gate and driver."""
