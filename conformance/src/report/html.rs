//! For people in a browser: one file that loads nothing.

use std::fmt::Write as _;

use super::{Report, counted, escaped};
use crate::check::Verdict;

const STYLE: &str = "body{font:16px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td{padding:.2rem .6rem .2rem 0;vertical-align:top}\
code,pre{font:14px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\
.pass{color:#17692b}.fail,.broken{color:#a40e26;font-weight:bold}.known{color:#7a4d00}.skip{color:#57606a}\
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}.pass{color:#5fd17a}.fail,.broken{color:#ff8590}\
.known{color:#e3b341}.skip{color:#9aa4ae}}";

pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        writeln!(text, "{arguments}").expect("writing to a string does not fail");
    };
    let title = escaped(&format!("{}: {}", report.target, report.conclusion()));
    put(format_args!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    ));
    put(format_args!(
        "<p>{}. Release {}, profile {}, seed {}, {:.1} s.</p>",
        counted(report.counts()),
        if report.release.is_empty() { "not told".to_owned() } else { escaped(&report.release) },
        report.profile,
        report.seed,
        report.milliseconds / 1000.0
    ));
    let remarks = report.remarks();
    if !remarks.is_empty() {
        put(format_args!("<ul>"));
        for remark in remarks {
            put(format_args!("<li>{}</li>", escaped(&remark)));
        }
        put(format_args!("</ul>"));
    }
    for (area, outcomes) in report.areas() {
        put(format_args!("<h2>{}</h2>\n<table>", escaped(area)));
        for outcome in outcomes {
            let word = outcome.verdict.word();
            put(format_args!(
                "<tr><td class=\"{}\">{word}</td><td><code>{}</code> ({})<br>{}",
                word.to_ascii_lowercase(),
                escaped(&outcome.id),
                outcome.level,
                escaped(&outcome.requirement)
            ));
            if outcome.verdict != Verdict::Passed {
                let facts: Vec<String> =
                    outcome.facts().iter().map(|(name, value)| format!("{name:<9} {value}")).collect();
                put(format_args!("<pre style=\"white-space:pre-wrap\">{}</pre>", escaped(&facts.join("\n"))));
            }
            put(format_args!("</td></tr>"));
        }
        put(format_args!("</table>"));
    }
    put(format_args!("</main>\n</body>\n</html>"));
    text
}
