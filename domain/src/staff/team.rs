//! A team: forming it and dissolving it.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::Moment;
use crate::code::Code;
use crate::programme::Programmes;
use crate::recorded::{Happened, Recorded};
use crate::staff::{StaffError, TeamEvent, in_view, may_take};
use crate::two_clocks::Asked;

/// Form a team, or form one again that was dissolved.
#[derive(Debug, Clone, PartialEq)]
pub struct FormTeam(pub TeamFormed);

/// A team was formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamFormed {
    /// The team.
    pub team: Code,
    /// The programme it works in; none where it works in several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<Code>,
    /// The areas it works in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<Code>,
}

/// Dissolve a team. Whoever is in it stays a worker, to be moved to another.
#[derive(Debug, Clone, PartialEq)]
pub struct DissolveTeam(pub TeamDissolved);

/// A team was dissolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamDissolved {
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
}

/// What is to be decided, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: TeamIntent,
}

/// What a caller wants of a team's record.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each command is documented where it is defined")]
pub enum TeamIntent {
    FormTeam(FormTeam),
    DissolveTeam(DissolveTeam),
}

/// A team, as far as anybody needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// What it was formed as; `None`: there never was such a team.
    pub formed: Option<TeamFormed>,
    /// When it was formed.
    pub formed_at: Option<Timestamp>,
    /// When it was dissolved, unless it was formed again.
    pub dissolved_at: Option<Timestamp>,
    last_step_at: Option<Timestamp>,
}

impl TeamFormed {
    /// Whether the tenant knows the programme, and the programme the areas.
    ///
    /// # Errors
    /// What is not known.
    pub fn fits(&self, programmes: &Programmes) -> Result<(), StaffError> {
        let Some(id) = &self.programme else { return Ok(()) };
        let programme = programmes.newest(id.as_str()).ok_or(StaffError::UnknownProgramme)?;
        match self.areas.iter().position(|area| !programme.areas.contains(area)) {
            Some(place) => Err(StaffError::UnknownArea { place }),
            None => Ok(()),
        }
    }
}

impl Team {
    /// A team at two dates. `history` is in the order of recording.
    #[must_use]
    pub fn at(history: &[Recorded<TeamEvent>], asked: &Asked) -> Self {
        let mut team = Self::default();
        for event in in_view(history, asked) {
            team.take(event.occurred.at, &event.event);
        }
        team
    }

    /// Whether somebody may join the team.
    ///
    /// # Errors
    /// When there is no such team, or it is dissolved.
    pub fn may_be_joined(&self) -> Result<(), StaffError> {
        match (&self.formed, self.dissolved_at) {
            (None, _) => Err(StaffError::UnknownTeam),
            (Some(_), Some(_)) => Err(StaffError::TeamDissolved),
            (Some(_), None) => Ok(()),
        }
    }

    fn take(&mut self, at: Timestamp, event: &TeamEvent) {
        self.last_step_at = Some(at);
        match event {
            TeamEvent::TeamFormed(facts) => {
                self.formed = Some(facts.clone());
                self.formed_at = Some(at);
                self.dissolved_at = None;
            }
            TeamEvent::TeamDissolved(_) => self.dissolved_at = Some(at),
        }
    }
}

/// Decides a command against a team's record.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(
    team: &Team,
    TeamCommand { moment, intent }: TeamCommand,
) -> Result<TeamEvent, StaffError> {
    let event = match intent {
        TeamIntent::FormTeam(FormTeam(facts)) => {
            if team.may_be_joined().is_ok() {
                return Err(StaffError::TeamExists);
            }
            TeamEvent::TeamFormed(facts)
        }
        TeamIntent::DissolveTeam(DissolveTeam(facts)) => {
            team.may_be_joined()?;
            TeamEvent::TeamDissolved(facts)
        }
    };
    may_take(team.last_step_at, &moment)?;
    Ok(event)
}

impl From<FormTeam> for TeamIntent {
    fn from(command: FormTeam) -> Self {
        Self::FormTeam(command)
    }
}

impl From<DissolveTeam> for TeamIntent {
    fn from(command: DissolveTeam) -> Self {
        Self::DissolveTeam(command)
    }
}

impl Aggregate for Team {
    const TYPE: &'static str = "team";
    type Command = TeamCommand;
    type Event = Happened<TeamEvent>;
    type Error = StaffError;
    type Services = ();

    async fn handle(
        &mut self,
        command: TeamCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), StaffError> {
        let Moment { event_id, occurred, .. } = command.moment;
        let event = decide(self, command)?;
        sink.write(Happened { event_id, occurred, event }, self).await;
        Ok(())
    }

    fn apply(&mut self, happened: Happened<TeamEvent>) {
        self.take(happened.occurred.at, &happened.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff::testing::{at, code, given_team, team_dissolved, team_formed};

    fn form(programme: Option<&str>) -> FormTeam {
        let programme = programme.map(code);
        FormTeam(TeamFormed { team: code("south"), programme, areas: vec![code("south")] })
    }

    fn dissolve() -> DissolveTeam {
        DissolveTeam(TeamDissolved { reason: None })
    }

    #[test]
    fn a_team_is_formed_once() {
        given_team([]).when(form(Some("mrp")), at(1)).then(&team_formed());
        given_team([(team_formed(), at(1))])
            .when(form(Some("mrp")), at(2))
            .then_refused(&StaffError::TeamExists);
    }

    #[test]
    fn a_team_works_in_a_programme_and_areas_that_there_are() {
        let fits = |command: FormTeam| command.0.fits(&Programmes::shipped());
        assert_eq!(fits(form(Some("mrp"))), Ok(()));
        assert_eq!(fits(form(None)), Ok(()));
        assert_eq!(fits(form(Some("no-such-programme"))), Err(StaffError::UnknownProgramme));
        let mut elsewhere = form(Some("mrp"));
        elsewhere.0.areas.push(code("mars"));
        assert_eq!(fits(elsewhere), Err(StaffError::UnknownArea { place: 1 }));
    }

    #[test]
    fn a_dissolved_team_is_formed_again_and_dissolved_no_second_time() {
        let gone = [(team_formed(), at(1)), (team_dissolved(), at(5))];
        given_team(gone.clone()).when(form(Some("mrp")), at(6)).then(&team_formed());
        given_team(gone).when(dissolve(), at(6)).then_refused(&StaffError::TeamDissolved);
        given_team([]).when(dissolve(), at(6)).then_refused(&StaffError::UnknownTeam);
        given_team([(team_formed(), at(1))]).when(dissolve(), at(6)).then(&team_dissolved());
    }

    #[test]
    fn no_step_comes_before_the_one_it_follows_or_in_the_future() {
        let previous_at = at(5).at;
        given_team([(team_formed(), at(5))])
            .when(dissolve(), at(4))
            .then_refused(&StaffError::BeforePreviousStep { previous_at });
        let tomorrow = at(10_000);
        given_team([(team_formed(), at(5))])
            .when(dissolve(), tomorrow)
            .then_refused(&StaffError::InFuture { occurred_at: tomorrow.at });
    }
}
