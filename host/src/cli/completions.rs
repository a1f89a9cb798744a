//! `actiond completions`: what a shell has to know to complete our command line.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;

use super::command::Failure;

const EXAMPLES: &str = "\
Examples:
  actiond completions bash > /etc/bash_completion.d/actiond
  actiond completions zsh > \"${fpath[1]}/_actiond\"
  actiond completions fish > ~/.config/fish/completions/actiond.fish

Exit codes: 0 printed, 2 wrong usage, 70 a failure of actiond itself.";

/// Print a shell's completions of this command line
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// For this shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints them. `command`: the whole command line.
pub(super) fn run(args: &Args, mut command: clap::Command) -> Result<ExitCode, Failure> {
    use clap_complete::shells::{Bash, Fish, Zsh};
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    match args.shell {
        Shell::Bash => clap_complete::generate(Bash, &mut command, name, &mut script),
        Shell::Zsh => clap_complete::generate(Zsh, &mut command, name, &mut script),
        Shell::Fish => clap_complete::generate(Fish, &mut command, name, &mut script),
    }
    match io::stdout().lock().write_all(&script) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written.context("cannot write to standard output").map_err(Failure::Internal)?,
    }
    Ok(ExitCode::SUCCESS)
}
