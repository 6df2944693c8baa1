//! `pgplumb man`: one manual page with all commands.

use std::io;

use clap_mangen::Man;

use crate::cli::args::{self, ENVIRONMENT};
use crate::cli::output;
use crate::report::ExitCode;

/// Prints the page in roff.
pub fn run() -> ExitCode {
    match page() {
        Ok(page) => output::print_or_fail(&page),
        Err(error) => {
            output::tell(&format!("error: the manual page could not be made: {error}\n"));
            ExitCode::Usage
        }
    }
}

fn page() -> io::Result<String> {
    // the sections below say it in the manual's own way
    let command = args::command().after_help("").after_long_help("");
    let man = Man::new(command.clone()).manual("pgplumb manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    page.push_str(".SH COMMANDS\n");
    for subcommand in command.get_subcommands() {
        subcommand_section(&mut page, "pgplumb", subcommand)?;
    }
    page.push_str(".SH \"EXIT STATUS\"\n");
    for code in ExitCode::ALL {
        definition(&mut page, &code.code().to_string(), code.meaning());
    }
    page.push_str(".SH ENVIRONMENT\n");
    for (name, meaning) in ENVIRONMENT {
        definition(&mut page, name, meaning);
    }
    page.push_str(".SH FILES\n");
    for (name, meaning) in [
        (
            "pgplumb.toml",
            "the settings; `pgplumb init` writes one that explains each of them",
        ),
        (
            "migrations/NNNN_name.sql",
            "the migrations, in the order of their numbers",
        ),
        ("rollback/NNNN_name.sql", "takes back the migration of that name"),
        (
            "checks/NNNN_name.toml",
            "what has to hold once the migration of that name has run",
        ),
        ("checks/*.toml", "any other name: what holds always"),
    ] {
        definition(&mut page, name, meaning);
    }
    Ok(page)
}

/// A command with its own options; those that all commands share stand once, above.
fn subcommand_section(page: &mut String, parent: &str, command: &clap::Command) -> io::Result<()> {
    let name = format!("{parent} {}", command.get_name());
    if command.has_subcommands() {
        for subcommand in command.get_subcommands() {
            subcommand_section(page, &name, subcommand)?;
        }
        return Ok(());
    }
    let mut command = command.clone().bin_name(&name).disable_help_flag(true);
    page.push_str(&format!(".SS \"{}\"\n", escaped(&name)));
    let about = command
        .get_long_about()
        .or(command.get_about())
        .map(ToString::to_string);
    paragraph(
        page,
        &format!("{}.", about.unwrap_or_default().trim_end_matches('.')),
    );
    let usage = command.render_usage().to_string();
    page.push_str(&format!(
        ".PP\n.B {}\n",
        escaped(usage.trim_start_matches("Usage: "))
    ));
    for argument in command.get_arguments() {
        let mut names = Vec::new();
        names.extend(argument.get_short().map(|short| format!("-{short}")));
        names.extend(argument.get_long().map(|long| format!("--{long}")));
        let value = argument.get_value_names().unwrap_or_default().join(" ");
        let takes_value = argument.is_positional() || argument.get_action().takes_values();
        let term = match (names.is_empty(), takes_value) {
            (true, _) => value,
            (false, true) => format!("{} {value}", names.join(", ")),
            (false, false) => names.join(", "),
        };
        definition(
            page,
            &term,
            &argument.get_help().map(ToString::to_string).unwrap_or_default(),
        );
    }
    if let Some(help) = command.get_after_help().map(ToString::to_string) {
        page.push_str(".PP\n.nf\n");
        for line in help.lines() {
            page.push_str(&escaped(line));
            page.push('\n');
        }
        page.push_str(".fi\n");
    }
    Ok(())
}

fn paragraph(page: &mut String, text: &str) {
    page.push_str(&format!(".PP\n{}\n", escaped(text)));
}

fn definition(page: &mut String, term: &str, meaning: &str) {
    page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", escaped(term), escaped(meaning)));
}

/// Text that troff takes as it is: no escapes, no requests.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('…', "...");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_option_and_exit_code() {
        let page = page().unwrap();
        for expected in [
            ".TH pgplumb 1",
            ".SS \"pgplumb apply\"",
            ".SS \"pgplumb checks lint\"",
            "\\fB\\-\\-steps N\\fR\nTake back the N newest\n",
            "\\fBVERSION\\fR\nJudge just these versions\n",
            "\\fB130\\fR\n",
            "PGPLUMB_ENV",
            ".B pgplumb rollback [OPTIONS]",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        for command in args::command()
            .get_subcommands()
            .filter(|command| !command.has_subcommands())
        {
            assert!(page.contains(&format!(".SS \"pgplumb {}\"", command.get_name())));
        }
        // no line is a request by accident
        let requests = [
            "TH", "SH", "SS", "TP", "PP", "IP", "B", "nf", "fi", "ie", "el", "RS", "RE", "br", "ds",
        ];
        for line in page.lines().filter(|line| line.starts_with('.')) {
            let request = line[1..].split(' ').next().unwrap();
            assert!(requests.contains(&request), "{line}");
        }
        assert_eq!(escaped(".SH a-b \\ c…"), "\\&.SH a\\-b \\e c...");
    }
}
