//! Text inside XML and HTML: the one place that escapes.

use crate::diagnostic::screen;

/// Text between tags or in a quoted attribute. XML 1.0 has no spelling for most control characters: they
/// become visible escapes, as in the report for people.
pub fn escape(text: &str) -> String {
    let clean = screen::clean_lines(text);
    let mut out = String::with_capacity(clean.len() + clean.len() / 8);
    for character in clean.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

/// An attribute's value, in which line ends and tabs would become spaces.
pub fn escape_attribute(text: &str) -> String {
    escape(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// XML under construction, indented by two spaces a level.
#[derive(Debug, Default)]
pub struct Xml {
    out: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// A document with its declaration.
    pub fn document() -> Xml {
        Xml {
            out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_string(),
            open: Vec::new(),
        }
    }

    /// Opens an element.
    pub fn open(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, ">\n");
        self.open.push(name);
    }

    /// An element without content.
    pub fn empty(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, "/>\n");
    }

    /// An element with text; the text is not indented, so that it stays what it is.
    pub fn text(&mut self, name: &'static str, attributes: &[(&str, &str)], text: &str) {
        self.tag(name, attributes, ">");
        self.out.push_str(&format!("{}</{name}>\n", escape(text)));
    }

    /// Closes the innermost element.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out
                .push_str(&format!("{}</{name}>\n", "  ".repeat(self.open.len())));
        }
    }

    /// The text, with all that is still open closed.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        self.out
            .push_str(&format!("{}<{name}", "  ".repeat(self.open.len())));
        for (attribute, value) in attributes {
            self.out
                .push_str(&format!(" {attribute}=\"{}\"", escape_attribute(value)));
        }
        self.out.push_str(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escape("<a&'b'\">\u{1b}]]>"),
            "&lt;a&amp;&#39;b&#39;&quot;&gt;\\x1b]]&gt;"
        );
        assert_eq!(escape_attribute("a\n\tb"), "a&#10;&#9;b");
    }

    #[test]
    fn what_is_open_is_closed() {
        let mut xml = Xml::document();
        xml.open("a", &[("k", "<")]);
        xml.text("b", &[], "x & y");
        xml.empty("c", &[]);
        assert_eq!(
            xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a k=\"&lt;\">\n  <b>x &amp; y</b>\n  <c/>\n</a>\n"
        );
    }
}
