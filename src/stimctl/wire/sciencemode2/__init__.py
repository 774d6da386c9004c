"""ScienceMode 2, the wire protocol of the HASOMED RehaStim2.

`framing` stands alone and imports nothing heavy, because the stop path may need it within
milliseconds of process start; so nothing is imported here either. `messages` has one class for
each command, `codec` turns them into bytes and back, `json_form` shows them to people.

Sources: the maker's "ScienceMode2 Description and Protocol" 1.24 [DOC], frames photographed from
a real device [DEV], and what a laboratory's client does [PEER]. Where they leave something open
the choice is ours and says [POLICY].
"""
