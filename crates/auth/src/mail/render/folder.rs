//! A folder of templates: `body.txt` and `body.html` for every message, `de/words.toml` for a language, and
//! `de/email-verify/{subject.txt, body.txt, body.html}` for one message in one language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{HTML, SUBJECT, Sources, TEXT};
use crate::mail::language::Words;
use crate::mail::{Template, TemplateError};

/// The file with the texts of a language.
pub(super) const WORDS: &str = "words.toml";

/// Takes what is there. A name that means nothing is a typing error and refused.
pub(super) fn read(
    root: &Path,
    files: &mut Sources,
    languages: &mut BTreeMap<String, Words>,
) -> Result<(), TemplateError> {
    for (path, name) in entries(root)? {
        match name.as_str() {
            TEXT | HTML => _ = files.insert(name, text(&path)?),
            language if is_language(language) && path.is_dir() => {
                let words = languages.entry(language.to_owned()).or_default();
                read_language(&path, language, files, words)?;
            }
            _ => return Err(meaningless(path, "body.txt, body.html or a language as fr")),
        }
    }
    Ok(())
}

fn read_language(
    folder: &Path,
    language: &str,
    files: &mut Sources,
    words: &mut Words,
) -> Result<(), TemplateError> {
    for (path, name) in entries(folder)? {
        match Template::parse(&name) {
            None if name == WORDS => words.extend(Words::parse(path.clone(), &text(&path)?)?),
            Some(_) if path.is_dir() => read_template(&path, &format!("{language}/{name}"), files)?,
            _ => {
                let names = Template::ALL.map(Template::name).join(", ");
                return Err(meaningless(path, &format!("{WORDS} or a folder of {names}")));
            }
        }
    }
    Ok(())
}

fn read_template(folder: &Path, name: &str, files: &mut Sources) -> Result<(), TemplateError> {
    for (path, file) in entries(folder)? {
        match file.as_str() {
            SUBJECT | TEXT | HTML => _ = files.insert(format!("{name}/{file}"), text(&path)?),
            _ => return Err(meaningless(path, "subject.txt, body.txt or body.html")),
        }
    }
    Ok(())
}

/// What a folder holds in the order of names, without what is hidden.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>, TemplateError> {
    let unreadable = |error: std::io::Error| TemplateError::new(folder, None, error.to_string());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            entries.push((entry.path(), name));
        }
    }
    entries.sort_unstable();
    Ok(entries)
}

fn text(path: &Path) -> Result<String, TemplateError> {
    fs::read_to_string(path).map_err(|error| TemplateError::new(path, None, error.to_string()))
}

fn is_language(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn meaningless(path: PathBuf, expected: &str) -> TemplateError {
    TemplateError::new(path, None, format!("means nothing here; expected is {expected}"))
}
