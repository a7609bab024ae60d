//! How much is said beside the results, and in which form: the options of every command.

use clap::{Args, ValueEnum};

/// What is written to standard error beside the results.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputSettings {
    /// How much to log [default: error; info for the controller]
    #[arg(long, global = true, env = "NITRO_INGRESS_LOG_LEVEL", value_name = "LEVEL", value_enum)]
    pub log_level: Option<LogLevel>,

    /// The form of log lines
    #[arg(long, global = true, env = "NITRO_INGRESS_LOG_FORMAT", value_name = "FORMAT",
        value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// When to use colours
    #[arg(long, global = true, env = "NITRO_INGRESS_COLOR", value_name = "WHEN",
        value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What somebody must look at.
    Error,
    /// What was made up for, or goes on with less.
    Warn,
    /// What is done.
    Info,
    /// Every request, without its body.
    Debug,
    /// Every body, with secrets masked.
    Trace,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl LogLevel {
    /// As `tracing` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
