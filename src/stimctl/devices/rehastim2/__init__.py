"""The HASOMED RehaStim2: sheet, output and driver."""
