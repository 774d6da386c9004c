"""Contraindications C01-C30 as data, and what a person's answers mean for the sites in question.

Levels and bases are those of the safety facts, section 9; source lists differ among themselves
(Watson, electrotherapy.org: no universal agreement, R). A clinic may make the list stricter,
never looser. Answers say whether a condition is present; one that was not given counts as open,
and an open list is not a passed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from stimctl.errors import UsageError
from stimctl.safety.sites import Site, pad_sites


class Level(StrEnum):
    """What a present condition means, the strictest first."""

    BLOCK = "block"  # no override in the program
    SITE = "site"  # blocks the sites it is about
    SPECIALIST = "specialist"  # needs a named specialist's approval and a second person
    CAUTION = "caution"  # acknowledge, and watch more closely


class Where(StrEnum):
    """Which stimulation a level is for."""

    ANYWHERE = "anywhere"
    TRUNK = "trunk"
    TRUNK_OR_MOTOR = "trunk-or-motor"
    PELVIS_OR_TRUNK_MOTOR = "pelvis-or-trunk-motor"  # pelvis: abdomen and low back too
    MOTOR = "motor"
    NEVER_ASKED = "never-asked"  # settled by the list of sites itself


@dataclass(frozen=True, slots=True)
class Rule:
    """A level for some stimulation."""

    level: Level
    where: Where = Where.ANYWHERE


@dataclass(frozen=True, slots=True)
class Condition:
    """One row: the first of `rules` whose place fits decides."""

    id: str
    text: str
    rules: tuple[Rule, ...]
    basis: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A present condition and its level for the sites in question."""

    id: str
    level: Level
    text: str
    basis: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Screening:
    """What the answers mean. `passed` is the only state in which stimulation may be thought of."""

    blocks: tuple[Finding, ...]
    specialist: tuple[Finding, ...]
    cautions: tuple[Finding, ...]
    unanswered: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Nothing blocks and nothing is open; approvals and cautions may still be owed."""
        return not self.blocks and not self.unanswered


_BLOCK, _SITE = Rule(Level.BLOCK), Rule(Level.SITE)
_SPEC, _CAUT = Rule(Level.SPECIALIST), Rule(Level.CAUTION)
_BY_SITE = Rule(Level.SITE, Where.NEVER_ASKED)
_FDA = "FDA guidance for powered muscle stimulators 1999"
_RS2 = "RehaStim2 manual"
_IEC = "IEC 60601-2-10 instructions for use"

CONDITIONS: tuple[Condition, ...] = (
    Condition("C01", "pacemaker (any type)", (Rule(Level.BLOCK, Where.TRUNK_OR_MOTOR), _SPEC),
              f"{_FDA}: the only formal contraindication; Badger 2017 review", "R"),
    Condition("C02", "implanted defibrillator (ICD, CRT-D)", (_BLOCK,),
              "Holmgren, PACE 2008; Suhail Arain, Europace 2023: interference in 17 of 107", "R"),
    Condition("C03", "other active implant (neurostimulator, pump, cochlear, loop recorder)",
              (_SPEC,), f"{_IEC} item d; {_RS2}", "R"),
    Condition("C04", "front of the neck, carotid sinus", (_BY_SITE,),
              f"{_FDA} warnings 2, 3; {_IEC} item h", "R"),
    Condition("C05", "head, eyes, mouth", (_BY_SITE,), f"{_FDA} warning 5; {_IEC} item h", "R"),
    Condition("C06", "chest, or a current path across the heart", (_BY_SITE,),
              f"{_FDA} warning 4; {_IEC} items e, h", "R"),
    Condition("C07", "pregnancy", (Rule(Level.SITE, Where.PELVIS_OR_TRUNK_MOTOR), _SPEC),
              f"{_FDA}: safety not established; {_RS2}", "R"),
    Condition("C08", "known or suspected malignancy at or near the sites", (_SITE,),
              f"{_FDA} warning 7; Electromedic EVA manual", "R"),
    Condition("C09", "active thrombosis or thrombophlebitis in the same limb", (_SITE,),
              f"{_FDA} warning 6", "R"),
    Condition("C10", "swelling, infection, inflammation, rash or varicose veins under "
              "the electrodes", (_SITE,), f"{_FDA} warning 6", "R"),
    Condition("C11", "broken skin or open wound under an electrode", (_SITE,), _RS2, "R"),
    Condition("C12", "impaired sensation under an electrode", (_CAUT,),
              f"{_FDA} precaution 4d: go by motor response, check skin every 2 min", "R"),
    Condition("C13", "epilepsy", (_CAUT,), f"{_FDA} precaution 3; {_RS2}", "R"),
    Condition("C14", "cardiac disease, arrhythmia, uncontrolled blood pressure",
              (Rule(Level.SPECIALIST, Where.TRUNK), _CAUT), f"{_FDA} precaution 2", "R"),
    Condition("C15", "bleeding disorder, or recent trauma or fracture near the electrodes",
              (_SITE,), f"{_FDA} precaution 4a", "R"),
    Condition("C16", "recent surgery that a contraction may disrupt", (_SITE,),
              f"{_FDA} precaution 4b", "R"),
    Condition("C17", "menstruation, with electrodes on abdomen or low back",
              (Rule(Level.CAUTION, Where.MOTOR),), f"{_FDA} precaution 4c", "R"),
    Condition("C18", "metal fixation under 3 months old near the electrodes",
              (Rule(Level.SITE, Where.MOTOR), _CAUT), _RS2, "R"),
    Condition("C19", "unhealed fracture in the stimulated region", (_SITE,), _RS2, "R"),
    Condition("C20", "spinal cord injury at T6 or above, severe osteoporosis, joint dislocation, "
              "severe spasticity", (_CAUT,), f"{_RS2} risk factors; watch blood pressure", "R"),
    Condition("C21", "child, or unable to communicate", (_SPEC,),
              f"attended, lower ceilings; {_RS2} keeps under 18 away", "M+"),
    Condition("C22", "recently irradiated tissue at the sites", (_SITE,),
              "Electromedic EVA manual", "R2"),
    Condition("C23", "allergy to adhesive or gel", (_CAUT,), f"{_FDA} precaution 5", "R"),
    Condition("C24", "electrosurgery, diathermy or shortwave within 1 m, or MRI, "
              "during treatment",
              (_BLOCK,), f"{_IEC} item e; {_RS2}", "R"),
    Condition("C25", "ECG or other monitoring attached", (_CAUT,),
              f"artefacts; {_RS2}; 21 CFR 882.5891", "R"),
    Condition("C26", "will drive, use machines, bathe or sleep during treatment", (_BLOCK,),
              f"{_FDA} warning 9; 21 CFR 882.5891", "R"),
    Condition("C27", "denervated muscle, no response", (_CAUT,), f"stop raising; {_RS2}", "R"),
    Condition("C28", "pain without a diagnosis", (_CAUT,), "manuals", "R2"),
    Condition("C29", "drug patch under or near an electrode", (_SITE,), "manuals", "R2"),
    Condition("C30", "active tuberculosis or systemic infection", (_CAUT,),
              "contraindication list of canadaset.com", "R2"),
)  # fmt: skip

CONDITION_BY_ID = {condition.id: condition for condition in CONDITIONS}
QUESTIONS = tuple(c for c in CONDITIONS if c.rules[0].where is not Where.NEVER_ASKED)
_PELVIS_ZONES = frozenset({"abdomen", "pelvis", "low-back"})


def screen(answers: Mapping[str, bool], sites: Iterable[str], *, motor: bool) -> Screening:
    """Judge `answers` (condition id: present) for stimulation at `sites`.

    `motor` says whether contractions are meant. Blocked sites are found from `sites` themselves.
    Raises UsageError for an unknown id, an answer that is no bool, or an unknown site.
    """
    places = [site for name in sites for site in pad_sites(name)]
    for id_, answer in answers.items():
        if id_ not in CONDITION_BY_ID:
            raise UsageError(f"there is no contraindication {id_!r}", what_to_do="use C01 to C30")
        if type(answer) is not bool:
            raise UsageError(f"the answer to {id_} is {answer!r}", what_to_do="answer yes or no")
    by_site = {site.blocked for site in places}
    findings = [
        _finding(condition, places, motor)
        for condition in CONDITIONS
        if condition.id in by_site or answers.get(condition.id, False)
    ]
    found = [finding for finding in findings if finding is not None]
    return Screening(
        blocks=tuple(f for f in found if f.level in (Level.BLOCK, Level.SITE)),
        specialist=tuple(f for f in found if f.level is Level.SPECIALIST),
        cautions=tuple(f for f in found if f.level is Level.CAUTION),
        unanswered=tuple(c.id for c in QUESTIONS if c.id not in answers),
    )


def _finding(condition: Condition, places: list[Site], motor: bool) -> Finding | None:
    for rule in condition.rules:
        if _fits(rule.where, places, motor):
            return Finding(
                condition.id, rule.level, condition.text, condition.basis, condition.certainty
            )
    return None


def _fits(where: Where, places: list[Site], motor: bool) -> bool:
    # No site named is not "nowhere": it is unknown, and unknown counts as the trunk.
    trunk = not places or any(site.is_trunk or site.blocked for site in places)
    pelvis = not places or any(site.zone in _PELVIS_ZONES for site in places)
    return {
        Where.ANYWHERE: True,
        Where.NEVER_ASKED: True,
        Where.TRUNK: trunk,
        Where.TRUNK_OR_MOTOR: trunk or motor,
        Where.PELVIS_OR_TRUNK_MOTOR: pelvis or (trunk and motor),
        Where.MOTOR: motor,
    }[where]
