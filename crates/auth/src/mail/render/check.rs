//! Whether templates can be rendered, told before a mail should leave.

use std::path::Path;

use chrono::DateTime;

use super::{MailTemplates, Variables, reason, words_name};
use crate::mail::{Template, TemplateError};

/// What a template may use.
const VARIABLES: [&str; 12] = [
    "clientUrl",
    "code",
    "email",
    "expiresAt",
    "ipAddress",
    "link",
    "locale",
    "newEmail",
    "sender",
    "serverUrl",
    "subject",
    "words",
];

impl MailTemplates {
    /// Renders everything once, and keeps nothing of it.
    pub(super) fn try_all(&mut self, root: &Path, files: &[String]) -> Result<(), TemplateError> {
        for file in files {
            self.check(root, file)?;
        }
        let every: Vec<_> = self
            .every()
            .map(|(language, template)| (language.to_owned(), template))
            .collect();
        for (language, template) in every {
            let words = self
                .words(&language)
                .into_iter()
                .flat_map(|words| words.of(template));
            let names: Vec<String> = words
                .map(|(name, _)| words_name(&language, template, name))
                .collect();
            for name in &names {
                self.check(root, name)?;
            }
            self.try_one(root, &language, template)?;
            for name in &names {
                self.environment.remove_template(name);
            }
        }
        self.environment.clear_templates();
        Ok(())
    }

    /// Whether a template can be read and uses nothing that it is not given.
    fn check(&self, root: &Path, name: &str) -> Result<(), TemplateError> {
        let template = self
            .environment
            .get_template(name)
            .map_err(|error| self.blame(root, name, error.line(), reason(&error)))?;
        let undeclared = template.undeclared_variables(false);
        let unknown = undeclared.iter().find(|name| !VARIABLES.contains(&name.as_str()));
        let Some(unknown) = unknown else { return Ok(()) };
        let line = template
            .source()
            .lines()
            .position(|line| line.contains(unknown.as_str()));
        let reason = format!("there is no variable {unknown}");
        Err(self.blame(root, name, line.map(|line| line + 1), reason))
    }

    fn try_one(&self, root: &Path, language: &str, template: Template) -> Result<(), TemplateError> {
        let sample = Variables {
            link: "https://example.org/".to_owned(),
            code: if template.has_code() { "123456" } else { "" }.to_owned(),
            email: "ada@example.org".to_owned(),
            new_email: "countess@example.org".to_owned(),
            ip_address: "192.0.2.1".to_owned(),
        };
        let rendered = self.render(language, template, &sample, DateTime::UNIX_EPOCH);
        rendered.map(drop).map_err(|error| {
            let name = error.name().unwrap_or_default();
            self.blame(root, name, error.line(), reason(&error))
        })
    }

    fn every(&self) -> impl Iterator<Item = (&str, Template)> {
        let each = |language| {
            Template::ALL
                .into_iter()
                .map(move |template| (language, template))
        };
        self.languages().flat_map(each)
    }

    /// The error at the file that a template was made from.
    fn blame(&self, root: &Path, name: &str, line: Option<usize>, reason: String) -> TemplateError {
        let text = self.every().find_map(|(language, template)| {
            let mut texts = self.words(language)?.of(template);
            texts.find(|(text, _)| words_name(language, template, text) == name)
        });
        match text {
            Some((_, text)) => TemplateError::new(text.file.clone(), Some(text.line), reason),
            None => TemplateError::new(root.join(name), line, reason),
        }
    }
}
