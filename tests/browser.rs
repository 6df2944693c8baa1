//! The HTML report in a real Chromium: `make browser`. With `SNAPSHOTS=overwrite` it also takes the pictures of
//! `docs/screenshots`.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::json;

use crate::support::chromium::{Look, Page};
use crate::support::{Database, Pgplumb, Project, Server};

/// The report of a verification, in a file.
struct Report {
    path: PathBuf,
    /// How many checks there are, and how many of them failed.
    checks: usize,
    failed: usize,
}

/// Judges that many tables of that many columns, of which somebody dropped one table and changed some columns.
fn report(tables: usize, columns: usize) -> Report {
    let database = Server::shared().database("page");
    let (mut sql, mut suite) = (String::new(), String::from("title = \"A shop\"\n"));
    for table in 0..tables {
        let definitions: Vec<String> = (0..columns)
            .map(|column| format!("column_{column} integer not null default {column}"))
            .collect();
        sql.push_str(&format!(
            "CREATE TABLE shop_{table} ({});\n",
            definitions.join(", ")
        ));
        suite.push_str(&format!("[table.shop_{table}.column]\n"));
        for column in 0..columns {
            suite.push_str(&format!(
                "column_{column} = \"integer not null default {column}\"\n"
            ));
        }
    }
    suite.push_str(
        "[[query]]\nname = \"no row is in the first table\"\nsql = \"select count(*) from shop_0\"\nexpect = 0\n",
    );
    let project = Project::new()
        .with("migrations/0001_shop.sql", sql)
        .with("checks/0001_shop.toml", suite)
        .with("migrations/0002_later.sql", "CREATE TABLE later ();")
        .with("checks/0002_later.toml", "[table.later]\n");
    Pgplumb::new(&project, &database)
        .args(&["apply", "--to", "1", "-q"])
        .run()
        .expect(0);
    database.run(&format!(
        "DROP TABLE shop_{};
         ALTER TABLE shop_1 ALTER column_0 SET DEFAULT 7, ALTER column_1 DROP NOT NULL, ALTER column_2 TYPE bigint",
        tables - 1
    ));
    let args = ["verify", "--format", "json", "--report", "html=report.html"];
    let facts = Pgplumb::new(&project, &database)
        .args(&args)
        .run()
        .expect(1)
        .json();
    let count = |status: &str| facts["totals"][status].as_u64().expect("a count") as usize;
    // the project goes, the page stays
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{tables}.html"));
    std::fs::copy(project.path().join("report.html"), &path).expect("the report was written");
    Report {
        path,
        checks: facts["checks"].as_array().expect("a list").len(),
        failed: count("fail"),
    }
}

/// About twenty checks, and ten thousand; made once.
fn reports() -> [(&'static str, &'static Report); 2] {
    static SHORT: OnceLock<Report> = OnceLock::new();
    static LONG: OnceLock<Report> = OnceLock::new();
    [
        ("20", SHORT.get_or_init(|| report(3, 5))),
        ("10000", LONG.get_or_init(|| report(100, 99))),
    ]
}

const VISIBLE: &str = "[...document.querySelectorAll('tr[data-status]')].filter(row => \
                       row.checkVisibility({contentVisibilityAuto: false}) && !row.closest('.group').hidden).length";

#[test]
#[ignore = "needs Chromium: make browser"]
fn a_page_looks_right_at_every_size() {
    let mut page = Page::open();
    for (name, report) in reports() {
        assert!(
            report.checks.abs_diff(name.parse().expect("a number")) < 30,
            "{}",
            report.checks
        );
        for (width, height) in [(1280, 1000), (390, 844)] {
            let mut brightness = Vec::new();
            for dark in [false, true] {
                page.show(&report.path, Look { width, height, dark });
                assert_eq!(page.value("innerWidth"), json!(width));
                let wider = page.value("document.documentElement.scrollWidth - innerWidth");
                assert_eq!(
                    wider,
                    json!(0),
                    "{name} checks at {width} can be scrolled sideways"
                );
                let color = page.value(
                    "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b)",
                );
                brightness.push(color.as_u64().expect("a colour"));
                let rows = page.value("document.querySelectorAll('tr[data-status]').length");
                assert_eq!(rows, json!(report.checks));
                picture(
                    &mut page,
                    &format!(
                        "html-checks-{name}-{width}-{}",
                        ["light", "dark"][usize::from(dark)]
                    ),
                );
            }
            assert!(brightness[0] > 600 && brightness[1] < 150, "{brightness:?}");
        }
    }
    assert_eq!(page.complaints, Vec::<String>::new());
}

/// Runs a verb, and keeps its page.
fn page_of(name: &str, project: &Project, database: &Database, args: &[&str], exit: i32) -> PathBuf {
    Pgplumb::new(project, database)
        .args(args)
        .args(&["--report", "html=page.html"])
        .run()
        .expect(exit);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}.html"));
    std::fs::copy(project.path().join("page.html"), &path).expect("the report was written");
    path
}

/// A migration that waits for a lock, one that runs statement by statement, and one that fails.
fn waited_and_failed() -> [PathBuf; 3] {
    let database = Server::shared().database("page");
    database.run("create table t (id int); insert into t select generate_series(1, 5)");
    let project = Project::new()
        .with("pgplumb.toml", "lock_timeout = \"150ms\"\nlock_wait = \"30s\"\n")
        .with(
            "migrations/0001_a.sql",
            "alter table t add column a int; update t set a = 1;",
        )
        .with("rollback/0001_a.sql", "alter table t drop column a;")
        .with(
            "migrations/0002_b.sql",
            "-- pgplumb: no-transaction\ncreate index concurrently i on t (a);\ndelete from t where id = 1;",
        )
        .with("rollback/0002_b.sql", "drop index i;");
    let holder = database.session();
    holder.run("begin; select * from t").expect("it is read");
    let release = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(900));
        holder.run("commit").expect("it ends");
    });
    let waited = page_of("timeline", &project, &database, &["apply"], 0);
    release.join().expect("it was released");
    project.write(
        "migrations/0003_c.sql",
        "create table fine (id int primary key);\n\
         do $$ begin raise exception 'the \"moon\" is <b>wrong</b>' using hint = 'wait'; end $$;",
    );
    let failed = page_of("failed", &project, &database, &["apply"], 5);
    let back = page_of(
        "rollback",
        &project,
        &database,
        &["rollback", "2", "1", "--yes"],
        0,
    );
    [waited, failed, back]
}

/// Rollbacks that are exact, that leave something, that fail and that are not there.
fn proven() -> PathBuf {
    let database = Server::shared().database("page");
    let project = Project::new()
        .with("migrations/0001_t.sql", "create table t (id int primary key);")
        .with("rollback/0001_t.sql", "drop table t;")
        .with(
            "migrations/0002_u.sql",
            "create type mood as enum ('a', 'b'); create table u (id int references t, m mood);",
        )
        .with("rollback/0002_u.sql", "drop table u;")
        .with(
            "migrations/0003_m.sql",
            "-- pgplumb: irreversible \"rows are merged\"\ndelete from t;",
        )
        .with("migrations/0004_v.sql", "create view v as select * from t;")
        .with("rollback/0004_v.sql", "drop view vv;");
    let url = database.url();
    page_of("prove", &project, &database, &["prove", "--scratch-url", &url], 1)
}

fn audited() -> PathBuf {
    let database = Server::shared().database("page");
    database.run(
        "create table accounts (id int, owner text); alter table accounts enable row level security;
         create policy p on accounts using (owner = current_user); grant all on accounts to public;
         create table \"Odd <b>\" (id int primary key, a int references \"Odd <b>\");
         create policy q on \"Odd <b>\" using (true);
         create function f() returns int security definer language sql as 'select 1'",
    );
    page_of("audit", &Project::new(), &database, &["audit"], 1)
}

/// A page of every other verb, each from a real run, with what is to be in its picture.
fn pages() -> Vec<(&'static str, PathBuf, &'static [&'static str])> {
    let database = Server::shared().database("page");
    let empty = Server::shared().database("page");
    let shipped = Project::shipped("");
    let alone = Project::shipped("0024");
    let [waited, failed, back] = waited_and_failed();
    let plan = page_of("plan", &shipped, &database, &["apply", "--dry-run"], 0);
    vec![
        ("plan", plan, &["#plan"]),
        (
            "apply",
            page_of("apply", &shipped, &database, &["apply"], 0),
            &["#diagram", "#isolation-1", "#readiness"],
        ),
        (
            "docs",
            page_of("docs", &shipped, &database, &["docs", "--full"], 0),
            &["header"],
        ),
        (
            "preflight",
            page_of("preflight", &alone, &empty, &["preflight"], 3),
            &["header"],
        ),
        ("timeline", waited, &["header"]),
        ("failed", failed, &["header"]),
        ("rollback", back, &["header"]),
        ("prove", proven(), &["header"]),
        ("audit", audited(), &["header"]),
    ]
}

/// The text of least contrast with what is behind it: its ratio, and the text.
const CONTRAST: &str = "(() => {
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let worst = [99, ''];
  for (const e of document.querySelectorAll('body *')) {
    const says = [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!says || ['SCRIPT', 'STYLE', 'TITLE', 'title'].includes(e.tagName) || !e.checkVisibility()) continue;
    let below = e;
    while (below !== document.body && parts(getComputedStyle(below).backgroundColor)[3] === 0) below = below.parentElement;
    const style = getComputedStyle(e);
    const pair = [e.closest('svg') ? style.fill : style.color, getComputedStyle(below).backgroundColor];
    const [a, b] = pair.map(color => light(parts(color)));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, e.className + ': ' + e.textContent.slice(0, 40)];
  }
  return worst;
})()";

/// What a screen reader would miss: a level of headings left out, a table without a name, a column without a scope, a
/// region without a label.
const UNTOLD: &str = "(() => {
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(h => Number(h.tagName[1]));
  return [
    ...levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1).map(level => 'h' + level),
    ...[...document.querySelectorAll('table')].filter(t => !t.caption?.textContent).map(() => 'table without caption'),
    ...[...document.querySelectorAll('th:not([scope])')].map(th => 'th ' + th.textContent),
    ...[...document.querySelectorAll('[role=region]:not([aria-label])')].map(() => 'region without label'),
    ...[...document.querySelectorAll('svg:not([aria-labelledby])')].map(() => 'picture without words'),
  ];
})()";

#[test]
#[ignore = "needs Chromium: make browser"]
fn every_verbs_page_can_be_read() {
    let mut page = Page::open();
    for (name, path, shown) in pages() {
        for (width, height) in [(1280, 1000), (390, 844)] {
            for dark in [false, true] {
                page.show(&path, Look { width, height, dark });
                let mode = ["light", "dark"][usize::from(dark)];
                let place = format!("{name} at {width}, {mode}");
                let wider = page.value("document.documentElement.scrollWidth - innerWidth");
                assert_eq!(wider, json!(0), "{place} can be scrolled sideways");
                let contrast = page.value(CONTRAST);
                assert!(
                    contrast[0].as_f64().expect("a ratio") >= 4.5,
                    "{place}: {contrast}"
                );
                if width == 1280 && !dark {
                    assert_eq!(page.value(UNTOLD), json!([]), "{place}");
                }
                if (width == 1280) != dark {
                    for selector in shown {
                        page.value(&format!(
                            "document.querySelector({selector:?}).scrollIntoView({{behavior: 'instant'}})"
                        ));
                        let part = selector.trim_start_matches('#').trim_end_matches("-1");
                        let name = if part == "header" { name } else { part };
                        picture(&mut page, &format!("html-{name}-{width}-{mode}"));
                    }
                }
            }
        }
        keyboard(&mut page, name);
        assert_eq!(page.complaints, Vec::<String>::new(), "{name}");
    }
}

/// Folds open with Enter, the focus is seen, and the filters do what they say, where there are any.
fn keyboard(page: &mut Page, name: &str) {
    if page.value("!!document.querySelector('main summary')") == json!(true) {
        page.value("document.querySelector('main summary').focus()");
        let open = "document.activeElement.parentElement.open";
        let before = page.value(open);
        page.press("Enter");
        assert_ne!(page.value(open), before, "{name}: a fold");
        let outline = page.value("getComputedStyle(document.activeElement).outlineStyle");
        assert_eq!(outline, json!("solid"), "{name}: the focus cannot be seen");
    }
    if page.value("!!document.querySelector('.filters')") == json!(true) {
        let pressed = "document.querySelectorAll('.filters button')[1]";
        page.click(".filters button:nth-of-type(2)");
        let wanted = page.value(&format!("Number({pressed}.querySelector('b').textContent)"));
        assert_eq!(page.value(VISIBLE), wanted, "{name}: the filter");
    }
}

/// Takes the picture where it was asked for.
fn picture(page: &mut Page, name: &str) {
    if std::env::var_os("SNAPSHOTS").is_none_or(|value| value != "overwrite") {
        return;
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("docs/screenshots/{name}.png"));
    std::fs::write(path, base64(&page.screenshot())).expect("the picture can be written");
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, byte| bits << 6 | u32::from(digit(*byte)));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

#[test]
#[ignore = "needs Chromium: make browser"]
fn filters_work_with_mouse_and_keyboard() {
    let mut page = Page::open();
    for (_, report) in reports() {
        let look = Look {
            width: 1280,
            height: 1000,
            dark: false,
        };
        page.show(&report.path, look);
        page.click(".filters [data-filter=fail]");
        assert_eq!(page.value(VISIBLE), json!(report.failed));
        let said = page.value("document.querySelector('.filters [role=status]').textContent");
        let wanted = format!("{} of {} checks shown", report.failed, report.checks);
        assert_eq!(said, json!(wanted));
        let pressed = "document.querySelector('button[data-filter=fail]').getAttribute('aria-pressed')";
        assert_eq!(page.value(pressed), json!("true"));

        // back, with the keyboard alone
        page.value("document.querySelector('button[data-filter=all]').focus()");
        page.press("Space");
        assert_eq!(page.value(pressed), json!("false"));
        assert_eq!(page.value("document.body.dataset.filter"), json!("all"));
        page.press("Tab");
        assert_eq!(page.value("document.activeElement.dataset.filter"), json!("fail"));
        page.press("Enter");
        assert_eq!(page.value(VISIBLE), json!(report.failed));
        page.press("Space");

        page.value("document.querySelector('.filters input').focus()");
        page.call("Input.insertText", json!({"text": "SHOP_1.COLUMN_2"}));
        page.value("new Promise(done => setTimeout(done, 400))");
        let named = page.value(
            "[...document.querySelectorAll('tr[data-status]:not([hidden])')].every(row => \
             row.querySelector('.object').textContent.includes('shop_1.column_2'))",
        );
        assert_eq!(named, json!(true));
        assert_ne!(page.value(VISIBLE), json!(0));
    }
    assert_eq!(page.complaints, Vec::<String>::new());
}

#[test]
#[ignore = "needs Chromium: make browser"]
fn a_screen_reader_finds_its_way_and_paper_has_no_folds() {
    let mut page = Page::open();
    let [_, (_, report)] = reports();
    let look = Look {
        width: 1280,
        height: 1000,
        dark: false,
    };
    page.show(&report.path, look);
    page.press("Tab");
    assert_eq!(page.value("document.activeElement.className"), json!("skip-link"));
    page.call("Accessibility.enable", json!({}));
    let tree = page.call("Accessibility.getFullAXTree", json!({"depth": 6}));
    let nodes = tree["nodes"].as_array().expect("a tree");
    let named = |role: &str, name: &str| {
        nodes.iter().any(|node| {
            node["role"]["value"] == role && node["name"]["value"].as_str().unwrap_or_default().contains(name)
        })
    };
    assert!(named("heading", "NOT APPROVED"));
    assert!(named("heading", "Checks:"));
    assert!(named("region", "Root cause"));
    assert!(nodes.iter().any(|node| node["role"]["value"] == "main"));

    let folded = "document.querySelectorAll('details:not([open])').length";
    assert_ne!(page.value(folded), json!(0), "a long report is folded");
    page.value("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(page.value(folded), json!(0));
    page.value("dispatchEvent(new Event('afterprint'))");
    assert_ne!(page.value(folded), json!(0));
    page.call("Emulation.setEmulatedMedia", json!({"media": "print"}));
    assert_eq!(
        page.value("document.querySelector('.filters').checkVisibility()"),
        json!(false)
    );
    assert_eq!(page.complaints, Vec::<String>::new());
}
