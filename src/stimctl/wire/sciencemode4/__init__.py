"""ScienceMode 4, the wire protocol of the HASOMED P24.

`framing` stands alone and imports nothing heavy, because the stop path uses it within
milliseconds of process start; so nothing is imported here either. `messages` has one class
for each command, `codec` turns them into bytes and back, `json_form` shows them to people.
"""
