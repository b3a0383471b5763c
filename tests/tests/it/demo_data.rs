//! The demonstration data, where the program has it: `services/throughline/demo/README.md` names
//! the sources.

pub(crate) const MEGAN: &str =
    include_str!("../../../services/throughline/demo/journeys/megan.json");
pub(crate) const SUE: &str = include_str!("../../../services/throughline/demo/journeys/sue.json");
pub(crate) const CHELSEA: &str =
    include_str!("../../../services/throughline/demo/journeys/chelsea.json");
pub(crate) const DRIVE_CASE_MANAGER: &str =
    include_str!("../../../services/throughline/demo/journeys/drive-case-manager.json");
pub(crate) const DRIVE_IDVA: &str =
    include_str!("../../../services/throughline/demo/journeys/drive-idva.json");
pub(crate) const PUBLISHED_TABLES: &str =
    include_str!("../../../services/throughline/demo/published-tables.json");
