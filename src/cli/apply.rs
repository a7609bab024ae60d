//! `nitro-ingress apply`: plans, shows the plan, carries it out and looks at what came of it.

mod progress;
mod summary;

use clap::Args;

use super::pipeline::{Common, Pipeline, Turn};
use super::screen::Screen;
use super::{End, Error, Surroundings};
use crate::execute::{Outcomes, execute};
use progress::Progress;

/// The options of `apply`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, mut_arg("paths", |paths| paths.required(true)))]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
}

const EXAMPLE: &str = "\
Exit status: 0 if the appliance matches the manifests, 1 if not. With --takeover it ends with 1 once it
has taken something over, so that you can see what comes next before it is done.

Example:
  nitro-ingress apply -f ingress.yaml -f secrets/ --nitro-url https://192.0.2.2 \\
    --nitro-username nsroot --nitro-password-file password";

/// Plans that may follow each other: one that ends after the settings of the appliance, and one
/// that does the rest.
const MOST_PLANS: usize = 2;

/// Runs the command.
pub(super) async fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let mut pipeline = Pipeline::new(&arguments.common, surroundings)?;
    let end = apply(&mut pipeline, &mut surroundings.screen).await;
    pipeline.close().await;
    end
}

async fn apply(pipeline: &mut Pipeline, screen: &mut Screen<'_>) -> Result<End, Error> {
    let turn = show(pipeline, screen).await?;
    carry_on(pipeline, turn, screen).await
}

/// Plans, and shows the plan.
pub(super) async fn show(pipeline: &mut Pipeline, screen: &mut Screen<'_>) -> Result<Turn, Error> {
    if pipeline.appliance().is_none() {
        return Err(Error::ApplianceMissing);
    }
    let turn = pipeline.turn().await?;
    pipeline.comment(&turn, screen)?;
    screen.out.text(&super::plan::text(&turn, &screen.out))?;
    Ok(turn)
}

/// Carries out a plan that was shown, and what follows it.
pub(super) async fn carry_on(
    pipeline: &mut Pipeline,
    mut turn: Turn,
    screen: &mut Screen<'_>,
) -> Result<End, Error> {
    for remaining in (0..MOST_PLANS).rev() {
        if turn.plan.is_empty() {
            break;
        }
        let outcomes = carry_out(pipeline, &turn, screen).await;
        summary::show(pipeline, &turn, &outcomes, &mut screen.out)?;
        if summary::has_failures(&outcomes) {
            return Ok(End::Short);
        }
        let taken_over = turn.plan.taken_over().count();
        if taken_over > 0 {
            // Whoever takes over should see what is changed before it is.
            screen.out.line(&format!(
                "\nTaken over: {taken_over}. See with `plan` what is to be changed on them, then \
                 apply again."
            ))?;
            return Ok(End::Short);
        }
        let is_to_go_on = turn.plan.ends_after_settings && remaining > 0;
        turn = pipeline.turn().await?;
        if turn.plan.is_empty() {
            break;
        }
        if !is_to_go_on {
            return report_bug(&turn, screen);
        }
        screen.out.text(&super::plan::text(&turn, &screen.out))?;
    }
    Ok(if pipeline.falls_short(&turn) { End::Short } else { End::Well })
}

async fn carry_out(pipeline: &Pipeline, turn: &Turn, screen: &mut Screen<'_>) -> Outcomes {
    let client = &pipeline.appliance().expect("an appliance was planned for").client;
    let mut progress = Progress::new(&turn.plan, &mut screen.out);
    let outcomes = execute(client, &turn.plan, &mut |event| progress.show(&event)).await;
    progress.end();
    outcomes
}

/// Everything was done and yet something is left to do: the next run would do it again, and so on.
fn report_bug(turn: &Turn, screen: &mut Screen<'_>) -> Result<End, Error> {
    let word = screen.err.bad("error");
    screen.err.line(&format!(
        "{word}: all was done, and the appliance still differs; this is a bug of nitro-ingress, \
         please report it with this plan:"
    ))?;
    screen.out.text(&super::plan::text(turn, &screen.out))?;
    Ok(End::Short)
}
