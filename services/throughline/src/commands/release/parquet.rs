//! A table of a release as an Apache Parquet file: the same rows as in CSV, with the types of the
//! codebook. An empty cell is a null.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Unit;
use jiff::civil::{Date, date};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};
use throughline_evaluation::release::{Column, Kind, Resource};

/// Rows of a row group: what a reader has to have in memory at once.
const ROWS: usize = 1 << 20;

/// Writes the file, and gives back what it was written to.
///
/// # Errors
/// When it cannot be written, or a cell is not of its column's type.
pub(super) fn write<W: Write + Send>(resource: &Resource, out: W) -> anyhow::Result<W> {
    let settings = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut file = SerializedFileWriter::new(out, schema(resource)?, Arc::new(settings))?;
    for rows in resource.rows.chunks(ROWS) {
        let mut group = file.next_row_group()?;
        for (n, column) in resource.columns.iter().enumerate() {
            let cells: Vec<&str> = rows.iter().map(|row| row[n].as_str()).collect();
            let mut writer = group.next_column()?.context("fewer columns than the schema has")?;
            write_column(column.kind, &cells, &mut writer)
                .with_context(|| format!("column {}.{}", resource.name, column.name))?;
            writer.close()?;
        }
        group.close()?;
    }
    Ok(file.into_inner()?)
}

fn schema(resource: &Resource) -> anyhow::Result<TypePtr> {
    let fields = resource.columns.iter().map(|column| Ok(Arc::new(field(column)?)));
    let fields = fields.collect::<anyhow::Result<_>>()?;
    Ok(Arc::new(Type::group_type_builder(resource.name).with_fields(fields).build()?))
}

fn field(column: &Column) -> anyhow::Result<Type> {
    let (physical, logical) = match column.kind {
        Kind::Text | Kind::Month => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Whole => (Physical::INT64, None),
        Kind::Boolean => (Physical::BOOLEAN, None),
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
    };
    let builder = Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL);
    Ok(builder.build()?)
}

fn write_column(
    kind: Kind,
    cells: &[&str],
    writer: &mut SerializedColumnWriter<'_>,
) -> anyhow::Result<()> {
    match kind {
        Kind::Text | Kind::Month => {
            write_cells::<ByteArrayType>(cells, writer, |cell| Ok(ByteArray::from(cell)))
        }
        Kind::Whole => write_cells::<Int64Type>(cells, writer, |cell| Ok(cell.parse()?)),
        Kind::Boolean => write_cells::<BoolType>(cells, writer, |cell| Ok(cell.parse()?)),
        Kind::Date => write_cells::<Int32Type>(cells, writer, days_since_1970),
    }
}

/// Writes the cells that are not empty as values, and of each whether it is.
fn write_cells<T: DataType>(
    cells: &[&str],
    writer: &mut SerializedColumnWriter<'_>,
    value: impl Fn(&str) -> anyhow::Result<T::T>,
) -> anyhow::Result<()> {
    let is_there: Vec<i16> = cells.iter().map(|cell| i16::from(!cell.is_empty())).collect();
    let values = cells.iter().filter(|cell| !cell.is_empty()).map(|cell| value(cell));
    let values: Vec<T::T> = values.collect::<anyhow::Result<_>>()?;
    writer.typed::<T>().write_batch(&values, Some(&is_there), None)?;
    Ok(())
}

fn days_since_1970(cell: &str) -> anyhow::Result<i32> {
    let day: Date = cell.parse()?;
    Ok(date(1970, 1, 1).until((Unit::Day, day))?.get_days())
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn every_cell_is_read_back_as_its_value_and_an_empty_one_as_none() {
        let column = |name, kind| Column::new(name, kind, "What it means.");
        let columns = vec![
            column("code", Kind::Text),
            column("month", Kind::Month),
            column("count", Kind::Whole),
            column("is", Kind::Boolean),
            column("day", Kind::Date),
        ];
        let row = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
        let rows = vec![
            row(["südlich", "2024-02", "-3", "true", "1969-12-31"]),
            row(["", "", "", "", ""]),
            row(["b", "2024-03", "4", "false", "2024-02-29"]),
        ];
        let resource = Resource { name: "some", title: "Some", columns, rows };
        let written = write(&resource, Vec::new()).unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(written)).unwrap();
        let read: Vec<Vec<Field>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
            .collect();
        let text = |text: &str| Field::Str(text.to_owned());
        let first = vec![
            text("südlich"),
            text("2024-02"),
            Field::Long(-3),
            Field::Bool(true),
            Field::Date(-1),
        ];
        let last = vec![
            text("b"),
            text("2024-03"),
            Field::Long(4),
            Field::Bool(false),
            Field::Date(19_782),
        ];
        assert_eq!(read, [first, vec![Field::Null; 5], last]);
    }

    #[test]
    fn a_cell_of_another_type_is_no_file() {
        let columns = vec![Column::new("count", Kind::Whole, "How many.")];
        let rows = vec![vec!["some".to_owned()]];
        let resource = Resource { name: "some", title: "Some", columns, rows };
        assert!(write(&resource, Vec::new()).is_err());
    }
}
