//! Two measurements in turns, so that whatever else goes on meets both.

use super::Settings;
use super::closed_loop::{self, Caller, Window};
use super::statistics::Spread;

/// What came of both, round by round.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) bare: Vec<Window>,
    pub(super) ours: Vec<Window>,
}

impl Turns {
    /// Ours to the bare, round by round.
    pub(super) fn ratios(&self) -> Vec<f64> {
        let rounds = self.ours.iter().zip(&self.bare);
        rounds.map(|(ours, bare)| ours.per_second / bare.per_second).collect()
    }

    /// The share of the machine that this process took while ours was measured.
    pub(super) fn cpu_share(&self) -> f64 {
        let shares: Vec<f64> = self.ours.iter().map(|window| window.cpu_share).collect();
        Spread::of(&shares).map_or(0.0, |spread| spread.median)
    }
}

/// Measures in turns: first the one, then the other, in the next round the other way round, so that
/// neither always comes after the other.
///
/// # Errors
/// The first that fails.
pub(super) async fn in_turns(
    rounds: usize,
    mut bare: impl AsyncFnMut() -> anyhow::Result<Window>,
    mut ours: impl AsyncFnMut() -> anyhow::Result<Window>,
) -> anyhow::Result<Turns> {
    let mut turns = Turns::default();
    for round in 0..rounds {
        if round % 2 == 0 {
            turns.bare.push(bare().await?);
            turns.ours.push(ours().await?);
        } else {
            turns.ours.push(ours().await?);
            turns.bare.push(bare().await?);
        }
    }
    Ok(turns)
}

/// Lets two kinds of callers call in turns.
///
/// # Errors
/// The first call that fails.
pub(super) async fn call_in_turns<B: Caller, C: Caller>(
    settings: &Settings,
    bare: Vec<B>,
    ours: Vec<C>,
) -> anyhow::Result<Turns> {
    let (mut bare, mut ours) = (bare, ours);
    in_turns(
        settings.rounds,
        async || call(&mut bare, settings).await,
        async || call(&mut ours, settings).await,
    )
    .await
}

/// The callers go with their connections and cases from one round to the next.
async fn call<C: Caller>(callers: &mut Vec<C>, settings: &Settings) -> anyhow::Result<Window> {
    let calling = std::mem::take(callers);
    let (back, window) = closed_loop::run(calling, settings.stretch).await?;
    *callers = back;
    Ok(window)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test]
    async fn neither_always_comes_first_and_the_ratio_is_of_one_round() {
        let order = RefCell::new(String::new());
        let window = |name: char, per_second| {
            order.borrow_mut().push(name);
            Ok(Window { per_second, ..Window::default() })
        };
        let mut speed = 0.0;
        let bare = async || window('b', 10.0);
        let ours = async || {
            speed += 10.0;
            window('o', speed)
        };
        let turns = in_turns(3, bare, ours).await.unwrap();
        assert_eq!(*order.borrow(), "boobbo");
        assert_eq!(turns.ratios(), [1.0, 2.0, 3.0]);
    }
}
