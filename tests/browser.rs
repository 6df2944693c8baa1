//! The HTML report in a real Chromium: `make browser`. With `SNAPSHOTS=overwrite` it also takes the pictures of
//! `docs/screenshots`.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::json;

use crate::support::chromium::{Look, Page};
use crate::support::{Pgplumb, Project, Server};

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
