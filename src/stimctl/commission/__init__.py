"""First contact: a guided bench procedure on a resistive load, never on a person.

`steps` says what is done and expected, `judge` compares, `procedure` goes through it; `rig` is the
device behind its supervisor, `instruments` what is read at the load.
"""
