//! Rows as CSV or as JSON, one case a line. The same rows give the same bytes.

use std::io::Write;

use anyhow::Context;
use clap::ValueEnum;

use crate::replay::case_row::COLUMNS;
use crate::replay::fold::Folded;

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values with a heading.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Writes the rows.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn write(folded: &Folded, format: Format, to: impl Write) -> anyhow::Result<()> {
    match format {
        Format::Csv => csv(folded, to),
        Format::Jsonl => jsonl(folded, to),
    }
    .context("could not write the output")
}

fn csv(folded: &Folded, to: impl Write) -> anyhow::Result<()> {
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(to);
    csv.write_record(COLUMNS)?;
    for row in &folded.rows {
        csv.serialize(row)?;
    }
    csv.flush()?;
    Ok(())
}

fn jsonl(folded: &Folded, mut to: impl Write) -> anyhow::Result<()> {
    for row in &folded.rows {
        serde_json::to_writer(&mut to, row)?;
        to.write_all(b"\n")?;
    }
    to.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use throughline_domain::case::CaseEvent;
    use throughline_domain::ids::{CaseId, EventId, Position, Version};
    use throughline_domain::programme::Programmes;
    use throughline_domain::recorded::Recorded;
    use throughline_domain::time::Occurred;
    use throughline_domain::two_clocks::Asked;
    use uuid::Uuid;

    use super::*;
    use crate::replay::case_row::CaseRow;

    fn one_case() -> Folded {
        let data = r#"{"person_id":"0196a1b2-0000-7000-8000-000000000001","programme":"mrp","programme_version":1,"role":"victim_survivor","area":"south","source":"police"}"#;
        let at = "2014-03-01T00:00:00Z".parse().unwrap();
        let referral = Recorded {
            position: Position(1),
            version: Version(1),
            recorded_at: at,
            event_id: EventId(Uuid::nil()),
            occurred: Occurred::at(at),
            event: CaseEvent::from_stored("ReferralReceived", 1, data).unwrap(),
        };
        let row =
            CaseRow::at(CaseId(Uuid::nil()), &[referral], &Asked::LATEST, &Programmes::shipped())
                .unwrap();
        Folded { rows: vec![row], events: 1 }
    }

    fn written(folded: &Folded, format: Format) -> String {
        let mut bytes = Vec::new();
        write(folded, format, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_columns_are_named_as_the_row_has_them() {
        let json = written(&one_case(), Format::Jsonl);
        let members: serde_json::Map<_, _> = serde_json::from_str(&json).unwrap();
        let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
        let mut columns = COLUMNS.to_vec();
        names.sort_unstable();
        columns.sort_unstable();
        assert_eq!(names, columns);
        let places: Vec<_> = COLUMNS.map(|name| json.find(&format!("\"{name}\":"))).to_vec();
        assert!(places.is_sorted(), "{json}");
    }

    #[test]
    fn a_case_is_a_line() {
        let csv = written(&one_case(), Format::Csv);
        assert_eq!(
            csv.lines().nth(1).unwrap(),
            "00000000-0000-0000-0000-000000000000,mrp,victim_survivor,south,referred,1,,,,none,0,0,,,false,,0,1"
        );
    }

    #[test]
    fn without_a_case_there_is_the_heading_alone() {
        let folded = Folded { rows: Vec::new(), events: 0 };
        assert_eq!(written(&folded, Format::Csv), format!("{}\n", COLUMNS.join(",")));
        assert_eq!(written(&folded, Format::Jsonl), "");
    }
}
