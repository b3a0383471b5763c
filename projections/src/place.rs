//! Where the rows of a build are.

/// One making of a projection's rows for one tenant.
///
/// Build 0 is in the tables that the migrations made, which tenants share. Any other has tables of
/// its own, made like them (`migrations/V19__projection_builds.sql`, ADR 0018).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The tenant.
    pub tenant_no: i32,
    /// The number of the build.
    pub build: i32,
}

impl Place {
    /// The shared tables.
    #[must_use]
    pub fn shared(tenant_no: i32) -> Self {
        Self { tenant_no, build: 0 }
    }

    /// The name of the build's table that stands for one of the migrations'.
    #[must_use]
    pub fn table(self, name: &str) -> String {
        let Self { tenant_no, build } = self;
        if build == 0 { name.to_owned() } else { format!("{name}_t{tenant_no}_b{build}") }
    }

    /// A statement for this build: of each table named in braces, its own.
    pub(crate) fn sql(self, template: &str) -> String {
        let mut sql = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            sql.push_str(before);
            sql.push_str(&self.table(name));
            rest = behind;
        }
        sql.push_str(rest);
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_the_tables_of_its_build() {
        let template = "SELECT n FROM {caseload} JOIN {outcome_case} USING (case_id)";
        let shared = "SELECT n FROM caseload JOIN outcome_case USING (case_id)";
        assert_eq!(Place::shared(3).sql(template), shared);
        let own = "SELECT n FROM caseload_t3_b2 JOIN outcome_case_t3_b2 USING (case_id)";
        assert_eq!(Place { tenant_no: 3, build: 2 }.sql(template), own);
    }
}
