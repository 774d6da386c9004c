"""A recorded session as a file to hand on: which form is asked, and it is written and shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stimctl.report.forms import FORMS
from stimctl.tui.model.page import Page
from stimctl.tui.model.question import Answer, QuestionPage

WEB_PAGE = FORMS[0]
_FOLDER = "pages"
"""In the state folder, beside the journals."""


class ExportPage(QuestionPage):
    """A key for each form."""

    name = "export"
    title = "Export"

    def question(self) -> str:
        """With where it goes."""
        return f"Export this session as? Written into {self.bed.state_folder / _FOLDER}"

    def answers(self) -> Sequence[Answer]:
        """All that there are."""
        return tuple(Answer(one.words) for one in FORMS)

    def take(self, answer: Answer) -> None:
        """Write it; what is there is replaced."""
        form = next(one for one in FORMS if one.words == answer.text)
        hand_on(self, form.id, shows=False)


def hand_on(page: Page, form: str, *, shows: bool) -> None:
    """Write the session in this form, and show it where that is meant; says where it is."""
    journal, folder = Path(page.bed.live.journal), page.bed.state_folder / _FOLDER
    say = page.desk.say
    page.bed.jobs.run(
        lambda: _written(journal, folder, form, shows=shows), say, lambda error: say(str(error))
    )


def _written(journal: Path, folder: Path, form: str, *, shows: bool) -> str:
    from stimctl.report.file import open_page
    from stimctl.report.recorded import write_recorded

    path = write_recorded(journal, folder, form)
    shown = not shows or open_page(path)
    return f"written: {path}{'' if shown else '; there is no desktop with a web browser here'}"
