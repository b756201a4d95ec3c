//! The table of settings as the README has it.

use std::fmt::Write;

use super::table::table;

/// The table in Markdown. Beside the name of the variable, the others follow from it: `PORTICO_DATA_DIR` is
/// `--data-dir` and, in the file, `data_dir`.
pub fn readme_table() -> String {
    let mut text = String::from("| variable | what it does | allowed | default |\n|---|---|---|---|\n");
    for row in table() {
        let secret = if row.secret { " Never shown." } else { "" };
        let cells = [row.help.as_str(), row.allowed.as_str()].map(|cell| cell.replace('|', "\\|"));
        let [help, allowed] = cells;
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {help}{secret} | {allowed} | {} |",
            row.variable(),
            row.default.describe()
        );
    }
    text
}
