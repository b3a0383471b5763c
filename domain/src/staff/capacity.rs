//! How many cases a worker can take, and how many they have.
//!
//! Drive planned 33 cases a worker, of whom 20 proved realistic; MRP shared complex cases out evenly.
//! So there are two figures: all cases, and the complex ones among them.

use serde::{Deserialize, Serialize};

use crate::staff::StaffError;

/// How many cases a worker can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Open cases.
    pub cases: u32,
    /// Complex ones among them (`complex/1`); where it is not said, as many as there are cases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complex: Option<u32>,
}

/// What a worker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Open cases.
    pub open: u64,
    /// Complex ones among them.
    pub complex: u64,
}

impl Load {
    /// Counts one more open case.
    pub fn count(&mut self, is_complex: bool) {
        self.open += 1;
        self.complex += u64::from(is_complex);
    }
}

impl Capacity {
    /// # Errors
    /// When more cases are to be complex than there are cases.
    pub fn check(self) -> Result<(), StaffError> {
        match self.complex {
            Some(complex) if complex > self.cases => {
                Err(StaffError::CapacityContradicts { cases: self.cases, complex })
            }
            _ => Ok(()),
        }
    }

    /// How many cases more can be taken.
    #[must_use]
    pub fn free(self, load: Load) -> u64 {
        u64::from(self.cases).saturating_sub(load.open)
    }

    /// How many complex cases more can be taken: never more than there are places.
    #[must_use]
    pub fn free_complex(self, load: Load) -> u64 {
        let complex = u64::from(self.complex.unwrap_or(self.cases));
        complex.saturating_sub(load.complex).min(self.free(load))
    }

    /// Whether there is more than can be taken.
    #[must_use]
    pub fn is_exceeded_by(self, load: Load) -> bool {
        let complex_max = self.complex.unwrap_or(self.cases);
        load.open > u64::from(self.cases) || load.complex > u64::from(complex_max)
    }

    /// Whether one more case fits beside `load`, which does not count it.
    ///
    /// # Errors
    /// When there is no place for it. A case that is not complex is not kept out by too many that are.
    pub fn take(self, load: Load, is_complex: bool) -> Result<(), StaffError> {
        let free = if is_complex { self.free_complex(load) } else { self.free(load) };
        if free > 0 { Ok(()) } else { Err(StaffError::OverCapacity) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWENTY: Capacity = Capacity { cases: 20, complex: Some(5) };

    fn load(open: u64, complex: u64) -> Load {
        Load { open, complex }
    }

    #[test]
    fn a_place_is_free_until_the_last_is_taken() {
        assert_eq!((TWENTY.free(load(19, 0)), TWENTY.take(load(19, 0), false)), (1, Ok(())));
        let over = Err(StaffError::OverCapacity);
        assert_eq!((TWENTY.free(load(20, 0)), TWENTY.take(load(20, 0), false)), (0, over));
        assert!(!TWENTY.is_exceeded_by(load(20, 5)));
        assert!(TWENTY.is_exceeded_by(load(21, 0)));
        assert_eq!(TWENTY.free(load(25, 0)), 0);
    }

    #[test]
    fn complex_cases_have_places_of_their_own_among_the_others() {
        assert_eq!(TWENTY.take(load(10, 4), true), Ok(()));
        assert_eq!(TWENTY.take(load(10, 5), true), Err(StaffError::OverCapacity));
        assert_eq!(TWENTY.take(load(10, 6), false), Ok(()), "not what is too much");
        assert!(TWENTY.is_exceeded_by(load(10, 6)));
        assert_eq!(TWENTY.take(load(20, 0), true), Err(StaffError::OverCapacity));
        assert_eq!(TWENTY.free_complex(load(18, 0)), 2);
    }

    #[test]
    fn where_nothing_is_said_of_complex_cases_all_may_be() {
        let capacity = Capacity { cases: 3, complex: None };
        assert_eq!(capacity.take(load(2, 2), true), Ok(()));
        assert!(!capacity.is_exceeded_by(load(3, 3)));
    }

    #[test]
    fn no_more_cases_are_complex_than_there_are() {
        assert_eq!(TWENTY.check(), Ok(()));
        let contradicts = StaffError::CapacityContradicts { cases: 3, complex: 4 };
        assert_eq!(Capacity { cases: 3, complex: Some(4) }.check(), Err(contradicts));
    }
}
