//! The tables are what the code says they are.

use throughline_projections::Projection;

use crate::database::with_tables;

#[tokio::test]
async fn every_table_has_the_columns_and_the_key_that_the_code_writes() {
    let (_database, client) = with_tables().await;
    for table in Projection::ALL.iter().flat_map(|projection| projection.tables()) {
        let sql = "SELECT a.attname::text, a.atttypid FROM pg_attribute a
                   WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
                   ORDER BY a.attname";
        let rows = client.query(sql, &[&table.name]).await.unwrap();
        let found: Vec<(String, u32)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut listed: Vec<(String, u32)> = table
            .columns
            .iter()
            .map(|column| (column.name.to_owned(), column.kind.sql_type().oid()))
            .collect();
        listed.push(("tenant_no".to_owned(), tokio_postgres::types::Type::INT4.oid()));
        listed.sort();
        assert_eq!(found, listed, "columns of {}", table.name);

        let sql = "SELECT a.attname::text FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (n, place)
                   JOIN pg_attribute a ON a.attnum = k.n
                   WHERE i.indrelid = $1::text::regclass AND i.indisprimary AND a.attrelid = i.indrelid
                   ORDER BY k.place";
        let rows = client.query(sql, &[&table.name]).await.unwrap();
        let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let key = table.columns[..table.key].iter().map(|column| column.name.to_owned());
        let listed: Vec<String> = std::iter::once("tenant_no".to_owned()).chain(key).collect();
        assert_eq!(found, listed, "primary key of {}", table.name);
        assert_eq!(table.columns[0].name, "case_id", "first column of {}", table.name);
    }
}
