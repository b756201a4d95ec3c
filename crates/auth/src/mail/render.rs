//! From a template, a language and some values to what a mail says. Everything in HTML is escaped.

mod check;
mod folder;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::{Deserialize, Serialize};

use super::language::{BUILT_IN, Words};
use super::template::Template;
use crate::mail::TemplateError;

const TEXT: &str = "body.txt";
const HTML: &str = "body.html";
const SUBJECT: &str = "subject.txt";

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// One line.
    pub subject: String,
    /// For programs that show no HTML.
    pub text: String,
    /// A whole document.
    pub html: String,
}

/// What all mails of a service share.
#[derive(Debug, Clone)]
pub struct MailFacts {
    /// Who they come from, as people read it.
    pub sender: String,
    /// Where this service is.
    pub server_url: String,
    /// Where the application is.
    pub client_url: String,
    /// The language where a user's own is not at hand.
    pub default_locale: String,
}

/// What one mail is about; lies sealed in the outbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variables {
    /// Where its button leads.
    pub(crate) link: String,
    /// Digits that do the same where the link cannot be opened; empty for none.
    pub(crate) code: String,
    /// The address that it is about.
    pub(crate) email: String,
    /// The address that takes its place; empty for none.
    pub(crate) new_email: String,
    /// Where somebody signed in from; empty for nobody.
    #[serde(default)]
    pub(crate) ip_address: String,
}

/// The templates in every language, checked. What is made of them takes much more memory than their texts do: it is
/// made when a mail first needs it.
#[derive(Debug, Clone)]
pub struct MailTemplates {
    environment: Environment<'static>,
    languages: BTreeMap<String, Words>,
    facts: MailFacts,
}

/// The texts of templates by name.
type Sources = BTreeMap<String, String>;

impl MailTemplates {
    /// The built-in templates, and those of a folder before them. Every template is tried in every language:
    /// what cannot be rendered is told here, and not when a mail should leave.
    pub fn read(folder: Option<&Path>, facts: MailFacts) -> Result<Self, TemplateError> {
        let mut files = Sources::from([
            (TEXT.to_owned(), include_str!("body.txt").to_owned()),
            (HTML.to_owned(), include_str!("body.html").to_owned()),
        ]);
        let mut languages = BTreeMap::new();
        for (language, source) in BUILT_IN {
            let words = Words::parse(PathBuf::from(language).join(folder::WORDS), source)?;
            languages.insert(language.to_owned(), words);
        }
        if let Some(folder) = folder {
            folder::read(folder, &mut files, &mut languages)?;
        }
        let names: Vec<String> = files.keys().cloned().collect();
        let mut sources = files;
        sources.extend(texts(&languages)?);
        let mut environment = environment()?;
        environment.set_loader(move |name| Ok(sources.get(name).cloned()));
        let mut templates = Self {
            environment,
            languages,
            facts,
        };
        templates.try_all(folder.unwrap_or(Path::new("")), &names)?;
        Ok(templates)
    }

    /// The languages there are.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    /// What a mail says in the language of its reader, or in the default one.
    pub(crate) fn render(
        &self,
        locale: &str,
        template: Template,
        variables: &Variables,
        expires_at: DateTime<Utc>,
    ) -> Result<Content, minijinja::Error> {
        let language = self.language(locale);
        let facts = context! {
            link => variables.link.as_str(),
            code => variables.code.as_str(),
            email => variables.email.as_str(),
            newEmail => variables.new_email.as_str(),
            ipAddress => variables.ip_address.as_str(),
            expiresAt => expires_at.format("%Y-%m-%d %H:%M UTC").to_string(),
            locale => language,
            sender => self.facts.sender.as_str(),
            serverUrl => self.facts.server_url.as_str(),
            clientUrl => self.facts.client_url.as_str(),
        };
        let mut words = BTreeMap::new();
        for (name, _) in self
            .words(language)
            .into_iter()
            .flat_map(|words| words.of(template))
        {
            let text = self
                .environment
                .get_template(&words_name(language, template, name))?;
            words.insert(name, text.render(facts.clone())?);
        }
        let own = |file: &str| format!("{language}/{}/{file}", template.name());
        let subject = match self.environment.get_template(&own(SUBJECT)) {
            Ok(subject) => subject.render(facts.clone())?,
            Err(_) => words.get("subject").cloned().unwrap_or_default(),
        };
        let subject = one_line(&subject);
        let all = context! { subject => subject.as_str(), words, ..facts };
        let body = |file: &str| {
            let own = self.environment.get_template(&own(file));
            own.or_else(|_| self.environment.get_template(file))?
                .render(all.clone())
        };
        Ok(Content {
            text: body(TEXT)?,
            html: body(HTML)?,
            subject,
        })
    }

    /// The texts of the page behind a link, by name, and the language they are in: the first of those given that
    /// there is, or the default one. They are no templates.
    pub fn page_words<'l>(&'l self, languages: &[&'l str]) -> (&'l str, BTreeMap<&'l str, &'l str>) {
        let mut known = languages
            .iter()
            .filter(|language| self.languages.contains_key(**language));
        let language = self.language(known.next().copied().unwrap_or_default());
        (
            language,
            self.words(language).map(Words::page).unwrap_or_default(),
        )
    }

    fn words(&self, language: &str) -> Option<&Words> {
        self.languages.get(language)
    }

    /// The language asked for, else the default one, else English.
    fn language<'l>(&'l self, locale: &'l str) -> &'l str {
        [locale, &self.facts.default_locale]
            .into_iter()
            .find(|language| self.languages.contains_key(*language))
            .unwrap_or("en")
    }
}

/// How templates are read.
fn environment() -> Result<Environment<'static>, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Tags on lines of their own leave no empty lines in a text.
    let mut syntax = SyntaxConfig::builder();
    syntax
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true);
    let syntax = syntax.build();
    environment.set_syntax(syntax.map_err(|error| TemplateError::new("", None, reason(&error)))?);
    environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    Ok(environment)
}

/// Every text of every language, each a template.
fn texts(languages: &BTreeMap<String, Words>) -> Result<Sources, TemplateError> {
    let mut sources = Sources::new();
    for (language, words) in languages {
        if let Some(missing) = words.missing() {
            let file = PathBuf::from(language).join(folder::WORDS);
            let reason = format!("the text {missing} is missing");
            return Err(TemplateError::new(file, None, reason));
        }
        for template in Template::ALL {
            let named = words
                .of(template)
                .map(|(name, text)| (words_name(language, template, name), text.text.clone()));
            sources.extend(named);
        }
    }
    Ok(sources)
}

/// The template made of a text; no file is called like it.
fn words_name(language: &str, template: Template, text: &str) -> String {
    format!("{language}:{}:{text}", template.name())
}

fn reason(error: &minijinja::Error) -> String {
    let kind = error.kind().to_string();
    error
        .detail()
        .map_or(kind.clone(), |detail| format!("{kind}: {detail}"))
}

/// A subject is a header: one line, without control characters.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}
