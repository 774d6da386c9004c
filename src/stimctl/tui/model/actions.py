"""Every action of the terminal UI with its id, its keys and its words: help and footers are made
from this table, and a keymap file names these ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """How help is ordered: what makes safe comes first."""

    STOP = "STOP"
    DOWN = "down"
    UP = "up"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key can do. `raises`: it leads to more output, so no palette offers it."""

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    group: Group = Group.OTHER
    raises: bool = False


#: No keymap can take these away; it can add to them.
STOP_KEYS = ("space", "ctrl+x", "ctrl+c", "f12")

_UP, _DOWN, _STOP = Group.UP, Group.DOWN, Group.STOP

ACTIONS: tuple[Action, ...] = (
    Action("stop", STOP_KEYS, "STOP", "all channels off at once, from everywhere", _STOP),
    Action("lower", ("down", "minus"), "down", "selected channel one step down; unlocks", _DOWN),
    Action("lower-more", ("pagedown",), "less", "selected channel 2 mA (or 5 %) down", _DOWN),
    Action("zero", ("0", "home"), "to 0", "selected channel to zero", _DOWN),
    Action("pause", ("p",), "pause", "output to zero and wait; again: go on softly", _DOWN),
    Action("arm", ("a",), "ready", "first of two keys to output: verify zero, ask", _UP,
           raises=True),
    Action("go", ("g",), "START", "second key, 0.3 to 15 s after ready", _UP, raises=True),
    Action("go-on", ("l",), "CONTINUE", "the same, with what is left of the plan", _UP,
           raises=True),
    Action("raise", ("up", "plus"), "up 1 step", "selected channel one device step up for each "
           "tap, 250 ms apart; a held key is one step", _UP, raises=True),
    Action("raise-more", ("pageup",), "up more", "the same by 1 mA, where the device has finer "
           "steps", _UP, raises=True),
    Action("all-less", ("u",), "all less", "every channel a tenth down, or what the treatment says",
           _DOWN),
    Action("next-stage", ("e",), "next stage", "end this stage by a ramp to zero; the next one "
           "begins", _UP, raises=True),
    Action("press-input", ("k",), "press input", "the event input that this key is: a press, now",
           _UP, raises=True),
    Action("event-felt", ("i",), "felt", "the person feels the event that was given last"),
    Action("too-much", ("v",), "too much", "the person wants no more of that: lower, and no higher "
           "in this session", _DOWN),
    Action("mark-threshold", ("o",), "threshold", "mark: the level is the next threshold of this "
           "stage"),
    *(
        Action(f"channel-{n}", (f"alt+{n}",), f"channel {n}", f"select channel {n}")
        for n in range(1, 9)
    ),
    *(
        Action(f"answer-{n}", (key,), f"answer {n}", f"give answer {n}")
        for n, key in enumerate("123456789acdefgh", 1)
    ),
    Action("type-note", ("t",), "type a note", "a note in your own words, at zero"),
    Action("undo", ("z",), "take back", "the last note or mark; the record keeps both"),
    Action("record", ("r",), "put on record", "what this form says"),
    Action("scroll-down", ("j", "down"), "further down", "to what does not fit on the screen"),
    Action("scroll-up", ("k", "up"), "back up", "to what was above"),
    Action("plot", ("v",), "plot", "the amplitude over the session, or the words again"),
    Action("log", ("h",), "events", "the history: every event of this session"),
    Action("web-page", ("o",), "open report", "this session's report as a web page: write it, "
           "and open it"),
    Action("export", ("e",), "export", "this session as PDF, for the patient, for the chart: "
           "pick one"),
    Action("next-channel", ("tab", "right"), "next channel", "select the next channel"),
    Action("previous-channel", ("shift+tab", "left"), "previous channel",
           "select the previous channel"),
    Action("link", ("l",), "link", "raise and lower all channels together, or each on its own"),
    Action("mark-sensory", ("s",), "sensory", "mark: the person begins to feel it"),
    Action("mark-motor", ("m",), "motor", "mark: the muscle begins to move"),
    Action("mark-tolerance", ("t",), "tolerance", "mark: no more is wanted"),
    Action("found", ("f",), "found", "where the person feels the selected channel; after a stop "
           "for swapped leads: they are checked"),
    Action("note", ("n",), "note", "pick a note from a list with a digit"),
    Action("answer", ("y",), "answer", "answer what the alarm line asks: skin, sensation"),
    Action("acknowledge", ("x",), "acknowledge", "the cause is removed; or: the alarm is read"),
    Action("silence", ("z",), "sound off", "no bell for 2 minutes; another alarm of high priority "
           "rings all the same"),
    Action("move-up", ("up", "k"), "up", "to the line above"),
    Action("move-down", ("down", "j"), "down", "to the line below"),
    Action("more", ("right", "plus"), "more", "the next value"),
    Action("less", ("left", "minus"), "less", "the value before"),
    Action("choose", ("enter",), "choose", "take this and go on"),
    Action("yes", ("y",), "yes", "yes"),
    Action("no", ("n",), "no", "it is not so"),
    Action("unchanged", ("u",), "last visit", "copy the answers of the last visit"),
    Action("accept-warning", ("w",), "accept", "a warning or caution is read, an approval on file"),
    Action("outcome", ("d",), "outcome", "done: pain, skin, tolerance: how it was, on record"),
    Action("instructed", ("t",), "shown how to stop", "the patient was shown how to stop"),
    Action("pain", ("p",), "pain now", "pain before the session, 0 to 10"),
    Action("again", ("r",), "same as last time", "the last patient, with device, protocol, sites"),
    Action("pads-spaced", ("d",), "spacing", "electrode spacing confirmed: one electrode width"),
    Action("contact", ("c",), "contact", "test the contact of the electrodes"),
    Action("cautions", ("c",), "cautions", "the cautions of this treatment are read"),
    Action("add-channel", ("a",), "add", "one more pair of electrodes, same treatment"),
    Action("remove-channel", ("x",), "remove", "take the channel away that is being set up"),
    Action("alternate", ("t",), "turns", "channels alternate, or are all on together"),
    Action("search", ("slash",), "search", "type a word of the protocol's name, aim or site"),
    Action("favourite", ("f",), "favourite", "keep this protocol at the top of the list"),
    Action("last-time", ("l",), "same as last time", "device, sites, electrodes and settings of "
           "the last session, each to be confirmed"),
    Action("next-role", ("n",), "next part", "the values of the protocol's next channel"),
    Action("reset", ("z",), "standard", "all settings as the protocol has them"),
    Action("mains-isolated", ("i",), "isolated", "no mains: unit on its battery or a medical "
           "device, and this computer on its battery"),
    Action("new-electrodes", ("v",), "new", "these electrodes are used for the first time"),
    Action("side", ("s",), "side", "type the side of the electrodes, once"),
    Action("statement", ("u",), "statement of use", "what is accepted once before hardware"),
    Action("rehearse", ("r",), "simulate", "try these settings on a simulated device first, as "
           "real ones demand"),
    Action("slower", ("left",), "10 s back", "go back in the recording"),
    Action("faster", ("right",), "10 s on", "go on in the recording"),
    Action("speed", ("f",), "speed", "play 1, 4 or 16 times as fast"),
    Action("hold", ("p",), "hold", "hold the recording, or let it go on"),
    Action("person", ("1",), "patient", "who is treated, by a code"),
    Action("connect", ("2",), "device", "choose and connect the stimulator"),
    Action("precheck", ("3",), "screening", "contraindications and the STOP key"),
    Action("protocols", ("4",), "protocols", "treatments, and their evidence"),
    Action("setup", ("5",), "electrodes", "site, size and maximum of each channel"),
    Action("adjust", ("6",), "settings", "frequency, pulse width and times, within limits"),
    Action("run", ("7",), "run", "the session"),
    Action("thresholds", ("8",), "thresholds", "what was marked, now and last time"),
    Action("report", ("9",), "report", "what will be on record"),
    Action("service", ("f2",), "service", "device, limits and link in detail"),
    Action("demo", ("d",), "practice", "a session on a simulated stimulator"),
    Action("lessons", ("l",), "lessons", "short lessons on a simulated stimulator"),
    Action("safety", ("s",), "safety sheet", "one page to read before the first session"),
    Action("reconnect", ("r",), "reconnect", "connect again; zero is verified then"),
    Action("unplugged", ("u",), "unplugged", "the electrodes are unplugged: on record, and zero is "
           "still not confirmed"),
    Action("back", ("b", "escape"), "back", "to where this was opened"),
    Action("help", ("question_mark", "f1"), "keys", "the keys that work now"),
    Action("theme", ("ctrl+t",), "theme", "night, day, colour-vision deficiency, mono"),
    Action("save", ("ctrl+s",), "save screen", "as SVG and text, the person's code blacked out"),
    Action("leave", ("ctrl+q",), "leave", "leave although the output is not confirmed"),
    Action("quit", ("q", "ctrl+q"), "quit", "leave; with output on only after STOP"),
)  # fmt: skip

ACTION_BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

#: The answers of a question, the first one first.
ANSWERS = tuple(action.id for action in ACTIONS if action.id.startswith("answer-"))

#: The screens that digits open, from every screen but Run, where digits are channels.
MENU = (
    "person", "connect", "precheck", "protocols", "setup", "adjust", "run", "thresholds",
    "report", "service",
)  # fmt: skip

#: What lowers: while output is on these keys do so on every screen and overlay.
LOWERING = ("lower", "lower-more", "zero")

_NAMES = {
    "space": "SPACE", "ctrl+x": "Ctrl-X", "ctrl+c": "Ctrl-C", "f12": "F12", "up": "↑",
    "down": "↓", "left": "←", "right": "→", "pagedown": "PgDn", "pageup": "PgUp", "tab": "Tab",
    "shift+tab": "Shift-Tab", "enter": "Enter", "question_mark": "?", "f1": "F1", "minus": "-",
    "plus": "+", "home": "Home", "ctrl+p": "Ctrl-P", "ctrl+t": "Ctrl-T", "ctrl+s": "Ctrl-S",
    "ctrl+q": "Ctrl-Q", "escape": "Esc",
}  # fmt: skip


def key_name(key: str) -> str:
    """A key as a person reads it on the keyboard."""
    return _NAMES.get(key) or key.replace("alt+", "Alt-").replace("f2", "F2")
