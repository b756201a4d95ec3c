//! A password from whoever sits at the terminal, or from the pipe before this program. Never from an argument: others
//! on the machine can read those.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::CommandError;

/// No password or hash is longer.
const LONGEST: u64 = 64 * 1024;

/// Reads a password: at a terminal twice and unseen, else the first line.
pub(super) fn read(what: &str) -> Result<String, CommandError> {
    if !io::stdin().is_terminal() {
        return line(what);
    }
    let _silence = Silence::begin()?;
    let first = ask(what, what)?;
    match ask(what, "the same again")? == first {
        true => Ok(first),
        false => Err(CommandError::invalid(what, "was not the same twice")),
    }
}

fn ask(what: &str, prompt: &str) -> Result<String, CommandError> {
    write!(io::stderr(), "{prompt}: ")?;
    let answer = line(what);
    // What was typed did not end the line on the screen.
    writeln!(io::stderr())?;
    answer
}

fn line(what: &str) -> Result<String, CommandError> {
    let mut line = String::new();
    let mut input = io::stdin().lock().take(LONGEST);
    input.read_line(&mut line).map_err(CommandError::Input)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line.is_empty() {
        true => Err(CommandError::invalid(
            what,
            "is missing: it is read from the terminal or from standard input",
        )),
        false => Ok(line.to_owned()),
    }
}

/// The terminal shows nothing of what is typed while this lasts.
struct Silence(Termios);

impl Silence {
    fn begin() -> Result<Self, CommandError> {
        let before = tcgetattr(io::stdin()).map_err(io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent).map_err(io::Error::from)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
