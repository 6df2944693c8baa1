//! A headless Chromium, driven through the pipes of its DevTools protocol.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any page here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// One page of a browser of its own, which is gone with it.
pub struct Page {
    browser: Child,
    requests: File,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    /// Errors and warnings of the console, exceptions, and requests that left the page.
    pub complaints: Vec<String>,
    _folder: tempfile::TempDir,
}

/// The size of a window, and whether the reader prefers it dark.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return path.into();
    }
    let folders: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut paths = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    paths
        .find(|path| path.exists())
        .expect("there is no Chromium: install one (apt-get install chromium), or name it in CHROMIUM")
}

impl Page {
    /// Starts a browser with an empty page.
    pub fn open() -> Page {
        let folder = tempfile::Builder::new()
            .prefix("pgplumb-browser-")
            .tempdir()
            .expect("a folder can be made");
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            let made = Command::new("mkfifo").arg(&path).status();
            assert!(made.is_ok_and(|status| status.success()), "mkfifo {name}");
            path
        };
        let (asked, told) = (pipe("asked"), pipe("told"));
        // the protocol is spoken on the descriptors 3 and 4
        let browser = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$ASKED\" 4>\"$TOLD\"", "sh"])
            .arg(program())
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--remote-debugging-pipe",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .arg("about:blank")
            .env("ASKED", &asked)
            .env("TOLD", &told)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell runs");
        let requests = OpenOptions::new().write(true).open(&asked).expect("a pipe");
        let answers = File::open(&told).expect("a pipe");
        let mut page = Page {
            browser,
            requests,
            messages: read(answers),
            session: String::new(),
            last: 0,
            complaints: Vec::new(),
            _folder: folder,
        };
        let target = page.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = page.call(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        page.session = attached["sessionId"].as_str().expect("a session").to_string();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page
    }

    /// Asks the browser, and waits for its answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut request = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            request["sessionId"] = json!(self.session);
        }
        let mut bytes = request.to_string().into_bytes();
        bytes.push(0);
        self.requests.write_all(&bytes).expect("the browser listens");
        let id = json!(self.last);
        let answer = self.wait(|message| message["id"] == id);
        assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self
                .messages
                .recv_timeout(PATIENCE)
                .expect("the browser answers within a minute");
            self.complaints.extend(complaint(&message));
            if is_it(&message) {
                return message;
            }
        }
    }

    /// Shows a file, as somebody sees it.
    pub fn show(&mut self, path: &Path, look: Look) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.width < 500}),
        );
        let scheme = if look.dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
        self.call(
            "Page.navigate",
            json!({"url": format!("file://{}", path.display())}),
        );
        self.wait(|message| message["method"] == "Page.loadEventFired");
    }

    /// The value of a JavaScript expression.
    pub fn value(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Clicks with the mouse in the middle of an element.
    pub fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Presses a key: `Tab`, `Enter` or `Space`.
    pub fn press(&mut self, key: &str) {
        let (key, code, text, number) = match key {
            "Tab" => ("Tab", "Tab", "", 9),
            "Enter" => ("Enter", "Enter", "\r", 13),
            "Space" => (" ", "Space", " ", 32),
            other => panic!("no key {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            self.call(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "code": code, "text": text, "windowsVirtualKeyCode": number}),
            );
        }
    }

    /// What is seen, as PNG in base 64.
    pub fn screenshot(&mut self) -> String {
        let answer = self.call("Page.captureScreenshot", json!({"format": "png"}));
        answer["data"].as_str().expect("a picture").to_string()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // closes its helpers with it; the profile's folder is removed afterwards
        let _ = self
            .requests
            .write_all(b"{\"id\":1000000,\"method\":\"Browser.close\"}\0");
        let _ = self.browser.wait();
    }
}

/// Messages end with a NUL.
fn read(answers: File) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut answers = BufReader::new(answers).take(u64::MAX);
        loop {
            let mut bytes = Vec::new();
            match answers.read_until(0, &mut bytes) {
                Ok(count) if count > 0 => {}
                _ => return,
            }
            bytes.pop();
            let Ok(message) = serde_json::from_slice(&bytes) else {
                return;
            };
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What a message says that a page should not have made the browser say.
fn complaint(message: &Value) -> Option<String> {
    let params = &message["params"];
    match message["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(params["exceptionDetails"].to_string()),
        "Runtime.consoleAPICalled" => Some(params["args"].to_string()),
        "Log.entryAdded" => Some(params["entry"]["text"].to_string()),
        "Network.requestWillBeSent" => {
            let url = params["request"]["url"].as_str().unwrap_or_default();
            let is_own = ["file:", "data:", "about:"]
                .iter()
                .any(|own| url.starts_with(own));
            (!is_own).then(|| format!("asked for {url}"))
        }
        _ => None,
    }
}
