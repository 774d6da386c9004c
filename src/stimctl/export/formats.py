"""Every form of an export by its name, and what makes its files."""

from __future__ import annotations

from enum import StrEnum

from stimctl.export.content import SessionContent
from stimctl.export.redcap_map import FieldMap


class Format(StrEnum):
    """What a session can be exported to."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"
    NIBS_BIDS = "nibs-bids"
    FHIR = "fhir"
    REDCAP = "redcap"


def files_of(
    content: SessionContent, form: Format, field_map: FieldMap | None = None
) -> dict[str, bytes]:
    """The files of an export, by path within its folder. `field_map`: of REDCap; the shipped one
    if there is none. UsageError where something is missing for it."""
    match form:
        case Format.CSV:
            from stimctl.export.csv_tables import csv_files

            return csv_files(content)
        case Format.PARQUET:
            from stimctl.export.parquet import parquet_files

            return parquet_files(content)
        case Format.JSONL:
            from stimctl.export.json_lines import jsonl_files

            return jsonl_files(content)
        case Format.NIBS_BIDS:
            from stimctl.export.nibs_bids import nibs_bids_files

            return nibs_bids_files(content)
        case Format.FHIR:
            from stimctl.export.fhir import fhir_files

            return fhir_files(content)
        case Format.REDCAP:
            from stimctl.export.redcap import redcap_files

            return redcap_files(content, field_map)
