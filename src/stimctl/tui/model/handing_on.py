"""A recorded session to hand on: which form is asked, and it is written, and shown if it is a page.

For people there are reports, for other programs exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

from stimctl.records.rows import SUFFIX
from stimctl.records.storage import FOLDER_MODE
from stimctl.report.forms import FORM_BY_ID, FORMS
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
        """All that there are: reports, then exports."""
        return tuple(Answer(words) for words in _choices().values())

    def take(self, answer: Answer) -> None:
        """Write it; a report that is there is replaced."""
        form = next(id_ for id_, words in _choices().items() if words == answer.text)
        hand_on(self, form, shows=False)


def _choices() -> Mapping[str, str]:
    """Each form by its id, in words."""
    from stimctl.export.formats import Format

    reports = {one.id: one.words for one in FORMS}
    return reports | {one.value: f"data for other programs, {one.value}" for one in Format}


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

    if form not in FORM_BY_ID:
        return f"written: {_exported(journal, folder, form)}"
    path = write_recorded(journal, folder, form)
    shown = not shows or open_page(path)
    return f"written: {path}{'' if shown else '; there is no desktop with a web browser here'}"


def _exported(journal: Path, folder: Path, form: str) -> Path:
    """An export is a folder; each goes into one of its own, so that none is mixed with another."""
    from stimctl.export.folder import write_folder
    from stimctl.export.formats import Format, files_of
    from stimctl.export.recorded import recorded_content

    content = recorded_content(journal.parent, journal.name.removesuffix(SUFFIX))
    name = f"{content.report.session}-{form}"
    path = next(folder / one for one in _names(name) if not (folder / one).exists())
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    write_folder(path, files_of(content, Format(form)))
    return path


def _names(name: str) -> Iterator[str]:
    """The name, and then with a number."""
    yield name
    yield from (f"{name}-{number}" for number in count(2))
