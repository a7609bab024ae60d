//! The commands: what each reads, does and prints, and with what it ends.

pub mod input;
pub mod plan;
pub mod apply;
pub mod lint;
pub mod explain;
pub mod controller;
pub mod approve;
pub mod purge;
pub mod annotations;
pub mod crds;
pub mod completions;
pub mod screen;
mod pipeline;
mod cluster;

use std::io::{self, Read};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use jiff::Timestamp;

use crate::controller::{approvals, once};
use crate::settings::{self, Environment, LogLevel, OutputSettings};
use screen::Screen;

/// Makes a NetScaler appliance match Kubernetes Ingresses, through its NITRO REST API.
///
/// It is a control plane only: the appliance carries the traffic. Mutual TLS is its heart: client
/// certificates at the front, and verified servers and a client certificate at the back.
#[derive(Debug, Parser)]
#[command(name = "nitro-ingress", version, max_term_width = 100, after_help = EXAMPLE)]
pub struct Arguments {
    #[command(flatten)]
    /// What is written beside the results.
    pub output: OutputSettings,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLE: &str = "\
Example:
  nitro-ingress plan -f ingress.yaml -f secrets/";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what would change on an appliance, and change nothing
    ///
    /// Reads manifests, or without -f the cluster, and shows the plan, grouped by Ingress. Of the
    /// cluster it is what the controller would do next, if it has the same settings. Without an
    /// appliance, everything is planned as for an empty one. Nothing is written anywhere.
    Plan(Box<plan::Arguments>),
    /// Change an appliance so that it matches manifests
    ///
    /// The plan is shown first, as the command plan shows it. At the end the appliance is read
    /// again, and nothing may be left to do. What a run could not do, the next one does.
    Apply(Box<apply::Arguments>),
    /// Say what is wrong with manifests, without an appliance
    ///
    /// Every finding has a stable name, the place that it is about, and what to write instead.
    /// What needs an appliance to be judged is left to the command plan.
    Lint(Box<lint::Arguments>),
    /// Say why an Ingress is on an appliance as it is
    ///
    /// From each annotation, part and Secret of it to the objects on the appliance, and back. What
    /// a part does is what would be otherwise without it. The Ingress is one of manifests, or
    /// without -f of the cluster. No appliance is needed.
    Explain(Box<explain::Arguments>),
    /// Keep appliances like the cluster
    ///
    /// Watches Ingresses and what they refer to, and makes the appliance match them, until it is
    /// told to stop. What became of each Ingress stands in its report.
    Controller(Box<controller::Arguments>),
    /// Let go on what a controller holds back
    ///
    /// Many deletions at once, and another box behind the address of an appliance, wait for somebody
    /// to say that they are meant. What waits stands in the status of the NetScaler, in an Event, and
    /// in the plan.
    Approve(approve::Arguments),
    /// Remove all that a cluster has on an appliance
    ///
    /// For clusters that are no longer there, or are to leave the appliance. What would go is shown
    /// first, and stays unless --yes is given. Objects of other clusters and of others stay.
    Purge(Box<purge::Arguments>),
    /// List every annotation that is known
    Annotations(annotations::Arguments),
    /// Write the definitions of the custom resources
    ///
    /// The controller needs them in its cluster; the chart brings them.
    Crds(crds::Arguments),
    /// Write the completions of a shell
    ///
    /// They complete commands, options, and the values that are one of a few.
    Completions(completions::Arguments),
}

impl Command {
    /// How much is logged unless somebody says otherwise.
    pub const fn log_level(&self) -> LogLevel {
        match self {
            Self::Controller(_) => LogLevel::Info,
            Self::Plan(_)
            | Self::Apply(_)
            | Self::Lint(_)
            | Self::Explain(_)
            | Self::Approve(_)
            | Self::Purge(_)
            | Self::Annotations(_)
            | Self::Crds(_)
            | Self::Completions(_) => LogLevel::Error,
        }
    }
}

/// What a command may use of the world outside, appliances aside.
pub struct Surroundings<'a> {
    /// The environment.
    pub environment: Environment,
    /// The time, for the dates of certificates.
    pub now: Timestamp,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Where results and messages go.
    pub screen: Screen<'a>,
}

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All is well.
    Well,
    /// There are changes, and the caller wanted to know.
    Changes,
    /// Something that was asked for is not so, and that was said.
    Short,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// The manifests cannot be used.
    #[error(transparent)]
    Input(#[from] input::Error),
    /// All that this cluster has on the appliance would go, which is what a list that could not be
    /// read looks like as well.
    #[error(
        "the input holds no Ingress, so --prune would delete everything: see whether the command \
         that writes the input works, or, if everything is to go, add --allow-empty"
    )]
    PruneEverything,
    /// An Ingress is in the input and was passed over; pruning would take it for gone.
    #[error(
        "{ingress} is in the input and was passed over, so --prune would delete it: write it for \
         networking.k8s.io/v1, or leave --prune away"
    )]
    PrunePassedOver {
        /// The Ingress.
        ingress: String,
    },
    /// The Ingress to explain is not in the input.
    #[error("there is no Ingress {name:?} in the input, which holds {held}")]
    NoSuchIngress {
        /// The name that was given.
        name: String,
        /// What is there instead.
        held: String,
    },
    /// A name fits Ingresses of several namespaces.
    #[error("there are several: write one of {names}")]
    SeveralIngresses {
        /// Their names.
        names: String,
    },
    /// The command needs an appliance.
    #[error("no appliance is named: set --nitro-url or NITRO_URL")]
    ApplianceMissing,
    /// The appliance cannot be talked to.
    #[error("cannot talk to the appliance")]
    Connect(#[from] crate::nitro::HttpsError),
    /// The appliance cannot be read.
    #[error("cannot read the appliance at {url:?}")]
    Observe {
        /// Where it is.
        url: String,
        /// Why.
        #[source]
        source: crate::observe::Error,
    },
    /// No manifests are given, and the cluster cannot be read.
    #[error("no manifests are given with -f, and the cluster cannot be read (see --kubeconfig)")]
    Cluster(#[source] once::Error),
    /// The appliance that is meant in a cluster is not there, or cannot be read.
    #[error(transparent)]
    InCluster(once::Error),
    /// Nothing was approved.
    #[error(transparent)]
    Approve(#[from] approvals::Error),
    /// The controller could not begin.
    #[error(transparent)]
    Controller(#[from] crate::controller::Error),
    /// The results cannot be written.
    #[error("cannot write the results")]
    Write(#[from] io::Error),
}

impl Arguments {
    /// The arguments of this process. Variables stand in for options that are not among them, and
    /// an empty variable counts as absent, as in [`Environment`].
    pub fn of_process() -> Result<Self, clap::Error> {
        let command = without_empty_variables(Self::command());
        Self::from_arg_matches(&command.try_get_matches()?)
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let is_empty = argument.get_env().is_some_and(Environment::is_empty_variable);
        if is_empty { argument.env(None::<&str>) } else { argument }
    });
    command.mut_subcommands(without_empty_variables)
}

/// Runs a command.
pub async fn run(command: Command, surroundings: &mut Surroundings<'_>) -> Result<End, Error> {
    match command {
        Command::Plan(arguments) => plan::run(&arguments, surroundings).await,
        Command::Apply(arguments) => apply::run(&arguments, surroundings).await,
        Command::Lint(arguments) => lint::run(&arguments, surroundings),
        Command::Explain(arguments) => explain::run(&arguments, surroundings).await,
        Command::Controller(arguments) => controller::run(&arguments, surroundings).await,
        Command::Approve(arguments) => approve::run(&arguments, surroundings).await,
        Command::Purge(arguments) => purge::run(&arguments, surroundings).await,
        Command::Annotations(arguments) => annotations::run(&arguments, &mut surroundings.screen),
        Command::Crds(arguments) => crds::run(&arguments, &mut surroundings.screen),
        Command::Completions(arguments) => completions::run(&arguments, &mut surroundings.screen),
    }
}

/// Shows why a command could not do its work.
pub fn show_error(error: &Error, screen: &mut Screen<'_>) -> io::Result<()> {
    match error {
        Error::Input(input::Error { problems }) => {
            problems.iter().try_for_each(|problem| screen.problem(problem))
        }
        Error::Settings(_)
        | Error::PruneEverything
        | Error::PrunePassedOver { .. }
        | Error::NoSuchIngress { .. }
        | Error::SeveralIngresses { .. }
        | Error::ApplianceMissing
        | Error::Connect(_)
        | Error::Observe { .. }
        | Error::Cluster(_)
        | Error::InCluster(_)
        | Error::Approve(_)
        | Error::Controller(_)
        | Error::Write(_) => screen.error(error),
    }
}

impl From<once::Error> for Error {
    fn from(error: once::Error) -> Self {
        if error.is_of_cluster() { Self::Cluster(error) } else { Self::InCluster(error) }
    }
}

impl Error {
    /// Whether only the reader of the results has gone away, as `head` does.
    pub fn is_broken_pipe(&self) -> bool {
        match self {
            Self::Write(error) => error.kind() == io::ErrorKind::BrokenPipe,
            Self::Settings(_)
            | Self::Input(_)
            | Self::PruneEverything
            | Self::PrunePassedOver { .. }
            | Self::NoSuchIngress { .. }
            | Self::SeveralIngresses { .. }
            | Self::ApplianceMissing
            | Self::Connect(_)
            | Self::Cluster(_)
            | Self::InCluster(_)
            | Self::Approve(_)
            | Self::Controller(_)
            | Self::Observe { .. } => false,
        }
    }
}

impl End {
    /// The exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Short => 1,
            Self::Changes => 2,
        }
    }
}
