//! Stages, reviews, instruments and periods: what lies in time has to fit in the programme's length.

use super::ContradictionKind::{
    BeyondMaximum, NotAfterPreviousStage, UnknownInstrument, UnknownStage, Zero,
};
use super::{ENTRIES_MAX, Findings};
use crate::code::Code;
use crate::instrument;
use crate::programme::Programme;

pub(super) fn check(definition: &Programme, found: &mut Findings) {
    found.add_if(definition.maximum_months == Some(0), "/maximum_months", Zero);
    found.list("/stages", &definition.stages);
    reviews(definition, found);
    instruments(definition, found);
    periods(definition, found);
}

fn reviews(definition: &Programme, found: &mut Findings) {
    let reviews = &definition.reviews;
    found.add_if(reviews.every_days == Some(0), "/reviews/every_days", Zero);
    let stages: Vec<&Code> = reviews.at_stages.iter().map(|due| &due.stage).collect();
    found.set("/reviews/at_stages", &stages);
    let mut before = None;
    for (n, due) in reviews.at_stages.iter().enumerate().take(ENTRIES_MAX) {
        let place = format!("/reviews/at_stages/{n}");
        let is_known = definition.stages.contains(&due.stage);
        found.add_if(!is_known, format_args!("{place}/stage"), UnknownStage);
        let months = format!("{place}/after_months");
        let is_beyond = definition.maximum_months.is_some_and(|months| due.after_months > months);
        found.add_if(is_beyond, &months, BeyondMaximum);
        let does_not_rise = before.is_some_and(|before| due.after_months <= before);
        found.add_if(does_not_rise, &months, NotAfterPreviousStage);
        before = Some(due.after_months);
    }
}

fn instruments(definition: &Programme, found: &mut Findings) {
    let ids: Vec<&Code> = definition.instruments.iter().map(|instrument| &instrument.id).collect();
    found.list("/instruments", &ids);
    for (n, instrument) in definition.instruments.iter().enumerate().take(ENTRIES_MAX) {
        let is_known = instrument::find(instrument.id.as_str()).is_some();
        found.add_if(!is_known, format_args!("/instruments/{n}/id"), UnknownInstrument);
        let place = format!("/instruments/{n}/stages");
        found.set(&place, &instrument.stages);
        found.among(&place, &instrument.stages, &definition.stages, UnknownStage);
    }
}

fn periods(definition: &Programme, found: &mut Findings) {
    found.add_if(definition.dormant_after_days == 0, "/dormant_after_days", Zero);
    for (place, months) in [
        ("/disengaged_after_months", definition.disengaged_after_months),
        ("/sustained_reduction_months", definition.sustained_reduction_months),
    ] {
        found.add_if(months == Some(0), place, Zero);
        let is_beyond = definition.maximum_months.zip(months).is_some_and(|(max, own)| own > max);
        found.add_if(is_beyond, place, BeyondMaximum);
    }
}
