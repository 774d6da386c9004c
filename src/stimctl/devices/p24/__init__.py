"""HASOMED P24 Science / P24 Module: capability sheet and ScienceMode 4 driver."""
