//! Reads the text that Prometheus reads, and refuses what is not valid.

use std::collections::{BTreeMap, BTreeSet};

/// One value, by the labels that it has.
pub(super) type Labels = BTreeMap<String, String>;

/// The metrics of a page.
#[derive(Debug)]
pub(super) struct Page {
    samples: BTreeMap<String, Vec<(Labels, f64)>>,
}

/// What the comments say of a metric.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: Option<String>,
    unit: Option<String>,
}

impl Page {
    /// Reads a page by the rules of `OpenMetrics` 1.0, as far as they apply to what is written here.
    #[track_caller]
    pub(super) fn read(text: &str) -> Self {
        let text = text.strip_suffix("# EOF\n").expect("the end is marked");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut samples: BTreeMap<String, Vec<(Labels, f64)>> = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let (keyword, rest) = comment.split_once(' ').unwrap();
                let (name, said) = rest.split_once(' ').unwrap();
                if name != current {
                    assert!(!families.contains_key(name), "{name} comes in two places");
                    name.clone_into(&mut current);
                }
                let family = families.entry(name.to_owned()).or_default();
                match keyword {
                    "HELP" => assert!(family.help.replace(said.to_owned()).is_none(), "{name}"),
                    "UNIT" => assert!(family.unit.replace(said.to_owned()).is_none(), "{name}"),
                    "TYPE" => said.clone_into(&mut family.kind),
                    other => panic!("no keyword: {other}"),
                }
                continue;
            }
            let (name, labels, value) = sample(line);
            let suffix = name.strip_prefix(&current).unwrap_or_else(|| panic!("{name} is stray"));
            let suffixes: &[&str] = match &*families[&current].kind {
                "counter" => &["_total"],
                "gauge" => &[""],
                "histogram" => &["_bucket", "_count", "_sum"],
                "info" => &["_info"],
                other => panic!("{current} is of kind {other}"),
            };
            assert!(suffixes.contains(&suffix), "{name}");
            let of_name = samples.entry(name.to_owned()).or_default();
            assert!(of_name.iter().all(|(known, _)| *known != labels), "{line} comes twice");
            of_name.push((labels, value));
        }
        for (name, family) in &families {
            assert!(
                family.help.as_ref().is_some_and(|help| help.len() > 10),
                "{name} explains itself"
            );
            if let Some(unit) = &family.unit {
                assert!(name.ends_with(&format!("_{unit}")), "{name} ends in its unit");
            }
            assert_eq!(name.ends_with("_seconds"), family.unit.is_some(), "{name} names its unit");
        }
        let page = Self { samples };
        page.check_histograms();
        page
    }

    /// The value with exactly these labels.
    #[track_caller]
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels)
            .unwrap_or_else(|| panic!("no {name} with {labels:?}: {:?}", self.samples.get(name)))
    }

    pub(super) fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: Labels =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (_, value) = self.samples.get(name)?.iter().find(|(found, _)| *found == wanted)?;
        Some(*value)
    }

    /// All values of a name.
    pub(super) fn all(&self, name: &str) -> &[(Labels, f64)] {
        self.samples.get(name).map_or(&[], Vec::as_slice)
    }

    /// The different values of a label.
    pub(super) fn label_values(&self, name: &str, label: &str) -> BTreeSet<&str> {
        self.all(name).iter().map(|(labels, _)| labels[label].as_str()).collect()
    }

    /// The names of everything on the page, without what a histogram adds to its own.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        let base = |name: &'_ str| {
            let parts = ["_bucket", "_count", "_sum"];
            let stem = parts.iter().find_map(|part| name.strip_suffix(part));
            stem.map_or(name.len(), str::len)
        };
        self.samples.keys().map(|name| &name[..base(name)]).collect()
    }

    pub(super) fn label_names(&self) -> BTreeSet<&str> {
        let all = self.samples.values().flatten();
        all.flat_map(|(labels, _)| labels.keys().map(String::as_str)).collect()
    }

    /// Buckets grow, and the last holds everything.
    fn check_histograms(&self) {
        for (name, buckets) in &self.samples {
            let Some(base) = name.strip_suffix("_bucket") else {
                continue;
            };
            let mut before: BTreeMap<Labels, (f64, f64)> = BTreeMap::new();
            for (labels, count) in buckets {
                let mut others = labels.clone();
                let limit: f64 =
                    others.remove("le").unwrap().replace("+Inf", "inf").parse().unwrap();
                let (limit_before, count_before) =
                    before.insert(others, (limit, *count)).unwrap_or((f64::NEG_INFINITY, 0.0));
                assert!(limit > limit_before && *count >= count_before, "{name}");
            }
            for (labels, (limit, count)) in before {
                assert!(limit.is_infinite(), "{name}");
                let labels: Vec<(&str, &str)> =
                    labels.iter().map(|(name, value)| (&**name, &**value)).collect();
                assert!((self.value(&format!("{base}_count"), &labels) - count).abs() < 0.5);
            }
        }
    }
}

/// A name, its labels and its value.
#[track_caller]
fn sample(line: &str) -> (&str, Labels, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    let Some((name, labels)) = series.split_once('{') else {
        return (series, Labels::new(), value);
    };
    let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("not closed: {line}"));
    // A route has braces and no comma or quotation mark; neither has any other value.
    let labels = labels
        .split(',')
        .map(|label| {
            let (name, value) = label.split_once("=\"").unwrap();
            let value = value.strip_suffix('"').unwrap();
            assert!(!value.contains(['"', '\\', '\n']), "{line}");
            (name.to_owned(), value.to_owned())
        })
        .collect();
    (name, labels, value)
}
