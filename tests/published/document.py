#!/usr/bin/env python3
"""Writes `ops/published-figures.md`: what the reports state, beside what comes of the cohorts."""

import json
from pathlib import Path

import check

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "ops" / "published-figures.md"
# What the program gave, by figure: written by the whole-system test.
OURS = HERE / "ours.json"

INTRODUCTION = """# Published figures

What four public evaluation reports state of their cases, cell by cell, beside what Throughline gives for
a cohort rebuilt from it. Written by `python3 tests/published/document.py`: do not edit.

- **stated**: the report's figure.
- **rebuilt**: the figure computed from the histories in `tests/published/histories` by
  `tests/published/tables.py`, a second way that shares nothing with the program.
- **ours**: what the program gave for the same history, cohort and dates, as
  `tests/tests/it/published_figures.rs` asks for it and holds it against `tests/published/ours.json`.

Only counts are published: everything else about a case in these histories is chosen, as
`tests/published/*.py` say where they choose. That our figures are the reports' shows that the tables count
as the reports do. It confirms nothing that a report found.
"""


def write():
    ours = json.loads(OURS.read_text()) if OURS.exists() else {}
    reports = [(report, check.load(report)) for report in check.REPORTS]
    parts = [INTRODUCTION, summary(reports, ours)]
    parts += [section(document, ours) for _, document in reports]
    DOCUMENT.write_text("\n".join(parts))


def summary(reports, ours):
    rows = ["| report | figures | rebuilt | given by the program | no table can | does not add up |",
            "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for _, document in reports:
        figures = document["figures"]
        given = [f for f in figures if f["given"]]
        said = [f for f in figures if "says" in f]
        program = [f for f in given if f["id"] in ours]
        rows.append(f"| {document['report']} | {len(figures)} | {len(given)} | {len(program)} "
                    f"| {len(figures) - len(given)} | {len(said)} |")
    return "\n".join(rows) + "\n"


def section(document, ours):
    answers = check.Answers(document)
    lines = [f"## {document['report']}", "", f"Tenant `{document['tenant']}`; asked as of "
             f"{document['asked']['as_of'][:10]}, known at {' or '.join(sorted({v[:10] for k, v in document['asked'].items() if k != 'as_of'}))}.", ""]
    lines += [f"- {note}" for note in document["notes"]]
    lines += ["", "### Where the report does not add up", "", "| where | what | stated | computed | why |", "| --- | --- | ---: | ---: | --- |"]
    said = [f for f in document["figures"] if "says" in f]
    lines += [f"| {f['where']} | {f['what']} | {number(f['value'], f)} "
              f"| {number(f['computed'], f) if 'computed' in f else ''} | {f['says']} |" for f in said]
    if not said:
        lines[-2:] = ["Nothing found."]
    lines += ["", "### Cell by cell", "", "| figure | where | what | stated | rebuilt | ours | |", "| --- | --- | --- | ---: | ---: | ---: | --- |"]
    for figure in document["figures"]:
        if figure["given"]:
            rebuilt = check.rounded(answers.figure(figure["given"]), check.decimals_of(figure))
            program = number(ours[figure["id"]], figure) if figure["id"] in ours else "–"
            lines.append(f"| `{figure['id']}` | {figure['where']} | {figure['what']} | {number(figure['value'], figure)} "
                         f"| {number(rebuilt, figure)} | {program} | {remark(figure)} |")
    others = {}
    for figure in document["figures"]:
        if not figure["given"]:
            others.setdefault(figure["why"], []).append(figure)
    if others:
        lines += ["", "### What no table can give", ""]
        for why, figures in others.items():
            told = "; ".join(f"{f['what']} {number(f['value'], f)} ({f['where']})" for f in figures)
            lines.append(f"- {why[0].upper()}{why[1:]}: {told}.")
    return "\n".join(lines) + "\n"


def remark(figure):
    remarks = []
    if "says" in figure:
        remarks.append("see above")
    if "note" in figure:
        remarks.append(figure["note"])
    return "; ".join(remarks)


def number(value, figure):
    text = f"{value:.{check.decimals_of(figure)}f}"
    return f"{text}%" if figure["unit"] == "percent" else text


if __name__ == "__main__":
    write()
