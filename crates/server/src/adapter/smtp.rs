//! Mail over SMTP: connections are kept between messages and given up at the first fault.

mod conversation;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use portico_auth::{Mail, MailFailure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpStream;

use conversation::{Conversation, NotSent};

use crate::Settings;
use crate::configuration::{SmtpTls, SmtpUrl};

/// A connection that rested longer is tried before it is used.
const TRUSTED: Duration = Duration::from_secs(1);
/// A connection that rested longer is closed.
const KEPT: Duration = Duration::from_secs(10);
/// What a program that answers by itself looks for (RFC 3834, and what Microsoft's servers heed).
const AUTOMATIC: [(&str, &str); 2] = [
    ("Auto-Submitted", "auto-generated"),
    ("X-Auto-Response-Suppress", "All"),
];

/// Why mail cannot be sent as configured.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The file with certificates cannot be used.
    #[error("cannot use {} (PORTICO_SMTP_CA_FILE): {reason}", path.display())]
    Certificate {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// TLS cannot be prepared.
    #[error("cannot prepare TLS for mail: {0}")]
    Tls(#[source] SmtpError),
}

/// A mail server.
pub(crate) struct Smtp {
    server: SmtpUrl,
    tls: SmtpTls,
    parameters: TlsParameters,
    hello: ClientId,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    timeout: Duration,
    resting: Mutex<Vec<Resting>>,
}

struct Resting {
    conversation: Conversation,
    since: Instant,
}

impl Smtp {
    /// The configured server, if there is one. It need not answer yet.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Self>, MailSetupError> {
        let Some(server) = settings.smtp_url.clone() else {
            return Ok(None);
        };
        let from = settings.mail_from.clone();
        Ok(Some(Self {
            tls: settings.smtp_tls(),
            parameters: parameters(settings, &server.host)?,
            hello: ClientId::Domain(from.email.domain().to_owned()),
            reply_to: settings.mail_reply_to.clone(),
            timeout: settings.smtp_timeout,
            resting: Mutex::default(),
            server,
            from,
        }))
    }

    /// How long it may take to hand a message over.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Hands a message over. Ends within the time set, whatever the server does.
    pub(crate) async fn send(&self, mail: &Mail) -> Result<(), MailFailure> {
        let message = self.message(mail)?;
        match tokio::time::timeout(self.timeout, self.hand_over(&message)).await {
            Ok(result) => result,
            Err(_) => Err(MailFailure {
                permanent: false,
                reason: format!("the mail server took longer than {} s", self.timeout.as_secs()),
            }),
        }
    }

    /// The same bytes at every attempt.
    fn message(&self, mail: &Mail) -> Result<Message, MailFailure> {
        let broken = |reason: String| MailFailure {
            permanent: true,
            reason,
        };
        let to = mail
            .recipient
            .parse()
            .map_err(|error| broken(format!("the address: {error}")))?;
        let content = &mail.content;
        let parts = MultiPart::alternative()
            .boundary(format!("={}", mail.id.simple()))
            .singlepart(SinglePart::plain(content.text.clone()))
            .singlepart(SinglePart::html(content.html.clone()));
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&content.subject)
            .date(SystemTime::from(mail.created_at))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())));
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let mut message = message
            .multipart(parts)
            .map_err(|error| broken(error.to_string()))?;
        for (name, value) in AUTOMATIC {
            let name = HeaderName::new_from_ascii_str(name);
            message
                .headers_mut()
                .insert_raw(HeaderValue::new(name, value.to_owned()));
        }
        Ok(message)
    }

    async fn hand_over(&self, message: &Message) -> Result<(), MailFailure> {
        // What happens before the message is spoken of is no reason to give it up.
        let mut conversation = self.conversation().await?;
        let sent = conversation.send(message).await;
        sent.map_err(|NotSent { error, of_message }| failure(of_message && is_final(&error), &error))?;
        self.rest(conversation);
        Ok(())
    }

    /// One that rested and still answers, or a new one.
    async fn conversation(&self) -> Result<Conversation, MailFailure> {
        while let Some(Resting {
            mut conversation,
            since,
        }) = self.take()
        {
            if since.elapsed() < TRUSTED || conversation.goes_on().await {
                return Ok(conversation);
            }
        }
        let connected = match self.tls {
            SmtpTls::Implicit => self.connect_in_tls().await,
            SmtpTls::StartTls | SmtpTls::None => {
                let stream = self.reach().await.map_err(|error| failure(false, &error))?;
                self.greet(stream).await
            }
        };
        let connection = connected.map_err(|error| failure(false, &error))?;
        let begun = Conversation::begin(connection, &self.hello, self.credentials()).await;
        begun.map_err(|error| failure(false, &error))
    }

    async fn connect_in_tls(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let server = (self.server.host.as_str(), self.server.port);
        let (timeout, tls) = (Some(self.timeout), Some(self.parameters.clone()));
        AsyncSmtpConnection::connect_tokio1(server, timeout, &self.hello, tls, None).await
    }

    /// The end of a message is sent by itself: unless told otherwise, the kernel keeps it back until the server has
    /// acknowledged the rest, which that does 40 ms later.
    async fn reach(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect((self.server.host.as_str(), self.server.port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn greet(&self, stream: TcpStream) -> Result<AsyncSmtpConnection, SmtpError> {
        let mut connection =
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello).await?;
        if self.tls == SmtpTls::StartTls {
            connection.starttls(self.parameters.clone(), &self.hello).await?;
        }
        Ok(connection)
    }

    fn credentials(&self) -> Option<Credentials> {
        let (user, password) = self.server.credentials.as_ref()?;
        Some(Credentials::new(user.clone(), password.reveal().to_owned()))
    }

    fn take(&self) -> Option<Resting> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|one| one.since.elapsed() < KEPT);
        resting.pop()
    }

    fn rest(&self, conversation: Conversation) {
        let since = Instant::now();
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.push(Resting { conversation, since });
    }
}

fn parameters(settings: &Settings, host: &str) -> Result<TlsParameters, MailSetupError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = &settings.smtp_ca_file {
        let refused = |reason: String| MailSetupError::Certificate {
            path: path.clone(),
            reason,
        };
        let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        if CertificateDer::pem_slice_iter(&pem).next().is_none() {
            return Err(refused("it holds no certificate".to_owned()));
        }
        let certificate = Certificate::from_pem(&pem).map_err(|error| refused(error.to_string()))?;
        // Who names an authority of their own trusts no other.
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(MailSetupError::Tls)
}

/// What the server says of the message is final, but not that it wants us to prove who we are.
fn is_final(error: &SmtpError) -> bool {
    let about_us = error
        .status()
        .is_some_and(|code| (530..=539).contains(&u16::from(code)));
    error.is_permanent() && !about_us
}

fn failure(permanent: bool, error: &dyn std::error::Error) -> MailFailure {
    let reason = in_full(error);
    MailFailure { permanent, reason }
}

/// The error with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
