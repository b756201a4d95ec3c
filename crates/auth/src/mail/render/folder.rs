//! A folder of templates: `body.txt` and `body.html` for every message, `de/words.toml` for a language, and
//! `de/email-verify/{subject.txt, body.txt, body.html}` for one message in one language.

use std::fs;
use std::path::{Path, PathBuf};

use super::{HTML, MailTemplates, SUBJECT, TEXT};
use crate::mail::language::Words;
use crate::mail::{Template, TemplateError};

/// The file with the texts of a language.
pub(super) const WORDS: &str = "words.toml";

impl MailTemplates {
    /// Takes what is there. A name that means nothing is a typing error and refused.
    pub(super) fn read_folder(&mut self, root: &Path) -> Result<(), TemplateError> {
        for (path, name) in entries(root)? {
            match name.as_str() {
                TEXT | HTML => self.add(root, &name, &text(&path)?)?,
                language if is_language(language) && path.is_dir() => self.read_language(root, language)?,
                _ => return Err(meaningless(path, "body.txt, body.html or a language as fr")),
            }
        }
        Ok(())
    }

    fn read_language(&mut self, root: &Path, language: &str) -> Result<(), TemplateError> {
        for (path, name) in entries(&root.join(language))? {
            match Template::parse(&name) {
                None if name == WORDS => {
                    let words = Words::parse(path.clone(), &text(&path)?)?;
                    self.languages
                        .entry(language.to_owned())
                        .or_default()
                        .extend(words);
                }
                Some(_) if path.is_dir() => self.read_template(root, &format!("{language}/{name}"))?,
                _ => {
                    let names = Template::ALL.map(Template::name).join(", ");
                    return Err(meaningless(path, &format!("{WORDS} or a folder of {names}")));
                }
            }
        }
        self.languages.entry(language.to_owned()).or_default();
        Ok(())
    }

    fn read_template(&mut self, root: &Path, folder: &str) -> Result<(), TemplateError> {
        for (path, name) in entries(&root.join(folder))? {
            match name.as_str() {
                SUBJECT | TEXT | HTML => self.add(root, &format!("{folder}/{name}"), &text(&path)?)?,
                _ => return Err(meaningless(path, "subject.txt, body.txt or body.html")),
            }
        }
        Ok(())
    }
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
