//! A connection to a mail server, by which one message after the other is handed over.

use std::fmt;

use lettre::address::Envelope;
use lettre::message::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A connection on which messages may be sent.
pub(super) struct Conversation {
    connection: AsyncSmtpConnection,
    /// Whether the server takes several commands at once (RFC 2920).
    pipelining: bool,
}

impl Conversation {
    /// Learns what the server can do, and proves who we are.
    pub(super) async fn begin(
        mut connection: AsyncSmtpConnection,
        hello: &ClientId,
        credentials: Option<Credentials>,
    ) -> Result<Self, Error> {
        // The library has said hello, but does not tell of this extension.
        let offered = connection.command(Ehlo::new(hello.clone())).await?;
        let pipelining = offered
            .message()
            .any(|line| line.trim().eq_ignore_ascii_case("PIPELINING"));
        if let Some(credentials) = credentials {
            connection.auth(&MECHANISMS, &credentials).await?;
        }
        Ok(Self {
            connection,
            pipelining,
        })
    }

    /// Whether the server still answers.
    pub(super) async fn goes_on(&mut self) -> bool {
        self.connection.test_connected().await
    }

    /// Hands a message over. After an error nothing more can be sent: the server may be anywhere.
    pub(super) async fn send(&mut self, message: &Message) -> Result<(), NotSent> {
        let (envelope, bytes) = (message.envelope(), message.formatted());
        let commands = commands(envelope);
        match std::str::from_utf8(&bytes) {
            Ok(text) if self.pipelining && text.is_ascii() && commands.is_ascii() => {
                self.send_at_once(&commands, envelope.to().len(), text).await
            }
            _ => self.send_in_turn(envelope, &bytes).await,
        }
    }

    /// The server answers each command, but is waited for only twice.
    async fn send_at_once(&mut self, commands: &str, recipients: usize, text: &str) -> Result<(), NotSent> {
        // The first answer is the one to the sender.
        self.connection.command(commands).await.map_err(NotSent::of_us)?;
        for _ in 0..recipients {
            self.connection.read_response().await?;
        }
        self.connection.read_response().await?;
        self.connection.command(Content(text)).await?;
        Ok(())
    }

    /// As `send` of lettre 0.11.23 does it, which does not tell whether it was the sender that was refused: to be compared
    /// when that changes, with `parameters`.
    async fn send_in_turn(&mut self, envelope: &Envelope, bytes: &[u8]) -> Result<(), NotSent> {
        let Some(parameters) = self.parameters(envelope, bytes) else {
            // The library says which extension is wanting.
            self.connection
                .send(envelope, bytes)
                .await
                .map_err(NotSent::of_us)?;
            return Ok(());
        };
        let sender = Mail::new(envelope.from().cloned(), parameters);
        self.connection.command(sender).await.map_err(NotSent::of_us)?;
        for recipient in envelope.to() {
            self.connection
                .command(Rcpt::new(recipient.clone(), Vec::new()))
                .await?;
        }
        self.connection.command(Data).await?;
        self.connection.message(bytes).await?;
        Ok(())
    }

    /// What a message needs of the server; nothing where that does not offer it.
    fn parameters(&self, envelope: &Envelope, bytes: &[u8]) -> Option<Vec<MailParameter>> {
        let addresses = envelope.to().iter().chain(envelope.from());
        let needed = [
            (
                !addresses
                    .into_iter()
                    .all(|address| address.to_string().is_ascii()),
                Extension::SmtpUtfEight,
                MailParameter::SmtpUtfEight,
            ),
            (
                !bytes.is_ascii(),
                Extension::EightBitMime,
                MailParameter::Body(MailBodyParameter::EightBitMime),
            ),
        ];
        let needed = needed.into_iter().filter(|(needed, ..)| *needed);
        needed
            .map(|(_, extension, parameter)| {
                let offered = self.connection.server_info().supports_feature(extension);
                offered.then_some(parameter)
            })
            .collect()
    }
}

/// A message that was not handed over.
pub(super) struct NotSent {
    pub(super) error: Error,
    /// Whether the server had taken the sender: what it says before is said of us, whatever the message.
    pub(super) of_message: bool,
}

impl NotSent {
    fn of_us(error: Error) -> Self {
        Self {
            error,
            of_message: false,
        }
    }
}

impl From<Error> for NotSent {
    fn from(error: Error) -> Self {
        Self {
            error,
            of_message: true,
        }
    }
}

/// Who a message is from, whom it is for, and that it follows.
fn commands(envelope: &Envelope) -> String {
    let mut commands = Mail::new(envelope.from().cloned(), Vec::new()).to_string();
    for recipient in envelope.to() {
        commands.push_str(&Rcpt::new(recipient.clone(), Vec::new()).to_string());
    }
    commands.push_str(&Data.to_string());
    commands
}

/// A message and its end. A line that begins with a dot gets another, or it would be the end.
struct Content<'a>(&'a str);

impl fmt::Display for Content<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        let mut lines = text.split("\r\n.");
        formatter.write_str(lines.next().unwrap_or_default())?;
        for line in lines {
            write!(formatter, "\r\n..{line}")?;
        }
        formatter.write_str("\r\n.\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_message_is_a_dot_on_a_line() {
        for (text, sent) in [
            ("a", "a\r\n.\r\n"),
            ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r\n.\r\n.\r\n..b", "a\r\n..\r\n..\r\n...b\r\n.\r\n"),
            ("a.\r\nb", "a.\r\nb\r\n.\r\n"),
        ] {
            assert_eq!(Content(text).to_string(), sent);
        }
    }
}
