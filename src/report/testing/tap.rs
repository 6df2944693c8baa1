//! A strict parser of TAP version 14, as far as pgplumb writes it: no subtests, no pragmas, YAML of scalars in
//! double quotes or plain words, one level deep below `at`.

/// A document.
pub struct Tap {
    pub points: Vec<Point>,
}

/// A test point with its diagnostics.
pub struct Point {
    pub ok: bool,
    pub skip: Option<String>,
    pub yaml: Vec<(String, String)>,
}

/// Reads a document.
pub fn parse(text: &str) -> Result<Tap, String> {
    if !text.ends_with('\n') || text.contains('\r') {
        return Err("line ends".to_string());
    }
    let mut lines = text.lines().peekable();
    if lines.next() != Some("TAP version 14") {
        return Err("the first line is not the version".to_string());
    }
    let plan = lines.next().and_then(|line| line.strip_prefix("1.."));
    let plan: usize = plan.and_then(|count| count.parse().ok()).ok_or("no plan")?;
    let mut points: Vec<Point> = Vec::new();
    while let Some(line) = lines.next() {
        if line.chars().any(char::is_control) {
            return Err(format!("control character: {line:?}"));
        }
        if line.starts_with("# ") {
            continue;
        }
        if line == "  ---" {
            let point = points.last_mut().ok_or("YAML without a point")?;
            if !point.yaml.is_empty() {
                return Err("two YAML blocks".to_string());
            }
            loop {
                match lines.next().ok_or("YAML has no end")? {
                    "  ..." => break,
                    line => point.yaml.push(pair(line)?),
                }
            }
            unique(&point.yaml)?;
            continue;
        }
        points.push(point(line, points.len() + 1)?);
    }
    match points.len() == plan {
        true => Ok(Tap { points }),
        false => Err(format!("{} points, {plan} planned", points.len())),
    }
}

fn point(line: &str, number: usize) -> Result<Point, String> {
    let wrong = || format!("no test point: {line:?}");
    let (ok, rest) = match line.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok ").ok_or_else(wrong)?),
    };
    let rest = rest.strip_prefix(&format!("{number} - ")).ok_or_else(wrong)?;
    // a hash that is not escaped begins a directive
    let mut escaped = false;
    let hash = rest.char_indices().find(|(_, character)| {
        let found = *character == '#' && !escaped;
        escaped = *character == '\\' && !escaped;
        found
    });
    let skip = match hash {
        None => None,
        Some((at, _)) => Some(rest[at..].strip_prefix("# SKIP ").ok_or_else(wrong)?.to_string()),
    };
    Ok(Point {
        ok,
        skip,
        yaml: Vec::new(),
    })
}

fn pair(line: &str) -> Result<(String, String), String> {
    let wrong = || format!("no YAML pair: {line:?}");
    let indent = line.len() - line.trim_start().len();
    if indent != 2 && indent != 4 {
        return Err(wrong());
    }
    let line = line.trim_start();
    if line == "at:" {
        return Ok(("at".to_string(), String::new()));
    }
    let (key, rest) = match line.starts_with('"') {
        true => {
            let end = line[1..].find("\": ").ok_or_else(wrong)? + 2;
            (scalar(&line[..end])?, &line[end + 2..])
        }
        false => {
            let (key, rest) = line.split_once(": ").ok_or_else(wrong)?;
            (key.to_string(), rest)
        }
    };
    Ok((key, scalar(rest)?))
}

fn scalar(text: &str) -> Result<String, String> {
    match text.starts_with('"') {
        // what pgplumb writes between quotes is JSON as well
        true => serde_json::from_str(text).map_err(|error| format!("{text}: {error}")),
        false
            if text
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '_') =>
        {
            Ok(text.to_string())
        }
        false => Err(format!("a plain scalar: {text:?}")),
    }
}

fn unique(pairs: &[(String, String)]) -> Result<(), String> {
    for (index, (key, _)) in pairs.iter().enumerate() {
        if pairs[..index].iter().any(|(known, _)| known == key) {
            return Err(format!("{key} stands twice"));
        }
    }
    Ok(())
}

#[test]
fn what_is_no_tap_is_refused() {
    for text in [
        "1..0\n",
        "TAP version 14\n1..2\nok 1 - a\n",
        "TAP version 14\n1..1\nok 2 - a\n",
        "TAP version 14\n1..1\nok 1 - a # b\n",
        "TAP version 14\n1..1\nok 1 - a\n  ---\n  a: b c\n  ...\n",
        "TAP version 14\n1..1\nok 1 - a\n  ---\n  a: b\n",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    let text = "TAP version 14\n1..1\nnot ok 1 - a \\# b\n  ---\n  \"a b\": \"c\\u001b\"\n  ...\n";
    let tap = parse(text).unwrap();
    assert!(!tap.points[0].ok && tap.points[0].skip.is_none());
    assert_eq!(tap.points[0].yaml, [("a b".to_string(), "c\u{1b}".to_string())]);
}
