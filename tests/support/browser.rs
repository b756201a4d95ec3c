//! Headless Chromium, driven over the DevTools protocol.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::requirement::find_program;
use super::watchdog;

/// How long a page may take for anything a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,900",
];

/// A browser with one page.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: String,
    next_id: u64,
    requests: Vec<String>,
    problems: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser, or gives nothing where Chromium is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let program = find_program(&["chromium", "chromium-browser", "google-chrome", "chrome"], &[])?;
        let profile = tempfile::Builder::new()
            .prefix("portico-test-browser-")
            .tempdir()
            .unwrap();
        let process = Command::new(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let clean = format!(
            "kill -9 {}; sleep 0.3; rm -rf {}",
            process.id(),
            profile.path().display()
        );
        watchdog::after(std::process::id(), &clean);
        let (socket, _) = connect_async(debugger_address(profile.path().join("DevToolsActivePort")).await)
            .await
            .unwrap();
        let mut browser = Self {
            process,
            socket,
            session: String::new(),
            next_id: 0,
            requests: Vec::new(),
            problems: Vec::new(),
            _profile: profile,
        };
        browser.attach().await;
        Some(browser)
    }

    async fn attach(&mut self) {
        let target = self
            .call("Target.createTarget", json!({ "url": "about:blank" }))
            .await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", attach).await;
        self.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            self.call(domain, json!({})).await;
        }
    }

    /// Sends a command and waits for its answer, keeping what happens meanwhile.
    pub(crate) async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
        let answer = tokio::time::timeout(PATIENCE, async {
            loop {
                let message = self.socket.next().await.unwrap().unwrap();
                let message: Value = serde_json::from_slice(&message.into_data()).unwrap_or(Value::Null);
                if message["id"] == json!(id) {
                    return message;
                }
                self.notice(&message);
            }
        });
        let answer = answer.await.unwrap_or_else(|_| panic!("no answer to {method}"));
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn notice(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                self.requests.push(
                    parameters["request"]["url"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                );
            }
            Some("Runtime.exceptionThrown") => self.problems.push(parameters["exceptionDetails"].to_string()),
            Some("Runtime.consoleAPICalled") if parameters["type"] == "error" => {
                self.problems.push(parameters["args"].to_string());
            }
            Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                self.problems.push(parameters["entry"].to_string());
            }
            _ => {}
        }
    }

    pub(crate) async fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url })).await;
    }

    /// The value of a JavaScript expression; a promise is waited for.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", parameters).await;
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits until a JavaScript expression is true.
    pub(crate) async fn wait_for(&mut self, condition: &str) {
        let guarded =
            format!("(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()");
        for _ in 0..PATIENCE.as_millis() / 100 {
            if self.evaluate(&guarded).await == json!(true) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let picture = self.screenshot().await;
        panic!(
            "the page never became so: {condition}\n{:?}\nsee {}",
            self.problems,
            picture.display()
        );
    }

    /// Types text where the caret is.
    pub(crate) async fn insert_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key with modifiers (2 is control).
    pub(crate) async fn press(&mut self, key: &str, code: &str, number: u32, modifiers: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let parameters = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
            });
            self.call("Input.dispatchKeyEvent", parameters).await;
        }
    }

    /// Every address the page has asked for.
    pub(crate) fn requests(&self) -> &[String] {
        &self.requests
    }

    /// Errors of the page: exceptions, console errors, refused resources.
    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Keeps a picture of the page where a developer can look at it.
    pub(crate) async fn screenshot(&mut self) -> PathBuf {
        let picture = self
            .call("Page.captureScreenshot", json!({ "format": "png" }))
            .await;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(picture["data"].as_str().unwrap())
            .unwrap();
        let path = std::env::temp_dir().join("portico-test-page.png");
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Nothing is lost when a test's browser is ended the hard way.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn debugger_address(file: PathBuf) -> String {
    for _ in 0..PATIENCE.as_millis() / 100 {
        if let Some((port, path)) = std::fs::read_to_string(&file)
            .ok()
            .as_deref()
            .and_then(|text| text.split_once('\n'))
        {
            return format!("ws://127.0.0.1:{port}{}", path.trim());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("Chromium does not say where its debugger listens");
}
