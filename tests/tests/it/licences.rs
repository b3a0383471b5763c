//! Nothing enters the product under a licence that is not on the list of `deny.toml`.

use std::collections::BTreeSet;

use cargo_metadata::MetadataCommand;

fn allowed() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deny.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let list = text.split_once("allow = [").unwrap().1.split_once(']').unwrap().0;
    list.lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// Whether an SPDX expression can be satisfied with the licences allowed. `OR` binds loosest.
fn is_satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    if let Some((before, inner, after)) = innermost(&expression) {
        let word = if is_satisfied(inner, allowed) { "MIT" } else { "Refused" };
        return is_satisfied(&format!("{before}{word}{after}"), allowed);
    }
    expression
        .split(" OR ")
        .any(|either| either.split(" AND ").all(|licence| allowed.contains(licence.trim())))
}

fn innermost(expression: &str) -> Option<(&str, &str, &str)> {
    let close = expression.find(')')?;
    let open = expression[..close].rfind('(')?;
    Some((&expression[..open], &expression[open + 1..close], &expression[close + 1..]))
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let allowed = allowed();
    assert!(allowed.contains("MIT") && !allowed.contains("GPL-3.0"));
    let metadata = MetadataCommand::new().exec().unwrap();
    let refused: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| {
            !package.license.as_deref().is_some_and(|licence| is_satisfied(licence, &allowed))
        })
        .map(|package| format!("{} {:?}", package.name, package.license))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn an_expression_is_read_as_spdx_reads_it() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    assert!(is_satisfied("MIT OR GPL-3.0", &allowed));
    assert!(is_satisfied("ISC AND (Apache-2.0 OR MIT)", &allowed));
    assert!(!is_satisfied("ISC AND GPL-3.0", &allowed));
    assert!(!is_satisfied("GPL-3.0", &allowed));
}
