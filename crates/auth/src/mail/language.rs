//! The words of each language: a small file of texts, built in or in a folder of the operator's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;

use super::template::Template;

/// Built-in languages and their files.
pub(super) const BUILT_IN: [(&str, &str); 5] = [
    ("bg", include_str!("words/bg.toml")),
    ("cs", include_str!("words/cs.toml")),
    ("en", include_str!("words/en.toml")),
    ("es", include_str!("words/es.toml")),
    ("fr", include_str!("words/fr.toml")),
];

/// What every message says, whichever it is.
const COMMON: [&str; 3] = ["greeting", "expires", "automatic"];
const COMMON_SECTION: &str = "common";
/// What the page behind a link says; why it does not do what was asked stands under the code of that.
const PAGE: [&str; 35] = [
    "emailVerifyTitle",
    "emailVerifyText",
    "emailVerifyButton",
    "signinPasswordlessTitle",
    "signinPasswordlessText",
    "signinPasswordlessButton",
    "passwordResetTitle",
    "passwordResetText",
    "passwordResetButton",
    "emailConfirmChangeTitle",
    "emailConfirmChangeText",
    "emailConfirmChangeButton",
    "accountActivateTitle",
    "accountActivateText",
    "accountActivateButton",
    "emailUndoChangeTitle",
    "emailUndoChangeText",
    "emailUndoChangeButton",
    "emailUndoChangeDone",
    "password",
    "doneTitle",
    "doneText",
    "failedTitle",
    "failedText",
    "codeText",
    "refusedText",
    "password-too-short",
    "password-too-long",
    "password-too-common",
    "password-too-similar",
    "password-used-before",
    "password-in-hibp-database",
    "unavailable",
    "too-many-requests",
    "email-already-in-use",
];
const PAGE_SECTION: &str = "page";

/// Why the templates of mails cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("mail templates (PORTICO_MAIL_TEMPLATES): {}{}: {reason}", file.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct TemplateError {
    /// The file.
    pub file: PathBuf,
    /// The line in it, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl TemplateError {
    pub(super) fn new(file: impl Into<PathBuf>, line: Option<usize>, reason: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line,
            reason: reason.into(),
        }
    }
}

/// A text and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

/// The texts of one language by section and name.
#[derive(Debug, Clone, Default)]
pub(super) struct Words(BTreeMap<(String, String), Text>);

impl Words {
    /// Reads a file; a name that means nothing is a typing error and refused.
    pub(super) fn parse(file: PathBuf, source: &str) -> Result<Self, TemplateError> {
        type Sections = BTreeMap<String, BTreeMap<String, Spanned<String>>>;
        let line = |offset: usize| {
            let before = source.get(..offset).unwrap_or(source);
            before.matches('\n').count() + 1
        };
        let sections: Sections = toml::from_str(source).map_err(|error| {
            let at = error.span().map(|span| line(span.start));
            TemplateError::new(&file, at, error.message())
        })?;
        let mut words = BTreeMap::new();
        for (section, texts) in sections {
            for (name, text) in texts {
                let line = line(text.span().start);
                if !names(&section).contains(&name.as_str()) {
                    let reason = format!("there is no text {section}.{name}");
                    return Err(TemplateError::new(file, Some(line), reason));
                }
                let text = Text {
                    text: text.into_inner(),
                    file: file.clone(),
                    line,
                };
                words.insert((section.clone(), name), text);
            }
        }
        Ok(Self(words))
    }

    /// Texts of `newer` take the place of those here.
    pub(super) fn extend(&mut self, newer: Self) {
        self.0.extend(newer.0);
    }

    /// The texts of a message and those of all, by name.
    pub(super) fn of(&self, template: Template) -> impl Iterator<Item = (&str, &Text)> {
        let here = self.0.iter();
        here.filter(move |((section, _), _)| section == COMMON_SECTION || section == template.name())
            .map(|((_, name), text)| (name.as_str(), text))
    }

    /// What the page behind a link says, by name.
    pub(super) fn page(&self) -> BTreeMap<&str, &str> {
        let here = self.0.iter().filter(|((section, _), _)| section == PAGE_SECTION);
        here.map(|((_, name), text)| (name.as_str(), text.text.as_str()))
            .collect()
    }

    /// The first text that a language needs and this one lacks.
    pub(super) fn missing(&self) -> Option<String> {
        let sections = Template::ALL.iter().map(|template| template.name());
        sections
            .chain([COMMON_SECTION, PAGE_SECTION])
            .flat_map(|section| names(section).into_iter().map(move |name| (section, name)))
            .find(|(section, name)| !self.0.contains_key(&((*section).to_owned(), (*name).to_owned())))
            .map(|(section, name)| format!("{section}.{name}"))
    }
}

/// The texts that a section has.
fn names(section: &str) -> Vec<&'static str> {
    match Template::parse(section) {
        None if section == COMMON_SECTION => COMMON.to_vec(),
        None if section == PAGE_SECTION => PAGE.to_vec(),
        None => Vec::new(),
        Some(template) if template.has_code() => vec!["subject", "intro", "button", "code", "outro"],
        Some(_) => vec!["subject", "intro", "button", "outro"],
    }
}
