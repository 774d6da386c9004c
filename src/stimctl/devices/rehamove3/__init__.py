"""HASOMED RehaMove3: capability sheet, and what its driver does otherwise than a P24 one."""
