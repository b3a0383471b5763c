//! Dependencies point one way: domain, then log, evaluation and projections, then projector, then
//! api, then the program. Any other arrow fails here.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// What each crate may depend on, of the workspace; the tests' crates may reach everything.
const ARROWS: &[(&str, &[&str])] = &[
    ("throughline-domain", &[]),
    ("throughline-log", &["throughline-domain"]),
    ("throughline-evaluation", &["throughline-domain"]),
    ("throughline-projections", &["throughline-domain", "throughline-evaluation"]),
    (
        "throughline-projector",
        &["throughline-domain", "throughline-log", "throughline-projections"],
    ),
    (
        "throughline-api",
        &[
            "throughline-domain",
            "throughline-evaluation",
            "throughline-log",
            "throughline-projections",
            "throughline-projector",
        ],
    ),
    (
        "throughline",
        &[
            "throughline-domain",
            "throughline-evaluation",
            "throughline-log",
            "throughline-projections",
            "throughline-projector",
            "throughline-api",
        ],
    ),
    ("throughline-test-database", &[]),
    ("throughline-tests", &["throughline-test-database", "throughline-log"]),
];

fn workspace_arrows() -> BTreeMap<String, BTreeSet<(String, bool)>> {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let arrows = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .map(|d| (d.name.clone(), d.kind == DependencyKind::Development))
                .collect();
            (package.name.to_string(), arrows)
        })
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    for (package, arrows) in workspace_arrows() {
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == package)
            .unwrap_or_else(|| panic!("{package} has no place in the layout yet"));
        for (target, is_for_tests) in arrows {
            let is_allowed = allowed.contains(&target.as_str())
                || (is_for_tests && target == "throughline-test-database");
            assert!(is_allowed, "{package} must not depend on {target}");
        }
    }
}

#[test]
fn only_the_domain_and_the_log_know_the_event_sourcing_framework() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let knowing: BTreeSet<String> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| package.dependencies.iter().any(|d| d.name == "cqrs-es"))
        .map(|package| package.name.to_string())
        .collect();
    let expected = ["throughline-domain", "throughline-log"];
    assert_eq!(knowing, expected.into_iter().map(str::to_owned).collect());
}

#[test]
fn only_the_interface_and_the_program_know_http_servers() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    for package in metadata.workspace_packages() {
        let knows = package
            .dependencies
            .iter()
            .any(|d| d.name == "actix-web" && d.kind == DependencyKind::Normal);
        let may = ["throughline-api", "throughline"].contains(&package.name.as_str());
        assert!(may || !knows, "{} must not know HTTP", package.name);
    }
}
