//! The demonstration data, where the program has it: `services/throughline/demo/README.md` names
//! the sources.

pub(crate) const MEGAN: &str =
    include_str!("../../../services/throughline/demo/journeys/megan.json");
pub(crate) const SUE: &str = include_str!("../../../services/throughline/demo/journeys/sue.json");
pub(crate) const PUBLISHED_TABLES: &str =
    include_str!("../../../services/throughline/demo/published-tables.json");
