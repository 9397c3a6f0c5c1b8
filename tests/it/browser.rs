//! The page in a real browser: Chromium without a window, spoken to over its DevTools protocol.
//!
//! Without a browser these tests say that they were skipped, except under CI.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use crate::support::{output, root};

/// Names under which the browser is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

#[expect(clippy::disallowed_methods, reason = "CI must not pass without a browser")]
fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// Says that something was not tested, or fails under CI.
#[expect(clippy::disallowed_macros, reason = "a skipped test says so")]
fn skip(why: &str) {
    assert!(!in_ci(), "{why}; CI needs it");
    eprintln!("\n!!!! SKIPPED, NOT TESTED: {why} !!!!\n");
}

struct Browser {
    child: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: Option<String>,
    last: u64,
    /// Errors of the page and its console.
    errors: Vec<String>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Browser {
    /// Starts a browser with a profile of its own; `None`: there is none.
    fn start(profile: &str) -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("profiles")
            .join(profile);
        let _ = std::fs::remove_dir_all(&folder);
        let start = |name: &&str| {
            Command::new(name)
                .args([
                    "--headless=new",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    "--no-first-run",
                ])
                .args([
                    "--disable-dev-shm-usage",
                    "--disable-extensions",
                    "--remote-debugging-port=0",
                    "about:blank",
                ])
                .arg(format!("--user-data-dir={}", folder.display()))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .ok()
        };
        let mut child = NAMES.iter().find_map(start)?;
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| Some(line.ok()?.strip_prefix("DevTools listening on ")?.to_owned()));
        // Somebody has to read what it says later.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = tungstenite::connect(address.expect("the browser names its address")).unwrap();
        let mut browser = Self {
            child,
            socket,
            session: None,
            last: 0,
            errors: Vec::new(),
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.ask("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            browser.ask(domain, json!({}));
        }
        Some(browser)
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut request = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(request.to_string())).unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The next message; what goes wrong in the page is kept.
    fn next(&mut self) -> Value {
        let text = self.socket.read().unwrap().into_text().unwrap();
        let message: Value = serde_json::from_str(&text).unwrap();
        let kind = message["method"].as_str().unwrap_or_default();
        let level = message["params"]["entry"]["level"].as_str();
        let console = message["params"]["type"].as_str();
        if kind == "Runtime.exceptionThrown"
            || kind == "Log.entryAdded" && level == Some("error")
            || kind == "Runtime.consoleAPICalled" && matches!(console, Some("error" | "warning"))
        {
            self.errors.push(message["params"].to_string());
        }
        message
    }

    fn window(&mut self, width: u32, height: u32, theme: &str, calm: bool) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", size);
        let motion = if calm { "reduce" } else { "no-preference" };
        let features = json!([{"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": motion}]);
        self.ask("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    fn open(&mut self, page: &Path) {
        self.ask("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        while self.next()["method"] != "Page.loadEventFired" {}
    }

    /// The value of an expression, which may be a promise.
    fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// What an element says, after two frames.
    fn text(&mut self, id: &str) -> String {
        let frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))";
        let expression = format!("{frames}.then(() => document.getElementById('{id}').textContent)");
        self.value(&expression).as_str().unwrap().to_owned()
    }

    fn key(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        for kind in ["keyDown", "keyUp"] {
            self.ask(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "text": text}),
            );
        }
    }

    fn scrub(&mut self, milliseconds: u32) {
        let set = format!(
            "(() => {{ const s = document.getElementById('scrub'); s.value = {milliseconds}; s.dispatchEvent(new Event('input')); }})()"
        );
        self.value(&set);
    }

    fn picture(&mut self, path: &Path) -> u64 {
        let picture = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        std::fs::write(path, png(&picture)).unwrap();
        std::fs::metadata(path).unwrap().len()
    }

    /// A picture of an element.
    fn picture_of(&mut self, id: &str) -> Vec<u8> {
        let place = format!(
            "(() => {{ const b = document.getElementById('{id}').getBoundingClientRect(); return {{x: b.x, y: b.y + scrollY, \
             width: b.width, height: b.height, scale: 1}}; }})()"
        );
        let clip = self.value(&place);
        let params = json!({"format": "png", "clip": clip, "captureBeyondViewport": true});
        png(&self.ask("Page.captureScreenshot", params))
    }

    /// How much two pictures differ, from 0 to 1: the mean over pixels after both were made small, so that letters of
    /// another font do not matter.
    fn difference(&mut self, a: &[u8], b: &[u8]) -> f64 {
        use base64::Engine;
        let [a, b] = [a, b].map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes));
        let compare = format!(
            "(async () => {{ const pixels = []; for (const text of ['{a}', '{b}']) {{ const image = new Image(); image.src = \
             'data:image/png;base64,' + text; await image.decode(); const canvas = document.createElement('canvas'); \
             canvas.width = 64; canvas.height = 48; const pen = \
             canvas.getContext('2d'); pen.imageSmoothingQuality = 'high'; pen.drawImage(image, 0, 0, canvas.width, \
             canvas.height); pixels.push([...pen.getImageData(0, 0, canvas.width, canvas.height).data]); }} const [x, y] = \
             pixels; return x.reduce((sum, v, i) => sum + Math.abs(v - y[i]), 0) / \
             x.length / 255; }})()"
        );
        self.value(&compare).as_f64().unwrap()
    }
}

fn png(picture: &Value) -> Vec<u8> {
    use base64::Engine;
    let text = picture["data"].as_str().unwrap();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// The page that a command writes.
fn written(command: &[&str], name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.html"));
    let report = format!("html={}", path.display());
    let ran = output(&[command, &["--report", &report]].concat());
    assert!(path.exists(), "{}", String::from_utf8_lossy(&ran.stderr));
    path
}

/// The page of a scenario.
fn page(scenario: &str, name: &str) -> PathBuf {
    written(&["run", &format!("scenarios/{scenario}.yaml"), "-q"], name)
}

/// The page of two strategies.
fn pair(name: &str) -> PathBuf {
    let scenario = "scenarios/textbook/twins.yaml";
    let strategies = ["--preset", "gke-surge", "--trials", "1", "--no-advice", "-q"];
    written(&[&["compare", scenario][..], &strategies].concat(), name)
}

#[test]
fn browser_the_page_plays_scrubs_and_listens_to_keys() {
    let Some(mut browser) = Browser::start("plays") else {
        return skip("no Chromium for the tests of the replay");
    };
    browser.window(1280, 900, "light", false);
    browser.open(&page("textbook/twins", "twins-plays"));
    assert_eq!(browser.text("clock"), "0.0 s");
    assert_eq!(browser.value("document.getElementById('replay').hidden"), false);

    // A known time shows the known state.
    browser.value("document.querySelector('details.state').open = true");
    browser.scrub(42_000);
    assert_eq!(browser.text("clock"), "42.0 s");
    let caption = browser.text("caption");
    assert!(
        caption.contains("default/web is down") && caption.contains("worker-2"),
        "{caption}"
    );
    let table = browser.text("state");
    assert!(
        table.contains("worker-2v1.35.4draining") && table.contains("terminating"),
        "{table}"
    );
    browser.scrub(83_000);
    assert!(!browser.text("caption").contains("down"));

    // Playing moves time, pausing stops it.
    browser.key("Home");
    assert_eq!(browser.text("clock"), "0.0 s");
    browser.key(" ");
    let wait = "new Promise(done => setTimeout(done, 600)).then(() => document.getElementById('scrub').valueAsNumber)";
    assert!(browser.value(wait).as_f64().unwrap() > 500.0);
    browser.key(" ");
    let stopped = browser.text("clock");
    browser.value(wait);
    assert_eq!(browser.text("clock"), stopped);

    // Keys: the worst moment and why, steps there and back, nodes, nothing.
    browser.key("w");
    assert_eq!(browser.text("clock"), "40.5 s");
    let why = browser.text("why");
    assert!(
        why.contains("0 of 2 ready now") && why.contains("both replicas were on worker-2"),
        "{why}"
    );
    assert!(why.contains("What helps: add a PodDisruptionBudget"), "{why}");
    // What took the replicas leads to its chain, which ends in a step of the plan.
    assert!(
        why.contains("degraded 4.1 s, because of the drain of worker-1"),
        "{why}"
    );
    browser.value("document.querySelector('#why .causes button').click()");
    let chain = browser.text("why");
    assert!(
        chain.contains("Because of")
            && chain.contains("the drain of worker-2 starts")
            && chain.contains("the plan starts"),
        "{chain}"
    );
    browser.key("w");
    browser.key("ArrowRight");
    let next = browser.text("clock");
    assert_ne!(next, "40.5 s");
    browser.key("ArrowLeft");
    assert_eq!(browser.text("clock"), "40.5 s");
    browser.key("n");
    assert!(browser.text("why").starts_with("cp-1"));
    browser.key("Escape");
    assert_eq!(browser.text("why"), "");

    // What just happened leads to its causes.
    browser.value("document.querySelector('#log button').click()");
    let why = browser.text("why");
    assert!(why.contains("Because of") && why.contains("the plan starts"), "{why}");
    assert_eq!(browser.errors, Vec::<String>::new());
}

/// Nodes that load balancers leave out, and nodes that the autoscaler removes, are told on the map and in the table.
#[test]
fn browser_shows_what_balancers_and_autoscalers_do() {
    let Some(mut browser) = Browser::start("others") else {
        return skip("no Chromium for the tests of the replay");
    };
    browser.window(1280, 900, "light", true);
    for (scenario, words) in [
        ("strategies/cordon-blackout", "a load balancer leaves it out"),
        ("strategies/tug-of-war", "being removed"),
    ] {
        browser.open(&page(scenario, "others"));
        browser.value("document.querySelector('details.state').open = true");
        let end = browser
            .value("Number(document.getElementById('scrub').max)")
            .as_u64()
            .unwrap();
        let told = (0..=200_u64).any(|n| {
            browser.scrub(u32::try_from(end * n / 200).unwrap());
            browser.text("state").contains(words)
        });
        assert!(told, "{scenario}: never {words}");
    }
    assert_eq!(browser.errors, Vec::<String>::new());
}

/// Two strategies on one clock: one scrubber moves both, each shows its own state, and what is chosen in one is chosen in the
/// other.
#[test]
fn browser_two_runs_play_on_one_clock() {
    let Some(mut browser) = Browser::start("pair") else {
        return skip("no Chromium for the tests of the replay");
    };
    browser.window(1280, 900, "light", true);
    browser.open(&pair("twins-pair"));
    assert_eq!(browser.value("document.querySelectorAll('.run').length"), 2);
    assert_eq!(
        browser.value("document.querySelectorAll('input[type=range]').length"),
        1
    );
    // A is down while the new node of B is not even there.
    browser.scrub(42_000);
    assert_eq!(browser.text("clock"), "42.0 s");
    assert!(browser.text("caption").contains("default/web is down"));
    assert_eq!(browser.text("caption-b"), "worker-1: being upgraded");
    // A is over, B goes on.
    browser.scrub(100_000);
    assert!(
        browser.text("caption").contains("The run has ended after 83.0 s"),
        "{}",
        browser.text("caption")
    );
    assert!(!browser.text("caption-b").contains("ended"));
    assert!(browser.value("document.querySelectorAll('.over').length").as_u64() > Some(0));
    browser.key("End");
    assert!(browser.text("caption-b").contains("ended"));

    // The worst moment is that of A; its workload is looked at in both.
    browser.key("w");
    assert_eq!(browser.text("clock"), "40.5 s");
    assert!(browser.text("why").contains("both replicas were on worker-2"));
    assert!(browser.text("why-b").contains("Never down in this run"));
    browser.value("document.querySelector('#log-b button').click()");
    assert!(browser.text("why-b").contains("Because of"));
    assert_eq!(browser.text("why"), "");

    // Strips of both lie under each other, and a click on them moves the clock.
    let tracks = "[...document.querySelectorAll('.row')].map(r => r.querySelectorAll('.track').length)";
    let tracks = browser.value(tracks);
    assert!(tracks.as_array().unwrap().iter().all(|n| *n == 2), "{tracks}");
    assert_eq!(browser.errors, Vec::<String>::new());
}

#[test]
fn browser_without_scripts_the_report_is_there() {
    let Some(mut browser) = Browser::start("plain") else {
        return skip("no Chromium for the tests of the replay");
    };
    browser.ask("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(&page("textbook/lone-master", "plain"));
    let seen = "getComputedStyle(document.getElementById('replay')).display + ' ' + document.querySelectorAll('#report table').length";
    assert_eq!(browser.value(seen), "none 3");
}

/// Three sizes, light and dark, all without anything that sticks out; accessible according to axe-core.
#[test]
fn browser_pages_fit_and_are_accessible() {
    let Some(mut browser) = Browser::start("fits") else {
        return skip("no Chromium for the tests of the replay");
    };
    let axe = std::fs::read_to_string(root().join("tests/browser/node_modules/axe-core/axe.min.js"));
    if axe.is_err() {
        skip("no axe-core for the accessibility of the replay: npm ci --prefix tests/browser");
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    let run = |name: &str| page(&format!("textbook/{name}"), &format!("fits-{name}"));
    for (name, path, at) in [
        ("headless-faults", run("headless-faults"), 20_000),
        ("twins", run("twins"), 42_000),
        ("zonal-volumes", run("zonal-volumes"), 60_000),
        ("pair", pair("fits-pair"), 42_000),
    ] {
        for theme in ["light", "dark"] {
            for (width, height) in [(1440, 1000), (820, 1100), (390, 844)] {
                browser.window(width, height, theme, true);
                browser.open(&path);
                browser.scrub(at);
                browser.text("clock");
                let place = format!("{name} {theme} {width}");
                let wide = browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                assert_eq!(wide, 0, "{place}: scrolls sideways");
                let size = browser.picture(&folder.join(format!("{name}-{theme}-{width}.png")));
                assert!(size > 10_000, "{place}: {size} bytes");
                if let Some(axe) = axe.as_ref().ok().filter(|_| width != 820) {
                    browser.value(&format!("{axe}; 0"));
                    let found = "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(', ')))";
                    assert_eq!(browser.value(found), json!([]), "{place}");
                }
            }
        }
    }
    assert_eq!(browser.errors, Vec::<String>::new());
}

/// The pictures of the documents show what the pages look like; `UPDATE_DOCS=1` makes them.
#[test]
#[expect(clippy::disallowed_methods, reason = "whoever wants the pictures made says so")]
fn browser_pictures_of_the_documents_are_true() {
    let Some(mut browser) = Browser::start("documents") else {
        return skip("no Chromium for the pictures of the documents");
    };
    for (name, path, at) in [
        ("replay", page("textbook/twins", "documents-twins"), 42_000),
        ("side-by-side", pair("documents-pair"), 42_000),
    ] {
        browser.window(1200, 900, "light", true);
        browser.open(&path);
        browser.key("w");
        browser.scrub(at);
        browser.text("clock");
        let now = browser.picture_of("replay");
        let path = root().join(format!("docs/{name}.png"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let kept = std::fs::read(&path).unwrap();
        assert!(kept.len() < 200_000, "{name}: {} bytes", kept.len());
        // The content security policy of the page lets no script read pictures.
        browser.ask("Page.navigate", json!({"url": "about:blank"}));
        let difference = browser.difference(&kept, &now);
        assert!(
            difference < 0.05,
            "{name} differs by {difference}: UPDATE_DOCS=1 cargo test browser_pictures"
        );
    }
}

/// Text of the pictures, as the browser measures it with the fonts that it has, keeps clear of other text and stays inside.
#[test]
fn browser_pictures_are_legible() {
    let Some(mut browser) = Browser::start("legible") else {
        return skip("no Chromium for the pictures");
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("svg");
    std::fs::create_dir_all(&folder).unwrap();
    let hello = "scenarios/textbook/hello-upgrade.yaml";
    let twins = "scenarios/textbook/twins.yaml";
    let all = ["--preset", "all", "--no-advice", "--trials", "2"];
    let ladder = "scenarios/versions/ladder.yaml";
    let commands: [(&str, &[&str], &[&str]); 6] = [
        ("run", &["run", ladder], &[]),
        ("faults", &["run", "scenarios/textbook/headless-faults.yaml"], &[]),
        ("hundred", &["run", "scenarios/scale/hundred.yaml"], &[]),
        ("trials", &["run", hello], &["--trials", "50"]),
        ("calm", &["compare", hello], &all),
        ("compare", &["compare", twins], &all),
    ];
    let overlaps = "(() => { const all = [...document.querySelectorAll('text')].map(t => { const b = t.getBoundingClientRect(); \
                    const s = b.height * 0.15; return {words: t.textContent, l: b.left, r: b.right, t: b.top + s, b: b.bottom - s}; \
                    }); const wide = document.documentElement.getBoundingClientRect().width; const bad = all.filter(a => a.l < 0 || \
                    a.r > 900).map(a => a.words + ' sticks out'); all.forEach((a, i) => all.slice(i + 1).forEach(b => { if (a.l < \
                    b.r && b.l < a.r && a.t < b.b && b.t < a.b) bad.push(a.words + ' / ' + b.words); })); return [all.length, \
                    Math.round(wide), ...bad]; })()";
    for (name, command, more) in commands {
        let path = folder.join(format!("{name}.svg"));
        let report = format!("svg={}", path.display());
        output(&[command, more, &["-q", "--report", &report]].concat());
        for theme in ["light", "dark"] {
            browser.window(900, 900, theme, false);
            browser.open(&path);
            let found = browser.value(overlaps);
            let found = found.as_array().unwrap();
            assert!(found[0].as_u64() > Some(8), "{name}: {found:?}");
            assert_eq!(found[2..], [] as [Value; 0], "{name} {theme}");
            browser.picture(&folder.join(format!("{name}-{theme}.png")));
        }
    }
}

/// Counts what is drawn from now on.
const COUNT: &str = "(() => { window.drawn = 0; const pen = CanvasRenderingContext2D.prototype; for (const name of ['fill', \
                     'fillRect', 'stroke', 'strokeRect', 'fillText', 'drawImage', 'lineTo', 'arc']) { const old = pen[name]; \
                     pen[name] = function (...all) { window.drawn++; return old.apply(this, all); }; } })()";

/// What is drawn in each of the next 20 frames, at most.
const MOST_DRAWN: &str = "new Promise(done => { let n = 0, most = 0; window.drawn = 0; const f = () => { most = Math.max(most, \
                          window.drawn); window.drawn = 0; if (++n > 20) done(most); else requestAnimationFrame(f); }; \
                          requestAnimationFrame(f); })";

/// 100 nodes with 3,000 pods: a frame copies a picture for each pod and draws no shapes for them.
#[test]
fn browser_a_hundred_nodes_are_smooth() {
    let Some(mut browser) = Browser::start("hundred") else {
        return skip("no Chromium for the tests of the replay");
    };
    browser.window(1440, 1000, "light", false);
    browser.open(&page("scale/hundred", "hundred"));
    browser.value(COUNT);
    browser.scrub(6_000_000);
    browser.text("clock");
    browser.key(" ");
    let most = browser.value(MOST_DRAWN).as_u64().unwrap();
    assert!(
        (3_000..6_000).contains(&most),
        "{most} strokes a frame for 3,000 pods on 103 nodes"
    );
    browser.key("End");
    assert!(browser.text("caption").contains("ended"));
    assert_eq!(browser.errors, Vec::<String>::new());
}

/// 5,000 nodes with more pods than can be drawn: nodes are tiles that tell how full they are, groups are summed up, the work of
/// a frame and the size of the page stay within bounds, and every node can be found.
#[test]
fn browser_five_thousand_nodes_are_summed_up() {
    let Some(mut browser) = Browser::start("thousands") else {
        return skip("no Chromium for the tests of the replay");
    };
    let text = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4, controlPlane: {replicas: 3}, \
                nodePools: [{name: worker, replicas: 5000, zones: [a, b, c]}]}\n---\napiVersion: apps/v1\nkind: Deployment\n\
                metadata: {name: web}\nspec:\n  replicas: 12500\n  selector: {matchLabels: {app: web}}\n  template: {metadata: \
                {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}\n---\n\
                apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {name: thousands}\nspec: {targetVersion: \
                v1.36.2, pools: [{name: all, strategy: {maxUnavailable: 10%}}]}\n";
    let scenario = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("thousands.yaml");
    std::fs::write(&scenario, text).unwrap();
    let path = written(&["run", scenario.to_str().unwrap(), "-q"], "thousands");
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 1_500_000, "{size} bytes");
    browser.window(1440, 1000, "dark", false);
    browser.open(&path);
    let elements = browser.value("document.querySelectorAll('*').length").as_u64().unwrap();
    assert!(elements < 8_000, "{elements} elements");
    assert_eq!(browser.value("document.getElementById('map').offsetHeight < 700"), true);

    browser.value(COUNT);
    browser.scrub(400_000);
    let caption = browser.text("caption");
    assert!(caption.contains("nodes: draining"), "{caption}");
    browser.key(" ");
    let most = browser.value(MOST_DRAWN).as_u64().unwrap();
    assert!(
        (10_000..30_000).contains(&most),
        "{most} strokes a frame for 5,000 nodes"
    );
    browser.key(" ");

    // The table is cut short, and says so.
    browser.scrub(400_000);
    browser.value("document.querySelector('details.state').open = true");
    let table = browser.text("state");
    assert!(table.contains("300 of 5003 nodes"), "{}", &table[..300]);
    assert_eq!(
        browser.value("document.querySelectorAll('#state tbody tr').length"),
        301
    );
    let find = "(() => { const f = document.getElementById('filter'); f.value = 'worker-4711'; f.dispatchEvent(new Event('input')); \
                return document.querySelectorAll('#state tbody tr').length; })()";
    assert_eq!(browser.value(find), 2);
    assert!(browser.text("state").contains("worker-4711v1.35.4ready"));
    // So can every node be named in the toolbar, though no list has it.
    let look = "(() => { const f = document.getElementById('look'); f.value = 'worker-4711'; f.dispatchEvent(new Event('change')); })()";
    browser.value(look);
    assert!(browser.text("why").starts_with("worker-4711"));
    assert_eq!(browser.errors, Vec::<String>::new());
}
