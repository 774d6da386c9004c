"""openEMSstim, the text wire of the open attenuator board for an ordinary TENS unit.

The wire has no checksum, no sequence number and no acknowledgement; the echo of what was received
is all that comes back. `text` cuts bytes into lines, `commands` has what a host may say and what
the board makes of anything else, `replies` what the board says, `echo` compares the two, and
`dialect` finds out which of the firmwares in the field answers.

Source: the published firmware, run unmodified in an emulator [E], or read [S]. [POLICY] is ours.
"""
