//! Runs the command that the arguments name.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use jiff::Timestamp;
use nitro_ingress::cli::screen::{Screen, Stream};
use nitro_ingress::cli::{self, Arguments, Surroundings};
use nitro_ingress::settings::{Colour, Environment, LogFormat, OutputSettings};
use terminal_size::{Width, terminal_size};
use tracing_subscriber::EnvFilter;

// The controller's turns are computed on the main thread; its lease, watches and probes go on beside
// them.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<ExitCode> {
    let Arguments { output, command } = match Arguments::of_process() {
        Ok(arguments) => arguments,
        Err(error) => {
            unless_read_enough(error.print())?;
            // clap would end with 2, which stands for "there are changes".
            return Ok(ExitCode::from(u8::from(error.use_stderr())));
        }
    };
    let OutputSettings { log_level, log_format, color } = output;
    let environment = Environment::of_process();
    let (out_terminal, err_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let colour = |is_terminal| match color {
        Colour::Auto => is_terminal && !environment.has_no_color(),
        Colour::Always => true,
        Colour::Never => false,
    };
    let (out_colour, err_colour) = (colour(out_terminal), colour(err_terminal));
    // Other crates log what passes through them, and that may be secret.
    let log_level = log_level.unwrap_or_else(|| command.log_level());
    let filter = format!("off,nitro_ingress={}", log_level.name());
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter).context("the log level is unknown")?)
        .with_writer(io::stderr)
        .with_ansi(err_colour);
    match log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), io::stdout(), io::stderr());
    // A line that is too long is hard to read, however wide the terminal is.
    let terminal = terminal_size().filter(|_| out_terminal);
    let width = terminal.map_or(Stream::WIDTH, |(Width(columns), _)| columns.clamp(40, 120).into());
    let out = Stream { writer: &mut stdout, is_terminal: out_terminal, colour: out_colour, width };
    let err = Stream { writer: &mut stderr, is_terminal: err_terminal, colour: err_colour, width };
    let screen = Screen { out, err };
    let now = Timestamp::now();
    let mut surroundings = Surroundings { environment, now, stdin: &mut stdin, screen };
    let status = match cli::run(command, &mut surroundings).await {
        Ok(end) => end.status(),
        Err(error) if error.is_broken_pipe() => 0,
        Err(error) => {
            cli::show_error(&error, &mut surroundings.screen)?;
            1
        }
    };
    unless_read_enough(stdout.flush())?;
    Ok(ExitCode::from(status))
}

/// It is no failure if whoever reads has read enough.
fn unless_read_enough(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
