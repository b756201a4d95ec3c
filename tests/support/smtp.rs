//! A mail server that keeps what it is given, and can be slow, refuse or break off.

mod message;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) use message::Received;

/// The authority of the server's certificate.
pub(crate) const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/support/smtp/ca.pem");

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    Plain,
    Upgrade,
    Implicit,
}

/// When something happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Greeting,
    Sender,
    Recipient,
    /// After some of the message.
    Content,
    /// After all of it, before the answer.
    End,
}

/// What the server does otherwise than it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    Good,
    Answers(Stage, &'static str),
    Waits(Stage, Duration),
    BreaksOff(Stage),
}

impl Conduct {
    fn is_at(self, now: Stage) -> bool {
        match self {
            Self::Good => false,
            Self::Answers(stage, _) | Self::Waits(stage, _) | Self::BreaksOff(stage) => stage == now,
        }
    }
}

/// A mail server on this machine.
#[derive(Clone)]
pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    tls: Tls,
    /// User and password, where they are asked for.
    credentials: Option<(&'static str, &'static str)>,
    conduct: Mutex<Conduct>,
    /// Whether it takes several commands at once.
    pipelining: AtomicBool,
    received: Mutex<Vec<Received>>,
    connections: Mutex<u32>,
}

impl SmtpServer {
    pub(crate) async fn start() -> Self {
        Self::with(Tls::Plain, None).await
    }

    pub(crate) async fn with(tls: Tls, credentials: Option<(&'static str, &'static str)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            tls,
            credentials,
            conduct: Mutex::new(Conduct::Good),
            pipelining: AtomicBool::new(true),
            received: Mutex::default(),
            connections: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *serving.connections.lock().unwrap() += 1;
                tokio::spawn(converse(stream, Arc::clone(&serving)));
            }
        });
        Self { address, shared }
    }

    /// As `PORTICO_SMTP_URL` has it.
    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub(crate) fn behave(&self, conduct: Conduct) {
        *self.shared.conduct.lock().unwrap() = conduct;
    }

    /// Takes one command at a time from whoever connects from now on.
    pub(crate) fn take_one_at_a_time(&self) {
        self.shared.pipelining.store(false, Ordering::SeqCst);
    }

    /// Every message so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> u32 {
        *self.shared.connections.lock().unwrap()
    }

    /// The messages, once there are so many.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        for _ in 0..600 {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} messages instead of {count}", self.received().len());
    }

    /// The newest message to an address, once there is one more than `seen` to it.
    pub(crate) async fn mail_to(&self, address: &str, seen: usize) -> Received {
        for _ in 0..600 {
            let mut received = self.received();
            received.retain(|message| message.to == [address]);
            if received.len() > seen {
                return received.pop().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no mail to {address}");
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Conversation {
    stream: BufStream<Box<dyn Stream>>,
    shared: Arc<Shared>,
    encrypted: bool,
    user: Option<String>,
    message: Received,
    /// What is not said before all commands that may come at once have come.
    held_back: String,
}

/// The client went, or was told to go.
struct Over;

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream: Box<dyn Stream> = Box::new(stream);
    if shared.tls == Tls::Implicit {
        let Ok(encrypted) = acceptor().accept(stream).await else {
            return;
        };
        stream = Box::new(encrypted);
    }
    let encrypted = shared.tls == Tls::Implicit;
    let conversation = Conversation {
        stream: BufStream::new(stream),
        shared,
        encrypted,
        user: None,
        message: Received::default(),
        held_back: String::new(),
    };
    let _ = conversation.hold().await;
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("smtp/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("smtp/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl Conversation {
    async fn hold(mut self) -> Result<(), Over> {
        self.stage(Stage::Greeting).await?;
        self.say("220 mail.test ready").await?;
        loop {
            let line = self.line().await?;
            // A server that does not even greet has kept no connection either.
            if self.conduct().is_at(Stage::Greeting) {
                return Err(Over);
            }
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => self.hello().await?,
                "STARTTLS" => {
                    self.say("220 go ahead").await?;
                    self = self.encrypt().await?;
                }
                "AUTH" => self.authenticate(rest).await?,
                "MAIL" if self.must_authenticate() => self.say("530 5.7.0 authentication required").await?,
                "MAIL" => {
                    self.stage(Stage::Sender).await?;
                    self.message = Received {
                        encrypted: self.encrypted,
                        user: self.user.clone(),
                        ..Received::default()
                    };
                    self.say_later("250 ok").await?;
                }
                "RCPT" => {
                    self.stage(Stage::Recipient).await?;
                    let address = rest.split(['<', '>']).nth(1).unwrap_or_default();
                    self.message.to.push(address.to_owned());
                    self.say_later("250 ok").await?;
                }
                "DATA" => self.data().await?,
                "NOOP" | "RSET" => self.say("250 ok").await?,
                "QUIT" => return self.say("221 bye").await,
                _ => self.say("502 not known").await?,
            }
        }
    }

    async fn hello(&mut self) -> Result<(), Over> {
        let mut lines = vec!["250-mail.test", "250-8BITMIME"];
        if self.shared.tls == Tls::Upgrade && !self.encrypted {
            lines.push("250-STARTTLS");
        }
        if self.shared.credentials.is_some() {
            lines.push("250-AUTH PLAIN LOGIN");
        }
        if self.is_pipelining() {
            lines.push("250-PIPELINING");
        }
        lines.push("250 SIZE 1000000");
        self.say(&lines.join("\r\n")).await
    }

    fn is_pipelining(&self) -> bool {
        self.shared.pipelining.load(Ordering::SeqCst)
    }

    async fn encrypt(self) -> Result<Self, Over> {
        let encrypted = acceptor()
            .accept(self.stream.into_inner())
            .await
            .map_err(|_| Over)?;
        Ok(Self {
            stream: BufStream::new(Box::new(encrypted)),
            encrypted: true,
            ..self
        })
    }

    fn must_authenticate(&self) -> bool {
        self.shared.credentials.is_some() && self.user.is_none()
    }

    async fn authenticate(&mut self, rest: &str) -> Result<(), Over> {
        let response = rest.strip_prefix("PLAIN ").unwrap_or_default();
        let decoded = STANDARD.decode(response).unwrap_or_default();
        let wanted = self
            .shared
            .credentials
            .map(|(user, password)| format!("\0{user}\0{password}"));
        if wanted.is_some_and(|wanted| wanted.as_bytes() == decoded) {
            self.user = self.shared.credentials.map(|(user, _)| user.to_owned());
            return self.say("235 welcome").await;
        }
        self.say("535 5.7.8 wrong user or password").await
    }

    async fn data(&mut self) -> Result<(), Over> {
        self.say("354 go on").await?;
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            let line = line.strip_prefix('.').unwrap_or(&line);
            self.message.source.push_str(line);
            self.message.source.push_str("\r\n");
            if self.message.source.len() > 200 {
                self.stage(Stage::Content).await?;
            }
        }
        self.stage(Stage::End).await?;
        let message = std::mem::take(&mut self.message);
        self.shared.received.lock().unwrap().push(message);
        self.say("250 accepted").await
    }

    fn conduct(&self) -> Conduct {
        *self.shared.conduct.lock().unwrap()
    }

    /// Does what the server does at this stage instead of going on.
    async fn stage(&mut self, now: Stage) -> Result<(), Over> {
        match self.conduct() {
            Conduct::Answers(stage, answer) if stage == now => {
                self.say(answer).await?;
                while self.line().await? != "QUIT" {}
                self.say("221 bye").await?;
                Err(Over)
            }
            Conduct::Waits(stage, time) if stage == now => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Conduct::BreaksOff(stage) if stage == now => Err(Over),
            _ => Ok(()),
        }
    }

    async fn line(&mut self) -> Result<String, Over> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(1..) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
            _ => Err(Over),
        }
    }

    /// Whoever was told to send commands at once waits in vain for each answer.
    async fn say_later(&mut self, text: &str) -> Result<(), Over> {
        if !self.is_pipelining() {
            return self.say(text).await;
        }
        self.held_back.push_str(text);
        self.held_back.push_str("\r\n");
        Ok(())
    }

    async fn say(&mut self, text: &str) -> Result<(), Over> {
        let text = format!("{}{text}\r\n", std::mem::take(&mut self.held_back));
        self.stream.write_all(text.as_bytes()).await.map_err(|_| Over)?;
        self.stream.flush().await.map_err(|_| Over)
    }
}
