//! The statistics against SciPy, statsmodels, lifelines and R, and against themselves.

mod fixture;
mod properties;
mod scipy;
mod scipy_groups;
mod second_opinion;
