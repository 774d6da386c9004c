"""ScienceMode 3, the wire protocol of the HASOMED RehaMove3.

ScienceMode 4 grew out of it: frame, stuffing, checksum and many messages are the same, and are
taken from `stimctl.wire.sciencemode4`. `framing` imports nothing heavy, for the stop path.
"""
