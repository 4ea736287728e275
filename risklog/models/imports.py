"""Imports of sheets: a file that was read, the mapping of its columns, and a result for each row."""

from django.db import models
from django.db.models import Q

from history.models import Claimable
from history.states import Work
from people.models import Token, User
from risklog.columns import DateOrder
from risklog.models.risk import Risk
from risklog.models.taxonomy import Category
from risklog.states import RUNNING_IMPORTS, ImportState, ImportTask, RowResult


class Import(models.Model):
    """A sheet on its way into the risk log. Only its author sees it. History has the risks, not the import.

    header: the texts of the columns. mapping: for each column the field of risklog.columns it fills, "" to
    leave it out. category: for rows without one. notes: how the file was read.
    checked_at: when the results of the rows were computed for the present mapping, None before.
    sheet, sheets, encoding: the name, the names and the encoding of lists.sheets.Sheet. batch: of the changes
    that it made to existing risks. problem: why a worker did not finish its last task, "" otherwise.
    cancel_asked_at: when its author cancelled the present or the last task, None if they did not.
    restored, closed: how many risks its undo restored and closed, None before it. left: reference -> why a
    risk stays as it is.
    """

    author = models.ForeignKey(User, models.CASCADE, related_name="+")
    file_name = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=ImportState.choices, default=ImportState.READ)
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    sheet = models.CharField(max_length=200, blank=True, default="", db_default="")
    sheets = models.JSONField(default=list, db_default=[])
    encoding = models.CharField(max_length=40, blank=True, default="", db_default="")
    date_order = models.CharField(max_length=5, choices=DateOrder.choices, default=DateOrder.AUTO)
    category = models.ForeignKey(Category, models.SET_NULL, null=True, blank=True, related_name="+")
    creates_categories = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    batch = models.UUIDField(null=True, blank=True)
    problem = models.TextField(blank=True, default="", db_default="")
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    restored = models.PositiveIntegerField(null=True, blank=True)
    closed = models.PositiveIntegerField(null=True, blank=True)
    left = models.JSONField(default=dict, db_default={}, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["author", "-id"], name="risklog_import_author")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_applied(self) -> bool:
        """Return whether it was applied, also if that was undone."""
        return self.applied_at is not None

    @property
    def is_open(self) -> bool:
        """Return whether its author can still check it, apply it and delete it."""
        return self.state in (ImportState.READ, ImportState.CHECKED)

    @property
    def is_running(self) -> bool:
        """Return whether a worker checks, applies or undoes it, or will."""
        return self.state in RUNNING_IMPORTS

    @property
    def is_cancelled(self) -> bool:
        """Return whether its author cancelled its last task."""
        return self.cancel_asked_at is not None and not self.is_running

    @property
    def resting_state(self) -> ImportState:
        """Return the state that it had before the task of a worker, and has again if that fails."""
        if self.is_applied:
            return ImportState.APPLIED
        return ImportState.CHECKED if self.checked_at else ImportState.READ

    @property
    def problem_title(self) -> str:
        """Return what `problem` is the reason of."""
        if self.is_cancelled:
            return "Cancelled"
        return {ImportState.APPLIED: "Not undone", ImportState.CHECKED: "Not imported"}.get(
            ImportState(self.state), "Not checked"
        )

    @property
    def has_choices(self) -> bool:
        """Return whether its file can be read in another way: another sheet, or another encoding."""
        return len(self.sheets) > 1 or bool(self.encoding)


class ImportFile(models.Model):
    """The file of an import that can be read in another way. It is deleted when the import is applied."""

    of = models.OneToOneField(Import, models.CASCADE, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of import {self.of_id}"


class ImportRun(Claimable):
    """The work of checking, applying or undoing a long import. A worker does it while the run is open.

    task: what it does. asked_at: when its author asked for it. token: with which they did so, None on a page.
    rows: their number.
    """

    MAX_TRIES = 3

    of = models.ForeignKey(Import, models.CASCADE, related_name="runs")
    task = models.CharField(
        max_length=5, choices=ImportTask.choices, default=ImportTask.APPLY, db_default=ImportTask.APPLY
    )
    asked_at = models.DateTimeField()
    token = models.ForeignKey(Token, models.SET_NULL, null=True, blank=True, related_name="+")
    rows = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["of"],
                condition=Q(state__in=[Work.PENDING, Work.CLAIMED]),
                name="risklog_import_run_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="risklog_import_run_open",
                condition=Q(state__in=[Work.PENDING, Work.CLAIMED]),
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of import {self.of_id}"


class ImportRow(models.Model):
    """A row of a sheet. line: its line in the file. cells: one text per column.

    result: None before the check. changes: [field, old text, new text] of each value that is written.
    problems: [column from 0 or None, message] of each cell that is refused. remarks: what is worth a look.
    """

    of = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    cells = models.JSONField()
    result = models.CharField(max_length=9, choices=RowResult.choices, null=True, blank=True)
    changes = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    remarks = models.JSONField(default=list)
    risk = models.ForeignKey(Risk, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "line"], name="risklog_import_line")]

    def __str__(self) -> str:
        return f"line {self.line}"
